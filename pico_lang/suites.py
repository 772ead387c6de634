"""Tests together with the ruleset they are for, checked and ready to be played.

They stand behind the rules of the ruleset itself, or in a file of their own. Playing them takes an
engine's kernel and is no business of the language.
"""

from __future__ import annotations

from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.builtins import OPERATORS
from pico_lang.check_context import domain_of
from pico_lang.checks import check_tests
from pico_lang.diagnostics import Diagnostic, RulesetRefused, Severity
from pico_lang.host import Modules
from pico_lang.names import resolve, resolve_tests
from pico_lang.parser import parse, parse_tests
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS


@dataclass(frozen=True, slots=True)
class Suite:
    """The tests of one text. `source` is where they stand, which need not be where the program does."""

    program: Program
    source: Source
    tests: tuple[n.Test, ...]
    warnings: tuple[Diagnostic, ...]


def suite_of_ruleset(source: Source, modules: Modules) -> Suite:
    """The tests that a ruleset holds. Raises `RulesetRefused`."""
    program = compile_ruleset(source, modules)
    return Suite(program, source, parse(source).tests, program.warnings)


def suite_of_file(source: Source, target: Source, modules: Modules) -> Suite:
    """The tests that a file holds for the ruleset of another text.

    Raises `RulesetRefused`, whose `source` says which of the two is meant.
    """
    file = parse_tests(source)
    program, tree = compile_ruleset(target, modules), parse(target)
    operators = [*OPERATORS, *ACTIONS]
    names = resolve_tests(file.tests, operators, resolve(tree, operators).globals)
    used = [domain_of(item).id for item in tree.meta if isinstance(item, n.UseModule)]
    found = check_tests(file, names, modules, used)
    if any(one.severity is Severity.ERROR for one in found):
        raise RulesetRefused(found, source)
    return Suite(program, source, file.tests, tuple(found))
