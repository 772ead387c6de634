"""The side that a pico leaves: live → offered → leaving → released → gone.

`TABLE` says what each message does in each phase; a message that is not in it changes nothing. Up to
`RELEASED` either side may give up, from then on this copy never acts again. Beside the way there are two
phases for copies that were restored from a backup: `DOUBTFUL` waits for word from others, `OLD` has had it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.core.migration.messages import (
    Accept,
    Again,
    AskAround,
    Attempt,
    Cancel,
    Confirmed,
    Effects,
    Entry,
    Finish,
    Finished,
    Forgotten,
    Handoff,
    Head,
    Late,
    Moved,
    Offer,
    Ready,
    Refuse,
    Release,
    Resend,
    Seen,
    Send,
    Sign,
    Signed,
    Started,
    Taken,
    Tell,
    Unknown,
    Wanted,
    Where,
)

MOST_PAST = 64
"""Attempts since the last entry that are remembered by name; older ones are known by their numbers."""


class Phase(StrEnum):
    LIVE = "live"
    OFFERED = "offered"
    """Takes turns as before."""
    LEAVING = "leaving"
    """Takes no turns, but still takes messages in."""
    RELEASED = "released"
    """Has signed it away, and keeps the state until the target has it."""
    GONE = "gone"
    """The target has it. The state is kept for a while, for a target that loses it."""
    DOUBTFUL = "doubtful"
    """Was restored from a backup. Takes no turns before it is known that nothing newer is elsewhere."""
    OLD = "old"
    """Was overtaken. What is still here of the pico is of use only to a target that has nothing at all."""


ACTS = frozenset({Phase.LIVE, Phase.OFFERED})
"""In these the pico takes turns here."""
HELD = frozenset({Phase.LIVE, Phase.OFFERED, Phase.LEAVING, Phase.DOUBTFUL})
"""In these the pico is this engine's, as far as this engine knows."""
LEFT = frozenset({Phase.RELEASED, Phase.GONE, Phase.OLD})


@dataclass(frozen=True, slots=True)
class Source:
    phase: Phase
    entry: Entry
    """The newest that is known here; its number is the epoch."""
    attempt: Attempt | None = None
    """The one under way; of a pico that was released, the one by which."""
    head: Head | None = None
    """The state that goes along with it, once it is final."""
    numbered: int = 0
    """Attempts since the entry."""
    past: tuple[str, ...] = ()
    """Those of them that were given up, by name."""
    borrowed: bool = False
    """The head is what the target says it has; what is here is older."""
    confirmed: bool = True
    """Whether it is known since the engine's start that nothing newer is elsewhere. A move waits for that: to
    sign the same number a second time, for somebody else, would make two picos of one."""


Step = tuple[Source, Effects]
Rule = Callable[[Source, Any], Step]


def stay(source: Source, message: object = None) -> Step:
    return source, ()


# --- beginning --------------------------------------------------------------------------------------


def _offer(source: Source, wanted: Wanted) -> Step:
    attempt = wanted.attempt
    if not source.confirmed:
        return source, (AskAround(source.entry.number), Tell("departed_failed", "not confirmed"))
    if attempt.order != (source.entry.number, source.numbered + 1):
        return source, (Tell("departed_failed", "not the next attempt"),)
    offered = replace(source, phase=Phase.OFFERED, attempt=attempt, head=None, numbered=attempt.number)
    return offered, (Send(attempt.target, Offer(attempt)),)


def _not_now(source: Source, wanted: Wanted) -> Step:
    return source, (Tell("departed_failed", f"it is {source.phase.value}"),)


def _finish(source: Source, accept: Accept) -> Step:
    if accept.attempt != source.attempt:
        return _of_another(source, accept)
    return source, (Finish(accept.attempt),)


def _leave(source: Source, finished: Finished) -> Step:
    if finished.attempt != source.attempt:
        return stay(source)
    left = replace(source, phase=Phase.LEAVING, head=finished.head)
    return left, (*_handoff(left), Tell("leaving"))


def _handoff(source: Source, entry: Entry | None = None) -> Effects:
    if source.attempt is None or source.head is None:
        return ()
    return (Send(source.attempt.target, Handoff(source.attempt, source.head, entry)),)


def _hand_over(source: Source, message: Accept) -> Step:
    if message.attempt != source.attempt:
        return _of_another(source, message)
    return source, _handoff(source)


# --- giving up, and letting go ----------------------------------------------------------------------


