"""The table of expression compilers, so that those for calls, functions and operators can use each
other without importing each other."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, TypeVar

from pico_lang import nodes as n
from pico_lang.compiler.emit import Body, call, locate
from pico_lang.static_types import type_of

Compiler = Callable[[Any, Body], ast.expr]
C = TypeVar("C", bound=Compiler)

_COMPILERS: dict[type[n.Node], Compiler] = {}


def compiles(*kinds: type[n.Node]) -> Callable[[C], C]:
    """Register a function as the compiler for these kinds of node."""

    def register(compiler: C) -> C:
        _COMPILERS.update(dict.fromkeys(kinds, compiler))
        return compiler

    return register


def compile_expression(node: n.Expression, body: Body) -> ast.expr:
    """A Python expression with the node's value; functions it needs are defined in `body` first."""
    return locate(_COMPILERS[type(node)](node, body), node, body.unit.source)


def compile_test(node: n.Expression, body: Body) -> ast.expr:
    """A Python expression that is exactly True or False, as the language's truth has it."""
    value = compile_expression(node, body)
    if type_of(node, body.unit.names) == "Boolean":
        return value
    return locate(call("truthy", value), node, body.unit.source)
