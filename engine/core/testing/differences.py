"""Where two values differ, in lines that people can read at a glance."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.draft import UNMETERED
from pico_lang import json_text
from pico_lang.equality import equals
from pico_lang.values import Value, type_of

LONGEST = 200
"""Characters of one value that are shown."""

MOST = 20
"""Differences that are shown; who has more of them compares the wrong things."""


def show(value: Value) -> str:
    """A value on one line, as the language writes it."""
    text = f"[{type_of(value)}]" if callable(value) else json_text.encode(UNMETERED, value)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def differences(expected: Value, got: Value) -> list[str]:
    """What is to be said about a value that is not the expected one; one line for each place."""
    found = list(_differences(expected, got, ""))
    if len(found) > MOST:
        return [*found[:MOST], f"… and {len(found) - MOST:,} more"]
    return found


def missing(least: Value, got: Value) -> list[str]:
    """The same for a map that has to have certain entries and may have others."""
    if not (isinstance(least, dict) and isinstance(got, dict)):
        return differences(least, got)
    wanted = {key: got[key] for key in least if key in got}
    return differences(least, wanted)


def _differences(expected: Value, got: Value, path: str) -> Iterator[str]:
    match expected, got:
        case dict(), dict():
            for key in {**expected, **got}:
                yield from _member(expected, got, key, f"{path}{{{show(key)}}}")
        case list(), list():
            for index in range(max(len(expected), len(got))):
                yield from _item(expected, got, index, f"{path}[{index}]")
        case _ if not equals(UNMETERED, expected, got):
            place = f"{path}: " if path else ""
            yield f"{place}expected {show(expected)}, got {show(got)}"


def _member(expected: dict[str, Value], got: dict[str, Value], key: str, path: str) -> Iterator[str]:
    if key not in got:
        yield f"{path}: expected {show(expected[key])}, but it is not there"
    elif key not in expected:
        yield f"{path}: not expected, got {show(got[key])}"
    else:
        yield from _differences(expected[key], got[key], path)


def _item(expected: list[Value], got: list[Value], index: int, path: str) -> Iterator[str]:
    if index >= len(got):
        yield f"{path}: expected {show(expected[index])}, but it is not there"
    elif index >= len(expected):
        yield f"{path}: not expected, got {show(got[index])}"
    else:
        yield from _differences(expected[index], got[index], path)
