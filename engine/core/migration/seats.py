"""What one engine knows of where one pico is: both tables, and what stands above them.

An engine may be a source and a target of the same pico at once, as when one comes back to where it has just
left from. Entries of the pico's log stand above both tables: whoever has seen a newer one answers with it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.migration import source as leaving
from engine.core.migration import target as coming
from engine.core.migration.messages import (
    Accept,
    Again,
    AskAround,
    Attempt,
    Confirmed,
    Effects,
    Entry,
    Finished,
    Forgotten,
    Handoff,
    Late,
    Moved,
    NotHere,
    NotStaged,
    Offer,
    Publish,
    Ready,
    Refuse,
    Release,
    Resend,
    Seen,
    Send,
    Sent,
    Signed,
    Staged,
    Started,
    Taken,
    Unwilling,
    Wanted,
    Where,
    Willing,
)
from engine.core.migration.source import Source
from engine.core.migration.target import NOTHING, Target

Message = (
    Sent
    | Wanted
    | Finished
    | Signed
    | Willing
    | Unwilling
    | Staged
    | NotStaged
    | Late
    | Again
    | Started
    | Confirmed
    | Seen
    | Forgotten
)


class Footing(StrEnum):
    """How well an engine knows whether it is what it was."""

    SURE = "sure"
    """It has asked around since it started, or has never been elsewhere."""
    UNSURE = "unsure"
    """It has started, and not everyone has answered yet."""
    DOUBTFUL = "doubtful"
    """It was restored from a backup, and not everyone has answered yet."""


@dataclass(frozen=True, slots=True)
class Seat:
    me: str
    source: Source | None = None
    target: Target = NOTHING

    @property
    def entry(self) -> Entry | None:
        """The newest that is known here."""
        return None if self.source is None else self.source.entry


Step = tuple[Seat, Effects]


def acts(seat: Seat) -> bool:
    """Whether the pico takes turns here."""
    return seat.source is not None and seat.source.phase in leaving.ACTS


def forwards_to(seat: Seat) -> str | None:
    """Where to send what arrives for the pico; None if it is to be kept here, or nothing is known."""
    if seat.source is None or seat.source.phase not in leaving.LEFT or seat.source.entry.host == seat.me:
        return None
    return seat.source.entry.host


def is_settled(seat: Seat) -> bool:
    """Whether nothing is under way that would have to be repeated."""
    rests = (leaving.Phase.GONE, leaving.Phase.OLD)
    rests_here = seat.source is None or seat.source.phase in rests
    lives_here = seat.source is not None and seat.source.phase is leaving.Phase.LIVE
    sure = seat.source is not None and seat.source.confirmed
    return seat.target == NOTHING and (rests_here or (lives_here and sure))


def react(seat: Seat, message: Message, footing: Footing = Footing.SURE) -> Step:
    """The seat after it, to be durable before the effects are performed. Messages of others are from whom
    their attempt names, which is proven before they come here."""
    match message:
        case Where():
            return seat, _whereabouts(seat, message)
        case Moved(entry) | Seen(entry):
            return _see(seat, Seen(entry), footing)
        case Taken(_, entry) if seat.source is not None and seat.source.phase in leaving.HELD:
            return _see(seat, Seen(entry), footing)
        case Accept() | Refuse() | Ready() | Resend() | Taken():
            return _to_source(seat, message)
        case Wanted() | Finished() | Signed() | Confirmed() | Forgotten():
            return _to_source(seat, message)
        case Offer() | Handoff() | Release() if _is_behind(seat, message.attempt):
            return seat, _tell_newer(seat, message)
        case Willing(attempt) | Unwilling(attempt) if _is_behind(seat, attempt):
            return seat, ()
        case Late() | Again():
            return _to_both(seat, message, footing)
        case Started():
            return _start(seat, footing)
        case NotHere():
            return seat, ()
        case _:
            return _to_target(seat, message, footing)


# --- the tables -------------------------------------------------------------------------------------


def _to_source(seat: Seat, message: Message) -> Step:
    if seat.source is None:
        return seat, ()
    source, effects = leaving.TABLE.get((seat.source.phase, type(message)), leaving.stay)(
        seat.source, message
    )
    return replace(seat, source=source), effects


def _to_target(seat: Seat, message: Message, footing: Footing) -> Step:
    rule = coming.TABLE.get((seat.target.phase, type(message)), coming.stay)
    return _settle(seat, rule(seat.target, message), footing)


def _settle(seat: Seat, step: coming.Step, footing: Footing) -> Step:
    """What the target has taken is live here."""
    target, effects = step
    if target.phase is not coming.Phase.TAKEN or target.entry is None or target.attempt is None:
        return replace(seat, target=target), effects
    phase = leaving.Phase.DOUBTFUL if footing is Footing.DOUBTFUL else leaving.Phase.LIVE
    source = Source(phase, target.entry, confirmed=footing is Footing.SURE)
    taken = Send(target.attempt.source, Taken(target.attempt, target.entry))
    return replace(seat, source=source, target=NOTHING), (*effects, taken, Publish(target.entry))


def _to_both(seat: Seat, message: Late | Again, footing: Footing) -> Step:
    seat, first = _to_source(seat, message)
    seat, second = _to_target(seat, message, footing)
    lost = _ask_for_lost(seat, footing) if isinstance(message, Again) else ()
    return seat, (*first, *second, *lost)


def _start(seat: Seat, footing: Footing) -> Step:
    """The first start of an engine is sure; all others are not, or doubtful."""
    first: Effects = ()
    if seat.source is not None and footing is Footing.DOUBTFUL:
        source, first = leaving.doubted(seat.source)
        seat = replace(seat, source=source)
    else:
        seat, first = _to_source(seat, Started())
    seat, second = _to_target(seat, Started(), footing)
    return seat, (*first, *second, *_ask_for_lost(seat, footing))


def _ask_for_lost(seat: Seat, footing: Footing) -> Effects:
    """What an engine knows nothing of may be its own all the same, if it was restored from a backup."""
    return (AskAround(0),) if seat.source is None and footing is not Footing.SURE else ()


# --- entries ----------------------------------------------------------------------------------------


def _see(seat: Seat, seen: Seen, footing: Footing) -> Step:
    first: Effects = ()
    if seat.source is not None:
        source, first = leaving.see(seat.source, seen, seat.me)
        seat = replace(seat, source=source)
    seat, second = _settle(seat, coming.see(seat.target, seen, seat.me), footing)
    return seat, (*first, *second)


def _is_behind(seat: Seat, attempt: Attempt) -> bool:
    """Whether this engine knows an entry that the attempt did not know when it began."""
    return seat.entry is not None and seat.entry.number > attempt.epoch


def _tell_newer(seat: Seat, message: Offer | Handoff | Release) -> Effects:
    if seat.entry is None:
        return ()
    attempt = message.attempt
    answer = Moved(seat.entry) if isinstance(message, Offer) else Taken(attempt, seat.entry)
    return (Send(attempt.source, answer),)


def _whereabouts(seat: Seat, where: Where) -> Effects:
    """A newer entry, or what is under way with whoever asks, or that there is nothing. To whom that entry
    itself names, and who does not know it, the pico is released once more: it has lost what it had."""
    if seat.entry is not None and seat.entry.number > where.number:
        if seat.entry.host == where.asker and (again := leaving.release_again(seat.source)):
            return again
        return (Send(where.asker, Moved(seat.entry)),)
    attempt = seat.target.attempt
    if attempt is not None and attempt.source == where.asker:
        return coming.TABLE[seat.target.phase, Again](seat.target, Again())[1]
    return (Send(where.asker, NotHere(where.asked)),)