def _given_up(source: Source) -> Source:
    past = source.past if source.attempt is None else (*source.past, source.attempt.name)[-MOST_PAST:]
    return replace(source, phase=Phase.LIVE, attempt=None, head=None, borrowed=False, past=past)


def _refused(source: Source, refuse: Refuse) -> Step:
    """Told to the target too: a refusal may be an old one, of a target that has accepted since."""
    if refuse.attempt != source.attempt:
        return stay(source)
    cancel = Send(refuse.attempt.target, Cancel(refuse.attempt))
    return _given_up(source), (cancel, Tell("departed_failed", refuse.reason))


def _too_late(source: Source, late: Late) -> Step:
    if late.attempt != source.attempt:
        return stay(source)
    cancel = Send(late.attempt.target, Cancel(late.attempt))
    return _given_up(source), (cancel, Tell("departed_failed", "no answer in time"))


def _sign(source: Source, ready: Ready) -> Step:
    if ready.attempt == source.attempt and ready.head == source.head:
        return source, (Sign(ready.attempt, ready.key),)
    return _ready_of_another(source, ready)


def _release(source: Source, signed: Signed) -> Step:
    """The moment. Whoever had the pico act after this commit would break every promise."""
    attempt, entry = signed.attempt, signed.entry
    follows = entry.number == source.entry.number + 1 and entry.host == attempt.target
    if attempt != source.attempt or source.head is None or not follows:
        return stay(source)
    released = replace(source, phase=Phase.RELEASED, entry=entry, numbered=0, past=())
    return released, (Send(attempt.target, Release(attempt, entry)),)


# --- after the release ------------------------------------------------------------------------------


def release_again(source: Source | None) -> Effects:
    """Nothing if it was not released from here, or has gone on since."""
    attempt = None if source is None else source.attempt
    if source is None or attempt is None or source.phase not in LEFT:
        return ()
    if source.entry.number != attempt.epoch + 1:
        return ()
    return (Send(attempt.target, Release(attempt, source.entry)),)


def _release_again(source: Source, message: object) -> Step:
    return source, release_again(source)


def _answer_again(source: Source, message: Refuse | Ready) -> Step:
    """Also when the target refuses: it may have been restored from before it accepted."""
    return _release_again(source, message) if message.attempt == source.attempt else _prove(source, message)


def _hand_over_again(source: Source, message: Accept | Resend) -> Step:
    """A target that was restored from a backup gets all of it once more."""
    attempt = source.attempt
    if attempt is None or message.attempt != attempt or source.entry.number != attempt.epoch + 1:
        return _prove(source, message)
    return source, (Finish(attempt),) if source.borrowed else _handoff(source, source.entry)


def _taken(source: Source, taken: Taken) -> Step:
    if taken.attempt != source.attempt:
        return stay(source)
    known = source.entry if taken.entry.host == taken.attempt.source else taken.entry
    newest = max(source.entry, known, key=lambda one: one.number)
    return replace(source, phase=Phase.GONE, entry=newest), (Tell("departed"),)


def _forget(source: Source, forgotten: Forgotten) -> Step:
    return _stand_down(source, source.entry), ()


def _prove(source: Source, message: Accept | Refuse | Ready | Resend) -> Step:
    return source, (Send(message.attempt.target, Moved(source.entry)),)


# --- word from another life -------------------------------------------------------------------------


def knows(source: Source, attempt: Attempt) -> bool:
    """Whether this copy has given it up itself. One it does not know was made by a copy that this one was
    restored from a backup of, unless somebody made it up."""
    return attempt.name in source.past or attempt.number <= source.numbered - MOST_PAST


def _of_another(source: Source, accept: Accept) -> Step:
    """The target may go on to hold the state by now, so an attempt that is not known is not cancelled."""
    attempt = accept.attempt
    if attempt.epoch != source.entry.number:
        return _prove(source, accept)
    answer = Cancel(attempt) if knows(source, attempt) else Unknown(attempt)
    return source, (Send(attempt.target, answer),)


def _ready_of_another(source: Source, ready: Ready) -> Step:
    attempt = ready.attempt
    if attempt.epoch != source.entry.number:
        return _prove(source, ready)
    if knows(source, attempt):
        return source, (Send(attempt.target, Cancel(attempt)),)
    if not ready.proven:
        return source, (Send(attempt.target, Unknown(attempt)),)
    return _adopt(source, ready)


