"""Another text of a ruleset, tried on a copy of a pico as it was: what would have come of it?

The copy goes through the turns that really happened, in memory and with what they learned at the time.
Nothing is written, nobody outside is asked, and nothing that the copy sends goes anywhere. Turns are run
one at a time with the engine's own budgets; picos that are at work go first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.core.messages import Asks, Done, Failed, Outcome, Question, Refusal, Turn
from engine.core.model import Pico, PicoId, Rid, RulesetHash
from engine.core.programs import Instances
from engine.core.quarantine import healthy
from engine.core.records import Record, decode_record, fold
from engine.core.replay import texts_of
from engine.core.telling import (
    Document,
    tell_contrast,
    tell_differences,
    tell_fault,
    tell_line,
    tell_question,
    tell_record,
)
from engine.core.trials import (
    Known,
    Memory,
    Text,
    contrasts,
    first_with,
    install_turn,
    known_text,
    stay_at,
    unlike,
)
from engine.runtime.equipment import Equipment
from engine.runtime.histories import MOST_EVENTS, refuses_broken_records
from engine.runtime.past import Past

OF_TEXTS = ("program", "version")
"""Questions about kept texts. They are answered as they would be today, since that asks nobody outside."""

MISTAKE = "R699"
"""A turn that failed with this says nothing of any ruleset: it met a mistake of the engine."""


@dataclass(frozen=True, slots=True)
class Window:
    """Some turns of a pico, and its states: before the first of them, and after each."""

    records: Sequence[Record]
    states: Sequence[Pico]

    def time_after(self, place: int) -> int | None:
        """When the state at that place saw its next turn."""
        return self.records[place].turn.inputs.time_ms if place < len(self.records) else None


@dataclass(frozen=True, slots=True)
class Installed:
    """What came of putting the text in force on some state."""

    told: Document
    pico: Pico | None
    """None if it cannot be."""


class Trials:
    """Tries texts of rulesets on the picos of one engine."""

    def __init__(self, equipment: Equipment) -> None:
        self._past = Past(equipment.journal)
        self._kernel = equipment.kernel
        self._programs = equipment.programs
        self._questions = equipment.questions
        self._clock = equipment.clock
        self._second_chance = equipment.second_chance

    @refuses_broken_records
    async def attempt(self, pico: PicoId, rid: Rid, text: Text, events: int) -> Document | Refusal:
        """Have a text in force since so many turns, or since the one came that it would replace.

        It is put in force on the newest state as well, since that is where an upgrade would do so.
        """
        window = await self._window(pico, min(events, MOST_EVENTS))
        if window is None or window.states[-1].ruleset(rid) is None:
            return Refusal(
                "unknown", f"this pico does not have {rid}", "`picomesh rulesets ECI` lists its own"
            )
        newest, begin = len(window.records), first_with(window.states, rid)
        now = await self._install(window, newest, rid, text)
        since = now if begin == newest else await self._install(window, begin, rid, text)
        told = {"pico": pico, "rid": rid, "now": now.told, "since": since.told}
        if since.pico is None:
            return {**told, "turns": 0, "same": 0, "others": [], "differences": [], "beyond_upgrade": None}
        turns, copy = await self._go_through(window, begin, since.pico, text)
        others = [turn for turn in turns if turn["status"] != "same"]
        beyond = None if now.pico is None else tell_differences(unlike(now.pico, copy, rid))
        return {
            **told,
            "turns": len(turns),
            "same": len(turns) - len(others),
            "others": others,
            "differences": tell_differences(unlike(window.states[-1], copy, rid)),
            "beyond_upgrade": beyond,
        }

    async def _window(self, pico: PicoId, events: int) -> Window | None:
        """The last turns, as far back as states are known; None when there is no such pico."""
        span = self._past.span(pico)
        if span is None:
            return None
        head = await self._past.state(pico, max(0, span.last - events)) or span.snapshot
        records, states = [], [head.pico]
        async for body in self._past.records(pico, head.pico.seq + 1, span.last):
            head = fold(head, [body])
            records.append(decode_record(body))
            states.append(head.pico)
        return Window(records, states)

    # --- putting the text in force ---

    async def _install(self, window: Window, place: int, rid: Rid, text: Text) -> Installed:
        before = window.states[place]
        ruleset = before.ruleset(rid)
        assert ruleset is not None, "the caller has looked"
        then = window.time_after(place)
        turn = install_turn(before, ruleset, text, self._clock.now_ms() if then is None else then)
        outcome = await self._run(before, turn, Memory([known_text(text)], text), Instances(), [text["hash"]])
        told: Document = {"seq": before.seq, "replaces": ruleset.hash}
        match outcome:
            case Done(pico, log=log):
                made = tell_differences(unlike(before, pico, rid))
                lines = [tell_line(line) for line in log]
                return Installed({**told, "outcome": "done", "differences": made, "log": lines}, pico)
            case Failed(_, fault):
                return Installed({**told, "outcome": "failed", "fault": tell_fault(fault)}, None)
            case Asks(question):
                return Installed({**told, "outcome": "asks", "question": tell_question(question)}, None)

    # --- the turns that followed ---

    async def _go_through(
        self, window: Window, begin: int, copy: Pico, text: Text
    ) -> tuple[list[Document], Pico]:
        """What each turn comes to on the copy, and the copy after the last of them."""
        turns: list[Document] = []
        mine: Instances[Any] = Instances()
        real: Instances[Any] = Instances()
        for record, before in zip(window.records[begin:], window.states[begin:], strict=False):
            copy = stay_at(before.seq, copy)
            outcome = None
            if not _is_mistake(record):
                memory = Memory(await self._known(before, record, real), text)
                texts = [*texts_of(record), text["hash"]]
                outcome = await self._run(copy, record.turn, memory, mine, texts)
            copy, told = _judge(record, outcome, copy)
            turns.append(told)
        return turns, copy

    async def _known(self, before: Pico, record: Record, instances: Instances[Any]) -> list[Known]:
        """What the turn asked when it really happened, found by letting it ask once more."""
        known = []
        answers = record.turn.inputs.answers
        for count, answer in enumerate(answers):
            turn = _with_answers(record.turn, answers[:count])
            outcome = await self._react(before, turn, instances, texts_of(record))
            if isinstance(outcome, Asks):
                known.append(Known(outcome.question, answer))
        return known

    async def _run(
        self,
        pico: Pico,
        turn: Turn,
        memory: Memory,
        instances: Instances[Any],
        texts: Sequence[RulesetHash],
    ) -> Outcome:
        """What a turn comes to, with answers as far as there are any."""
        answers: list[Mapping[str, Any]] = []
        while True:
            outcome = await self._react(pico, _with_answers(turn, answers), instances, texts)
            answer = await self._answer(pico, outcome.question, memory) if isinstance(outcome, Asks) else None
            if answer is None:
                return outcome
            answers.append(answer)

    async def _answer(self, pico: Pico, question: Question, memory: Memory) -> Mapping[str, Any] | None:
        known = memory.answer(question)
        if known is None and question.kind in OF_TEXTS:
            return await self._questions.answer(pico.id, question)
        return known

    async def _react(
        self,
        pico: Pico,
        turn: Turn,
        instances: Instances[Any],
        texts: Sequence[RulesetHash] = (),
    ) -> Outcome:
        await asyncio.sleep(0)  # picos that are at work go first
        if missing := self._programs.missing([*(one.hash for one in healthy(pico.rulesets)), *texts]):
            await self._programs.prepare(missing)
        outcome = self._kernel.react(pico, turn, instances)
        if isinstance(outcome, Failed) and outcome.retry_bigger:
            return await self._second_chance.react(pico, turn, lambda: outcome)
        return outcome


def _with_answers(turn: Turn, answers: Sequence[Mapping[str, Any]]) -> Turn:
    return replace(turn, inputs=replace(turn.inputs, answers=tuple(answers)))


def _is_mistake(record: Record) -> bool:
    return record.fault is not None and record.fault.code == MISTAKE


def _judge(record: Record, outcome: Outcome | None, copy: Pico) -> tuple[Pico, Document]:
    """The copy after a turn, and what is told of it. A turn that cannot be run leaves the copy as it is."""
    told = {
        key: value for key, value in tell_record(record).items() if key in ("seq", "time", "eid", "event")
    }
    match outcome:
        case Done() | Failed():
            found = [tell_contrast(one) for one in contrasts(record, outcome)]
            return outcome.pico, {**told, "status": "differs" if found else "same", "contrasts": found}
        case Asks(question):
            return stay_at(record.seq, copy), {**told, "status": "asks", "question": tell_question(question)}
        case None:
            return stay_at(record.seq, copy), {**told, "status": "left out"}
