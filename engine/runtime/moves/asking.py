"""Whether others know of something newer: asked of all who might, before a pico may leave (again)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from engine.core.dids import Did
from engine.core.migration import Footing
from engine.core.migration import source as leaving
from engine.core.migration.messages import Confirmed, Where
from engine.runtime.moves.cases import Cases, name_of_engine
from engine.runtime.moves.office import Hooks, Office, Pace
from engine.runtime.moves.saying import Saying
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.work import Work


class Asking:
    def __init__(
        self, office: Office, pace: Pace, hooks: Hooks, cases: Cases, steps: Steps, work: Work, saying: Saying
    ) -> None:
        self._office = office
        self._pace = pace
        self._hooks = hooks
        self._cases = cases
        self._steps = steps
        self._work = work
        self._saying = saying
        self._post = office.post
        self._asked: dict[str, dict[str, str]] = {}
        """By pico: whom else, by the name of the question, an answer is awaited of."""
        self._sure: dict[str, asyncio.Event] = {}
        self._began_ms = 0

    def note_start(self) -> None:
        """Before any pico takes a turn."""
        self._began_ms = self._office.clock.now_ms()

    def whom(self, hosts: Iterable[str]) -> list[str]:
        """Who might know of a newer entry, in an order that a seed of the simulation gives again."""
        others = dict.fromkeys(one for one in hosts if one)
        if self._steps.footing is Footing.DOUBTFUL:
            others |= dict.fromkeys(self._hooks.known())
        return [one for one in others if name_of_engine(one) != self._post.me]

    def begin(self, did: str, number: int) -> None:
        self._work.begin(self.ask_around(did, number), (did, "ask"))

    def answered(self, did: str) -> asyncio.Event:
        """Will be set when all that are asked next have answered."""
        event = self._sure.setdefault(did, asyncio.Event())
        event.clear()
        return event

    async def ask_around(self, did: str, number: int) -> None:
        case = self._cases.get(did)
        if case is None:
            return
        kept = self._saying.log_of(case)
        hosts = () if kept is None else self._post.hosting(did, kept).hosts
        others = {name_of_engine(one): one for one in self.whom(hosts)}
        if case.seat.target.attempt is not None and number == 0:
            others[case.seat.target.attempt.source] = case.address(case.seat.target.attempt.source)
        if not others:
            await self._confirm(did)
            return
        asked = self._asked.setdefault(did, {name: self._office.entropy.seed() for name in others})
        for name, question in list(asked.items()):
            to = Did(case.addresses.get(name, others.get(name, name)))
            message = Where(self._post.me, number, question)
            self._work.begin(self._send(did, to, message))

    async def _send(self, did: str, to: Did, message: Where) -> None:
        await self._post.send(self._post.compose(to, did, message, {}), to)

    def note_answer(self, did: str, asked: str, sender: str) -> None:
        waiting = self._asked.get(did)
        if waiting is None or waiting.get(sender) != asked:
            return
        del waiting[sender]
        if not waiting:
            del self._asked[did]
            self._work.begin(self._confirm(did))

    async def _confirm(self, did: str) -> None:
        case = self._cases.get(did)
        source = None if case is None else case.seat.source
        if case is None or source is None:
            return
        if source.phase is leaving.Phase.DOUBTFUL and self.whom(case.addresses.values()):
            rest_ms = self._began_ms + self._pace.doubt_ms - self._office.clock.now_ms()
            if rest_ms > 0:
                self._office.clock.call_at(
                    self._began_ms + self._pace.doubt_ms, lambda: self._begin_again(did)
                )
                return
        async with self._steps.alone(did):
            await self._steps.take(did, Confirmed())
        if (answered := self._sure.pop(did, None)) is not None:
            answered.set()

    def _begin_again(self, did: str) -> None:
        self._work.begin(self._doubt_no_more(did))

    async def _doubt_no_more(self, did: str) -> None:
        case = self._cases.get(did)
        if case is not None and case.seat.source is not None:
            await self.ask_around(did, case.seat.source.entry.number)
