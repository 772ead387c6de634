"""The engines where a pico was are told that it lives here now, those that did not see it come.

Whoever takes a pico to a third engine, from one that is dead or hostile, writes an entry of its log that
nobody else knows. An engine that is told of it stands down, or sends what comes for the pico to where it is.
"""

from __future__ import annotations

import json

import structlog

from engine.core.dids import Did
from engine.core.migration.messages import Moved
from engine.core.model import PicoId
from engine.ports import BadLog, Call, CannotSend, Hosting, KeptLog, SetFact
from engine.runtime.moves.cases import Cases, name_of_engine
from engine.runtime.moves.office import Office, Pace
from engine.runtime.moves.post import entry_of
from engine.runtime.moves.work import Work
from engine.runtime.past import FIRST_RECORD

log = structlog.get_logger("picomesh.moves")


class Heralds:
    def __init__(self, office: Office, pace: Pace, cases: Cases, work: Work) -> None:
        self._office = office
        self._cases = cases
        self._pace = pace
        self._work = work
        self._journal = office.journal
        self._post = office.post
        self._waits: dict[PicoId, Call] = {}
        self._failed: dict[PicoId, int] = {}
        self.is_on = False

    def start(self) -> None:
        """For all that came from elsewhere, in whatever way, also while no engine ran."""
        self.is_on = True
        self._work.begin(self._send_all())

    def stop(self) -> None:
        self.is_on = False
        for call in self._waits.values():
            call.cancel()

    async def _send_all(self) -> None:
        for fact in self._journal.fact_names(FIRST_RECORD):
            await self._send(PicoId(fact.removeprefix(FIRST_RECORD)))

    def send(self, pico: PicoId) -> None:
        """Tell all who have not heard it."""
        if self.is_on:
            self._work.begin(self._send(pico), (pico, "herald"))

    async def _send(self, pico: PicoId) -> None:
        lives = self._office.lives
        if lives.kept(pico) is None or not lives.is_here(pico) or lives.is_away(pico):
            return
        kept = await self._newest(pico)
        hosting = self._office.logs.hosting(kept, self._post.now_s())
        if name_of_engine(hosting.host) != self._post.me:
            return
        told = self._told(pico, hosting)
        others = {name_of_engine(one): one for one in filter(None, hosting.hosts)}
        lacking = [one for name, one in others.items() if name not in told]
        away = [await self._tell(pico, kept, hosting, one) for one in lacking]
        if any(away):
            self._try_again(pico)
        else:
            self._failed.pop(pico, None)

    async def _newest(self, pico: PicoId) -> KeptLog:
        """An entry that was written while no engine ran does not say how this one is reached."""
        kept = self._office.lives.kept(pico)
        assert kept is not None, "it was looked for"
        try:
            return await self._office.lives.current(pico) or kept
        except BadLog as problem:
            log.info("the log of a pico cannot say how it is reached", pico=pico, why=str(problem))
            return kept

    async def _tell(self, pico: PicoId, kept: KeptLog, hosting: Hosting, engine: str) -> bool:
        """Whether it has to be told again."""
        proof = {"log": kept.lines, **({"approvals": kept.approvals} if kept.approvals else {})}
        try:
            news = self._post.compose(Did(engine), hosting.name, Moved(entry_of(hosting)), proof)
            await self._post.send(news, Did(engine))
        except CannotSend as problem:
            if not problem.is_final:
                return True
            log.info("an engine does not want to know where a pico is", pico=pico, why=str(problem))
        told = {*self._told(pico, hosting), name_of_engine(engine)}
        note = json.dumps({"number": hosting.number, "engines": sorted(told)})
        await self._journal.commit([SetFact(_fact(pico), note)])
        return False

    def _told(self, pico: PicoId, hosting: Hosting) -> set[str]:
        """Who knows this entry; whoever it came from does."""
        noted = json.loads(self._journal.fact(_fact(pico)) or "{}")
        told = set(noted["engines"]) if noted.get("number") == hosting.number else set[str]()
        case, before = self._cases.of(pico), [*filter(None, hosting.hosts)][-2:-1]
        source = before if case is not None and case.since_ms else ()
        return {*told, self._post.me, *map(name_of_engine, source)}

    def _try_again(self, pico: PicoId) -> None:
        count = self._failed.get(pico, 0)
        self._failed[pico] = count + 1
        wait_ms = min(self._pace.first_ms << min(count, 20), self._pace.longest_ms)
        due_ms = self._office.clock.now_ms() + wait_ms

        def look() -> None:
            if self._office.clock.now_ms() < due_ms:  # clocks may call sooner
                self._waits[pico] = self._office.clock.call_at(due_ms, look)
            else:
                self._waits.pop(pico, None)
                self.send(pico)

        if self.is_on and pico not in self._waits:
            self._waits[pico] = self._office.clock.call_at(due_ms, look)


def _fact(pico: PicoId) -> str:
    return f"told where {pico} is"
