"""What can be said of the past of this engine's picos: told, explained, and run again.

Nothing here changes anything. Turns are run again one at a time with the engine's own budget, so that
looking back harms no pico that is at work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from engine.core.codec import Unreadable
from engine.core.differences import differences, differences_of
from engine.core.explain import Explanation
from engine.core.messages import Failed, Outcome, Refusal, SendEvent
from engine.core.model import EventId, Pico, PicoId, RulesetHash
from engine.core.programs import Instances
from engine.core.quarantine import healthy
from engine.core.records import BrokenChain, Record, decode_record, state_id
from engine.core.replay import (
    UNABLE,
    Departure,
    Lacking,
    Replay,
    departure,
    is_repeatable,
    sets_aside,
    texts_of,
)
from engine.core.telling import (
    Document,
    tell_departure,
    tell_differences,
    tell_effect,
    tell_explanation,
    tell_lacking,
    tell_line,
    tell_message,
    tell_outline,
    tell_record,
    tell_share,
    tell_state,
    tell_stopped,
)
from engine.ports import Journal
from engine.runtime.equipment import Kernel, ProgramStore, SecondChance
from engine.runtime.past import Past, Span

MOST_EVENTS = 1_000
"""Turns that one request may have told."""

MOST_EXPLAINED = 100
"""Turns that one request may have told with all that they changed and sent, which can be a lot."""

MOST_CARRIED_OUT = 20_000
"""Turns of which a log carries out the changes once more, from a pico's birth on, for the state with which it
begins: a second or so."""

TOO_LONG_AGO = "not run again: too long ago"
UNKNOWN_STATE = "not run again: the state before it is not known here"

P = ParamSpec("P")
T = TypeVar("T")


def refuses_broken_records(
    tell: Callable[P, Coroutine[Any, Any, T | Refusal]],
) -> Callable[P, Coroutine[Any, Any, T | Refusal]]:
    """A history that somebody has touched cannot be told; only a replay says more about it."""

    @wraps(tell)
    async def tell_or_refuse(*given: P.args, **named: P.kwargs) -> T | Refusal:
        try:
            return await tell(*given, **named)
        except Unreadable as problem:
            reason = f"the records of this pico do not follow from each other: {problem}"
            return Refusal("unknown", reason, "`picomesh replay ECI` says which one is wrong")

    return tell_or_refuse


class Histories:
    """The past of every pico of an engine, named by any of its channels or by its id."""

    def __init__(
        self, journal: Journal, kernel: Kernel, programs: ProgramStore, second_chance: SecondChance
    ) -> None:
        self._past = Past(journal)
        self._journal = journal
        self._kernel = kernel
        self._programs = programs
        self._second_chance = second_chance

    # --- what happened ---

    @refuses_broken_records
    async def log(self, name: str, count: int, full: bool = False) -> Document | Refusal:
        """The newest turns of a pico, the oldest of them first: what each rule made of it, which parts of
        the pico changed, what was sent, and what running it costs now. A full log explains each of them
        the way `why` does."""
        pico = self._past.resolve(name)
        span = None if pico is None else self._past.span(pico)
        if pico is None or span is None:
            return _unknown(name)
        first = max(
            self._past.first_record(pico), span.last - min(count, MOST_EXPLAINED if full else MOST_EVENTS) + 1
        )
        start = _start_of_log(span, first)
        head = await self._past.state(pico, start)
        alone = span.last if head is None else start
        note = UNKNOWN_STATE if head is None else TOO_LONG_AGO
        events = [
            {**_log_alone(decode_record(body)), "note": note}
            async for body in self._past.records(pico, first, alone)
        ]
        instances: Instances[Any] = Instances()
        if head is not None:
            events += [
                await self._log_turn(before.pico, decode_record(body), instances, full)
                async for before, body in self._past.heads(head, span.last)
            ]
        return {"pico": pico, "events": events}

    def newest(self, name: str) -> tuple[PicoId, int] | Refusal:
        """The pico of that name, and the number of its newest turn."""
        pico = self._past.resolve(name)
        if pico is None:
            return _unknown(name)
        end = self._journal.end(pico)
        return pico, 0 if end is None else end[0]

    def turns_after(self, pico: PicoId, seq: int, count: int) -> list[Document]:
        """The next turns after that one, as their records say: nothing is run again."""
        return [
            tell_record(decode_record(body)) for body in self._journal.records(pico, seq + 1, seq + count)
        ]

    async def _log_turn(
        self, before: Pico, record: Record, instances: Instances[Any], full: bool
    ) -> Document:
        told = tell_record(record)
        if full:
            told |= await self._reasons(before, record, instances)
        else:
            made, _ = differences_of(before, record.changes)
            told["changed"] = [list(one.part) for one in made]
            told |= _words(record)
        if not is_repeatable(record):
            return told | tell_stopped(record)
        if (lacking := await self._prepare(before, record)) is not None:
            return told | _without_texts(lacking)
        explanation = self._kernel.explain(before, record.turn, instances)
        outline = tell_outline(explanation)
        if _is_too_much(explanation.outcome):
            return told | outline  # a worker has run it: how soon that is given up here says nothing
        began = time.perf_counter()
        self._kernel.react(before, record.turn, instances)
        spent = time.perf_counter() - began
        return {**told, **outline, "microseconds": round(spent * 1e6)}

    # --- why ---

    @refuses_broken_records
    async def why(self, eid: EventId, name: str | None = None) -> Document | Refusal:
        """What led to an event, and what it led to, rule by rule."""
        async for pico in self._picos(name):
            record = await self._find(pico, eid)
            if record is not None:
                return await self._explain(pico, record)
        return Refusal(
            "unknown", f"no pico has handled an event {eid!r}", "`picomesh log ECI` lists a pico's events"
        )

    async def _picos(self, name: str | None) -> AsyncIterator[PicoId]:
        """The one that was named, or all."""
        if name is None:
            async for pico in self._past.everybody():
                yield pico
        elif (named := self._past.resolve(name)) is not None:
            yield named

    async def _find(self, pico: PicoId, eid: EventId) -> Record | None:
        indexed = self._journal.find_record(pico, eid)
        if indexed is not None:
            return decode_record(indexed)
        # Ids that the engine made for callers who wait are not indexed.
        async for body in self._past.search(pico, eid):
            record = decode_record(body)
            if record.turn.event.eid == eid:
                return record
        return None

    async def _explain(self, pico: PicoId, record: Record) -> Document:
        told: Document = {
            "pico": pico,
            **tell_record(record),
            "cause": await self._cause(pico, record),
        }
        head = await self._past.state(pico, record.seq - 1)
        if head is None:
            unknown = "the state before this turn is not known, so it cannot be run again"
            return {**told, **_effects(record), "differences": [], "note": unknown}
        return {**told, **await self._reasons(head.pico, record, Instances())}

    async def _reasons(self, before: Pico, record: Record, instances: Instances[Any]) -> Document:
        """Everything that a turn led to, and what each rule had to do with it."""
        made, _ = differences_of(before, record.changes)
        told = {**_effects(record), "differences": tell_differences(made)}
        if not is_repeatable(record):
            return {**told, "note": "a limit stopped this turn, so it is not run again"}
        if (lacking := await self._prepare(before, record)) is not None:
            return told | _without_texts(lacking)
        explanation = self._kernel.explain(before, record.turn, instances)
        note = _note(record, explanation)
        return {**told, **tell_explanation(explanation), **({} if note is None else {"note": note})}

    async def _cause(self, pico: PicoId, record: Record) -> Document | None:
        """The turn that sent the event, or made its timer; None when it came from outside."""
        event = record.turn.event
        owner = pico if event.timer is not None else event.sender
        if event.timer is not None:
            found = await self._maker(pico, event.timer)
        else:
            found = None if event.sender is None else await self._sender(event.sender, event.eid)
        if found is None:
            return None
        told = tell_record(found)
        return {"pico": owner, **{key: told[key] for key in ("seq", "time", "eid", "event")}}

    async def _sender(self, sender: PicoId, eid: EventId) -> Record | None:
        async for body in self._past.search(sender, eid):
            record = decode_record(body)
            if any(isinstance(one, SendEvent) and one.eid == eid for one in record.effects):
                return record
        return None

    async def _maker(self, pico: PicoId, timer: str) -> Record | None:
        """The first turn that knew of a timer made it."""
        oldest = None
        async for body in self._past.search(pico, timer):
            oldest = body
        return None if oldest is None else decode_record(oldest)

    # --- states ---

    async def state(self, name: str, seq: int | None = None, rid: str | None = None) -> Document | Refusal:
        """A pico as it is, or as it was after some turn; or only what is one ruleset's."""
        found = await self.pico(name, seq)
        if isinstance(found, Refusal):
            return found
        if rid is None:
            return tell_state(found)
        if found.ruleset(rid) is None:
            has = ", ".join(one.rid for one in found.rulesets) or "none"
            return Refusal(
                "unknown", f"after turn {found.seq} this pico has no ruleset {rid}", f"it has {has}"
            )
        return tell_share(found, rid)

    async def differences(self, name: str, first: int, second: int) -> Document | Refusal:
        """What is not the same after two turns."""
        before, after = await self.pico(name, first), await self.pico(name, second)
        if isinstance(before, Refusal):
            return before
        if isinstance(after, Refusal):
            return after
        told = tell_differences(differences(before, after))
        return {"pico": after.id, "from": first, "to": second, "differences": told}

    @refuses_broken_records
    async def pico(self, name: str, seq: int | None = None) -> Pico | Refusal:
        """A pico as it is, or as it was after some turn."""
        pico = self._past.resolve(name)
        span = None if pico is None else self._past.span(pico)
        if pico is None or span is None:
            return _unknown(name)
        head = await self._past.state(pico, span.last if seq is None else seq)
        if head is None:
            return Refusal(
                "unknown", f"the state after turn {seq} is not known", f"there are turns 0 to {span.last}"
            )
        return head.pico

    # --- once more ---

    async def replay(self, name: str) -> Document | Refusal:
        """Run all recorded turns of a pico again, and see whether each comes out as it was recorded."""
        pico = self._past.resolve(name)
        # Before the records, which may become more meanwhile.
        end = None if pico is None else self._journal.end(pico)
        span = None if pico is None else self._past.span(pico)
        if pico is None or span is None:
            return _unknown(name)
        start = await self._past.beginning(pico) or span.snapshot
        walk = Replay(start)
        wrong = await self._walk(walk, span, end)
        return {
            "pico": pico,
            "from": start.pico.seq,
            "to": walk.head.pico.seq,
            "last": max(span.last, 0 if end is None else end[0]),
            "repeated": walk.repeated,
            "skipped": walk.skipped,
            "lacking": {str(seq): tell_lacking(one) for seq, one in walk.lacking.items()},
            "state": state_id(walk.pico),
            "refused": {"seq": wrong.seq, "reason": wrong.reason} if isinstance(wrong, BrokenChain) else None,
            "departure": tell_departure(wrong) if isinstance(wrong, Departure) else None,
        }

    async def _walk(
        self, walk: Replay, span: Span, end: tuple[int, str] | None
    ) -> BrokenChain | Departure | None:
        """Follow the records to the last, or to the first with which something is wrong."""
        instances: Instances[Any] = Instances()
        if walk.pico.seq == span.snapshot.pico.seq and (wrong := walk.compare(span.snapshot)) is not None:
            return wrong
        async for body in self._past.records(walk.pico.id, walk.pico.seq + 1, span.last):
            record = walk.check(body)
            if isinstance(record, BrokenChain):
                return record
            outcome = await self._repeat(walk.pico, record, instances)
            departed = walk.follow(record, body, outcome)
            if departed is not None:
                return departed
            if end is not None and end[0] == record.seq and end[1] != walk.head.chain:
                return BrokenChain(record.seq, "it is not the record that was written: its hash was another")
            if record.seq == span.snapshot.pico.seq and (wrong := walk.compare(span.snapshot)) is not None:
                return wrong
        missing, last = walk.head.pico.seq + 1, max(span.last, end[0] if end is not None else 0)
        return None if missing > last else BrokenChain(missing, "it is missing")

    async def _repeat(
        self, pico: Pico, record: Record, instances: Instances[Any]
    ) -> Outcome | Lacking | None:
        """What running a turn again leads to, by the same way as at first; None when that says nothing."""
        if not is_repeatable(record):
            return None
        if (lacking := await self._prepare(pico, record)) is not None:
            return lacking
        outcome = self._kernel.react(pico, record.turn, instances)
        if isinstance(outcome, Failed) and outcome.retry_bigger:
            return await self._second_chance.react(pico, record.turn, lambda: outcome)
        return outcome

    async def _prepare(self, pico: Pico, record: Record) -> Lacking | None:
        """Have the rulesets compiled that the turn can need; picos that are at work go first. A pico that was
        brought here may have left texts behind that it does not have any more."""
        await asyncio.sleep(0)
        digests = [*(ruleset.hash for ruleset in healthy(pico.rulesets)), *texts_of(record)]
        missing = self._programs.missing(digests)
        could_run = not sets_aside(record) and (record.fault is None or record.fault.code != UNABLE)
        if could_run and (lacking := self._without_text(digests, missing)):
            return Lacking(lacking)
        if missing:
            await self._programs.prepare(missing)
        return None

    def _without_text(
        self, digests: Sequence[RulesetHash], missing: Sequence[RulesetHash]
    ) -> tuple[RulesetHash, ...]:
        suspects = [one for one in digests if one in missing or self._programs.get(one) is None]
        return tuple(one for one in dict.fromkeys(suspects) if self._journal.ruleset_text(one) is None)


