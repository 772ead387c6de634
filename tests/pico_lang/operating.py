"""Calling operators without a program: what the tests of the standard operators share."""

from __future__ import annotations

from typing import Any

from pico_lang.builtins import OPERATORS
from pico_lang.errors import RuntimeFault
from pico_lang.meter import Budget, Meter
from pico_lang.runtime import Runtime
from pico_lang.values import Value, from_json
from tests.fakes.recording_host import RecordingHost

ROOMY = Budget(steps=10_000_000, regexp_ms=5_000)


def surroundings(budget: Budget = ROOMY, host: RecordingHost | None = None) -> Runtime:
    """The surroundings of a ruleset that is not there."""
    return Runtime(Meter(budget), host or RecordingHost())


def op(name: str, *arguments: Any, budget: Budget = ROOMY) -> Value:
    """What an operator answers; integers among the arguments become numbers of the language."""
    return OPERATORS[name](surroundings(budget), *map(from_json, arguments))


def op_fault(name: str, *arguments: Any, budget: Budget = ROOMY) -> RuntimeFault:
    """The fault an operator ends in."""
    try:
        value = op(name, *arguments, budget=budget)
    except RuntimeFault as found:
        return found
    raise AssertionError(f"expected a fault, got {value!r}")


def exactly(value: Any) -> str:
    """A text that differs for values that Python takes for equal: 1 and true, maps in another order."""
    return repr(from_json(value))
