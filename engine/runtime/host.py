"""The engine as its adapters see it: events, queries, and what can be said of the whole.

Everything that changes a pico goes through its mailbox; queries run at once, on the last committed
state. What a caller sends again is not run again: it joins the run under way, or is answered from the
record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from hashlib import sha256
from time import perf_counter
from typing import cast

from engine.core.codec import Unreadable, from_bytes, pack_pico, to_bytes
from engine.core.dids import Did
from engine.core.messages import Event, Fault, Query, Refusal
from engine.core.model import Channel, Eci, EventId, InstalledRuleset, Pico, PicoId, Rid, RulesetHash
from engine.core.protocols.migration_goods import LARGEST_EVENT
from engine.core.records import encode_request
from engine.core.relations import newest_did
from engine.core.timekeeping import to_iso
from engine.plugins.describing import Document
from engine.ports import AcceptEvent, JournalFailed, SetFact
from engine.runtime.access import Access
from engine.runtime.admission import (
    admit,
    admit_introduction,
    admit_look,
    admit_query,
    admit_upkeep,
    unknown_channel,
)
from engine.runtime.assistants import Assistants
from engine.runtime.away import Away
from engine.runtime.callers import LOCAL, Caller
from engine.runtime.equipment import Equipment
from engine.runtime.gallery import Gallery
from engine.runtime.genesis import (
    EQUIPMENT,
    ROOT_ECI,
    ROOT_EQUIPMENT,
    ROOT_PICO,
    WRANGLER,
    WRANGLER_URL,
    root_writes,
)
from engine.runtime.histories import Histories
from engine.runtime.introducing import Wish
from engine.runtime.looking import look_at
from engine.runtime.mail import Mail
from engine.runtime.mailbox import MOST_WAITING, Mailbox
from engine.runtime.modules import Modules
from engine.runtime.moves.moves import Moves
from engine.runtime.neighbours import Neighbours
from engine.runtime.outbox import LocalOutbox
from engine.runtime.owners import Owners
from engine.runtime.pictures import Pictures
from engine.runtime.piecemeal import forget_arrivals
from engine.runtime.quarantines import upkeep
from engine.runtime.queries import run_query
from engine.runtime.questions import Answer
from engine.runtime.repeats import LONG_AGO, find_earlier
from engine.runtime.replies import (
    EventReply,
    FlushReply,
    LookReply,
    PicoView,
    QueryReply,
    Reply,
    not_known,
)
from engine.runtime.request import Request
from engine.runtime.residents import Limits, Newcomer
from engine.runtime.rollbacks import Rollbacks
from engine.runtime.seal_desk import SealDesk
from engine.runtime.seal_news import SealNews
from engine.runtime.sealing import Sealing
from engine.runtime.shelf import Found, Shelf
from engine.runtime.stock import Stock
from engine.runtime.upgrades import Upgrades, find_text
from engine.runtime.vitals import Vitals
from pico_lang.values import Value

logger = logging.getLogger(__name__)

Attrs = Mapping[str, Value]


class Host:
    """The picos of one engine. It needs a running event loop, and its `start`, before anything else."""

    def __init__(self, equipment: Equipment, limits: Limits, shelf: Shelf) -> None:
        self._equipment = self.equipment = equipment
        self._shelf = shelf
        self._outbox = LocalOutbox(equipment, limits)
        self._residents = self._outbox.residents
        self.feed = self._outbox.feed
        """What happens, for those who watch."""
        self._pictures = Pictures(self._residents)
        self._neighbours = Neighbours(equipment, self._residents)
        equipment.questions.learn(self._neighbours.kinds)
        self.gallery = Gallery(self._residents, equipment.journal, self.root_pico)
        """Its picos, for those who look."""
        self.vitals = Vitals(self._residents, equipment.journal, equipment.clock)
        """How it is, in figures."""
        self._is_draining = False
        self.access = Access(equipment.journal, equipment.clock.now_ms, equipment.entropy)
        """Who may use it besides those who know a channel."""
        self.histories = Histories(
            equipment.journal, equipment.kernel, equipment.programs, equipment.second_chance
        )
        """The past of the picos, for those who want to know."""
        self.stock = Stock(equipment.journal, shelf, self.histories.pico)
        """The rulesets that are kept here."""
        self.assistants = Assistants(equipment.journal, self.histories, shelf.text, self)
        """What programs of others may do with its picos."""
        self.mail: Mail | None = None
        """What comes for its DIDs, once it has some."""
        self.sealing: Sealing | None = None
        """What seals its picos, if it has stores."""
        self.seal_desk: SealDesk | None = None
        """Where people ask for that."""
        self.moves: Moves | None = None
        """What has its picos come and go, if it has DIDs."""
        self._modules = Modules(equipment.plugins, self._residents, self._root, self._tend)
        owners = Owners(equipment.journal, shelf, self._residents)
        self._upgrades = Upgrades(equipment, shelf, owners, self._tend)
        self._rollbacks = Rollbacks(equipment.journal, shelf, owners, self._tend)

    async def start(self) -> None:
        """Make the root pico if there is none, and let picos go on with what they had accepted."""
        await forget_arrivals(self._equipment.journal)
        await self._ensure_root()
        for pico in self._equipment.journal.waiting():
            try:
                self._residents.wake(pico)
            except Unreadable:
                logger.exception("pico %s cannot be woken; its events go on waiting", pico)
            await asyncio.sleep(0)
        self._outbox.errands.start()
        self._outbox.alarms.start()
        if self.mail is not None:
            self.mail.endings.start()

    async def _ensure_root(self) -> None:
        journal = self._equipment.journal
        if journal.fact(ROOT_PICO) is None:
            await journal.commit(root_writes(self._equipment.entropy))
        # Without having read it: it may have ten thousand children.
        if not journal.holds(PicoId(self._fact(ROOT_PICO)), WRANGLER_URL):
            await self._ensure_wrangler()
        if journal.fact(ROOT_EQUIPMENT) is None:
            await self._equip_root()
            await journal.commit([SetFact(ROOT_EQUIPMENT, " ".join(EQUIPMENT))])

    async def _ensure_wrangler(self) -> None:
        root = self._root()
        if root.ruleset(WRANGLER) is None:
            # Not in the commit above: a ruleset is installed by a turn, whose record says what it saw.
            reply = await self._tend(root.id, "install", {"url": WRANGLER_URL})
            if not isinstance(reply, EventReply):
                raise RuntimeError(f"the root pico cannot have {WRANGLER}: {reply}")

    async def _equip_root(self) -> None:
        """Install what children are born with. The root can do without, so nothing depends on it."""
        root = self._root()
        for rid in EQUIPMENT:
            if root.ruleset(rid) is None:
                wish = {"url": f"library:{rid}"}
                event = Event(
                    Eci(root.id), "wrangler", "install_ruleset_request", wish, self._new_eid(), sender=root.id
                )
                reply = await self._have_run(Request(event))
                if not isinstance(reply, EventReply):
                    logger.warning("the root pico does not have %s: %s", rid, reply)

    async def _tend(
        self, pico: PicoId, name: str, attrs: Attrs, answers: tuple[Answer, ...] = ()
    ) -> Reply | None:
        """Have the engine's own upkeep run on a pico; None when that pico is gone."""
        request = Request(upkeep(self._equipment, pico, name, attrs))
        if answers:
            request.inputs = replace(self._equipment.draw_inputs(), answers=answers)
        return await self._have_run(request)

    async def _have_run(self, request: Request) -> Reply | None:
        """Run what a pico sends to itself, over the channel that has its id."""
        mailbox = self._residents.wake(PicoId(request.event.eci))
        if mailbox is None:
            return None
        mailbox.take(request)
        return await request.wait()

    async def drain(self, within_s: float | None = None) -> None:
        """Take nothing new, finish what was taken, and close the journal.

        What picos send each other from now on stays in their inboxes for the next start, and what is
        scheduled stays scheduled, so that this comes to an end even when picos keep each other busy for
        ever. What is not finished in time is as after a crash: what was acknowledged is kept, and what
        waits in inboxes runs next time.
        """
        self._is_draining = True
        self._outbox.close()
        self._outbox.alarms.stop()
        try:
            async with asyncio.timeout(within_s):
                await self._wait_idle()
                if self.sealing is not None:
                    await self.sealing.drain()
        except TimeoutError:
            logger.warning("stopping with work unfinished after %g seconds", within_s)
        if self.sealing is not None:
            await self.sealing.close()
        self._outbox.errands.stop()
        if self.moves is not None:
            self.moves.stop()
        if self.mail is not None:
            self.mail.stop()
        await self._equipment.journal.close()

    @property
    def away(self) -> Away:
        """Where nobody answered lately."""
        return self._outbox.errands.away

    @property
    def is_quiet(self) -> bool:
        """Whether no pico has had a turn in the last second."""
        return self._equipment.company.is_quiet

    async def wait_quiet(self) -> None:
        """Return when nothing is left to do at the time it is, and no pico waits for an answer."""
        while True:
            await self._wait_idle()
            # What came back from outside may have given picos something to do again.
            if not self._outbox.alarms.is_busy and all(one.is_idle for one in self._residents.awake()):
                return
            await asyncio.sleep(0)  # alarms look when it is their turn

    async def _wait_idle(self) -> None:
        while busy := [mailbox for mailbox in self._residents.awake() if not mailbox.is_idle]:
            for mailbox in busy:
                await mailbox.wait_rested()
        await self._outbox.errands.wait_rested()
        if self.mail is not None:
            await self.mail.wait_rested()

    # --- events ---

    async def accept_event(
        self,
        eci: Eci,
        domain: str,
        name: str,
        attrs: Attrs,
        eid: EventId | None = None,
        caller: Caller = LOCAL,
    ) -> EventId | Refusal:
        """Make an event durable and return; it runs as soon as its pico gets to it."""
        event = self._event(eci, domain, name, attrs, eid, caller)
        mailbox = self._let_in(event, caller)
        if isinstance(mailbox, Refusal):
            return mailbox
        earlier = None if eid is None else find_earlier(self._equipment.journal, mailbox, eid)
        if eid is not None and earlier is not None:
            reply = await earlier
            return reply if isinstance(reply, Refusal) and reply is not LONG_AGO else eid
        body = encode_request(event)
        if (refusal := self._why_too_large(mailbox, body)) is not None:
            return refusal
        request = Request(event, is_kept=True)
        durable = self._equipment.journal.commit([AcceptEvent(mailbox.id, event.eid, body)])
        mailbox.take(request)
        try:
            await asyncio.shield(durable)
        except JournalFailed as problem:
            return not_known(problem)
        return event.eid

    async def run_event(
        self,
        eci: Eci,
        domain: str,
        name: str,
        attrs: Attrs,
        eid: EventId | None = None,
        caller: Caller = LOCAL,
    ) -> EventReply | Refusal | Fault:
        """Run an event and return what it led to, once that is durable."""
        began_s = perf_counter()
        event = self._event(eci, domain, name, attrs, eid, caller)
        reply = cast(EventReply | Refusal | Fault, await self._run(event, None, eid is not None, caller))
        if not isinstance(reply, Refusal):
            self.vitals.pace.note(perf_counter() - began_s)
        return reply

    def _event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> Event:
        id = eid or self._new_eid()
        return Event(eci, domain, name, attrs, id, sender=caller.sender, proven=caller.proven)

    async def run_event_query(
        self,
        eci: Eci,
        domain: str,
        name: str,
        attrs: Attrs,
        rid: str,
        query: str,
        args: Attrs,
        eid: EventId | None = None,
    ) -> QueryReply | Refusal | Fault:
        """Run an event and, before any other turn of the pico, a query on what it led to."""
        event = Event(eci, domain, name, attrs, eid or self._new_eid())
        asked = Query(eci, rid, query, args)
        return cast(QueryReply | Refusal | Fault, await self._run(event, asked, eid is not None))

    async def _run(
        self, event: Event, query: Query | None, may_be_repeated: bool, caller: Caller = LOCAL
    ) -> Reply:
        mailbox = self._let_in(event, caller)
        if isinstance(mailbox, Refusal):
            return mailbox
        if query is not None and (refusal := admit_query(mailbox.head.pico, query)) is not None:
            return refusal
        earlier = find_earlier(self._equipment.journal, mailbox, event.eid) if may_be_repeated else None
        if earlier is not None:
            return _reply_of_kind(await earlier, EventReply if query is None else QueryReply, event.eid)
        if (gone := self._why_gone(mailbox)) is not None:
            return gone
        request = Request(event, query, may_be_repeated)
        mailbox.take(request)
        return await request.wait()

    def _why_gone(self, mailbox: Mailbox) -> Refusal | None:
        """Where a pico is that has moved away; what waits for no answer is sent on."""
        return None if self.moves is None else self.moves.why_elsewhere(mailbox.id)

    def _nobody(self, eci: Eci) -> Refusal:
        """What is said of a channel that leads to no pico here; it may have led to one that left long ago."""
        pico = None if self.moves is None else self.moves.pico_of(eci)
        left = None if self.moves is None or pico is None else self.moves.why_elsewhere(pico)
        return left or unknown_channel(eci)

    def _why_too_large(self, mailbox: Mailbox, body: bytes) -> Refusal | None:
        """What comes for a pico that stands still may have to be sent on, in one message."""
        if not mailbox.is_still or len(body) <= LARGEST_EVENT:
            return None
        why = f"the pico is about to move, and an event of {len(body):,} bytes is too large to be sent on"
        return self._why_gone(mailbox) or Refusal("draining", why, "send it again in a moment")

    def _new_eid(self) -> EventId:
        return EventId(self._equipment.entropy.seed())

    def _let_in(self, event: Event, caller: Caller = LOCAL) -> Mailbox | Refusal:
        if self._is_draining:
            return _draining()
        mailbox = self._residents.find(event.eci)
        refusal = admit(mailbox.head.pico if mailbox else None, event, caller.is_anonymous, caller.shown)
        if mailbox is None or refusal is not None:
            return refusal if mailbox and refusal else self._nobody(event.eci)
        if mailbox.is_full:
            return Refusal(
                "quota", f"{MOST_WAITING:,} events wait for this pico already", "send it again later"
            )
        return mailbox

    def why_not(self, eci: Eci, domain: str, name: str, caller: Caller) -> Refusal | None:
        """Why such an event would not be taken there now, or None."""
        event = Event(eci, domain, name, {}, EventId(""), sender=caller.sender, proven=caller.proven)
        found = self._let_in(event, caller)
        return found if isinstance(found, Refusal) else None

    def channels_of(self, pico: PicoId) -> Mapping[Eci, Channel]:
        """As they are now; none of a pico that is not here."""
        mailbox = self._residents.wake(pico)
        return {} if mailbox is None else mailbox.head.pico.channels

    def when_gone(self, told: Callable[[PicoId], None]) -> None:
        """Have somebody else told too of each pico that was deleted."""
        before = self._residents.when_gone

        def gone(pico: PicoId) -> None:
            before(pico)
            told(pico)

        self._residents.when_gone = gone

    def look_elsewhere(self, find: Callable[[RulesetHash, str], Awaitable[str]]) -> None:
        """Have texts of rulesets that are not kept looked for: see `engine.runtime.texts_in_stores`."""
        self._shelf.elsewhere = find

    def may_use(self, pico: PicoId, module: str) -> bool:
        """Whether a pico that is here is granted a module."""
        found = self._residents.look(pico)
        return found is not None and self._equipment.plugins.catalogue.is_granted(module, found.grants)

    def have_sealed(self, sealing: Sealing) -> None:
        """Have picos sealed from now on, and told of it."""
        self.sealing = sealing
        self._outbox.when_settled = sealing.note
        news = SealNews(self._equipment.programs, self._residents.look, self._accept_own)
        sealing.seals.told = partial(sealing.spread, news)
        self.when_gone(sealing.forget)

    def have_moves(self, moves: Moves) -> None:
        """Have picos come and go from now on."""
        self.moves = moves
        self._residents.is_held = self._outbox.errands.is_held = moves.is_held
        self._outbox.when_held, self._outbox.elsewhere = moves.note_held, moves.why_elsewhere
        self._pictures.place_of = self.gallery.place_of = moves.place_of
        self._neighbours.why_elsewhere = moves.why_elsewhere
        self._outbox.is_far, self._neighbours.is_far = moves.is_far, moves.is_far
        self._neighbours.has_been_elsewhere = moves.has_been_elsewhere
        self.when_gone(moves.note_gone)

    def wake(self, pico: PicoId) -> Mailbox | None:
        """Raises `Unreadable`."""
        return self._residents.wake(pico)

    def put_away(self, pico: PicoId) -> None:
        """What the journal has of a pico is another one now."""
        self._residents.put_away(pico)

    def pause_errands(self, pico: PicoId) -> None:
        """What a pico has asked of the outside is not asked from here any more, or not for now."""
        self._outbox.errands.forget(pico)

    def resume_errands(self, pico: PicoId) -> None:
        self._outbox.errands.resume(pico)

    async def inform(self, pico: PicoId, what: str, attrs: Mapping[str, str], waits: bool = True) -> None:
        """Tell a pico's rules of a move: once of each, even if the engine ends in between. `waits`: until
        they have heard it."""
        eid = EventId(sha256(f"{what} {attrs['attempt']}".encode()).hexdigest()[:32])
        event = Event(Eci(pico), "engine", what, attrs, eid, sender=pico)
        await self._accept_own(event)
        mailbox = self._residents.find_mailbox(pico)
        waiting = None if mailbox is None or not waits else mailbox.pending.get(eid)
        if waiting is not None:
            await waiting.wait()

    def find_mailbox(self, pico: PicoId) -> Mailbox | None:
        """That of a pico which does not sleep."""
        return self._residents.find_mailbox(pico)

    def expect(self, newcomer: Newcomer) -> None:
        """See `Residents.expect`; until it is welcomed."""
        self._residents.expect(newcomer)

    def welcome(self, pico: PicoId, due_ms: int | None) -> None:
        """A pico is in the journal that was not there: let it go on with what it has to do."""
        self._residents.wake(pico)
        self._residents.expect_no_more(pico)
        if due_ms is not None:
            self._outbox.alarms.expect(due_ms)
        self._outbox.errands.resume(pico)

    async def take_turn(self, pico: PicoId) -> None:
        """Have a pico take a turn that changes nothing but its number."""
        await self._tend(pico, "turn", {})

    async def _accept_own(self, event: Event) -> None:
        """Have a pico run what it sends to itself, once, even if the engine ends before."""
        mailbox = self._residents.wake(PicoId(event.eci))
        if mailbox is not None:
            await self._keep_for(mailbox, event)

    async def take_in(self, event: Event) -> Refusal | None:
        """Have a pico run what another one sends it from elsewhere, once, even if the engine ends before."""
        mailbox = self._let_in(event)
        if isinstance(mailbox, Refusal):
            return mailbox
        await self._keep_for(mailbox, event)
        return None

    async def _keep_for(self, mailbox: Mailbox, event: Event) -> None:
        if find_earlier(self._equipment.journal, mailbox, event.eid) is not None:
            return
        durable = self._equipment.journal.commit([AcceptEvent(mailbox.id, event.eid, encode_request(event))])
        mailbox.take(Request(event, is_kept=True))
        await asyncio.shield(durable)

    def has_channel(self, eci: Eci) -> bool:
        return self._equipment.journal.find_channel(eci) is not None

    # --- queries ---

    def why_not_query(self, eci: Eci, rid: str, name: str, caller: Caller) -> Refusal | None:
        """Why such a query would not be answered there now, or None."""
        mailbox, query = self._residents.find(eci), Query(eci, rid, name, {}, caller.via)
        committed = mailbox.committed if mailbox else None
        return admit_query(committed, query, caller.is_anonymous, caller.shown, caller.proven)

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Attrs, caller: Caller = LOCAL
    ) -> QueryReply | Refusal | Fault:
        """Call a shared function on the last committed state."""
        if self._is_draining:
            return _draining()
        query = Query(eci, rid, name, args, caller.via)
        mailbox = self._residents.find(eci)
        committed = mailbox.committed if mailbox else None
        refusal = admit_query(committed, query, caller.is_anonymous, caller.shown, caller.proven)
        if mailbox is None or refusal is not None:
            return refusal if mailbox and refusal else self._nobody(eci)
        if (gone := self._why_gone(mailbox)) is not None:
            return gone
        asked = mailbox.committed.ruleset(Rid(rid))
        if asked is not None and asked.quarantine is not None:
            await mailbox.wait_released()  # perhaps it is so no more, and this is what has woken the pico
        return await run_query(self._equipment, mailbox, query)

    async def look_at(self, eci: Eci, rid: str | None, texts: Sequence[str]) -> LookReply | Refusal | Fault:
        """Evaluate what somebody types on the last committed state, which stays as it is."""
        if self._is_draining:
            return _draining()
        mailbox = self._residents.find(eci)
        refusal = admit_look(mailbox.committed if mailbox else None, eci)
        if mailbox is None or refusal is not None:
            return refusal if mailbox and refusal else self._nobody(eci)
        if (gone := self._why_gone(mailbox)) is not None:
            return gone
        return await look_at(self._equipment, mailbox, rid, texts)

    # --- the whole ---

    async def install(self, eci: Eci, url: str, config: Attrs) -> EventReply | Refusal | Fault:
        """Install a ruleset without asking the pico's own, for its Wrangler may be the one that is broken."""
        return await self._take_care(eci, "install", {"url": url, "config": config}, admit_upkeep)

    async def introduce(self, eci: Eci, wish: Wish, attrs: Attrs) -> EventReply | Refusal | Fault:
        """Have a pico invite somebody, accept an invitation, or change the DID of that channel."""
        here = wish == "rotate" or (wish == "invite" and attrs.get("here") is True)
        return await self._take_care(eci, wish, attrs, partial(admit_introduction, here=here))

    def newest_did(self, pico: PicoId, eci: Eci, did: str) -> Did:
        """By which somebody goes today whom a pico knows by that one on a channel."""
        try:
            found = self._residents.look(pico)
        except Unreadable:
            found = None
        return Did(did if found is None else newest_did(found.relations, eci, did))

    async def rotate(self, eci: Eci) -> EventReply | Refusal | Fault:
        """Give a channel another DID, whoever may have it do so, and tell those who know it."""
        pico = self._equipment.journal.find_channel(eci)
        reply = None if pico is None else await self._tend(pico, "rotate", {"eci": eci})
        return self._nobody(eci) if reply is None else cast(EventReply | Refusal | Fault, reply)

    async def _take_care(
        self, eci: Eci, name: str, attrs: Attrs, admit_owner: Callable[[Pico | None, Eci], Refusal | None]
    ) -> EventReply | Refusal | Fault:
        """Have upkeep run on the pico with that channel, whatever rulesets it has."""
        if self._is_draining:
            return _draining()
        mailbox = self._residents.find(eci)
        refusal = admit_owner(mailbox.head.pico if mailbox else None, eci)
        if mailbox is None or refusal is not None:
            return refusal if mailbox and refusal else self._nobody(eci)
        if (gone := self._why_gone(mailbox)) is not None:
            return gone
        reply = await self._tend(mailbox.id, name, attrs)
        return self._nobody(eci) if reply is None else cast(EventReply | Refusal | Fault, reply)

    async def flush_ruleset(self, url: str) -> FlushReply | Refusal:
        """Fetch a ruleset anew and bring its text into force on every pico that has it from there."""
        if self._is_draining:
            return _draining()
        found = await find_text(self._shelf, url)
        if isinstance(found, Refusal):
            return found
        unable = await self._reinstall(found)
        if unable:
            hint = "where it cannot run, the old text stays in force"
            return Refusal("uncompilable", unable[0].message, hint)
        program = found.program
        return FlushReply(
            found.url,
            Rid(program.rid),
            found.hash,
            to_iso(self._equipment.clock.now_ms()),
            program.warnings,
            program.source,
        )

    async def _reinstall(self, found: Found) -> list[Fault]:
        """A pico that cannot run the new text keeps the old one; its log says why, and so do the faults."""
        journal = self._equipment.journal
        unable: list[Fault] = []
        for place in journal.places():
            if place.url == found.url:
                for holder in journal.holders(place.url, place.hash):
                    unable += await self._reinstall_on(holder, found)
                    await asyncio.sleep(0)
        return unable

    async def _reinstall_on(self, pico: PicoId, found: Found) -> list[Fault]:
        """On one pico, if it had an older text a moment ago, or one that is in quarantine."""
        unable: list[Fault] = []
        try:
            held = self._residents.look(pico)
        except Unreadable:
            logger.exception("pico %s cannot be read, and so keeps the text it has", pico)
            return unable
        for ruleset in () if held is None else held.rulesets:
            is_as_wanted = ruleset.hash == found.hash and ruleset.quarantine is None
            if ruleset.url != found.url or is_as_wanted:
                continue
            if ruleset.rid != found.program.rid:
                # It would be installed beside the old one, and both would hear every event.
                unable.append(_renamed(ruleset, found))
            else:
                attrs = {"url": found.url, "config": ruleset.config}
                reply = await self._tend(pico, "install", attrs, (found.to_answer(),))
                if isinstance(reply, Fault):
                    unable.append(reply)
        return unable

    async def upgrade(self, rid: Rid, source: str | None, eci: Eci | None) -> Document | Refusal:
        """Bring a new text of a ruleset into force on a pico, or on all that have it."""
        return _draining() if self._is_draining else await self._upgrades.upgrade(rid, source, eci)

    async def try_upgrade(
        self, rid: Rid, source: str | None, eci: Eci | None, events: int
    ) -> Document | Refusal:
        """What it would have come to, had it been in force during the last events. Nothing changes."""
        return _draining() if self._is_draining else await self._upgrades.attempt(rid, source, eci, events)

    async def roll_back(self, rid: Rid, eci: Eci | None, state: str | None) -> Document | Refusal | Fault:
        """Put the previous text of a ruleset back on a pico, or on all that had another one."""
        if self._is_draining:
            return _draining()
        return cast(Document | Refusal | Fault, await self._rollbacks.roll_back(rid, eci, state))

    async def fork(self, name: str, seq: int | None = None) -> PicoView | Refusal | Fault:
        """Make a pico below the root that begins as another is, or was after some turn."""
        if self._is_draining:
            return _draining()
        original = await self.histories.pico(name, seq)
        if isinstance(original, Refusal):
            return original
        answer = {"pico": from_bytes(to_bytes(pack_pico(original)))}
        reply = await self._tend(self._root().id, "fork", {"pico": original.id}, (answer,))
        if not isinstance(reply, EventReply):
            return cast(Refusal | Fault, reply)
        made = self._residents.look(reply.directives[0]["options"]["pico"])
        return unknown_channel(Eci(name)) if made is None else self._pictures.draw(made, 0)

    async def list_modules(self) -> Document:
        """What rulesets can call, and which pico may."""
        return await self._modules.tell()

    async def grant(self, eci: Eci, module: str, granted: bool) -> Document | Refusal | Fault:
        """Say whether a pico may use a module."""
        return _draining() if self._is_draining else await self._modules.decide(eci, module, granted)

    def root_eci(self) -> Eci:
        """A channel of the root pico through which everything may be done."""
        return Eci(self._fact(ROOT_ECI))

    def root_id(self) -> PicoId:
        """The root pico."""
        return PicoId(self._fact(ROOT_PICO))

    def is_channel(self, name: str) -> bool:
        """Whether that is an ECI or a DID by which a pico is reached here. The channel that has a pico's own
        id is for the pico alone, so that an id is no secret."""
        journal = self._equipment.journal
        return journal.find_channel(Eci(name)) not in (None, name) or journal.find_did(Did(name)) is not None

    def ui_eci(self) -> Eci:
        """The channel of the root pico that user interfaces begin with."""
        return self.root_eci()

    def tree(self) -> PicoView:
        """The root pico, what is below it, and picos that are below none, in their newest state, all at once:
        of a small family."""
        return self._pictures.draw_all(self._root(), self._equipment.journal.children(None))

    async def picture(self) -> PicoView:
        """The same of a family of any size, while others are served."""
        return await self._pictures.draw_in_pieces(self._root(), self._equipment.journal.children(None))

    def root_pico(self) -> PicoId:
        """The one from which all others here descend, but those that came from elsewhere."""
        return PicoId(self._fact(ROOT_PICO))

    def _root(self) -> Pico:
        root = self._residents.look(PicoId(self._fact(ROOT_PICO)))
        if root is None:
            raise LookupError("the journal names a root pico that it does not have")
        return root

    def _fact(self, name: str) -> str:
        found = self._equipment.journal.fact(name)
        if found is None:
            raise LookupError(f"the journal has no {name}; was the host started?")
        return found


def _reply_of_kind(reply: Reply, expected: type[EventReply] | type[QueryReply], eid: EventId) -> Reply:
    """A reply to a repetition, unless it repeats something else."""
    if isinstance(reply, (Refusal, Fault, expected)):
        return reply
    return Refusal(
        "malformed",
        f"the event {eid} was sent before, and not in the same way: with a query then or now, but not both",
        "an id names one request; take a new one for another",
    )


def _renamed(held: InstalledRuleset, found: Found) -> Fault:
    message = (
        f"{found.url} is the ruleset {found.program.rid} now, and no longer {held.rid}; where it is wanted "
        f"beside {held.rid} or in its place, `picomesh install` installs it"
    )
    return Fault("R608", message)


def _draining() -> Refusal:
    return Refusal("draining", "the engine is stopping", "send it again when it is back")
