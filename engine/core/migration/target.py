"""The side that a pico comes to: none → accepted → staged, and then it is live there, and a source again.

What is staged is held until the source says what became of it, for it may have let go: nothing but its word,
or a newer entry of the pico's log, ends that. `TABLE` says what each message does in each phase; one that is
not in it changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.core.migration.messages import (
    Accept,
    Again,
    Attempt,
    Cancel,
    Consider,
    Drop,
    Effects,
    Entry,
    Fetch,
    Handoff,
    Head,
    Late,
    NotStaged,
    Offer,
    Ready,
    Refuse,
    Release,
    Resend,
    Seen,
    Send,
    Staged,
    Started,
    Tell,
    Unknown,
    Unwilling,
    Willing,
)


class Phase(StrEnum):
    NONE = "none"
    ACCEPTED = "accepted"
    """Room is kept, and a key was made."""
    STAGED = "staged"
    """All of the state is here, and takes no turns."""
    TAKEN = "taken"
    """It is live: what is left to do is the other table's."""


@dataclass(frozen=True, slots=True)
class Target:
    phase: Phase = Phase.NONE
    attempt: Attempt | None = None
    key: str = ""
    """Made here for this attempt; it stands in the entry by which the pico comes here."""
    head: Head | None = None
    entry: Entry | None = None
    """The release, where it came before the state. The pico is nowhere else then."""


NOTHING = Target()

Step = tuple[Target, Effects]
Rule = Callable[[Target, Any], Step]


def stay(target: Target, message: object = None) -> Step:
    return target, ()


# --- an offer ---------------------------------------------------------------------------------------


def _consider(target: Target, offer: Offer) -> Step:
    return target, (Consider(offer.attempt),)


def _consider_newer(target: Target, offer: Offer) -> Step:
    """A source begins another attempt when it has given up the one before."""
    if offer.attempt == target.attempt:
        return target, _accept(target)
    return _consider(target, offer) if _yields(target, offer.attempt) else stay(target)


def _yields(target: Target, attempt: Attempt) -> bool:
    """Whether a newer attempt takes the place of the present one."""
    if target.attempt is None:
        return True
    return target.entry is None and attempt.order >= target.attempt.order


def _willing(target: Target, willing: Willing) -> Step:
    if willing.attempt == target.attempt or not _yields(target, willing.attempt):
        return stay(target)
    accepted = Target(Phase.ACCEPTED, willing.attempt, willing.key)
    return accepted, (*_dropped(target), *_accept(accepted))


def _unwilling(target: Target, unwilling: Unwilling) -> Step:
    return target, (Send(unwilling.attempt.source, Refuse(unwilling.attempt, unwilling.reason)),)


def _accept(target: Target) -> Effects:
    if target.attempt is None:
        return ()
    return (Send(target.attempt.source, Accept(target.attempt, target.key)),)


def _dropped(target: Target) -> Effects:
    return () if target.attempt is None else (Drop(target.attempt),)


# --- the state --------------------------------------------------------------------------------------


def _handed_over(target: Target, handoff: Handoff) -> Step:
    attempt, entry = handoff.attempt, handoff.entry
    if attempt == target.attempt:
        return target, (Fetch(attempt, handoff.head),)
    if entry is not None and _names_us(attempt, entry) and _is_news(target, attempt):
        return _due(target, attempt, entry)[0], (*_dropped(target), Fetch(attempt, handoff.head))
    return target, (Send(attempt.source, Refuse(attempt, "unknown")),)


def _names_us(attempt: Attempt, entry: Entry) -> bool:
    return entry.host == attempt.target and entry.number == attempt.epoch + 1


def _is_news(target: Target, attempt: Attempt) -> bool:
    """Of two releases of one epoch the first that was heard counts."""
    return target.entry is None or (target.attempt is not None and attempt.epoch > target.attempt.epoch)


def _staged(target: Target, staged: Staged) -> Step:
    """Where the release is here already, the pico lives."""
    if staged.attempt != target.attempt:
        return stay(target)
    held = replace(target, phase=Phase.STAGED, head=staged.head)
    return _take(held, target.entry) if target.entry is not None else (held, _ready(held))


def _not_staged(target: Target, failed: NotStaged) -> Step:
    if failed.attempt != target.attempt or target.entry is not None:
        return stay(target)
    return NOTHING, (*_dropped(target), Send(failed.attempt.source, Refuse(failed.attempt, failed.reason)))


