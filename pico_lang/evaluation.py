"""What stands alone: expressions for the command line and for tests, outside of any ruleset's text.

It may mention names from elsewhere, such as those that a ruleset declares; their values come along in
`Surroundings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pico_lang.builtins import OPERATORS
from pico_lang.checks import check_snippet
from pico_lang.compiler import compile_snippet_code
from pico_lang.diagnostics import RulesetRefused, Severity
from pico_lang.host import Modules
from pico_lang.names import resolve_snippet
from pico_lang.nodes import Snippet
from pico_lang.parser import parse_expression
from pico_lang.program import COMMON_NAMESPACE
from pico_lang.runtime import Runtime
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS
from pico_lang.tracebacks import FAILURES, located
from pico_lang.values import Value


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What can be mentioned besides standard operators and the domain `ent`."""

    modules: Modules
    known: Mapping[str, Value] = field(default_factory=dict)
    """Names and their values."""
    used: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    """What used modules provide, by the name they are used under."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What a snippet declares, and its value; null when it ends without an expression."""

    declared: Mapping[str, Value]
    value: Value


def evaluate_snippet(
    snippet: Snippet, source: Source, runtime: Runtime, surroundings: Surroundings
) -> Evaluated:
    """Check, compile and run. Raises `RulesetRefused` or, when running it fails, `RuntimeFault`."""
    around = surroundings
    names = resolve_snippet(snippet, [*OPERATORS, *ACTIONS], around.known)
    found = check_snippet(snippet, names, around.modules, around.used)
    if any(one.severity is Severity.ERROR for one in found):
        raise RulesetRefused(found, source)
    compiled = compile_snippet_code(snippet, names, around.modules, list(around.used), source)
    namespace: dict[str, Any] = {**COMMON_NAMESPACE, **compiled.constants}
    exec(compiled.code, namespace)
    try:
        return Evaluated(*namespace["evaluate"](runtime, around.known, around.used))
    except FAILURES as failure:
        raise located(failure) from failure


def evaluate_expression(
    source: Source, runtime: Runtime, modules: Modules, known: Mapping[str, Value] | None = None
) -> Value:
    """The value of an expression that may mention the names in `known`."""
    expression = parse_expression(source)
    snippet = Snippet(expression.span, (), expression)
    return evaluate_snippet(snippet, source, runtime, Surroundings(modules, known or {})).value
