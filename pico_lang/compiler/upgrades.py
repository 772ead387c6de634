"""Upgrade blocks → Python functions that transform the entity variables of an older version.

Such a block runs before the global block of its ruleset does, for that is to see the new variables. So
it gets a function of its own, with those declarations and modules in it that it mentions, directly or
through others: what it does not need may well be unable to deal with the old variables.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pico_lang import nodes as n
from pico_lang.compiler.emit import Body, attribute, count_step, define, load
from pico_lang.compiler.functions import compile_declarations
from pico_lang.compiler.openings import configured_by, open_configuration, open_modules
from pico_lang.compiler.rules import compile_statements
from pico_lang.names import Binding, Names
from pico_lang.traversal import walk


def define_upgrade(block: n.Upgrade, ruleset: n.Ruleset, uses: Sequence[n.UseModule], top: Body) -> ast.expr:
    """Define `upgrade(rt, configuration, use, testing)` for one block."""
    names, body = top.unit.names, top.block()
    needs = _needs_of(block, uses, names)
    body.assign("m", attribute(load("rt"), "meter"), block)
    count_step(body, block)
    for binding in names.predefined.values():
        body.assign(binding.python_name, load("testing"), block)
    open_configuration(needs.among(configured_by(ruleset), names), body)
    open_modules({index: use for index, use in enumerate(uses) if index in needs.modules}, body)
    compile_declarations(needs.among(ruleset.declarations, names), body)
    compile_statements(block.body, body)
    name = body.unit.fresh("upgrade")
    top.emit(define(name, ["rt", "configuration", "use", "testing"], body, defaults=False), block)
    return load(name)


@dataclass(slots=True)
class _Needs:
    """What a block mentions, directly or through others."""

    bindings: dict[int, Binding] = field(default_factory=dict)
    modules: set[int] = field(default_factory=set)

    def among(self, declarations: Sequence[n.Declaration], names: Names) -> list[n.Declaration]:
        return [one for one in declarations if names.made_by(one.name).number in self.bindings]


def _needs_of(block: n.Upgrade, uses: Sequence[n.UseModule], names: Names) -> _Needs:
    needs = _Needs()
    domains = {(use.alias or use.rid).id: index for index, use in enumerate(uses)}
    waiting: list[n.Node] = [block.body]
    while waiting:
        for node in walk(waiting.pop()):
            for binding in _mentioned(node, names):
                if binding.number not in needs.bindings and binding.value is not None:
                    needs.bindings[binding.number] = binding
                    waiting.append(binding.value)
            index = domains.get(_domain_of(node))
            if index is not None and index not in needs.modules:
                needs.modules.add(index)
                waiting += [one.value for one in uses[index].configuration]
    return needs


def _mentioned(node: n.Node, names: Names) -> Iterator[Binding]:
    """The global or configured name that a node stands for."""
    binding = names.uses.get(id(node))
    if binding is not None and binding.kind in ("global", "configured"):
        yield binding


def _domain_of(node: n.Node) -> str:
    match node:
        case n.DomainName(domain=domain):
            return domain
        case (
            n.MethodCall(domain=str(domain))
            | n.PropertyRead(domain=str(domain))
            | n.Action(domain=str(domain))
        ):
            return domain
        case _:
            return ""
