"""How expressions and declarations are laid out."""

from __future__ import annotations

from collections.abc import Sequence

from pico_lang.formatting.chains import OR, POSTFIX, PREFIX, Postfix, level, next_link, target
from pico_lang.formatting.layout import COMMA, LINE, SOFT, Layout, group, join, nest, separated, text
from pico_lang.formatting.page import Page
from pico_lang.nodes import (
    Action,
    ActionLiteral,
    Argument,
    ArrayLiteral,
    Binary,
    BooleanLiteral,
    Call,
    Chevron,
    Conditional,
    Declaration,
    DomainName,
    Expression,
    FunctionLiteral,
    Identifier,
    MapEntry,
    MapLiteral,
    MethodCall,
    Name,
    NullLiteral,
    NumberLiteral,
    Parameter,
    PathRead,
    PropertyRead,
    RegExpLiteral,
    StringLiteral,
    Unary,
)

HUG_WIDTH = 40
"""What may stand in front of a function or map that ends a list of arguments and spans lines."""


def expression(page: Page, node: Expression) -> Layout:
    """Any expression, as it stands where nothing binds it."""
    match node:
        case NumberLiteral() | StringLiteral() | RegExpLiteral() | Chevron():
            return page.verbatim(node)
        case BooleanLiteral():
            return text("true" if node.value else "false")
        case NullLiteral():
            return text("null")
        case Name():
            return text(node.id)
        case DomainName():
            return text(f"{node.domain}:{node.name}")
        case ArrayLiteral():
            return page.listed("[", page.series(node), [page.of(item) for item in node.items], "]")
        case MapLiteral():
            return page.listed("{", page.series(node), [page.of(entry) for entry in node.entries], "}")
        case FunctionLiteral():
            return _function(page, node)
        case ActionLiteral():
            return _defaction(page, node)
        case Call() | MethodCall() | PropertyRead() | PathRead():
            return _chain(page, node)
        case Unary():
            return _unary(page, node)
        case Binary():
            return _binary(page, node)
        case Conditional():
            return _conditional(page, node)


def identifier(page: Page, node: Identifier) -> Layout:
    return text(node.id)


def declaration(page: Page, node: Declaration) -> Layout:
    return join(page.of(node.name), " = ", page.of(node.value))


def argument(page: Page, node: Argument) -> Layout:
    value = page.of(node.value)
    return value if node.name is None else join(page.of(node.name), " = ", value)


def parameter(page: Page, node: Parameter) -> Layout:
    name = page.of(node.name)
    return name if node.default is None else join(name, " = ", page.of(node.default))


def map_entry(page: Page, node: MapEntry) -> Layout:
    return join(page.strings[node.span.start], ": ", page.of(node.value))


# --- functions ------------------------------------------------------------------------------------------


def _parameters(page: Page, parameters: Sequence[Parameter]) -> Layout:
    if not parameters:
        return text("()")
    return group("(", nest(SOFT, separated(COMMA, (page.of(each) for each in parameters))), SOFT, ")")


def _function(page: Page, node: FunctionLiteral) -> Layout:
    series = page.series(node)
    opening = join("function", _parameters(page, node.parameters), " {")
    result = page.of(node.result)
    if not node.declarations and not page.has_comments(series):
        return group(opening, nest(LINE, result), LINE, "}")
    # With `return`: without it, a result that begins with a bracket would go on with the line before.
    body = [*(page.of(each) for each in node.declarations), join("return ", result)]
    return page.block(opening, series, body)


def _defaction(page: Page, node: ActionLiteral) -> Layout:
    series = page.series(node)
    opening = join("defaction", _parameters(page, node.parameters), " {")
    body = [*(page.of(each) for each in node.declarations), page.of(node.block)]
    if node.result is not None:
        body.append(join("return ", page.of(node.result)))
    if len(body) == 1 and not page.has_comments(series):
        return group(opening, nest(LINE, body[0]), LINE, "}")
    return page.block(opening, series, body)


# --- calls and reads --------------------------------------------------------------------------------------