def _ready(target: Target) -> Effects:
    if target.attempt is None or target.head is None:
        return ()
    return (Send(target.attempt.source, Ready(target.attempt, target.head, target.key)),)


def _say_ready(target: Target, message: object) -> Step:
    """Also to the offer of another attempt: the source has to say first what became of this one."""
    return target, _ready(target)


def _handed_over_again(target: Target, handoff: Handoff) -> Step:
    """The first state that came counts, since the source may have let go by it."""
    if handoff.attempt == target.attempt:
        return target, _ready(target)
    return _handed_over(target, handoff)


# --- the end ----------------------------------------------------------------------------------------


def _released(target: Target, release: Release) -> Step:
    """To somebody who holds nothing of it, since it was restored from a backup."""
    attempt, entry = release.attempt, release.entry
    if not _names_us(attempt, entry) or not _is_news(target, attempt):
        return target, _resend(target)
    due, effects = _due(target, attempt, entry)
    return due, (*effects, *_resend(due))


def _due(target: Target, attempt: Attempt, entry: Entry) -> Step:
    others: Effects = () if target.attempt == attempt else _dropped(target)
    return Target(Phase.ACCEPTED, attempt, entry.key, entry=entry), others


def _resend(target: Target) -> Effects:
    if target.attempt is None or target.entry is None:
        return ()
    return (Send(target.attempt.source, Resend(target.attempt, target.entry)),)


def _released_staged(target: Target, release: Release) -> Step:
    if release.attempt == target.attempt and _names_us(release.attempt, release.entry):
        return _take(target, release.entry)
    return _released(target, release)


def _take(target: Target, entry: Entry) -> Step:
    return replace(target, phase=Phase.TAKEN, entry=entry), (Tell("arrived"),)


def _cancelled(target: Target, cancel: Cancel | Unknown) -> Step:
    if cancel.attempt != target.attempt or target.entry is not None:
        return stay(target)
    return NOTHING, _dropped(target)


def _too_late(target: Target, late: Late) -> Step:
    if late.attempt != target.attempt or target.entry is not None:
        return stay(target)
    refuse = Send(late.attempt.source, Refuse(late.attempt, "late"))
    return NOTHING, (*_dropped(target), refuse)


def _again(target: Target, again: Again | Started) -> Step:
    return target, _resend(target) or _accept(target)


def see(target: Target, seen: Seen, me: str) -> Step:
    """The entry itself is the release, whoever brings it, if it names the key made for this attempt."""
    attempt = target.attempt
    if attempt is None or seen.entry.number <= attempt.epoch or seen.entry == target.entry:
        return stay(target)
    if seen.entry.host == me and seen.entry.key == target.key:
        held = target.phase is Phase.STAGED
        return _take(target, seen.entry) if held else stay(target)
    return NOTHING, _dropped(target)


TABLE: dict[tuple[Phase, type], Rule] = {
    (Phase.NONE, Offer): _consider,
    (Phase.NONE, Willing): _willing,
    (Phase.NONE, Unwilling): _unwilling,
    (Phase.NONE, Handoff): _handed_over,
    (Phase.NONE, Release): _released,
    (Phase.NONE, Again): stay,
    (Phase.NONE, Started): stay,
    (Phase.ACCEPTED, Offer): _consider_newer,
    (Phase.ACCEPTED, Willing): _willing,
    (Phase.ACCEPTED, Unwilling): _unwilling,
    (Phase.ACCEPTED, Handoff): _handed_over,
    (Phase.ACCEPTED, Staged): _staged,
    (Phase.ACCEPTED, NotStaged): _not_staged,
    (Phase.ACCEPTED, Release): _released,
    (Phase.ACCEPTED, Cancel): _cancelled,
    (Phase.ACCEPTED, Unknown): _cancelled,
    (Phase.ACCEPTED, Late): _too_late,
    (Phase.ACCEPTED, Again): _again,
    (Phase.ACCEPTED, Started): _again,
    (Phase.STAGED, Offer): _say_ready,
    (Phase.STAGED, Handoff): _handed_over_again,
    (Phase.STAGED, Release): _released_staged,
    (Phase.STAGED, Cancel): _cancelled,
    (Phase.STAGED, Again): _say_ready,
    (Phase.STAGED, Started): _say_ready,
}
