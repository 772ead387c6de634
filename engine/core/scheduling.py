"""Scheduled events: what a `schedule` statement leaves on its pico, and how a due one becomes a turn.

A timer is part of the pico's state and is used up by the very turn that its event becomes, so that it
fires once whatever happens in between. When that is, is for the shell to see: nothing here waits.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import Literal

from engine.core import cron
from engine.core.calendar import LIMIT_MS
from engine.core.draft import Draft
from engine.core.messages import Event
from engine.core.model import Eci, EventId, PicoId, Timer
from engine.core.policy import UPKEEP
from engine.core.timekeeping import parse_time
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.values import Value, is_number, type_of

MOST_TIMERS = 10_000
"""Scheduled events that one pico may have."""

LONGEST_TEXT = 1_000
"""Characters of a time or a cron expression; a list of every second, minute, hour and day is shorter."""

# --- making one ------------------------------------------------------------------------------------


def read_timing(kind: Literal["at", "repeat"], timing: Value, now_ms: int) -> tuple[str | int, int]:
    """What follows `at` or `repeat`, as it is kept, and when it is due for the first time."""
    if kind == "repeat":
        return _read_repeat(timing, now_ms)
    time_ms = _read_at(timing, now_ms)
    # Due no earlier than now, so that what was due before goes first and nobody gets ahead by naming
    # a year long past.
    return time_ms, max(time_ms, now_ms)


def _read_at(timing: Value, now_ms: int) -> int:
    if is_number(timing) and abs(timing) <= LIMIT_MS:
        return int(timing)
    found = parse_time(timing, now_ms) if _is_text(timing) else None
    if found is None:
        raise TypeFault(
            f"schedule .. at expected a timestamp but got {type_of(timing)}; "
            'it takes a time like "2024-02-29T12:00:00Z" or milliseconds since 1970'
        )
    return found


def _read_repeat(timing: Value, now_ms: int) -> tuple[str, int]:
    if not _is_text(timing):
        raise TypeFault(
            f"schedule .. repeat expected a cron expression but got {type_of(timing)}; "
            f'it takes a string like "0 9 * * mon-fri" of up to {LONGEST_TEXT:,} characters'
        )
    try:
        due_ms = cron.next_after(timing, now_ms)
    except ValueError as problem:
        raise TypeFault(f"schedule .. repeat expected a cron expression, but {problem}") from None
    if due_ms is None:
        raise TypeFault(f"schedule .. repeat expected a cron expression, but '{timing}' is never due")
    return timing, due_ms


def _is_text(timing: Value) -> bool:
    return isinstance(timing, str) and len(timing) <= LONGEST_TEXT


def add_timer(draft: Draft, timer: Timer) -> None:
    """Have its event happen when it is due."""
    if len(draft.timers) >= MOST_TIMERS:
        raise RuntimeFault("R607", f"this pico has {MOST_TIMERS:,} scheduled events, and may have no more")
    draft.put_timer(timer)


def show_timer(timer: Timer) -> dict[str, Value]:
    """A scheduled event as rulesets see it."""
    timing: dict[str, Value] = (
        {"time": float(timer.timing)} if isinstance(timer.timing, int) else {"timespec": timer.timing}
    )
    event = {
        "eci": timer.eci,
        "domain": timer.domain,
        "name": timer.name,
        "data": {"attrs": timer.attrs},
    }
    return {"id": timer.id, "type": timer.kind, **timing, "event": event}


# --- firing it -------------------------------------------------------------------------------------


def firing(pico: PicoId, timer: Timer) -> Event:
    """The event that a due timer becomes."""
    eid = _firing_id(pico, timer)
    return Event(timer.eci, timer.domain, timer.name, timer.attrs, eid, sender=pico, timer=timer.id)


def _firing_id(pico: PicoId, timer: Timer) -> EventId:
    """The same whenever and wherever this pico's timer fires for this time."""
    return EventId(sha256(f"{pico}/{timer.id}/{timer.due_ms}".encode()).hexdigest()[:32])


def use_up(draft: Draft, event: Event, time_ms: int) -> Timer | None:
    """Take the timer that fires with this event off the pico, or set it to its next time.

    None when it does not wait for that any more: it has fired already, or was removed meanwhile.
    """
    timer = draft.timers.get(event.timer or "")
    if timer is None or _firing_id(draft.id, timer) != event.eid:
        return None
    _move_on(draft, timer, time_ms)
    return timer


def missing(pico: PicoId, timer: Timer, until_ms: int) -> Event:
    """The upkeep that has a timer pass over the times before `until_ms`, when nobody was there."""
    attrs: dict[str, Value] = {"timer": timer.id, "until": float(until_ms)}
    return Event(Eci(pico), UPKEEP, "pass_over", attrs, _firing_id(pico, timer), sender=pico)


def pass_over(draft: Draft, timer_id: str, until_ms: int) -> None:
    """Set a timer that was due before then to the first time from then on."""
    timer = draft.timers.get(timer_id)
    if timer is not None and timer.due_ms < until_ms:
        _move_on(draft, timer, until_ms - 1)


def _move_on(draft: Draft, timer: Timer, time_ms: int) -> None:
    due_ms = _next_due(draft, timer, time_ms)
    if due_ms is None:
        draft.remove_timer(timer.id)
    else:
        draft.put_timer(replace(timer, due_ms=due_ms))


def _next_due(draft: Draft, timer: Timer, time_ms: int) -> int | None:
    """A time that has not passed yet: repetitions that were missed do not happen later.

    Without its channel, which will not come back, a timer has no next time.
    """
    if not isinstance(timer.timing, str) or timer.eci not in draft.channels:
        return None
    # Clocks are set back now and then; a repetition that has happened must not happen again.
    return cron.next_after(timer.timing, max(time_ms, timer.due_ms))
