"""What an engine does that was restored from a backup, before it believes what it has.

Any of its picos may be elsewhere by now, also those that had no name when the backup was made, and picos may
be its own of which it knows nothing. None acts before everybody it knows has said what they know, and nothing
of its former life can be under way any more. That lasts over crashes: the journal says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import structlog

from engine.core.dids import Did
from engine.core.migration import react
from engine.core.migration import source as leaving
from engine.core.migration.messages import Entry, Moved, NotHere, Release, Send, Sent, Where
from engine.core.model import Eci, PicoId
from engine.ports import BadLog, Call, SetFact
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.moves.cases import Case, Cases, name_of_engine
from engine.runtime.moves.office import Hooks, Office, Pace
from engine.runtime.moves.post import Heard, entry_of
from engine.runtime.moves.saying import Saying
from engine.runtime.moves.sending import Hear, hear_nothing
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.stillness import Stillness
from engine.runtime.moves.work import Work
from engine.runtime.restored import restored

log = structlog.get_logger("picomesh.moves")

DOUBT = "moves are in doubt"
SETTLED = "backups that are settled"
"""How many of those that the home was made of cause no doubt any more."""
AT_ONCE = 500


def is_in_doubt(fact: Callable[[str], str | None]) -> bool:
    return fact(DOUBT) == "yes" or len(restored(fact)) > int(fact(SETTLED) or 0)


class Doubts:
    def __init__(
        self,
        office: Office,
        pace: Pace,
        hooks: Hooks,
        cases: Cases,
        steps: Steps,
        work: Work,
        saying: Saying,
        stillness: Stillness,
    ) -> None:
        self._office = office
        self._pace = pace
        self._hooks = hooks
        self._cases = cases
        self._steps = steps
        self._work = work
        self._saying = saying
        self._stillness = stillness
        self._journal = office.journal
        self._post = office.post
        self._lives = office.lives
        self.hear_back: Hear = hear_nothing
        """Takes in what comes back over a connection."""
        self._held: set[PicoId] = set()
        """Those without a name."""
        self._asked: dict[str, str] = {}
        """By engine, the question that it has not answered."""
        self._rounds = 0
        self._until_ms = 0
        self._is_on = False
        self._call: Call | None = None

    # --- before anything acts ----------------------------------------------------------------------

    async def prepare(self) -> None:
        """Durable when it returns, but for picos without a name, which are held at each start again."""
        self._is_on = True
        self._until_ms = self._office.clock.now_ms() + self._pace.doubt_ms
        await self._journal.commit([SetFact(DOUBT, "yes")])
        everyone = self._everyone()
        for did, case in [*self._cases.all(), *self._named()]:
            source = case.seat.source
            if source is not None and source.phase in leaving.HELD:
                async with self._steps.alone(did):
                    await self._steps.doubt(did, case)
        if everyone:
            self._held = {*self._nameless()}
            for pico in self._held:
                self._stillness.hold(pico)

    def _named(self) -> Iterator[tuple[str, Case]]:
        """Picos that have a log and never were about to move, of which others may know."""
        for pico in self._lives.not_ended():
            kept = self._lives.kept(pico)
            if kept is None or not self._lives.is_here(pico) or self._cases.of(pico) is not None:
                continue
            try:
                hosting = self._office.logs.hosting(kept, self._post.now_s())
            except BadLog:
                continue
            others = {name_of_engine(one) for one in hosting.hosts if one} - {self._post.me}
            if name_of_engine(hosting.host) == self._post.me and (others or self._hooks.known()):
                yield hosting.name, self._steps.case_here(hosting.name, pico, entry_of(hosting))

    def _nameless(self) -> Iterator[PicoId]:
        root, last = self._journal.fact(ROOT_PICO), ""
        while picos := self._journal.picos(last, AT_ONCE):
            yield from (one for one in picos if one != root and self._lives.kept(one) is None)
            last = picos[-1]

    # --- asking ------------------------------------------------------------------------------------

    def start(self) -> None:
        """Others can answer from now on."""
        if self._is_on:
            self._ask_anew()

    def stop(self) -> None:
        self._is_on = False
        if self._call is not None:
            self._call.cancel()

    def _everyone(self) -> dict[str, str]:
        """By name, whoever may know of a pico of this engine."""
        addresses = [one for _, case in self._cases.all() for one in case.addresses.values()]
        found = {name_of_engine(one): one for one in (*addresses, *self._hooks.known())}
        return {name: one for name, one in found.items() if name != self._post.me}

    def _ask_anew(self) -> None:
        self._rounds = 0
        self._asked = {name: self._office.entropy.seed() for name in self._everyone()}
        self._go_on()

    def _go_on(self) -> None:
        """Ask who has not answered; when all have, the end is when nothing can be under way any more."""
        if not self._is_on:
            return
        now_ms, everyone = self._office.clock.now_ms(), self._everyone()
        if not everyone or (not self._asked and now_ms >= self._until_ms):
            self._work.begin(self._end())
        elif not self._asked:
            self._wait(self._until_ms, self._ask_anew)
        else:
            for name, question in self._asked.items():
                self._work.begin(self._ask(Did(everyone.get(name, name)), question))
            wait_ms = min(self._pace.first_ms << min(self._rounds, 20), self._pace.longest_ms)
            self._rounds += 1
            self._wait(now_ms + wait_ms, self._go_on)

    def _wait(self, due_ms: int, then: Callable[[], None]) -> None:
        def look() -> None:
            if self._office.clock.now_ms() < due_ms:  # clocks may call sooner
                self._call = self._office.clock.call_at(due_ms, look)
            elif self._is_on:
                then()

        if self._call is not None:
            self._call.cancel()
        self._call = self._office.clock.call_at(due_ms, look)

    async def _ask(self, whom: Did, question: str) -> None:
        known = [
            {"did": did, "epoch": case.seat.entry.number}
            for did, case in self._cases.all()
            if case.seat.entry is not None and case.seat.entry.number
        ]
        await self._send(whom, "", Where(self._post.me, 0, question), {"known": known})

    async def _send(self, whom: Did, did: str, message: Sent, more: Mapping[str, Any]) -> None:
        answer = await self._post.send(self._post.compose(whom, did, message, more), whom)
        if answer is not None:
            await self.hear_back(answer)

    # --- hearing -----------------------------------------------------------------------------------

    def hear(self, heard: Heard) -> None:
        """What is about no certain pico."""
        message = heard.parcel.message
        if isinstance(message, Where):
            known = {str(one["did"]): int(one["epoch"]) for one in heard.parcel.more.get("known") or ()}
            self._work.begin(self._tell_all(heard.sender, message, known))
        elif isinstance(message, NotHere):
            name = name_of_engine(heard.sender)
            if self._asked.get(name) == message.asked:
                del self._asked[name]
                if not self._asked:
                    self._go_on()

    async def _tell_all(self, whom: Did, where: Where, known: dict[str, int]) -> None:
        """All that was with that engine and of which more is known here, and then that this is all. If any of
        it does not get there, that is not said, and it will ask again."""
        for did, case in self._cases.all():
            if not self._concerns(did, case, where.asker):
                continue
            about = replace(where, number=known.get(did, 0))
            for effect in react(case.seat, about, self._steps.footing)[1]:
                if isinstance(effect, Send) and not isinstance(effect.message, NotHere):
                    more = self._saying.more(did, case, effect.message)
                    if more is not None:
                        await self._send(whom, did, effect.message, more)
        await self._send(whom, "", NotHere(where.asked), {})

    def _concerns(self, did: str, case: Case, asker: str) -> bool:
        attempt = case.seat.target.attempt
        if attempt is not None and attempt.source == asker:
            return True
        kept = self._saying.log_of(case)
        hosts = () if kept is None else self._post.hosting(did, kept).hosts
        return asker in map(name_of_engine, hosts)

    def adopted(self, case: Case, heard: Heard) -> Case | None:
        """That of a pico which has got a name and a log since the backup was made, if this is about one."""
        message, told, hosting = heard.parcel.message, heard.parcel.more.get("pico"), heard.hosting
        if not isinstance(message, Moved | Release) or not isinstance(told, str) or hosting is None:
            return None
        pico = PicoId(told)
        was_here = self._post.me in map(name_of_engine, hosting.hosts)
        if pico not in self._held or not was_here or self._journal.find_channel(Eci(pico)) != pico:
            return None
        nothing_yet = Entry(0, "", self._post.me, "")
        source = leaving.Source(leaving.Phase.DOUBTFUL, nothing_yet, confirmed=False)
        return replace(case, pico=pico, log=heard.log, seat=replace(case.seat, source=source))

    # --- the end -----------------------------------------------------------------------------------

    async def _end(self) -> None:
        settled = str(len(restored(self._journal.fact)))
        await self._journal.commit([SetFact(DOUBT, ""), SetFact(SETTLED, settled)])
        self._is_on = False
        waiting = {*self._journal.waiting()}
        for pico in sorted(self._held):
            if self._cases.of(pico) is None:
                self._stillness.free(pico, wakes=pico in waiting)
        self._held.clear()
        log.info("this engine knows again what is its own")
