"""Settings that name several things, or say all or none: how their values are read.

What a part has to be, and what is made of the parts, is for the module of each setting to say.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

C = TypeVar("C")


def read_choice(value: object, all: C, none: C, some: Callable[[Sequence[str]], C]) -> C:
    """True for all, false for none, else the parts. What was read before stays as it is.

    Raises `ValueError` for anything else, as `some` does for parts that make no sense.
    """
    match value:
        case True | "true":
            return all
        case False | "false" | "":
            return none
    return value if isinstance(value, type(none)) else some(read_parts(value))


def read_parts(value: object) -> Sequence[str]:
    """Those of a list, or of a text with commas. Raises `ValueError` when something is no text."""
    match value:
        case str():
            return [part.strip() for part in value.split(",")]
        case list() if all(isinstance(part, str) for part in value):
            return value
    raise ValueError