def _adopt(source: Source, ready: Ready) -> Step:
    """This copy was restored from a backup of one that had handed over, and may have let go. What the target
    holds is newer than what is here, so to let go (again) is right in both cases."""
    given_up: Effects = ()
    if source.attempt is not None and source.attempt != ready.attempt:
        given_up = (Send(source.attempt.target, Cancel(source.attempt)),)
        source = _given_up(source)
    adopted = replace(
        source,
        phase=Phase.DOUBTFUL,
        attempt=ready.attempt,
        head=ready.head,
        borrowed=True,
        numbered=max(source.numbered, ready.attempt.number),
    )
    return adopted, (*given_up, Sign(ready.attempt, ready.key))


def _doubtful_accept(source: Source, accept: Accept) -> Step:
    if accept.attempt.epoch != source.entry.number:
        return _prove(source, accept)
    return source, (Send(accept.attempt.target, Unknown(accept.attempt)),)


def _doubtful_ready(source: Source, ready: Ready) -> Step:
    return _adopt(source, ready) if _is_adopted(source, ready) else _ready_of_another(source, ready)


def _is_adopted(source: Source, ready: Ready) -> bool:
    return ready.attempt == source.attempt and ready.head == source.head


def _confirmed(source: Source, confirmed: Confirmed) -> Step:
    return replace(source, confirmed=True), ()


def _no_more_doubt(source: Source, confirmed: Confirmed) -> Step:
    attempt, live = source.attempt, replace(_given_up(source), confirmed=True)
    return live, () if attempt is None else (Send(attempt.target, Cancel(attempt)),)


def _started(source: Source, started: Started) -> Step:
    unsure = replace(source, confirmed=False)
    return unsure, (AskAround(source.entry.number), *TABLE[source.phase, Again](unsure, Again())[1])


def doubted(source: Source) -> Step:
    """After a start from a backup: in the place of `Started`."""
    if source.phase not in HELD:
        return TABLE[source.phase, Started](source, Started())
    return _started(replace(source, phase=Phase.DOUBTFUL, head=None, borrowed=False), Started())


# --- repeating --------------------------------------------------------------------------------------


def _ask_again(source: Source, again: Again) -> Step:
    return source, () if source.confirmed else (AskAround(source.entry.number),)


def _offer_again(source: Source, again: Again) -> Step:
    asked = _ask_again(source, again)[1]
    return source, asked if source.attempt is None else (
        *asked,
        Send(source.attempt.target, Offer(source.attempt)),
    )


def _hand_over_once_more(source: Source, again: Again) -> Step:
    return source, (*_ask_again(source, again)[1], *_handoff(source))


def _doubt_again(source: Source, again: Again) -> Step:
    """The target of an attempt that was adopted says again that it is ready when it is asked."""
    asked: Effects = (AskAround(source.entry.number),)
    if source.attempt is None:
        return source, asked
    where = Where(source.attempt.source, source.entry.number, source.attempt.name)
    return source, (*asked, Send(source.attempt.target, where))


# --- entries ----------------------------------------------------------------------------------------


def _seen(source: Source, seen: Seen, me: str) -> Step:
    """A newer entry that names somebody else ends it here, whoever wrote it; one that names this engine with
    the same key, as when the owner changes others, ends an attempt. With another key it is of a later stay
    here, of which this copy, from a backup, has nothing: it does not say that it knew."""
    if seen.entry.number <= source.entry.number:
        return stay(source)
    if seen.entry.host != me:
        return _stand_down(source, seen.entry), (Tell("old"),)
    if seen.entry.key != source.entry.key:
        return _stand_down(source, source.entry), (Tell("old"),)
    if source.phase is Phase.DOUBTFUL:
        named = _given_up(source)
        return replace(named, phase=Phase.DOUBTFUL, entry=seen.entry, numbered=0, past=()), ()
    given_up: Effects = ()
    if source.attempt is not None:
        cancel = Send(source.attempt.target, Cancel(source.attempt))
        given_up = (cancel, Tell("departed_failed", "its log went on meanwhile"))
    return replace(_given_up(source), entry=seen.entry, numbered=0, past=()), given_up


def _stand_down(source: Source, entry: Entry) -> Source:
    return replace(_given_up(source), phase=Phase.OLD, entry=entry, numbered=0, past=())


def _seen_after(source: Source, seen: Seen, me: str) -> Step:
    """Of a pico that left, where it went on to. That it was named again to this engine, which has not got it,
    is learned by `Release`, or is the owner's doing."""
    if seen.entry.number <= source.entry.number or seen.entry.host == me:
        return stay(source)
    phase = Phase.GONE if source.phase is Phase.RELEASED else source.phase
    return replace(source, phase=phase, entry=seen.entry), ()


def see(source: Source, seen: Seen, me: str) -> Step:
    return (_seen if source.phase in HELD else _seen_after)(source, seen, me)


