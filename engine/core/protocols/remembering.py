"""Tables that forget their oldest records, so that no correspondent makes a state grow without end.

Each record has its number, since the members of a JSON object have no order that one could rely on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Records = Mapping[str, Mapping[str, Any]]


def remember(
    records: Records, name: str, record: Mapping[str, Any], most: int
) -> dict[str, Mapping[str, Any]]:
    """With this record as the newest, and not more than `most`. One of that name keeps its number."""
    known = records.get(name)
    number = known["n"] if known else 1 + max((one["n"] for one in records.values()), default=0)
    after = {**records, name: {**record, "n": number}}
    while len(after) > most:
        del after[min(after, key=lambda one: after[one]["n"])]
    return after


def oldest_first(records: Records) -> list[str]:
    return sorted(records, key=lambda name: records[name]["n"])
