"""What can be known of a value without running anything.

The checker refuses what can never work (calling a string), the compiler leaves out tests whose
answer is known. Both rest on the fact that nothing in the language is ever assigned twice.
"""

from __future__ import annotations

from typing import Literal

from pico_lang import nodes as n
from pico_lang.names import Binding, Names

StaticType = Literal["Number", "String", "Boolean", "Null", "RegExp", "Array", "Map", "Function", "Action"]

ACTIONS = ("send_directive", "noop")
"""The standard actions: names of the root scope that may stand only where an action does."""

_ARITHMETIC = frozenset({"-", "*", "/", "%", "<=>", "cmp"})
_COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "><", "like"})
_BOOLEAN_OPERATORS = frozenset(
    {"isnull", "match", "startsWith", "endsWith", "contains", "has", "all", "any", "none", "notall"}
)


def type_of(node: n.Expression, names: Names) -> StaticType | None:
    """The type a value is sure to have, or None when only running can tell."""
    match node:
        case n.NumberLiteral():
            return "Number"
        case n.StringLiteral() | n.Chevron():
            return "String"
        case n.BooleanLiteral():
            return "Boolean"
        case n.NullLiteral():
            return "Null"
        case n.RegExpLiteral():
            return "RegExp"
        case n.ArrayLiteral():
            return "Array"
        case n.MapLiteral():
            return "Map"
        case n.FunctionLiteral():
            return "Function"
        case n.ActionLiteral():
            return "Action"
        case n.Name():
            binding = names.uses.get(id(node))
            return None if binding is None else type_of_binding(binding, names)
        case n.Unary() | n.Binary():
            return _type_of_operation(node, names)
        case n.MethodCall() if node.domain is None:
            return _type_of_operator_call(names.uses.get(id(node.name)))
        case _:
            return None


def type_of_binding(binding: Binding, names: Names) -> StaticType | None:
    """The type of a declared name; a name that may be bound from outside has none."""
    if binding.kind == "operator":
        return "Action" if binding.name in ACTIONS else "Function"
    if binding.kind in ("global", "local") and binding.value is not None:
        return _literal_type(binding.value)
    return None


def _literal_type(value: n.Expression) -> StaticType | None:
    """Only literals: following names through names could run in a circle."""
    if isinstance(value, n.Name | n.Unary | n.Binary | n.MethodCall):
        return None
    return type_of(value, _NO_NAMES)


def _type_of_operation(node: n.Unary | n.Binary, names: Names) -> StaticType | None:
    if isinstance(node, n.Unary):
        if node.operator == "not":
            return "Boolean"
        return "Number" if node.operator == "-" else type_of(node.operand, names)
    if node.operator in _ARITHMETIC:
        return "Number"
    if node.operator in _COMPARISONS:
        return "Boolean"
    if node.operator == "+":
        return _type_of_sum(node, names)
    return None


def _type_of_sum(node: n.Binary, names: Names) -> StaticType | None:
    """A sum with anything that is surely no number is a string, whatever the rest is."""
    operand: n.Expression = node
    types: list[StaticType | None] = []
    while isinstance(operand, n.Binary) and operand.operator == "+":
        types.append(type_of(operand.right, names))
        operand = operand.left
    types.append(type_of(operand, names))
    if any(one is not None and one != "Number" for one in types):
        return "String"
    return "Number" if all(one == "Number" for one in types) else None


def _type_of_operator_call(binding: Binding | None) -> StaticType | None:
    if binding is not None and binding.kind == "operator" and binding.name in _BOOLEAN_OPERATORS:
        return "Boolean"
    return None


_NO_NAMES = Names()
