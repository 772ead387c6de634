"""The moves of an engine's picos: all that the rest of the engine and its faces know of them.

How they come about is in the modules beside this one: `steps` drives the tables, and what they want done is
done in `departures`, `arrivals`, `asking`, `sending` and `telling`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from typing import Any

from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.migration import Footing, acts
from engine.core.migration.messages import Seen, Started, Where
from engine.core.model import Eci, PicoId
from engine.ports import Fence, KeptLog, Letter, Write
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.arrivals import Arrivals
from engine.runtime.moves.asking import Asking
from engine.runtime.moves.cases import Case, Cases, forgotten, name_of_engine
from engine.runtime.moves.departures import Departures
from engine.runtime.moves.doubts import Doubts
from engine.runtime.moves.effects import Effects
from engine.runtime.moves.hearing import Hearing
from engine.runtime.moves.heralds import Heralds
from engine.runtime.moves.office import Hooks, Office, Pace, Resting
from engine.runtime.moves.post import entry_of
from engine.runtime.moves.saying import Saying
from engine.runtime.moves.sending import Sending
from engine.runtime.moves.settling import Settling
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.stillness import Stillness
from engine.runtime.moves.telling import Telling, Troubles
from engine.runtime.moves.whereabouts import Whereabouts
from engine.runtime.moves.wishes import Wishes
from engine.runtime.moves.work import Work
from engine.runtime.receipts import Handled


class Moves:
    """`is_for_it` and `hear` make it a desk for messages to the engine itself."""

    def __init__(self, office: Office, pace: Pace) -> None:
        self._office = office
        self.hooks = hooks = Hooks()
        self.cases = cases = Cases(office.journal)
        self.saying = Saying(office)
        self._work = work = Work()
        self._where = Whereabouts(office, hooks, cases)
        self._stillness = Stillness(office.picos, cases, work)
        settling = Settling(office, hooks, self._stillness, self._where)
        self._steps = steps = Steps(office, pace, cases, settling, work)
        troubles: Troubles = {}
        telling = Telling(office, hooks, cases, troubles)
        sending = Sending(office, cases, steps, self.saying, troubles)
        self._asking = asking = Asking(office, pace, hooks, cases, steps, work, self.saying)
        self._doubts = doubts = Doubts(office, pace, hooks, cases, steps, work, self.saying, self._stillness)
        departures = Departures(office, hooks, cases, steps, self._stillness, telling)
        self._arrivals = Arrivals(office, hooks, cases, steps, work, asking)
        self._heralds = Heralds(office, pace, cases, work)
        self._hearing = Hearing(office, cases, steps, work, asking, self._arrivals.ahead, doubts)
        self._wishes = Wishes(office, hooks, cases, steps, work, asking)
        sending.hear = doubts.hear_back = self._hearing.hear
        settling.look_after = self._look_after
        steps.do = Effects(work, sending, telling, departures, self._arrivals, asking).do
        self.forwarding: Resting | None = None
        """What sends on what comes for picos that are away."""

    # --- what is so --------------------------------------------------------------------------------

    def acts(self, pico: PicoId) -> bool:
        """Whether it takes turns here."""
        return self._stillness.acts(pico)

    def is_held(self, pico: PicoId) -> bool:
        return not self.acts(pico)

    def is_away(self, pico: PicoId) -> bool:
        """Whether it lives elsewhere."""
        return self._where.is_away(pico)

    def pico_of(self, eci: Eci) -> PicoId | None:
        """The pico with that channel, or with that id."""
        return self._where.pico_of(eci)

    def standing(self, pico: PicoId) -> dict[str, Any]:
        """How it stands with a pico."""
        return self._where.standing(pico)

    async def where(self, did: str, kept: KeptLog | None) -> dict[str, Any] | Refusal:
        """The engine where that pico lives, by the newest log of it that is known here."""
        return await self._where.where(did, kept)

    def alone(self, did: str) -> AbstractAsyncContextManager[None]:
        """No step is taken for that pico meanwhile."""
        return self._steps.alone(did)

    def mailbox_of(self, case: Case) -> Mailbox | None:
        """Of a pico that is, or was, here; what is put into it runs here or is sent on."""
        return self._where.mailbox_of(case)

    def is_far(self, eci: Eci, sender: PicoId) -> bool:
        """Whether a channel that leads to nobody here may lead that pico to somebody elsewhere: to one that
        it knows from another engine, or that was here long ago."""
        holder = self.pico_of(eci)
        return self.has_been_elsewhere(sender) or (holder is not None and self.is_forgotten(holder))

    def has_been_elsewhere(self, pico: PicoId) -> bool:
        """Whether it came here from another engine."""
        return self.came(pico) is not None

    def came(self, pico: PicoId) -> int | None:
        """When it came here, in milliseconds; None if it was born here."""
        return self._where.came(pico)

    def guests(self) -> Sequence[int]:
        """The bytes of those that came from elsewhere, or are about to."""
        return self._arrivals.guests()

    def new_place(self, pico: PicoId) -> Did | None:
        """The engine where it lives, as far as is known here."""
        return self._where.new_place(pico)

    def place_of(self, pico: PicoId) -> Mapping[str, str] | None:
        """The engine and, if that is known, the URL where a pico is that was here and has left."""
        return self._where.place_of(pico)

    def is_forgotten(self, pico: PicoId) -> bool:
        """Whether nothing is left here of a pico that has left but where it is."""
        case = self.cases.of(pico)
        return case is not None and case.forgotten

    def why_elsewhere(self, pico: PicoId) -> Refusal | None:
        """What is said of a pico that was here and has left."""
        return self._where.why_elsewhere(pico)

    def listed(self) -> list[dict[str, Any]]:
        """All that are on their way, have left, or came."""
        return self._where.listed()

    # --- from outside ------------------------------------------------------------------------------

    async def wanted(self, pico: PicoId, to: str, reason: str = "", price: int = 0) -> str | Refusal:
        """Have a pico move. The name of the attempt, which is durable; what comes of it is told. Empty if it
        lives there already. `price` is what the other engine may ask for it a day at most."""
        return await self._wishes.wanted(pico, to, reason, price)

    def is_for_it(self, type: str) -> bool:
        return self._hearing.is_for_it(type)

    async def hear(self, letter: Letter) -> Handled:
        return await self._hearing.hear(letter)

    # --- what happens here -------------------------------------------------------------------------

    def note_entry(self, name: Did) -> None:
        """A log has one more entry that was written here."""
        if self.cases.get(name) is not None:
            self._work.begin(self.see(name))
        if (pico := self._office.lives.pico_of(name)) is not None:
            self._heralds.send(pico)

    async def see(self, did: str) -> None:
        """Its log has one more entry, that this engine or its owner has written."""
        async with self.alone(did):
            case = self.cases.get(did)
            kept = None if case is None or not case.pico else self._office.lives.kept(case.pico)
            if case is not None and kept is not None and case.seat.source is not None:
                hosting = self._office.logs.hosting(kept, self._office.post.now_s())
                await self._steps.take(did, Seen(entry_of(hosting)), case)

    async def learn(self, did: str, log: KeptLog) -> None:
        """Somebody has shown a newer log of a pico that was here. Raises `NotAMove`."""
        entry = entry_of(self._office.post.hosting(did, log))
        async with self.alone(did):
            case = self.cases.get(did)
            if case is not None and case.seat.entry is not None and entry.number > case.seat.entry.number:
                await self._steps.take(did, Seen(entry), replace(case, log=log))

    def say_where(self, did: str, to: Did) -> None:
        """Show somebody who takes a pico to be here the entry by which it is elsewhere."""
        self._work.begin(self._say_where(did, to))

    async def _say_where(self, did: str, to: Did) -> None:
        async with self.alone(did):
            case, question = self.cases.get(did), self._office.entropy.seed()
            if case is not None:
                self.cases.put(did, case.met(to))
                await self._steps.take(did, Where(name_of_engine(to), 0, question))

    def note_held(self, pico: PicoId) -> None:
        """Something came for a pico that takes no turns here."""
        did = self.cases.did_of(pico)
        if did is not None and self.is_away(pico):
            self.hooks.left(did)

    def note_gone(self, pico: PicoId) -> None:
        """It was deleted here."""
        if self.cases.of(pico) is not None:
            self._work.begin(self._forget(pico))

    async def _forget(self, pico: PicoId) -> None:
        did = self.cases.did_of(pico)
        if did is not None and self.cases.acts(pico):
            async with self.alone(did):
                await self._office.journal.commit([forgotten(did)])
                self.cases.drop(did)

    def _look_after(self, did: str, case: Case) -> None:
        """One that has just arrived."""
        self._arrivals.look_after(did, case)
        self._heralds.send(case.pico)

    # --- beginning and end --------------------------------------------------------------------------

    async def prepare(self, footing: Footing) -> None:
        """Before any pico takes a turn."""
        self._steps.footing = footing
        await self._office.journal.commit(self._missing_fences())
        self._asking.note_start()
        if footing is Footing.DOUBTFUL:
            await self._doubts.prepare()

    def _missing_fences(self) -> list[Write]:
        """Of picos that left before there were any."""
        journal = self._office.journal
        picos = [case.pico for _, case in self.cases.all() if case.seat.source is not None]
        return [Fence(one, None) for one in picos if not self.cases.acts(one) and journal.epoch(one) == 0]

    def reached(self) -> None:
        """Others can answer from now on."""
        if not self._steps.patience.is_on:
            self._steps.patience.is_on = True
            self._work.begin(self.start())

    async def start(self) -> None:
        """Go on with what an earlier run of the engine has left."""
        self._steps.patience.is_on = True
        for did, _ in self.cases.all():
            async with self.alone(did):
                await self._steps.take(did, Started(), self.cases.get(did))
            self._go_on(did)
        self._heralds.start()
        self._doubts.start()

    def _go_on(self, did: str) -> None:
        """After a start."""
        case = self.cases.get(did)
        if case is None:
            return
        self._steps.patience.watch(did, case.seat)
        if case.rotate and acts(case.seat):
            self._arrivals.begin_rotating(did)
        if self.is_away(case.pico):
            self.hooks.left(did)
        if acts(case.seat):
            self._stillness.resume(did)

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._steps.patience.stop()
        self._doubts.stop()
        self._heralds.stop()
        self._work.stop()
        if self.forwarding is not None:
            self.forwarding.stop()

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way that does not only wait for time to pass."""
        return self._work.is_busy or (self.forwarding is not None and self.forwarding.is_busy)

    async def wait_rested(self) -> None:
        """Return when nothing is under way here. What waits for others may do so for long."""
        await self._work.wait_rested()
        if self.forwarding is not None:
            await self.forwarding.wait_rested()
