"""Tables that forget: the oldest first, whatever order their members are in."""

from __future__ import annotations

import json
from typing import Any

from engine.core.protocols.remembering import oldest_first, remember


def table(*names: str) -> dict[str, Any]:
    """Of three at most; kept and read again after each, with its members in another order."""
    records: dict[str, Any] = {}
    for name in names:
        records = json.loads(json.dumps(remember(records, name, {"of": name}, 3), sort_keys=True))
    return records


def test_the_oldest_is_forgotten_first() -> None:
    """Not the first by name."""
    assert oldest_first(table("c", "a", "d", "b")) == ["a", "d", "b"]


def test_who_is_told_again_does_not_get_younger() -> None:
    """What is said of a record changes, not when it came."""
    assert oldest_first(table("a", "b", "a")) == ["a", "b"]
    assert oldest_first(table("a", "b", "c", "a", "d")) == ["b", "c", "d"]


def test_a_table_never_holds_more_than_it_may() -> None:
    """Also if it may hold less than it did."""
    assert oldest_first(remember(table("a", "b", "c"), "d", {}, 2)) == ["c", "d"]
