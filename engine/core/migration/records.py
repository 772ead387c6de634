"""A seat as it is kept: JSON with a format, read back to an equal seat.

Fields that say nothing are left out, so that one that is new changes nothing of what is kept already.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.codec import Unreadable
from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import Attempt, Entry, Head
from engine.core.migration.seats import Seat
from engine.core.migration.source import Source
from engine.core.migration.target import NOTHING, Target

FORMAT = 1

Plain = dict[str, Any]


def write_seat(seat: Seat) -> str:
    plain: Plain = {"format": FORMAT, "me": seat.me}
    if seat.source is not None:
        plain["source"] = _source(seat.source)
    if seat.target != NOTHING:
        plain["target"] = _target(seat.target)
    return json.dumps(plain)


def read_seat(text: str) -> Seat:
    """Raises `Unreadable`."""
    try:
        plain = json.loads(text)
        if plain["format"] != FORMAT:
            raise Unreadable(f"a seat of format {plain['format']!r}; this version reads {FORMAT}")
        source, target = plain.get("source"), plain.get("target")
        return Seat(
            plain["me"],
            None if source is None else _read_source(source),
            NOTHING if target is None else _read_target(target),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as problem:
        raise Unreadable(f"what is kept of a move is damaged: {problem!r}") from problem


def _source(source: Source) -> Plain:
    return _said(
        phase=source.phase.value,
        entry=_entry(source.entry),
        attempt=None if source.attempt is None else _attempt(source.attempt),
        head=None if source.head is None else _head(source.head),
        numbered=source.numbered,
        past=list(source.past),
        borrowed=source.borrowed,
        unconfirmed=not source.confirmed,
    )


def _read_source(plain: Mapping[str, Any]) -> Source:
    return Source(
        leaving.Phase(plain["phase"]),
        _read_entry(plain["entry"]),
        _maybe(plain, "attempt", _read_attempt),
        _maybe(plain, "head", _read_head),
        plain.get("numbered", 0),
        tuple(plain.get("past", ())),
        plain.get("borrowed", False),
        not plain.get("unconfirmed", False),
    )


def _target(target: Target) -> Plain:
    return _said(
        phase=target.phase.value,
        attempt=None if target.attempt is None else _attempt(target.attempt),
        key=target.key,
        head=None if target.head is None else _head(target.head),
        entry=None if target.entry is None else _entry(target.entry),
    )


def _read_target(plain: Mapping[str, Any]) -> Target:
    return Target(
        coming.Phase(plain["phase"]),
        _maybe(plain, "attempt", _read_attempt),
        plain.get("key", ""),
        _maybe(plain, "head", _read_head),
        _maybe(plain, "entry", _read_entry),
    )


def _attempt(attempt: Attempt) -> Plain:
    return {
        "epoch": attempt.epoch,
        "number": attempt.number,
        "name": attempt.name,
        "source": attempt.source,
        "target": attempt.target,
    }


def _read_attempt(plain: Mapping[str, Any]) -> Attempt:
    return Attempt(plain["epoch"], plain["number"], plain["name"], plain["source"], plain["target"])


def _head(head: Head) -> Plain:
    return {"sequence": head.sequence, "state": head.state, "cid": head.cid}


def _read_head(plain: Mapping[str, Any]) -> Head:
    return Head(plain["sequence"], plain["state"], plain["cid"])


def _entry(entry: Entry) -> Plain:
    return {"number": entry.number, "id": entry.id, "host": entry.host, "key": entry.key}


def _read_entry(plain: Mapping[str, Any]) -> Entry:
    return Entry(plain["number"], plain["id"], plain["host"], plain["key"])


def _maybe(plain: Mapping[str, Any], name: str, read: Callable[[Mapping[str, Any]], Any]) -> Any:
    found = plain.get(name)
    return None if found is None else read(found)


def _said(**members: Any) -> Plain:
    return {name: value for name, value in members.items() if value}
