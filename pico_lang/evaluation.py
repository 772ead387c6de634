"""Expressions that stand alone: for the command line, for tests, for whoever wants one value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pico_lang.builtins import OPERATORS
from pico_lang.checks import check_expression
from pico_lang.compiler import compile_expression_code
from pico_lang.diagnostics import RulesetRefused, Severity
from pico_lang.host import Modules
from pico_lang.names import resolve_expression
from pico_lang.parser import parse_expression
from pico_lang.program import COMMON_NAMESPACE
from pico_lang.runtime import Runtime
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS
from pico_lang.tracebacks import FAILURES, located
from pico_lang.values import Value


def evaluate_expression(
    source: Source, runtime: Runtime, modules: Modules, known: Mapping[str, Value] | None = None
) -> Value:
    """The value of an expression that may mention the names in `known`.

    Raises `RulesetRefused` for a text that is no expression, `RuntimeFault` when running it fails.
    """
    given = dict(known or {})
    expression = parse_expression(source)
    names = resolve_expression(expression, [*OPERATORS, *ACTIONS], list(given))
    found = check_expression(expression, names, modules)
    if any(one.severity is Severity.ERROR for one in found):
        raise RulesetRefused(found, source)
    compiled = compile_expression_code(expression, names, modules, source)
    namespace: dict[str, Any] = {**COMMON_NAMESPACE, **compiled.constants}
    exec(compiled.code, namespace)
    try:
        return namespace["evaluate"](runtime, given)
    except FAILURES as failure:
        raise located(failure) from failure
