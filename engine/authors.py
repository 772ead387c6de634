"""Whose rulesets are meant: a setting that names authors by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.choices import read_parts
from engine.core.did_keys import DidKey, read_did_key


@dataclass(frozen=True, slots=True)
class DidKeys:
    """None, when there are no keys."""

    keys: tuple[DidKey, ...] = ()

    def __str__(self) -> str:
        return ", ".join(self.keys) or "none"

    def __iter__(self) -> Iterator[DidKey]:
        return iter(self.keys)


NOBODY = DidKeys()


def read_authors(value: object) -> DidKeys:
    """From a setting: a list, or a text with commas. Raises `ValueError` when something in it is no key."""
    if isinstance(value, DidKeys):
        return value
    parts = read_parts(value)
    # A text may have commas too many, and be empty.
    return DidKeys(tuple(map(read_did_key, filter(None, parts) if isinstance(value, str) else parts)))
