"""The side of a move to which a pico comes: it is considered, fetched, and made at home."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

import structlog

from engine.core.blocks.errors import BlockError, MissingBlock
from engine.core.dids import show_did
from engine.core.migration import Seat, acts
from engine.core.migration import target as coming
from engine.core.migration.messages import Attempt, Head, NotStaged, Staged, Unwilling, Willing
from engine.core.model import Eci, PicoId, RulesetHash
from engine.core.protocols.migration import NotAMove
from engine.core.records import decode_request
from engine.ports import CannotSend
from engine.runtime.moves.asking import Asking
from engine.runtime.moves.cases import NOTHING, Case, Cases, Has, written
from engine.runtime.moves.entrance import Entrance
from engine.runtime.moves.fetching import Ask
from engine.runtime.moves.loads import Arrived, NoFreight
from engine.runtime.moves.luggage import NoLuggage
from engine.runtime.moves.office import Coming, Hooks, Office
from engine.runtime.moves.post import Heard
from engine.runtime.moves.reading import price_in, stay_in, texts_in, told_in
from engine.runtime.moves.small_loads import all_of_it
from engine.runtime.moves.steps import Steps
from engine.runtime.moves.taking_ahead import TakingAhead
from engine.runtime.moves.work import Work
from engine.runtime.request import Request

log = structlog.get_logger("picomesh.moves")

LONGEST_REASON = 1_000


class Arrivals:
    def __init__(
        self, office: Office, hooks: Hooks, cases: Cases, steps: Steps, work: Work, asking: Asking
    ) -> None:
        self._office = office
        self._hooks = hooks
        self._cases = cases
        self._steps = steps
        self._work = work
        self._asking = asking
        self._entrance = Entrance(office, cases)
        self.ahead = TakingAhead(office, cases, self._entrance, work)
        self._expected: dict[str, int] = {}
        """The bytes of those that are being let in."""
        self._newcomer = ""
        """Who is asked about just now: no guest beside itself, though it may have been let in already."""

    def look_after(self, did: str, case: Case) -> None:
        """Go on with one that has just arrived."""
        self.begin_rotating(did)
        self._work.begin(self._take_late(case.pico))
        source = case.seat.source
        if source is not None and not source.confirmed:
            self._asking.begin(did, source.entry.number)

    async def _take_late(self, pico: PicoId) -> None:
        """What was accepted here while it arrived waits in its inbox, and its mailbox may not know of it."""
        await self._office.journal.commit(())
        mailbox, kept = self._office.picos.find_mailbox(pico), self._office.journal.beside(pico)
        for body in () if mailbox is None or kept is None else kept.inbox:
            event, query, inputs = decode_request(body)
            if mailbox is not None and event.eid not in mailbox.pending:
                mailbox.take(Request(event, query, is_kept=True, inputs=inputs))

    def begin_rotating(self, did: str) -> None:
        self._work.begin(self._make_own(did), (did, "rotate"))

    def guests(self) -> Sequence[int]:
        """The bytes of those that came from elsewhere, or are about to."""
        here = ((did, case) for did, case in self._cases.all() if not case.seat.source or acts(case.seat))
        came = {did: case.size for did, case in here if case.since_ms or case.seat.source is None}
        return [size for did, size in {**self._expected, **came}.items() if did != self._newcomer]

    async def consider(self, did: str, attempt: Attempt, heard: Heard | None) -> None:
        if heard is None:
            return
        more = heard.parcel.more
        newcomer = Coming(did, heard.sender, more["size"], told_in(more), price_in(more), heard.log)
        pico = more.get("pico")
        self._newcomer = did
        code = self._hooks.why_not(newcomer) if isinstance(pico, str) and pico else "unknown"
        self._newcomer = ""
        code = code or self._entrance.why_no_place(did, str(pico))
        if code is None:
            self._expected[did] = newcomer.size  # before anybody else is considered
        try:
            await self._answer_offer(did, attempt, heard, newcomer, code)
        finally:
            self._expected.pop(did, None)

    async def _answer_offer(
        self, did: str, attempt: Attempt, heard: Heard, newcomer: Coming, code: str | None
    ) -> None:
        more = heard.parcel.more
        pico = more.get("pico")
        async with self._steps.alone(did):
            case = (self._cases.get(did) or Case(Seat(self._office.post.me))).met(heard.sender)
            if code is not None:
                log.info("a pico was refused", did=did, source=show_did(heard.sender), why=code)
                await self._steps.take(did, Unwilling(attempt, code), case, heard)
                return
            me, url = self._office.identities.engine, self._office.lives.url
            to = self._office.logs.prepare(str(pico), stay_in(attempt), attempt.epoch + 1, url, me)
            opens = self._office.locker.name_for(attempt.name)
            reason = str(more.get("reason", ""))[:LONGEST_REASON]
            has = self._what_is_here(PicoId(str(pico)), texts_in(more))
            case = replace(
                case, log=heard.log, to=to, opens=opens, size=newcomer.size, reason=reason, has=has
            )
            case = case if case.pico else replace(case, pico=PicoId(str(pico)))
            await self._steps.take(did, Willing(attempt, to.signing), case, heard)

    def _what_is_here(self, pico: PicoId, texts: Sequence[RulesetHash]) -> Has:
        """Of what would come along."""
        journal = self._office.journal
        known = tuple(one for one in texts if journal.ruleset_text(one) is not None)
        return Has(known, journal.end(pico))

    async def _bring(self, head: Head, did: str, key: bytes, brought: Sequence[bytes], ask: Ask) -> Arrived:
        """A state of which these blocks came along."""
        case = self._cases.get(did)
        has = NOTHING if case is None else case.has
        freight = self._office.freight
        if (blocks := all_of_it(head.cid, brought)) is not None:
            with suppress(MissingBlock):
                return await freight.small.open(head, key, blocks, has)
        await freight.fetching.put(brought)
        return await freight.fetching.fetch(head, did, key, ask)

    async def fetch(self, did: str, attempt: Attempt, head: Head, heard: Heard | None) -> None:
        if heard is None:
            return
        more, case = heard.parcel.more, self._cases.get(did)
        if case is None:
            return
        try:
            luggage = self._office.locker.open(str(more["keys"]), attempt.name)
            self._entrance.check_proof(did, attempt, head, str(more["proof"]), heard.log or case.log)
            ask = self._entrance.asking(did, attempt, heard.sender)
            arrived = await self._bring(head, did, luggage.key, heard.blocks, ask)
            self._entrance.check_free(did, arrived)
        except CannotSend as problem:
            log.info("blocks of a pico cannot be had yet", did=did, why=str(problem))
            return
        except (NoFreight, NoLuggage, NotAMove, BlockError) as problem:
            log.warning("a pico that was handed over cannot be taken", did=did, why=str(problem))
            async with self._steps.alone(did):
                await self._steps.take(did, NotStaged(attempt, "blocks"), None, heard)
            return
        async with self._steps.alone(did):
            case = self._cases.get(did) or case
            after = replace(
                case,
                box=str(more["keys"]),
                proof=str(more["proof"]),
                root=case.root if arrived.blocks else head.cid,
                pico=arrived.state.head.pico.id,
            )
            if arrived.blocks:
                self._office.opened.keep(did, arrived)
            await self._steps.take(did, Staged(attempt, head), after, heard, arrived.blocks)

    async def drop(self, did: str) -> None:
        """What came of it is not needed any more."""
        case = self._cases.get(did)
        if case is None or case.seat.target.phase is coming.Phase.NONE:
            await self.ahead.forget(did)

    async def _make_own(self, did: str) -> None:
        """Have others know its channels by DIDs of this engine."""
        case = self._cases.get(did)
        while case is not None and case.rotate and acts(case.seat) and self._steps.patience.is_on:
            eci, rest = Eci(case.rotate[0]), case.rotate[1:]
            if self._office.journal.find_channel(eci) == case.pico:
                await self._hooks.rotate(eci)
            async with self._steps.alone(did):
                case = self._cases.get(did)
                if case is not None:
                    case = replace(case, rotate=rest)
                    await self._office.journal.commit([written(did, case)])
                    self._cases.put(did, case)
