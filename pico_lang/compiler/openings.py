"""What a ruleset needs before its global block: what it is configured with, and the modules it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping

from pico_lang.compiler.dispatch import compile_expression
from pico_lang.compiler.emit import Body, call, choose, literal, load, map_of
from pico_lang.nodes import Configure, Declaration, Ruleset, UseModule


def configured_by(ruleset: Ruleset) -> list[Declaration]:
    """The names that whoever uses the ruleset as a module may give other values."""
    items = [item for item in ruleset.meta if isinstance(item, Configure)]
    return [declaration for item in items for declaration in item.declarations]


def open_configuration(declarations: Iterable[Declaration], body: Body) -> None:
    """`v1_x = configuration["x"] if "x" in configuration else default`, in textual order."""
    for one in declarations:
        key = literal(one.name.id)
        given = ast.Compare(key, [ast.In()], [load("configuration")])
        value = ast.Subscript(load("configuration"), key, ast.Load())
        default = compile_expression(one.value, body)
        name = body.unit.names.made_by(one.name).python_name
        body.assign(name, choose(given, value, default), one)


def open_modules(uses: Mapping[int, UseModule], body: Body) -> None:
    """`module0 = use(0, {…})`: what the module provides, configured as this ruleset wants it."""
    for index, use in uses.items():
        configuration = map_of(
            [one.name.id for one in use.configuration],
            [compile_expression(one.value, body) for one in use.configuration],
        )
        body.assign(f"module{index}", call("use", literal(index), configuration), use)
