"""Functions and defactions → Python functions.

A function becomes a `def` in front of the statement that mentions it; closures are Python's own.
Parameters default to None, and a parameter that is None takes the default its author wrote.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pico_lang import nodes as n
from pico_lang.compiler.actions import compile_action_block
from pico_lang.compiler.dispatch import compile_expression, compiles
from pico_lang.compiler.emit import Body, call, count_step, define, is_small_leaf, literal, load


def compile_declarations(declarations: Sequence[n.Declaration], body: Body) -> None:
    """Declarations in textual order; a function's `def` is its assignment."""
    for declaration in declarations:
        name = body.unit.names.made_by(declaration.name).python_name
        match declaration.value:
            case n.FunctionLiteral() as function:
                _define_function(function, name, body)
            case n.ActionLiteral() as action:
                body.assign(name, _define_action(action, declaration.name.id, body), declaration)
            case value:
                body.assign(name, compile_expression(value, body), declaration)


@compiles(n.FunctionLiteral)
def compile_function(node: n.FunctionLiteral, body: Body) -> ast.expr:
    name = body.unit.fresh("function")
    _define_function(node, name, body)
    return load(name)


def _define_function(node: n.FunctionLiteral, name: str, body: Body) -> None:
    inner = body.block()
    if not is_small_leaf(node):
        count_step(inner, node)
    parameters = _open_parameters(node.parameters, inner)
    compile_declarations(node.declarations, inner)
    inner.emit(ast.Return(compile_expression(node.result, inner)), node.result)
    body.emit(define(name, parameters, inner), node)


@compiles(n.ActionLiteral)
def compile_action(node: n.ActionLiteral, body: Body) -> ast.expr:
    return _define_action(node, "defaction", body)


def _define_action(node: n.ActionLiteral, called: str, body: Body) -> ast.expr:
    """An `Action` around a Python function that acts and gives the value of `return`."""
    inner = body.block()
    count_step(inner, node)
    parameters = _open_parameters(node.parameters, inner)
    compile_declarations(node.declarations, inner)
    compile_action_block(node.block, inner)
    result = literal(None) if node.result is None else compile_expression(node.result, inner)
    inner.emit(ast.Return(result), node)
    name = f"{body.unit.fresh('action')}_{called}"
    body.emit(define(name, parameters, inner), node)
    return call("Action", literal(called), load(name))


def _open_parameters(parameters: Sequence[n.Parameter], body: Body) -> list[str]:
    """Python names of the parameters; defaults are computed in `body`, per call, left to right."""
    python_names = []
    for parameter in parameters:
        name = body.unit.names.made_by(parameter.name).python_name
        python_names.append(name)
        if parameter.default is not None:
            filled = body.block()
            filled.assign(name, compile_expression(parameter.default, filled), parameter)
            missing = ast.Compare(load(name), [ast.Is()], [literal(None)])
            body.emit(ast.If(missing, filled.finished(), []), parameter)
    return python_names
