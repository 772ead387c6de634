"""Values on their way between rulesets and the Python code of plugins.

Both ways everything is made anew: what a ruleset holds never changes, and nothing that Python code keeps a
hold of, or that is no value of the language, gets into a ruleset.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from pico_lang.values import MAX_NESTING, Value, make_map


class ForeignValue(Exception):
    """Something that a ruleset cannot have."""


def to_python(value: Value) -> Any:
    """A value that is only data, as lists and dicts of the receiver's own."""
    if isinstance(value, list):
        return [to_python(item) for item in value]
    if isinstance(value, Mapping):
        return {key: to_python(item) for key, item in value.items()}
    return value


def from_python(given: Any, depth: int = 0) -> Value:
    """The value that Python code means. Raises `ForeignValue`.

    Classes that pass for a number, text or list are not let in as such: an object may have more to it.
    """
    if depth > MAX_NESTING:
        raise ForeignValue(f"lists and dicts nested more than {MAX_NESTING} levels deep")
    if given is None or given is True or given is False:
        return given
    if isinstance(given, str):
        return str.__str__(given)
    if isinstance(given, int | float):
        return _number(given)
    if isinstance(given, list | tuple):
        return [from_python(item, depth + 1) for item in given]
    if isinstance(given, Mapping):
        return make_map((_key(key), from_python(item, depth + 1)) for key, item in given.items())
    raise ForeignValue(
        f"an object of the class {type(given).__name__}; rulesets have None, bool, int, float, str, "
        f"and lists and dicts of these"
    )


def _number(given: float) -> float | None:
    """As a float; what is no finite number is null."""
    try:
        number = float.__float__(given) if isinstance(given, float) else float(int.__int__(given))
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _key(key: Any) -> str:
    if not isinstance(key, str):
        raise ForeignValue(f"a dict with the key {key!r}; the keys of a map are strings")
    return str.__str__(key)