def arguments(page: Page, node: Call | MethodCall | Action) -> Layout:
    """In parentheses; a function, map or array that comes last may span lines without a break before it."""
    series, layouts = page.series(node), [page.of(each) for each in node.arguments]
    if not layouts or page.has_comments(series):
        return page.listed("(", series, layouts, ")")
    *others, last = layouts
    is_short = sum(other.width for other in others) <= HUG_WIDTH and not any(other.broken for other in others)
    if is_short and isinstance(node.arguments[-1].value, FunctionLiteral | MapLiteral | ArrayLiteral):
        return join("(", *(join(other, ", ") for other in others), last, ")")
    return page.listed("(", series, layouts, ")")


def _chain(page: Page, node: Postfix) -> Layout:
    """`a.b(c){d}.e()`: on one line, or with a line for each method."""
    links = [node]
    while (link := next_link(links[-1])) is not None:
        links.append(link)
    links.reverse()
    methods = sum(isinstance(link, MethodCall) for link in links)
    start = _head(page, target(links[0]))
    if methods < 2:
        return join(start, *(_link(page, link) for link in links))
    rest = (join(SOFT if isinstance(link, MethodCall) else "", _link(page, link)) for link in links)
    return group(start, nest(*rest))


def _head(page: Page, node: Expression) -> Layout:
    """What the first link calls or reads; another chain only if it needs its parentheses."""
    return join("(", page.of(node), ")") if isinstance(node, Postfix) else _bound(page, node, POSTFIX)


def _link(page: Page, node: Postfix) -> Layout:
    match node:
        case Call():
            return arguments(page, node)
        case MethodCall():
            return join(_dotted(page, node), arguments(page, node))
        case PropertyRead():
            return _dotted(page, node)
        case PathRead():
            opener, closer = node.brackets
            return join(opener, page.of(node.key), closer)


def _dotted(page: Page, node: MethodCall | PropertyRead) -> Layout:
    domain = "" if node.domain is None else f"{node.domain}:"
    return join(page.before_dot(node.name), f".{domain}", page.of(node.name))


# --- operators ------------------------------------------------------------------------------------------


def _bound(page: Page, node: Expression, least: int) -> Layout:
    """An operand, in parentheses if it binds less tightly than its place asks for."""
    return page.of(node) if level(node) >= least else join("(", page.of(node), ")")


def behind_word(page: Page, node: Expression) -> Layout:
    """An expression behind a keyword that may stand after an event expression.

    A word in front of a regular expression is read as an attribute of the event: hence the parentheses.
    """
    return in_parentheses(page, node) if isinstance(leftmost(node), RegExpLiteral) else page.of(node)


def in_parentheses(page: Page, node: Expression) -> Layout:
    return join("(", page.of(node), ")")


def leftmost(node: Expression) -> Expression:
    """The part of an expression that its text begins with, as far as it is itself one."""
    while True:
        match node:
            case Binary():
                node = node.left
            case Conditional():
                node = node.test
            case Call() | MethodCall() | PropertyRead() | PathRead():
                node = target(node)
            case _:
                return node


def bound_to_choose(page: Page, node: Expression) -> Layout:
    """What `choose` chooses by: only calls bind there, everything else needs parentheses."""
    base = node
    while isinstance(base, Call):
        base = base.callee
    if isinstance(base, MethodCall | PropertyRead | PathRead | Unary | Binary | Conditional):
        return join("(", page.of(node), ")")
    return behind_word(page, node)


def _unary(page: Page, node: Unary) -> Layout:
    space = " " if node.operator == "not" or isinstance(node.operand, Unary) else ""
    return join(node.operator, space, _bound(page, node.operand, PREFIX))


def _binary(page: Page, node: Binary) -> Layout:
    """A chain of operators of one level, on one line or with a line for each."""
    here = level(node)
    operands: list[Layout] = []
    left: Expression = node
    while isinstance(left, Binary) and level(left) == here:
        operands.append(join(LINE, left.operator, " ", _bound(page, left.right, here + 1)))
        left = left.left
    return group(_bound(page, left, here), nest(*reversed(operands)))


def _conditional(page: Page, node: Conditional) -> Layout:
    """A ladder: each rung that does not fit on the line with the others gets one of its own."""
    rungs: list[Layout] = []
    otherwise: Expression = node
    while isinstance(otherwise, Conditional):
        bar = join(LINE, "| ") if rungs else text("")
        test, then = _bound(page, otherwise.test, OR), _bound(page, otherwise.then, OR)
        rungs.append(join(bar, test, " => ", then))
        otherwise = otherwise.otherwise
    first, *others = rungs
    return group(first, nest(*others, LINE, "| ", page.of(otherwise)))