def _resend_from_here(source: Source, resend: Resend) -> Step:
    """This copy has signed what it knows nothing of any more, and the target has nothing. So what is here is
    what there is."""
    if resend.entry.number != source.entry.number + 1 or resend.entry.host != resend.attempt.target:
        return _prove(source, resend)
    old = replace(_stand_down(source, resend.entry), attempt=resend.attempt)
    return old, (Finish(resend.attempt), Tell("old"))


def _resend_from_old(source: Source, resend: Resend) -> Step:
    if resend.entry != source.entry:
        return _prove(source, resend)
    return replace(source, attempt=resend.attempt), (Finish(resend.attempt),)


def _hand_over_what_is_here(source: Source, finished: Finished) -> Step:
    if finished.attempt != source.attempt or not (source.borrowed or source.head is None):
        return stay(source)
    released = replace(source, phase=Phase.RELEASED, head=finished.head, borrowed=False)
    return released, _handoff(released, source.entry)


TABLE: dict[tuple[Phase, type], Rule] = {
    (Phase.LIVE, Wanted): _offer,
    (Phase.LIVE, Accept): _of_another,
    (Phase.LIVE, Ready): _ready_of_another,
    (Phase.LIVE, Resend): _resend_from_here,
    (Phase.LIVE, Confirmed): _confirmed,
    (Phase.LIVE, Again): _ask_again,
    (Phase.LIVE, Started): _started,
    (Phase.OFFERED, Wanted): _not_now,
    (Phase.OFFERED, Accept): _finish,
    (Phase.OFFERED, Finished): _leave,
    (Phase.OFFERED, Refuse): _refused,
    (Phase.OFFERED, Late): _too_late,
    (Phase.OFFERED, Ready): _ready_of_another,
    (Phase.OFFERED, Resend): _resend_from_here,
    (Phase.OFFERED, Confirmed): _confirmed,
    (Phase.OFFERED, Again): _offer_again,
    (Phase.OFFERED, Started): _started,
    (Phase.LEAVING, Wanted): _not_now,
    (Phase.LEAVING, Accept): _hand_over,
    (Phase.LEAVING, Ready): _sign,
    (Phase.LEAVING, Signed): _release,
    (Phase.LEAVING, Refuse): _refused,
    (Phase.LEAVING, Late): _too_late,
    (Phase.LEAVING, Resend): _resend_from_here,
    (Phase.LEAVING, Confirmed): _confirmed,
    (Phase.LEAVING, Again): _hand_over_once_more,
    (Phase.LEAVING, Started): _started,
    (Phase.RELEASED, Wanted): _not_now,
    (Phase.RELEASED, Accept): _hand_over_again,
    (Phase.RELEASED, Resend): _hand_over_again,
    (Phase.RELEASED, Ready): _answer_again,
    (Phase.RELEASED, Refuse): _answer_again,
    (Phase.RELEASED, Finished): _hand_over_what_is_here,
    (Phase.RELEASED, Taken): _taken,
    (Phase.RELEASED, Again): _release_again,
    (Phase.RELEASED, Started): _started,
    (Phase.GONE, Wanted): _not_now,
    (Phase.GONE, Accept): _hand_over_again,
    (Phase.GONE, Resend): _hand_over_again,
    (Phase.GONE, Ready): _answer_again,
    (Phase.GONE, Refuse): _answer_again,
    (Phase.GONE, Finished): _hand_over_what_is_here,
    (Phase.GONE, Again): stay,
    (Phase.GONE, Started): stay,
    (Phase.GONE, Forgotten): _forget,
    (Phase.DOUBTFUL, Wanted): _not_now,
    (Phase.DOUBTFUL, Accept): _doubtful_accept,
    (Phase.DOUBTFUL, Ready): _doubtful_ready,
    (Phase.DOUBTFUL, Signed): _release,
    (Phase.DOUBTFUL, Resend): _resend_from_here,
    (Phase.DOUBTFUL, Confirmed): _no_more_doubt,
    (Phase.DOUBTFUL, Again): _doubt_again,
    (Phase.DOUBTFUL, Started): _started,
    (Phase.OLD, Wanted): _not_now,
    (Phase.OLD, Accept): _prove,
    (Phase.OLD, Ready): _prove,
    (Phase.OLD, Refuse): _prove,
    (Phase.OLD, Resend): _resend_from_old,
    (Phase.OLD, Finished): _hand_over_what_is_here,
    (Phase.OLD, Again): stay,
    (Phase.OLD, Started): stay,
}
