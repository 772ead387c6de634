"""No ruleset that parses breaks the checker or the compiler: it is refused with diagnostics, or runs.

Derived texts mention names and modules that nothing declares; `furnished` declares them all, so that
most texts come through the checks.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from pico_lang import nodes as n
from pico_lang.builtins import OPERATORS
from pico_lang.checks import check
from pico_lang.compiler import compile_ruleset_code
from pico_lang.diagnostics import RulesetRefused, Severity, render
from pico_lang.errors import RuntimeFault
from pico_lang.host import Member, Modules
from pico_lang.meter import Budget
from pico_lang.names import resolve
from pico_lang.parser import parse
from pico_lang.program import Program, load_program
from pico_lang.selection import EventFacts
from pico_lang.source import NOWHERE, Source
from pico_lang.static_types import ACTIONS
from pico_lang.traversal import walk
from tests.campaign import seed
from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.grammar_fuzz import Generator
from tests.pico_lang.running import open_instance, run_upgrade
from tests.pico_lang.test_grammar_fuzz import COUNT

SEED = 20_260_102

KNOWN = [*OPERATORS, *ACTIONS]


def test_every_text_that_parses_is_checked_compiled_and_run_without_surprise() -> None:
    generator = Generator(seed(SEED))
    compiled = 0
    for number in range(COUNT // 4):
        source = Source(generator.ruleset(size=10 + number % 50))
        with suppress(RulesetRefused):
            tree = parse(source)
            check_bare(tree, source)
            program = build(furnished(tree), source)
            if program is not None:
                compiled += 1
                run(program)
    assert compiled > COUNT // 40


def check_bare(tree: n.Ruleset, source: Source) -> None:
    """The text as it is: whatever is found can be shown."""
    for found in check(tree, resolve(tree, KNOWN), {}):
        assert render(found, source)


def furnished(tree: n.Ruleset) -> n.Ruleset:
    """The tree with a declaration for every name that it lacks, and without what is never supported."""
    lacking = {
        found.message.removeprefix("undefined name ")
        for found in resolve(tree, KNOWN).diagnostics
        if found.code == "K201"
    }
    made = [
        n.Declaration(NOWHERE, n.Identifier(NOWHERE, name), n.Name(NOWHERE, "head"))
        for name in sorted(lacking)
    ]
    refused = (n.MetaKey, n.ErrorsTo, n.ProvidesKeys, n.UseModule, n.Shares, n.Provides)
    kept = [item for item in tree.meta if not isinstance(item, refused) and not _is_version(item)]
    version = n.MetaText(NOWHERE, "version", n.StringLiteral(NOWHERE, "fuzzed"))
    meta = (version, *map(_only_what_upgrades, kept))
    return replace(tree, meta=meta, declarations=(*made, *tree.declarations))


def _is_version(item: n.MetaItem) -> bool:
    return isinstance(item, n.MetaText) and item.property == "version"


def _only_what_upgrades(item: n.MetaItem) -> n.MetaItem:
    """An upgrade block without the statements that it must not have."""
    if not isinstance(item, n.Upgrade):
        return item
    changes = n.Assign | n.Clear | n.Log | n.Declaration
    statements = [one for one in item.body.statements if isinstance(one.core, changes) and not one.on_final]
    return replace(item, body=replace(item.body, statements=tuple(statements)))


def modules_of(tree: n.Ruleset) -> Modules:
    """A module for every domain that the tree mentions, with members that may stand where they do."""
    modules: dict[str, dict[str, Member]] = {}
    called = {id(node.callee) for node in walk(tree) if isinstance(node, n.Call)}
    for node in walk(tree):
        match node:
            case n.DomainName():
                kind = Member("both", ("a", "b")) if id(node) in called else Member("property")
                modules.setdefault(node.domain, {})[node.name] = kind
            case n.MethodCall(domain=str(domain)) | n.Action(domain=str(domain)):
                modules.setdefault(domain, {})[node.name.id] = Member("both", ("a",))
            case _:
                pass
    return modules


def build(tree: n.Ruleset, source: Source) -> Program | None:
    names, modules = resolve(tree, KNOWN), modules_of(tree)
    found = check(tree, names, modules)
    if any(one.severity is Severity.ERROR for one in found):
        return None
    return load_program(tree, compile_ruleset_code(tree, names, modules, source), source, found)


class Obliging(RecordingHost):
    """A host with every module there is."""

    def read_property(self, domain: str, name: str) -> str:
        return f"{domain}:{name}"


def run(program: Program) -> None:
    """Every rule is shown every event it listens to; a fault of the program is no surprise."""
    host = Obliging({"a": "text", "b": 2.0})
    for versions in program.facts.upgrades:
        for version in versions:
            with suppress(RuntimeFault):
                run_upgrade(program, host, version, Budget(steps=20_000, depth=200))
    with suppress(RuntimeFault):
        instance = open_instance(program, host, Budget(steps=20_000, depth=200))
        for rule in instance.rules:
            for domain, name in [] if rule.rule.machine is None else rule.rule.machine.listens:
                with suppress(RuntimeFault):
                    selection = rule.select(EventFacts(domain, name, host.attrs), None, 0)
                    rule.run(selection.bindings)