def _start_of_log(span: Span, first: int) -> int:
    """The number of the turn from whose state on turns are run again: the one before the first, or the last
    snapshot if that one is too far from any state that is known."""
    saved = span.snapshot.pico.seq
    return saved if MOST_CARRIED_OUT < first - 1 < saved else first - 1


def _log_alone(record: Record) -> Document:
    """A turn of whose pico no more is known than its record."""
    return tell_record(record) | _words(record)


def _words(record: Record) -> Document:
    return {
        "sent": [tell_message(effect) for effect in record.effects],
        "lines": [tell_line(line) for line in record.log],
    }


def _effects(record: Record) -> Document:
    return {"effects": [tell_effect(effect) for effect in record.effects]}


def _without_texts(lacking: Lacking) -> Document:
    texts = ", ".join(tell_lacking(lacking))
    return {"note": f"not run again: this engine has not got the text of {texts}, with which it ran"}


def _is_too_much(outcome: Outcome) -> bool:
    """Whether a turn goes beyond the budget of the engine's own process."""
    return isinstance(outcome, Failed) and outcome.retry_bigger


def _note(record: Record, explanation: Explanation) -> str | None:
    departed = departure(record, explanation.outcome)
    if departed is None:
        return None
    if _is_too_much(explanation.outcome):
        return "this turn was run in a worker process; it is shown as far as the engine's own budget goes"
    return f"run again, the turn does not come out as recorded; they differ in {departed.part}"


def _unknown(name: str) -> Refusal:
    hint = "`picomesh tree` shows the picos and their channels"
    return Refusal("unknown", f"no pico has a channel {name}", hint)
