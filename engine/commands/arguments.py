"""What people write after a command: addresses of picos, `domain:type`, `rid/name` and `key=value`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click


def event_address(context: click.Context, parameter: click.Parameter, word: str) -> tuple[str, str]:
    """Domain and type of an event."""
    return _split(word, ":", "counter:increment")


def query_address(context: click.Context, parameter: click.Parameter, word: str) -> tuple[str, str]:
    """Ruleset and name of a query."""
    return _split(word, "/", "counter/count")


def _split(word: str, separator: str, example: str) -> tuple[str, str]:
    first, _, second = word.partition(separator)
    if not first or not second:
        raise click.BadParameter(f"'{word}' has the wrong form; an example of the right one: {example}")
    return first, second


def read_pairs(words: Sequence[str]) -> dict[str, Any]:
    """`key=value` words as a map. A value that is JSON is JSON; anything else is a text."""
    found: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not key or not equals:
            raise click.UsageError(f"'{word}' is not key=value; an example: by=5")
        if key in found:
            raise click.UsageError(f"'{key}' is given twice; for several values: {key}='[1, 2]'")
        found[key] = _read_value(value)
    return found


def _read_value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> Any:
    """Python reads NaN and Infinity, which are no JSON: they are texts like any other."""
    raise ValueError(name)
