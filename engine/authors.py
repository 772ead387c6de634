"""Whose rulesets are meant: a setting that names authors by their keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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
    match value:
        case DidKeys():
            return value
        case str():
            return read_authors([part.strip() for part in value.split(",") if part.strip()])
        case list():
            return DidKeys(tuple(map(_read, value)))
    raise ValueError


def _read(part: object) -> DidKey:
    if not isinstance(part, str):
        raise ValueError
    return read_did_key(part)
