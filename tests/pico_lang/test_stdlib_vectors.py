"""The standard operators against recorded answers of the peer (`vectors/README.md`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pico_lang import operators
from pico_lang.builtins import OPERATORS
from pico_lang.errors import RuntimeFault
from pico_lang.values import RegExp, Value, from_json
from tests.pico_lang.operating import surroundings

RECORDED = json.loads((Path(__file__).parent / "vectors" / "stdlib_vectors.json").read_text())

INFIX: dict[str, Callable[..., Value]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "%": operators.modulo,
    "==": operators.equals,
    "!=": operators.not_equals,
    "<=>": operators.compare,
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
    "><": operators.contains,
    "like": operators.like,
    "cmp": operators.compare_strings,
}
PREFIX: dict[str, Callable[..., Value]] = {"+": lambda rt, a: a, "-": operators.negate}
ODD_VALUES = {"undefined": None, "NaN": float("nan"), "-0": -0.0}


def holds_function(recorded: Any) -> bool:
    return '"$": "fn"' in json.dumps(recorded["args"])


def value_of(recorded: Any) -> Value:
    """A recorded value as one of ours."""
    if isinstance(recorded, list):
        return [value_of(item) for item in recorded]
    if not isinstance(recorded, dict):
        return from_json(recorded)
    if "$m" in recorded:
        return {key: value_of(item) for key, item in recorded["$m"].items()}
    if recorded["$"] == "re":
        return RegExp(recorded["source"], recorded["flags"])
    return ODD_VALUES[recorded["$"]]


def plain(value: Value) -> str:
    """A value so written that only NaN and null, and 0 and -0, look alike."""
    if isinstance(value, list):
        return f"[{', '.join(map(plain, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key!r}: {plain(item)}' for key, item in value.items())}}}"
    if isinstance(value, float):
        return repr(value + 0.0) if value == value else "None"
    return repr(value)


def answer(recorded: Any) -> Value:
    arguments = [value_of(one) for one in recorded["args"]]
    table = PREFIX if recorded["op"] in PREFIX and len(arguments) == 1 else INFIX
    operator = table.get(recorded["op"]) or OPERATORS[recorded["op"]]
    return operator(surroundings(), *arguments)


REPLAYED = [one for one in RECORDED if not holds_function(one)]


@pytest.mark.parametrize("recorded", [one for one in REPLAYED if "result" in one], ids=json.dumps)
def test_an_operator_answers_as_the_peer_did(recorded: Any) -> None:
    """Every recorded result is ours too, down to the order of keys."""
    assert plain(answer(recorded)) == plain(value_of(recorded["result"]))


@pytest.mark.parametrize("recorded", [one for one in REPLAYED if "error" in one], ids=json.dumps)
def test_an_operator_refuses_what_the_peer_refused(recorded: Any) -> None:
    """Where the peer throws a TypeError we raise a fault of types or of calls."""
    with pytest.raises(RuntimeFault) as found:
        answer(recorded)
    assert found.value.code in ("R601", "R602")


def test_only_calls_with_functions_are_left_out() -> None:
    """The recording has lost nothing on its way into the parameters above."""
    assert (len(RECORDED), len(REPLAYED)) == (552, 483)
