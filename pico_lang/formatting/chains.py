"""How tightly operators bind, and which nodes are the inner links of a chain.

A sum, a ladder of conditionals or a row of method calls is laid out in one piece by its outermost
node. Doing it link by link would take quadratic time, and indent each link further than the last.
"""

from __future__ import annotations

from pico_lang.nodes import (
    Between,
    Binary,
    Call,
    Conditional,
    EventExpression,
    EventOperator,
    Expression,
    MethodCall,
    Node,
    PathRead,
    PropertyRead,
    Unary,
)

LADDER, OR, AND, COMPARISON, SUM, PRODUCT, PREFIX, POSTFIX = range(8)
_BINARY = {"||": OR, "&&": AND, "+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "%": PRODUCT}

EITHER, BOTH, SEQUENCE, BETWEEN, ATOM = range(5)
_INFIX = {"or": EITHER, "and": BOTH}

Postfix = Call | MethodCall | PropertyRead | PathRead


def level(node: Expression) -> int:
    """How tightly the outermost operator of an expression binds."""
    match node:
        case Conditional():
            return LADDER
        case Binary():
            return _BINARY.get(node.operator, COMPARISON)
        case Unary():
            return PREFIX
    return POSTFIX


def event_level(node: EventExpression) -> int:
    """How tightly the outermost operator of an event expression binds."""
    match node:
        case EventOperator() if node.infix:
            return _INFIX.get(node.operator, SEQUENCE)
        case Between():
            return BETWEEN
    return ATOM


def target(node: Postfix) -> Expression:
    """What is called or read."""
    return node.callee if isinstance(node, Call) else node.target


def next_link(node: Postfix) -> Postfix | None:
    """What the node calls or reads, if that is itself a call or read in the same chain.

    `(a.b)(c)` is two chains: without the parentheses it would call a method.
    """
    inner = target(node)
    if isinstance(node, Call) and isinstance(inner, PropertyRead):
        return None
    return inner if isinstance(inner, Postfix) else None


def leading(node: Node) -> Node | None:
    """The operand that a layout begins with, unless it begins with parentheses around one."""
    match node:
        case Binary():
            return node.left if level(node.left) >= level(node) else None
        case Conditional():
            return node.test if level(node.test) >= OR else None
        case Call() | MethodCall() | PropertyRead() | PathRead():
            inner = target(node)
            needs_none = next_link(node) is not None or not isinstance(inner, Postfix)
            return inner if needs_none and level(inner) >= POSTFIX else None
        case EventOperator() if node.infix:
            return node.operands[0] if event_level(node.operands[0]) >= event_level(node) else None
        case Between():
            return node.event if event_level(node.event) >= BETWEEN else None
    return None


def inner_link(node: Node) -> Node | None:
    """The next link of a chain that the node is part of."""
    match node:
        case Binary() if isinstance(node.left, Binary) and level(node.left) == level(node):
            return node.left
        case Conditional() if isinstance(node.otherwise, Conditional):
            return node.otherwise
        case Call() | MethodCall() | PropertyRead() | PathRead():
            return next_link(node)
        case EventOperator() if node.infix and isinstance(node.operands[0], EventOperator):
            left = node.operands[0]
            return left if event_level(left) == event_level(node) else None
    return None
