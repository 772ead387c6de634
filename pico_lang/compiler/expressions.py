"""Expressions → Python expressions.

One function per kind of node, registered in `dispatch`. Where two numbers meet, the common case is written
out in place (`a + b if both are floats`) and everything else is left to `pico_lang.operators`:
that is where the speed of the language comes from.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pico_lang import nodes as n
from pico_lang.compiler.dispatch import compile_expression, compile_test, compiles
from pico_lang.compiler.emit import (
    Body,
    attribute,
    call,
    choose,
    host,
    is_float,
    keep,
    list_of,
    literal,
    load,
    locate,
    map_of,
    outline_every,
    tuple_of,
)
from pico_lang.names import rungs_of
from pico_lang.static_types import type_of
from pico_lang.values import RegExp, index_of_key

LONG_SUM = 6
"""Operands from which a sum is made by one call instead of nested ones."""


# --- literals --------------------------------------------------------------------------------------


@compiles(n.NumberLiteral, n.StringLiteral, n.BooleanLiteral)
def _literal(node: n.NumberLiteral | n.StringLiteral | n.BooleanLiteral, body: Body) -> ast.expr:
    return literal(node.value)


@compiles(n.NullLiteral)
def _null(node: n.NullLiteral, body: Body) -> ast.expr:
    return literal(None)


@compiles(n.RegExpLiteral)
def _regexp(node: n.RegExpLiteral, body: Body) -> ast.expr:
    return body.unit.constant("k", RegExp(node.source, node.flags))


@compiles(n.Chevron)
def _chevron(node: n.Chevron, body: Body) -> ast.expr:
    parts = [
        literal(part) if isinstance(part, str) else _string_form(part, body) for part in node.parts if part
    ]
    if all(isinstance(part, ast.Constant) for part in parts):
        return literal("".join(str(part.value) for part in parts if isinstance(part, ast.Constant)))
    return call("chevron", load("rt"), tuple_of(parts))


def _string_form(node: n.Expression, body: Body) -> ast.expr:
    """What a value looks like inside text; most are strings, and those need no call."""
    value, known = compile_expression(node, body), type_of(node, body.unit.names)
    if known == "String":
        return value
    name = body.unit.fresh("t")
    is_text = ast.Compare(call("type", keep(name, value)), [ast.Is()], [load("str")])
    return choose(is_text, load(name), call("to_string", load(name)))


@compiles(n.ArrayLiteral)
def _array(node: n.ArrayLiteral, body: Body) -> ast.expr:
    return list_of(compile_expression(item, body) for item in node.items)


@compiles(n.MapLiteral)
def _map(node: n.MapLiteral, body: Body) -> ast.expr:
    keys = [entry.key for entry in node.entries]
    made = map_of(keys, [compile_expression(entry.value, body) for entry in node.entries])
    return call("in_js_order", made) if any(index_of_key(key) is not None for key in keys) else made


# --- names -----------------------------------------------------------------------------------------


@compiles(n.Name)
def _name(node: n.Name, body: Body) -> ast.expr:
    binding = body.unit.names.of(node)
    if binding.kind == "operator":
        return call("operator_value", load("rt"), literal(binding.name))
    return load(binding.python_name)


@compiles(n.DomainName)
def _domain_name(node: n.DomainName, body: Body) -> ast.expr:
    if node.domain == "ent":
        return host("get_entity", literal(node.name))
    if (provided := body.unit.module_variables.get(node.domain)) is not None:
        return call("member", load(provided), literal(node.domain), literal(node.name))
    return host("read_property", literal(node.domain), literal(node.name))


@compiles(n.PathRead)
def _path(node: n.PathRead, body: Body) -> ast.expr:
    target = compile_expression(node.target, body)
    if not isinstance(node.key, n.StringLiteral):
        return call("read_path", load("rt"), target, compile_expression(node.key, body))
    name, key = body.unit.fresh("t"), literal(node.key.value)
    is_map = ast.Compare(call("type", keep(name, target)), [ast.Is()], [load("dict")])
    return choose(
        is_map, call(attribute(load(name), "get"), key), call("read_path", load("rt"), load(name), key)
    )


@compiles(n.PropertyRead)
def _property(node: n.PropertyRead, body: Body) -> ast.expr:
    """`m.k` without a call reads the key, as `m{"k"}` does."""
    return call("read_path", load("rt"), compile_expression(node.target, body), literal(node.name.id))


# --- operators -------------------------------------------------------------------------------------

_ARITHMETIC: dict[str, tuple[str, type[ast.operator]]] = {
    "+": ("add", ast.Add),
    "-": ("subtract", ast.Sub),
    "*": ("multiply", ast.Mult),
}
_ORDER: dict[str, tuple[str, type[ast.cmpop]]] = {
    "<": ("less", ast.Lt),
    "<=": ("less_equal", ast.LtE),
    ">": ("greater", ast.Gt),
    ">=": ("greater_equal", ast.GtE),
}
_BY_CALL = {
    "/": "divide",
    "%": "modulo",
    "<=>": "compare",
    "cmp": "compare_strings",
    "><": "contains",
    "like": "like",
    "==": "equals",
    "!=": "not_equals",
}


@compiles(n.Unary)
def _unary(node: n.Unary, body: Body) -> ast.expr:
    if node.operator == "not":
        return ast.UnaryOp(ast.Not(), compile_test(node.operand, body))
    operand = compile_expression(node.operand, body)
    return operand if node.operator == "+" else call("negate", load("rt"), operand)


@compiles(n.Binary)
def _binary(node: n.Binary, body: Body) -> ast.expr:
    return _logical(node, body) if node.operator in _LOGICAL else _infix_chain(node, body)


_LOGICAL = ("&&", "||")


def _infix_chain(node: n.Binary, body: Body) -> ast.expr:
    """Operators that lean left, from the innermost outwards: a loop, because chains may be long."""
    chain = [node]
    while isinstance(left := chain[-1].left, n.Binary) and left.operator not in _LOGICAL:
        chain.append(left)
    value = compile_expression(chain[-1].left, body)
    for count, run in enumerate(_runs(reversed(chain)), 1):
        value = outline_every(count, _infix_run(run, value, body), node, body)
    return value


def _runs(chain: Iterable[n.Binary]) -> Iterator[list[n.Binary]]:
    """The links of a chain one by one, but those of a long sum together."""
    for is_sum, links in groupby(chain, key=lambda link: link.operator == "+"):
        run = list(links)
        if is_sum and len(run) > LONG_SUM:
            yield run
        else:
            yield from ([link] for link in run)


def _infix_run(run: Sequence[n.Binary], left: ast.expr, body: Body) -> ast.expr:
    rights = [compile_expression(link.right, body) for link in run]
    if len(run) > 1:
        value = call("add_all", load("rt"), tuple_of([left, *rights]))
    else:
        value = _infix(run[0], left, rights[0], body)
    return locate(value, run[-1], body.unit.source)


def _infix(node: n.Binary, left: ast.expr, right: ast.expr, body: Body) -> ast.expr:
    if node.operator in ("==", "!=") and _is_text(node.left, node.right):
        return ast.Compare(left, [ast.Eq() if node.operator == "==" else ast.NotEq()], [right])
    if node.operator in ("==", "!="):
        return _equality(node, left, right, body)
    if node.operator == "%":
        return _remainder(node, left, right, body)
    if node.operator in _BY_CALL:
        return call(_BY_CALL[node.operator], load("rt"), left, right)
    return _arithmetic(node, left, right, body)


def _is_text(*nodes: n.Expression) -> bool:
    """Whether one side is a string literal: then Python's == is the language's."""
    return any(isinstance(node, n.StringLiteral) for node in nodes)


def _logical(node: n.Binary, body: Body) -> ast.expr:
    """`&&` and `||` give one of their operands and do not look at the right one in vain."""
    first, *others = _operands_of_same(node)
    value = compile_expression(first, body)
    for count, other in enumerate(others, 1):
        name = body.unit.fresh("t")
        test = call("truthy", keep(name, value))
        right = compile_expression(other, body)
        value = choose(test, right, load(name)) if node.operator == "&&" else choose(test, load(name), right)
        value = outline_every(count, value, node, body)
    return value


def _operands_of_same(node: n.Binary) -> list[n.Expression]:
    """The operands of a chain of one and the same operator, left to right."""
    operands: list[n.Expression] = []
    left: n.Expression = node
    while isinstance(left, n.Binary) and left.operator == node.operator:
        operands.append(left.right)
        left = left.left
    return [left, *reversed(operands)]


def _arithmetic(node: n.Binary, left: ast.expr, right: ast.expr, body: Body) -> ast.expr:
    """Two floats are handled in place, everything else by the full operator."""
    names = body.unit.names
    types = (type_of(node.left, names), type_of(node.right, names))
    full, _ = _ARITHMETIC.get(node.operator) or _ORDER[node.operator]
    if any(known not in (None, "Number") for known in types):
        return call(full, load("rt"), left, right)
    tests, operands = [], []
    for value, known in zip((left, right), types, strict=True):
        tested, operand = _operand(value, is_number=known == "Number", body=body)
        tests += tested
        operands.append(operand)
    quick = _quick(node.operator, *operands)
    if not tests:
        return quick
    return choose(is_float(*tests), quick, call(full, load("rt"), *operands))


def _equality(node: n.Binary, left: ast.expr, right: ast.expr, body: Body) -> ast.expr:
    """Two floats are compared in place; a NaN, which equals null, is not equal to itself there."""
    names = body.unit.names
    types = (type_of(node.left, names), type_of(node.right, names))
    full = _BY_CALL[node.operator]
    if "Number" not in types or any(known not in (None, "Number") for known in types):
        return call(full, load("rt"), left, right)
    (left_tests, left), (right_tests, right) = (
        _operand(value, known == "Number", body) for value, known in zip((left, right), types, strict=True)
    )
    quick = ast.Compare(left, [ast.Eq() if node.operator == "==" else ast.NotEq()], [right])
    tests = [*left_tests, *right_tests]
    return choose(is_float(*tests), quick, call(full, load("rt"), left, right)) if tests else quick


def _remainder(node: n.Binary, left: ast.expr, right: ast.expr, body: Body) -> ast.expr:
    """A number that is not negative by a positive constant: there Python's % is the language's."""
    if not isinstance(node.right, n.NumberLiteral) or node.right.value <= 0:
        return call("modulo", load("rt"), left, right)
    tests, operand = _operand(left, is_number=False, body=body)
    positive = ast.Compare(operand, [ast.GtE()], [literal(0.0)])
    test = ast.BoolOp(ast.And(), [is_float(*tests), positive])
    return choose(test, ast.BinOp(operand, ast.Mod(), right), call("modulo", load("rt"), operand, right))


def _operand(value: ast.expr, is_number: bool, body: Body) -> tuple[list[ast.expr], ast.expr]:
    """What has to be tested for being a float, and the expression that repeats the operand.

    An operand that is known to be a number and not a constant still has to be computed once, before
    the test of the other: it is tested too, which costs little and keeps the order of evaluation.
    """
    if isinstance(value, ast.Constant):
        return ([] if is_number else [value]), value
    if isinstance(value, ast.Name):
        return ([] if is_number else [value]), value
    name = body.unit.fresh("t")
    return [keep(name, value)], load(name)


def _quick(operator: str, left: ast.expr, right: ast.expr) -> ast.expr:
    if operator in _ARITHMETIC:
        return ast.BinOp(left, _ARITHMETIC[operator][1](), right)
    return ast.Compare(left, [_ORDER[operator][1]()], [right])


@compiles(n.Conditional)
def _conditional(node: n.Conditional, body: Body) -> ast.expr:
    *rungs, value_node = rungs_of(node)
    value = compile_expression(value_node, body)
    pairs = zip(reversed(rungs[1::2]), reversed(rungs[::2]), strict=True)
    for count, (then, test) in enumerate(pairs, 1):
        value = choose(compile_test(test, body), compile_expression(then, body), value)
        value = outline_every(count, value, node, body)
    return value
