"""What seats and the bodies of messages say, for whoever drives the tables; nothing changes by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from engine.core.migration import Seat, acts
from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import (
    Accept,
    Attempt,
    Offer,
)
from engine.core.model import RulesetHash
from engine.core.protocols.migration import MOST_RULESETS, NotAMove
from engine.ports import (
    NewHost,
)
from engine.runtime.moves.cases import Case, Has, read_has, read_host
from engine.runtime.moves.office import Told
from engine.runtime.moves.post import Heard, entry_of

STAY_LETTERS = 16
"""Of the name of an attempt that name the keys of the stay to which it leads."""


def check_offer(heard: Heard) -> None:
    """Who offers a pico has to be who hosts it by the newest entry. Raises `NotAMove`."""
    message = heard.parcel.message
    if isinstance(message, Offer):
        if heard.hosting is None or entry_of(heard.hosting).host != message.attempt.source:
            raise NotAMove("who offers it does not host it")
        if heard.hosting.number != message.attempt.epoch:
            raise NotAMove("the epoch is not that of its log")


def with_keys(case: Case, heard: Heard) -> Case:
    """What a target that accepts has made for the pico."""
    message, more, source = heard.parcel.message, heard.parcel.more, case.seat.source
    if not isinstance(message, Accept) or source is None or message.attempt != source.attempt:
        return case
    to = host_in(more)
    if to is None or source.phase not in (leaving.Phase.OFFERED, leaving.Phase.LEAVING):
        return case
    opens, had = more["keys"].get("box"), more.get("has")
    if not isinstance(opens, str) or to.signing != message.key:
        raise NotAMove("it does not say which keys it has made")
    return replace(case, to=to, opens=opens, had=had if isinstance(had, str) else "", has=has_in(more))


def has_in(more: Mapping[str, Any]) -> Has:
    """What a target says that it has already."""
    try:
        return read_has(more)
    except (TypeError, ValueError, LookupError):
        raise NotAMove("it does not say what it has already") from None


def attempt_in(seat: Seat) -> Attempt | None:
    source = None if seat.source is None else seat.source.attempt
    return source or seat.target.attempt


def shown(did: str, case: Case) -> dict[str, Any]:
    seat, attempt = case.seat, attempt_in(case.seat)
    phase = seat.target.phase if seat.source is None else seat.source.phase
    shown = {
        "did": did,
        "pico": case.pico,
        "phase": phase.value,
        "epoch": 0 if seat.entry is None else seat.entry.number,
        "reason": case.reason,
    }
    if attempt is not None:
        shown["attempt"] = attempt.name
        shown["from"], shown["to"] = case.address(attempt.source), case.address(attempt.target)
    if case.failed:
        shown["failed"] = case.failed
    if seat.source is not None and acts(seat) and case.since_ms:
        shown["came"] = case.since_ms
    if seat.target.phase is not coming.Phase.NONE:
        shown["coming"] = seat.target.phase.value
    return shown


def timed(seat: Seat) -> list[tuple[Attempt, str]]:
    found = []
    source, target = seat.source, seat.target
    is_waited_for = (leaving.Phase.OFFERED, leaving.Phase.LEAVING)
    if source is not None and source.attempt is not None and source.phase in is_waited_for:
        found.append((source.attempt, source.phase.value))
    if target.phase is coming.Phase.ACCEPTED and target.attempt is not None and target.entry is None:
        found.append((target.attempt, target.phase.value))
    return found


def has_arrived(before: Seat, after: Seat) -> bool:
    now = after.source
    is_here = now is not None and now.phase in leaving.HELD
    return is_here and after.entry != before.entry and before.target != coming.NOTHING == after.target


def stay_in(attempt: Attempt) -> str:
    return attempt.name[:STAY_LETTERS]


def host_in(more: Mapping[str, Any]) -> NewHost | None:
    keys = more.get("keys")
    if not isinstance(keys, Mapping):
        return None
    try:
        return read_host({name: value for name, value in keys.items() if name != "box"})
    except (TypeError, ValueError):
        return None


def told_in(more: Mapping[str, Any]) -> tuple[Told, ...]:
    """What the offer says of its rulesets; nothing of it is believed."""
    needs = more.get("needs")
    listed = needs.get("rulesets") if isinstance(needs, Mapping) else None
    found = []
    for one in listed if isinstance(listed, list) else ():
        try:
            signatures = tuple((str(author), str(body)) for author, body in one.get("signatures", ()))
            found.append(Told(str(one["rid"]), str(one["hash"]), str(one["url"]), signatures))
        except (KeyError, TypeError, ValueError, AttributeError):
            raise NotAMove("what it says of its rulesets cannot be read") from None
    return tuple(found)


def texts_in(more: Mapping[str, Any]) -> tuple[RulesetHash, ...]:
    """All that it takes to run it, and to roll its rulesets back."""
    needs = more.get("needs")
    listed = needs.get("texts") if isinstance(needs, Mapping) else None
    return tuple(RulesetHash(str(one)) for one in listed[:MOST_RULESETS]) if isinstance(listed, list) else ()


def price_in(more: Mapping[str, Any]) -> int:
    price = more.get("price", 0)
    return price if isinstance(price, int) and price >= 0 else 0
