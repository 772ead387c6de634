"""Calls → Python calls.

A name that is known to mean a certain function is called directly, with its arguments put in the
order of its parameters while compiling. Everything else goes through `pico_lang.calls.call`, which
finds out while running.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from types import CodeType

from pico_lang import nodes as n
from pico_lang.builtins import OPERATORS
from pico_lang.compiler.dispatch import compile_expression, compiles
from pico_lang.compiler.emit import Body, call, host, literal, load, map_of, tuple_of
from pico_lang.names import Binding


def parameters_of(operator: str) -> tuple[str, ...]:
    """Parameter names of a standard operator, the receiver first."""
    code: CodeType = OPERATORS[operator].__code__
    return code.co_varnames[1 : code.co_argcount]


@compiles(n.Call)
def compile_call(node: n.Call, body: Body) -> ast.expr:
    """`callee(arguments)`."""
    match node.callee:
        case n.Name():
            return _call_name(body.unit.names.of(node.callee), (), node.arguments, body)
        case n.DomainName(domain=domain, name=name) if domain != "ent":
            return _call_member(domain, name, (), node.arguments, body)
        case _:
            return call_value(compile_expression(node.callee, body), (), node.arguments, body)


@compiles(n.MethodCall)
def compile_method(node: n.MethodCall, body: Body) -> ast.expr:
    """`target.name(arguments)` is `name(target, arguments)`."""
    first = (n.Argument(node.target.span, None, node.target),)
    if node.domain is None:
        return _call_name(body.unit.names.of(node.name), first, node.arguments, body)
    if node.domain == "ent":
        return call_value(host("get_entity", literal(node.name.id)), first, node.arguments, body)
    return _call_member(node.domain, node.name.id, first, node.arguments, body)


def _call_name(
    binding: Binding, first: Sequence[n.Argument], arguments: Sequence[n.Argument], body: Body
) -> ast.expr:
    given = [*first, *arguments]
    if binding.kind == "operator":
        return _call_operator(binding.name, given, body)
    if isinstance(binding.value, n.FunctionLiteral) and binding.kind in ("global", "local"):
        names = tuple(parameter.name.id for parameter in binding.value.parameters)
        values = arrange(given, names, body)
        if values is not None:
            return call(binding.python_name, *values)
    return call_value(load(binding.python_name), first, arguments, body)


def _call_operator(name: str, given: Sequence[n.Argument], body: Body) -> ast.expr:
    """Named arguments stay named: an operator may tell a missing argument from a null one."""
    fitting = _fitting(given, parameters_of(name))
    positional = [compile_expression(one.value, body) for one in fitting if one.name is None]
    keywords = [
        ast.keyword(one.name.id, compile_expression(one.value, body))
        for one in fitting
        if one.name is not None
    ]
    return ast.Call(load(f"op_{name}"), [load("rt"), *positional], keywords)


def _call_member(
    domain: str, name: str, first: Sequence[n.Argument], arguments: Sequence[n.Argument], body: Body
) -> ast.expr:
    if (provided := body.unit.module_variables.get(domain)) is not None:
        return call_value(
            call("member", load(provided), literal(domain), literal(name)), first, arguments, body
        )
    return host(
        "call_function",
        literal(domain),
        literal(name),
        member_arguments(domain, name, first, arguments, body),
    )


def member_arguments(
    domain: str, name: str, first: Sequence[n.Argument], arguments: Sequence[n.Argument], body: Body
) -> ast.expr:
    """The arguments for a built-in module's member, in its order, all of them there."""
    parameters = body.unit.modules[domain][name].parameters
    values = arrange([*first, *arguments], parameters, body, drop_unknown=True) or []
    missing = [literal(None)] * (len(parameters) - len(values))
    return tuple_of([*values, *missing])


def call_value(
    function: ast.expr, first: Sequence[n.Argument], arguments: Sequence[n.Argument], body: Body
) -> ast.expr:
    """A call of something that is known only while running."""
    return call("call", load("rt"), function, *loose_arguments([*first, *arguments], body))


def loose_arguments(given: Sequence[n.Argument], body: Body) -> list[ast.expr]:
    """A tuple of the positional arguments and, if there are any, a dict of the named ones."""
    positional = [compile_expression(one.value, body) for one in given if one.name is None]
    named = [(one.name.id, compile_expression(one.value, body)) for one in given if one.name is not None]
    passed: list[ast.expr] = [tuple_of(positional)]
    if named:
        passed.append(map_of([name for name, _ in named], [value for _, value in named]))
    return passed


def arrange(
    given: Sequence[n.Argument], parameters: Sequence[str], body: Body, drop_unknown: bool = False
) -> list[ast.expr] | None:
    """The arguments in the order of the parameters, or None when that would change their meaning.

    It would when an argument has no parameter (it is computed and ignored), when a name is given
    twice, or when arguments would be computed in another order. With `drop_unknown` the function is
    one of ours: what it has no parameter for is left out.
    """
    if drop_unknown:
        given = _fitting(given, parameters)
    positional = [one for one in given if one.name is None]
    named = {one.name.id: one for one in given if one.name is not None}
    if len(positional) > len(parameters) or len(positional) + len(named) != len(given):
        return None
    if any(name not in parameters[len(positional) :] for name in named):
        return None
    values: list[ast.expr] = [compile_expression(one.value, body) for one in positional]
    for parameter in parameters[len(positional) :]:
        if not named:
            break
        one = named.pop(parameter, None)
        values.append(literal(None) if one is None else compile_expression(one.value, body))
    return values


def _fitting(given: Sequence[n.Argument], parameters: Sequence[str]) -> list[n.Argument]:
    """Those arguments for which there is a parameter; a name given twice counts by its last mention."""
    positional = [one for one in given if one.name is None][: len(parameters)]
    named = {one.name.id: one for one in given if one.name is not None and one.name.id in parameters}
    kept = [one for one, name in zip(positional, parameters, strict=False) if name not in named]
    if len(kept) == len(positional):
        return [*positional, *named.values()]
    # A parameter given both ways: the named one wins, so every argument is passed by name.
    by_place = [
        n.Argument(one.span, n.Identifier(one.span, name), one.value)
        for one, name in zip(positional, parameters, strict=False)
        if name not in named
    ]
    return [*by_place, *named.values()]
