"""Which entries of a map records may have changed, so that nobody looks through a hundred thousand others.

The records between two heads are all that has happened to a pico between them, which their chain of hashes
proves. Where they say less than everything of a map (it was replaced as a whole, an entry went), nothing is
known, and whoever wants to know looks through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

from engine.core.codec import Unreadable
from engine.core.messages import Change
from engine.core.model import EMPTY, Pico
from engine.core.records import Head, decode_record, record_hash

FEW, FEW_BYTES = 32, 128 << 10
"""Records that are read for this; to read more takes longer than to look through a large map."""

ELSEWHERE = frozenset(
    {
        *("set_pattern", "clear_pattern", "put_channel", "remove_channel", "put_ruleset", "set_grant"),
        *("add_child", "remove_child", "put_timer", "remove_timer", "put_will", "remove_will"),
        *("put_relation", "remove_relation", "put_invitation", "remove_invitation"),
        *("put_asked", "remove_asked"),
    }
)
"""Kinds of change that leave entity variables alone. A kind that is not known here may change all of them."""

_Variable = tuple[str, str]
"""A ruleset and a name."""
_Keys = dict[_Variable, "set[str] | None"]
"""None: perhaps all of them."""


class Touched:
    """What is known of the way from one head to another. It is found out when somebody asks."""

    def __init__(self, before: Head | None, after: Head, records: Sequence[bytes]) -> None:
        """`records` are those between the two, or none if there are too many."""
        self._before = before
        self._after = after
        self._records = records
        self._found: Mapping[tuple[int, int], Set[str]] | None = None

    def between(self, old: object, new: object) -> Set[str] | None:
        """Keys of which some may lead elsewhere in the new map than in the old one, while all others are the
        same entries in the same order. None where nothing is known."""
        if self._found is None:
            self._found = self._find()
        return self._found.get((id(old), id(new)))

    def _find(self) -> Mapping[tuple[int, int], Set[str]]:
        # By the maps themselves, which the heads keep alive: two variables may hold one, each with a past of
        # its own, and what is between two maps is the same whatever variable has led from one to the other.
        if self._before is None or not self._records:
            return EMPTY
        before, after = self._before.pico, self._after.pico
        try:
            keys = _keys(self._before, self._after, self._records)
        except Unreadable:
            return EMPTY
        return {
            (id(_entity(before, *variable)), id(_entity(after, *variable))): some
            for variable, some in keys.items()
            if some is not None
        }


def _entity(pico: Pico, rid: str, name: str) -> Any:
    return pico.entities.get(rid, EMPTY).get(name)  # type: ignore[call-overload]


def _keys(before: Head, after: Head, records: Iterable[bytes]) -> _Keys:
    """Nothing if they do not lead from one head to the other. Raises `Unreadable`."""
    found: _Keys = {}
    chain = before.chain
    for body in records:
        record = decode_record(body)
        if record.previous != chain:
            return {}
        chain = record_hash(body)
        if not all(_note(found, change) for change in record.changes):
            return {}
    return found if chain == after.chain else {}


def _note(found: _Keys, change: Change) -> bool:
    """Whether it is known what that change touches."""
    match change.kind, change.content:
        case ("set_entity_path", (rid, name, [key, *_], _)) | (
            "clear_entity_path",
            (rid, name, [key, _, *_]),
        ):
            keys = found.setdefault((rid, name), set())
            if keys is not None:
                keys.add(key)
        case (("set_entity" | "clear_entity" | "clear_entity_path"), (rid, name, *_)):
            found[rid, name] = None  # an entry that goes and comes again has another place
        case kind, _:
            return kind in ELSEWHERE
    return True
