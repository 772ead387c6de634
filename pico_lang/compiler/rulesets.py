"""From a checked tree to a Python code object that makes instances of the ruleset.

The code defines `instantiate(rt, configuration, use, testing)`, which runs the global block once for one
pico and returns what the ruleset declares and the functions of its rules; everything it defines closes
over `rt`, the runtime of that instance. `describe(rt)` computes the texts of `meta`, and `upgrades` are
functions like `instantiate`, one for each upgrade block, that run only that and what it needs.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any

from pico_lang.compiler.dispatch import compile_expression
from pico_lang.compiler.emit import (
    Body,
    Unit,
    attribute,
    define,
    literal,
    load,
    map_of,
    tuple_of,
)
from pico_lang.compiler.functions import compile_declarations
from pico_lang.compiler.openings import configured_by, open_configuration, open_modules
from pico_lang.compiler.rules import compile_rule
from pico_lang.compiler.upgrades import define_upgrade
from pico_lang.host import Modules
from pico_lang.names import Names
from pico_lang.nodes import MetaText, Ruleset, Snippet, Upgrade, UseModule
from pico_lang.one_tree_at_a_time import ONE_TREE_AT_A_TIME
from pico_lang.source import Source


@dataclass(frozen=True, slots=True)
class CompiledCode:
    """A code object and the values it finds in its namespace besides the common ones."""

    code: CodeType
    constants: Mapping[str, Any]


def compile_ruleset_code(ruleset: Ruleset, names: Names, modules: Modules, source: Source) -> CompiledCode:
    """Compile a ruleset that the checker has passed."""
    uses = [item for item in ruleset.meta if isinstance(item, UseModule)]
    variables = {(use.alias or use.rid).id: f"module{index}" for index, use in enumerate(uses)}
    unit = Unit(source, names, modules, variables)
    top = Body(unit)
    _define_instantiate(ruleset, uses, top)
    _define_describe(ruleset, top)
    _define_upgrades(ruleset, uses, top)
    return _finish(top, f"krl:{ruleset.rid.id}")


def compile_snippet_code(
    snippet: Snippet, names: Names, modules: Modules, used: Sequence[str], source: Source
) -> CompiledCode:
    """Compile what stands alone: `evaluate(rt, known, used)` gives what it declares, and its value.

    `known` has the values of names given from outside, `used` what the modules of `used` provide.
    """
    top = Body(Unit(source, names, modules, {domain: f"module{index}" for index, domain in enumerate(used)}))
    body = top.block()
    body.assign("m", attribute(load("rt"), "meter"), snippet)
    for name, binding in names.globals.items():
        body.assign(binding.python_name, _entry("known", name), snippet)
    for domain, variable in top.unit.module_variables.items():
        body.assign(variable, _entry("used", domain), snippet)
    compile_declarations(snippet.declarations, body)
    result = literal(None) if snippet.result is None else compile_expression(snippet.result, body)
    made = [one.name for one in snippet.declarations]
    declared = map_of([name.id for name in made], [load(names.made_by(name).python_name) for name in made])
    body.emit(ast.Return(tuple_of([declared, result])), snippet)
    top.emit(define("evaluate", ["rt", "known", "used"], body, defaults=False), snippet)
    return _finish(top, f"krl:{source.name}")


def _entry(of: str, key: str) -> ast.expr:
    return ast.Subscript(load(of), literal(key), ast.Load())


def _finish(top: Body, filename: str) -> CompiledCode:
    module = ast.Module(body=top.statements, type_ignores=[])
    with ONE_TREE_AT_A_TIME:
        code = compile(module, filename, "exec", dont_inherit=True)
    return CompiledCode(code, top.unit.constants)


def _define_instantiate(ruleset: Ruleset, uses: list[UseModule], top: Body) -> None:
    body = top.block()
    body.assign("m", attribute(load("rt"), "meter"), ruleset)
    for binding in top.unit.names.predefined.values():
        body.assign(binding.python_name, load("testing"), ruleset)
    open_configuration(configured_by(ruleset), body)
    open_modules(dict(enumerate(uses)), body)
    compile_declarations(ruleset.declarations, body)
    rules = tuple_of([compile_rule(rule, body) for rule in ruleset.rules])
    bindings = top.unit.names.globals
    declared = map_of(bindings, [load(binding.python_name) for binding in bindings.values()])
    body.emit(ast.Return(tuple_of([declared, rules])), ruleset)
    top.emit(define("instantiate", ["rt", "configuration", "use", "testing"], body, defaults=False), ruleset)


def _define_describe(ruleset: Ruleset, top: Body) -> None:
    body = top.block()
    body.assign("m", attribute(load("rt"), "meter"), ruleset)
    texts = [item for item in ruleset.meta if isinstance(item, MetaText)]
    described = map_of(
        [item.property for item in texts], [compile_expression(item.value, body) for item in texts]
    )
    body.emit(ast.Return(described), ruleset)
    top.emit(define("describe", ["rt"], body, defaults=False), ruleset)


def _define_upgrades(ruleset: Ruleset, uses: list[UseModule], top: Body) -> None:
    blocks = [item for item in ruleset.meta if isinstance(item, Upgrade)]
    defined = [define_upgrade(block, ruleset, uses, top) for block in blocks]
    top.assign("upgrades", tuple_of(defined), ruleset)
