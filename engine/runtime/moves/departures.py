"""The side of a move that a pico leaves: it is made to stand still, handed out, and signed away."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import replace

import structlog

from engine.core.blocks.errors import BlockError
from engine.core.codec import Unreadable
from engine.core.migration import acts
from engine.core.migration.messages import Attempt, Finished, Late, Ready, Signed
from engine.core.model import PicoId
from engine.ports import BadLog, StoreFailed
from engine.runtime.identities import in_stay, life_purpose
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.ahead import SendingAhead
from engine.runtime.moves.cases import NOTHING, Case, Cases
from engine.runtime.moves.loads import Load
from engine.runtime.moves.luggage import Luggage, NoLuggage
from engine.runtime.moves.office import Hooks, Office
from engine.runtime.moves.post import Heard, entry_of
from engine.runtime.moves.reading import attempt_in, host_in
from engine.runtime.moves.small_freight import may_be_small
from engine.runtime.moves.small_loads import NotSmall
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.stillness import Stillness
from engine.runtime.moves.telling import Telling
from engine.runtime.sealed_trees import CannotSeal

log = structlog.get_logger("picomesh.moves")

MOST_STAYS = 8
"""Whose keys to open mail with go along."""


class Departures:
    def __init__(
        self, office: Office, hooks: Hooks, cases: Cases, steps: Steps, stillness: Stillness, telling: Telling
    ) -> None:
        self._office = office
        self._hooks = hooks
        self._cases = cases
        self._steps = steps
        self._stillness = stillness
        self._telling = telling
        self._lives = office.lives
        self._post = office.post
        self._ahead = SendingAhead(office, cases)

    async def finish(self, did: str, attempt: Attempt) -> None:
        case = self._cases.get(did)
        if case is None or not case.pico:
            return
        try:
            if acts(case.seat):
                leaving = await self._send_ahead(did, attempt)
                if leaving is None:
                    return
                case = leaving
                await self._hooks.tell(case.pico, "leaving", self._telling.attrs(case, case.reason, attempt))
            await self._hand_out(did, case, attempt)
        except (CannotSeal, BlockError, StoreFailed, Unreadable, NoLuggage) as problem:
            log.warning("a pico cannot be made ready to move", pico=case.pico, why=str(problem))
            async with self._steps.alone(did):
                await self._steps.take(did, Late(attempt))
        finally:
            now = self._cases.get(did)
            if now is not None and acts(now.seat):
                self._office.freight.loading.forget(did)
                self._stillness.resume(did, is_finished=True)

    async def _send_ahead(self, did: str, attempt: Attempt) -> Case | None:
        """Most of its state, while it goes on. None if it does not leave by that attempt any more."""
        async with self._steps.alone(did):
            case = self._cases.get(did)
            if case is None:
                return None
            key = self._office.locker.unwrap(case.key) if case.key else self._office.draw(32)
            self._cases.put(did, replace(case, key=self._office.locker.wrap(key)))
        held = await self._ahead.send(did, attempt, key)
        async with self._steps.alone(did):
            case = self._cases.get(did)
            if case is None or not acts(case.seat) or attempt_in(case.seat) != attempt:
                return None
            self._cases.put(did, case := replace(case, had=held or case.had))
        return case

    async def _hand_out(self, did: str, case: Case, attempt: Attempt) -> None:
        """Have it stand still, and put together what goes."""
        office, pico = self._office, case.pico
        self._stillness.hold(pico)
        office.picos.pause_errands(pico)
        mailbox = office.picos.wake(pico)
        if mailbox is None:
            return
        mailbox.keep_still()
        await mailbox.wait_rested()
        key = office.locker.unwrap(case.key) if case.key else office.draw(32)
        load = await self._load(mailbox, did, key)
        head = load.head
        async with self._steps.alone(did):
            case = self._cases.get(did) or case
            is_same = mailbox is office.picos.wake(pico) and mailbox.is_still
            if not is_same or mailbox.head.pico.seq != head.sequence:
                raise CannotSeal("it took a turn while it was to stand still")
            luggage = Luggage(key, office.state_keys.known(pico), self._secrets(pico))
            box = office.locker.seal(luggage, case.opens) if case.opens else ""
            root = case.root if load.blocks else head.cid
            after = replace(case, box=box, key=office.locker.wrap(key), root=root, size=load.size)
            await self._steps.take(did, Finished(attempt, head), after, blocks=load.blocks)

    async def _load(self, mailbox: Mailbox, did: str, key: bytes) -> Load:
        """By a message, if it is small; else by the store."""
        loading, case = self._office.freight.loading, self._cases.get(did)
        has = NOTHING if case is None else case.has
        if may_be_small(mailbox, has):
            with suppress(NotSmall):
                return await loading.load_small(mailbox.id, key, has)
        return await loading.load(mailbox.id, did, key)

    def _secrets(self, pico: PicoId) -> dict[str, bytes]:
        """What opens mail to its name for life, also by the keys that it had elsewhere lately. Those of the
        DIDs of its channels are in the state."""
        secrets = dict(list(self._office.locker.secrets(pico).items())[1 - MOST_STAYS :])
        stay = self._lives.stay(pico)
        secrets[f"#{in_stay('key-2', stay)}"] = self._office.keys.derive(f"{life_purpose(pico, stay)}/key-2")
        return secrets

    async def sign(self, did: str, attempt: Attempt, heard: Heard | None) -> None:
        case = self._cases.get(did)
        to = None if case is None else case.to
        if heard is not None and isinstance(heard.parcel.message, Ready):
            to = host_in(heard.parcel.more) or to
        if case is None or to is None:
            return
        async with self._lives.writing():
            kept, now_s = self._lives.kept(case.pico), self._post.now_s()
            if kept is None:
                return
            try:
                after = await asyncio.to_thread(self._office.logs.release, case.pico, kept, to, now_s)
                entry = entry_of(self._office.logs.hosting(after, now_s))
            except BadLog as problem:
                log.warning("the entry by which a pico moves cannot be written", why=str(problem))
                return
            async with self._steps.alone(did):
                case = self._cases.get(did)
                if case is not None:
                    await self._steps.take(did, Signed(attempt, entry), replace(case, log=after))
