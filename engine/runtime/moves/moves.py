"""The moves of an engine's picos: what is heard and what happens goes through the tables, and is done.

Each step of the tables is one commit, of the seat and of all that changes with it; what is to be done follows
the commit, and is done again after a crash because the tables repeat it. One pico has one step at a time.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from dataclasses import replace
from typing import Any, TypeVar

import structlog

from engine.core.blocks.errors import BlockError
from engine.core.codec import Unreadable
from engine.core.dids import Did, is_did, keys_in, show_did
from engine.core.mesh.acquaintances import NoSuchEngine
from engine.core.messages import Refusal
from engine.core.migration import Footing, Seat, acts, forwards_to, is_settled, react
from engine.core.migration import source as leaving
from engine.core.migration.messages import (
    Again,
    AskAround,
    Attempt,
    Confirmed,
    Consider,
    Effect,
    Entry,
    Fetch,
    Finish,
    Finished,
    Forgotten,
    Head,
    Late,
    NotHere,
    NotStaged,
    Offer,
    Ready,
    Refuse,
    Seen,
    Send,
    Sent,
    Sign,
    Signed,
    Staged,
    Started,
    Tell,
    Unwilling,
    Wanted,
    Where,
    Willing,
)
from engine.core.migration.seats import Message
from engine.core.model import Eci, PicoId
from engine.core.multiformats import to_multibase
from engine.core.protocols import migration, migration_goods
from engine.core.protocols.migration import NotAMove
from engine.core.records import decode_errand, decode_request
from engine.ports import (
    AcceptEvent,
    BadLog,
    BirthPico,
    Call,
    CannotSend,
    ClearTimer,
    EndErrand,
    Hosting,
    JournalFailed,
    KeepDid,
    KeptLog,
    Letter,
    RemovePico,
    SetFact,
    SetTimer,
    StoreFailed,
    Write,
)
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.identities import SIGNING, in_stay, life_purpose
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.acquaintances import ACQUAINTED, taken_over
from engine.runtime.moves.cases import Case, Cases, forgotten, name_of_engine, written
from engine.runtime.moves.entrance import Entrance
from engine.runtime.moves.freight import NoFreight
from engine.runtime.moves.luggage import Luggage, NoLuggage
from engine.runtime.moves.office import (
    Coming,
    Inform,
    Office,
    Pace,
    Resting,
    Rotate,
    WhyNot,
    no_name,
    nobody_may,
    rotate_nothing,
    tell_nobody,
)
from engine.runtime.moves.post import Heard, entry_of, proven_text
from engine.runtime.moves.reading import (
    attempt_in,
    check_offer,
    has_arrived,
    host_in,
    price_in,
    shown,
    stay_in,
    timed,
    told_in,
    with_keys,
)
from engine.runtime.moves.saying import Saying
from engine.runtime.past import first_record
from engine.runtime.preparation import write_snapshot
from engine.runtime.rebirths import births
from engine.runtime.receipts import Handled
from engine.runtime.sealed_trees import CannotSeal

log = structlog.get_logger("picomesh.moves")

T = TypeVar("T")

MOST_STAYS = 8
"""Whose keys to open mail with go along."""
LONGEST_REASON = 1_000


UNSURE = Refusal(
    "undecided",
    "not all engines where it was before have said yet that it went nowhere else",
    "try again soon, when they can be reached",
)
LATE = "no answer in time"
"""As the table says it."""
ANSWERS_S = 5.0
"""For which somebody waits who wants a pico to move, and others have not said yet that it may."""


class Moves:
    """`is_for_it` and `hear` make it a desk for messages to the engine itself."""

    def __init__(self, office: Office, pace: Pace) -> None:
        self._office = office
        self._pace = pace
        self._journal = office.journal
        self._lives = office.lives
        self._post = office.post
        self.cases = Cases(office.journal)
        self.saying = Saying(office)
        self._entrance = Entrance(office, self.cases)
        self.why_not: WhyNot = nobody_may
        self.find_engine: Callable[[str], str | None] = no_name
        """May raise `NoSuchEngine`, which says more."""
        self.tell: Inform = tell_nobody
        self.known: Callable[[], Iterable[str]] = tuple
        """Engines that may know of a move that this one has forgotten."""
        self.left: Callable[[str], None] = lambda did: None
        """Told of a pico that is away, and for which something may wait."""
        self.rotate: Rotate = rotate_nothing
        self.url_of: Callable[[str], str | None] = lambda did: None
        self.forwarding: Resting | None = None
        """What sends on what comes for picos that are away."""
        self.arrived: Callable[[str], None] = lambda did: None
        self._footing = Footing.SURE
        self._locks = KeyedLocks()
        self._still: set[PicoId] = set()
        self._tasks: dict[Task[None], tuple[str, str] | None] = {}
        self._begun: set[Task[Any]] = set()
        """What somebody has asked for, which goes on if they do not wait for it."""
        self._calls: dict[str, Call] = {}
        self._repeats: dict[str, int] = {}
        self._asked: dict[str, dict[str, str]] = {}
        """By pico: whom else, by the name of the question, an answer is awaited of."""
        self._troubles: dict[str, str] = {}
        """Why the last message of a move did not get there."""
        self._sure: dict[str, asyncio.Event] = {}
        self._expected: dict[str, int] = {}
        """The bytes of those that are being let in."""
        self._began_ms = 0
        self._is_on = False

    # --- what is so --------------------------------------------------------------------------------

    def acts(self, pico: PicoId) -> bool:
        """Whether it takes turns here."""
        return pico not in self._still and self.cases.acts(pico)

    def is_held(self, pico: PicoId) -> bool:
        return not self.acts(pico)

    def is_away(self, pico: PicoId) -> bool:
        """Whether it lives elsewhere."""
        return self.cases.has_left(pico)

    def pico_of(self, eci: Eci) -> PicoId | None:
        """The pico with that channel, or with that id."""
        return self._journal.find_channel(eci)

    def standing(self, pico: PicoId) -> dict[str, Any]:
        """How it stands with a pico."""
        did = self.cases.did_of(pico)
        case = None if did is None else self.cases.get(did)
        return {"phase": "live"} if did is None or case is None else shown(did, case)

    async def where(self, did: str, kept: KeptLog | None) -> dict[str, Any] | Refusal:
        """The engine where that pico lives, by the newest log of it that is known here."""
        eci = self._journal.find_did(Did(did)) or (Eci(did) if self._journal.find_channel(Eci(did)) else None)
        pico = None if eci is None else self._journal.find_channel(eci)
        if pico is not None:
            kept, did = self._lives.kept(pico), self.cases.did_of(pico) or did
            if kept is None:
                return {"did": did, "engine": self._office.identities.engine, "here": True, "epoch": 0}
        if kept is None:
            return Refusal(
                "unknown", f"nothing is known here of {show_did(did)}", "ask an engine that met it"
            )
        try:
            hosting = self._office.logs.hosting(kept, self._post.now_s())
        except BadLog as problem:
            return Refusal("malformed", str(problem))
        is_here = name_of_engine(hosting.host) == self._post.me
        url = self.url_of(hosting.host)
        told = {"did": hosting.name, "engine": hosting.host, "here": is_here, "epoch": hosting.number}
        return told if url is None else {**told, "url": url}

    def alone(self, did: str) -> AbstractAsyncContextManager[None]:
        """No step is taken for that pico meanwhile."""
        return self._locks.holding(did)

    def mailbox_of(self, case: Case) -> Mailbox | None:
        """Of a pico that is, or was, here; what is put into it runs here or is sent on."""
        if case.seat.source is None or not case.pico:
            return None
        return self._office.picos.wake(case.pico)

    def note_entry(self, name: Did) -> None:
        """A log has one more entry that was written here."""
        if self.cases.get(name) is not None:
            self._spawn(self.see(name), None)

    def came(self, pico: PicoId) -> int | None:
        """When it came here, in milliseconds; None if it was born here."""
        case = self.cases.of(pico)
        return case.since_ms if case is not None and case.since_ms and acts(case.seat) else None

    def guests(self) -> Sequence[int]:
        """The bytes of those that came from elsewhere, or are about to."""
        here = ((did, case) for did, case in self.cases.all() if not case.seat.source or acts(case.seat))
        came = {did: case.size for did, case in here if case.since_ms or case.seat.source is None}
        return list({**self._expected, **came}.values())

    def new_place(self, pico: PicoId) -> Did | None:
        """The engine where it lives, as far as is known here."""
        case = self.cases.of(pico)
        host = None if case is None else forwards_to(case.seat)
        return None if case is None or host is None else case.address(host)

    def listed(self) -> list[dict[str, Any]]:
        """All that are on their way, have left, or came."""
        return [shown(did, case) for did, case in self.cases.all()]

    # --- from outside ------------------------------------------------------------------------------

    async def wanted(self, pico: PicoId, to: str, reason: str = "", price: int = 0) -> str | Refusal:
        """Have a pico move. The name of the attempt, which is durable; what comes of it is told. Empty if it
        lives there already. `price` is what the other engine may ask for it a day at most."""
        return await self._to_the_end(self._wanted(pico, to, reason, price))

    async def _wanted(self, pico: PicoId, to: str, reason: str, price: int) -> str | Refusal:
        try:
            target = to if to.startswith("did:") else self.find_engine(to)
        except NoSuchEngine as problem:
            return Refusal("malformed", str(problem), "`picomesh engines list` shows them; a DID will do too")
        if target is None or not is_did(target) or keys_in(target) is None:
            return Refusal("malformed", f"{show_did(to)} is no engine", "`picomesh did show` prints its DID")
        if self._journal.fact(ROOT_PICO) == pico:
            return Refusal("denied", "the root pico stays: it is the engine's own", "move one below it")
        if name_of_engine(target) == self._post.me:
            return ""
        try:
            did = await self._lives.name(pico)
            hosting = await self._check_log(pico)
        except BadLog as problem:
            return Refusal("undecided", f"it cannot move: {problem}")
        answered = self._sure.setdefault(did, asyncio.Event())
        answered.clear()
        async with self._locks.holding(did):
            attempt = await self._want(did, pico, Did(target), hosting, reason, price)
        if attempt is UNSURE:
            with suppress(TimeoutError):
                await asyncio.wait_for(answered.wait(), ANSWERS_S)
            async with self._locks.holding(did):
                attempt = await self._want(did, pico, Did(target), hosting, reason, price)
        return attempt

    async def _check_log(self, pico: PicoId) -> Hosting:
        """What its log says, if this engine can write the entry by which it goes. Raises `BadLog`."""
        logs, kept = self._office.logs, self._lives.kept(pico)
        assert kept is not None, "whoever has a name for life has a log"
        hosting = logs.hosting(kept, self._post.now_s())
        trial = logs.prepare(pico, "00", hosting.number + 1, None, self._office.identities.engine)
        await asyncio.to_thread(logs.release, pico, kept, trial, self._post.now_s())
        return hosting

    async def _want(
        self, did: str, pico: PicoId, to: Did, at: Hosting, reason: str, price: int
    ) -> str | Refusal:
        entry, hosts = entry_of(at), at.hosts
        case = self._case(did, pico, entry)
        if case.seat.source is not None and case.seat.source.entry != entry:
            await self._step(did, Seen(entry), case)
            case = self.cases.get(did) or case
        if case.seat.source is not None and not case.seat.source.confirmed and not self._asks(hosts):
            await self._step(did, Confirmed(), case)
            case = self.cases.get(did) or case
        source = case.seat.source
        if source is None or source.phase is not leaving.Phase.LIVE:
            phase = "away" if source is None else source.phase.value
            return Refusal("undecided", f"it is {phase} already", "`picomesh moves` shows where that stands")
        if not source.confirmed:
            self._spawn(self._perform(did, AskAround(source.entry.number), None), (did, "ask"))
            return UNSURE
        name = self._office.entropy.seed().lower()
        attempt = Attempt(entry.number, source.numbered + 1, name, self._post.me, name_of_engine(to))
        await self._step(
            did,
            Wanted(attempt),
            replace(case.met(to), reason=reason, price=price, to=None, box="", failed=""),
        )
        return name

    def _case(self, did: str, pico: PicoId, entry: Entry) -> Case:
        case = self.cases.get(did)
        if case is None or case.seat.source is None:
            seat = case.seat if case is not None else Seat(self._post.me)
            source = leaving.Source(leaving.Phase.LIVE, entry, confirmed=self._footing is Footing.SURE)
            case = replace(case or Case(seat), seat=replace(seat, source=source))
        return replace(case, pico=pico)

    async def see(self, did: str) -> None:
        """Its log has one more entry, that this engine or its owner has written."""
        async with self._locks.holding(did):
            case = self.cases.get(did)
            kept = None if case is None or not case.pico else self._lives.kept(case.pico)
            if case is not None and kept is not None and case.seat.source is not None:
                hosting = self._office.logs.hosting(kept, self._post.now_s())
                await self._step(did, Seen(entry_of(hosting)), case)

    def note_held(self, pico: PicoId) -> None:
        """Something came for a pico that takes no turns here."""
        did = self.cases.did_of(pico)
        if did is not None and self.is_away(pico):
            self.left(did)

    def note_gone(self, pico: PicoId) -> None:
        """It was deleted here."""
        if self.cases.of(pico) is not None:
            self._spawn(self._forget(pico), None)

    async def _forget(self, pico: PicoId) -> None:
        did = self.cases.did_of(pico)
        if did is not None and self.cases.acts(pico):
            async with self._locks.holding(did):
                await self._journal.commit([forgotten(did)])
                self.cases.drop(did)

    async def prepare(self, footing: Footing) -> None:
        """Before any pico takes a turn."""
        self._footing, self._began_ms = footing, self._office.clock.now_ms()
        if footing is Footing.DOUBTFUL:
            await self._doubt_all()

    def reached(self) -> None:
        """Others can answer from now on."""
        if not self._is_on:
            self._is_on = True
            self._spawn(self.start(), None)

    async def start(self) -> None:
        """Go on with what an earlier run of the engine has left."""
        self._is_on = True
        for did, _ in self.cases.all():
            async with self._locks.holding(did):
                await self._step(did, Started(), self.cases.get(did))
            self._go_on(did)

    async def _doubt_all(self) -> None:
        """What happened after the backup was made is not known: any of its picos may be elsewhere by now."""
        for pico in self._lives.not_ended():
            kept = self._lives.kept(pico)
            if kept is None or not self._lives.is_here(pico) or self.cases.of(pico) is not None:
                continue
            try:
                hosting = await asyncio.to_thread(self._office.logs.hosting, kept, self._post.now_s())
            except BadLog:
                continue
            if name_of_engine(hosting.host) == self._post.me and self._asks(hosting.hosts):
                case = self._case(hosting.name, pico, entry_of(hosting))
                seat, _ = react(case.seat, Started(), self._footing)
                self.cases.put(hosting.name, replace(case, seat=seat))

    def stop(self) -> None:
        """Leave the rest to the next start."""
        self._is_on = False
        for call in self._calls.values():
            call.cancel()
        self._calls.clear()
        for task in [*self._tasks, *self._begun]:
            task.cancel()
        if self.forwarding is not None:
            self.forwarding.stop()

    @property
    def is_busy(self) -> bool:
        """Whether anything is under way that does not only wait for time to pass."""
        return bool(self._tasks or self._begun) or (self.forwarding is not None and self.forwarding.is_busy)

    async def wait_rested(self) -> None:
        """Return when nothing is under way here. What waits for others may do so for long."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))
        if self.forwarding is not None:
            await self.forwarding.wait_rested()

    # --- messages ----------------------------------------------------------------------------------

    def is_for_it(self, type: str) -> bool:
        return migration.kind_of(type) is not None or migration_goods.kind_of(type) == migration_goods.WANT

    async def hear(self, letter: Letter) -> Handled:
        try:
            if migration_goods.kind_of(letter.message.type) == migration_goods.WANT:
                return await self._give(letter)
            return await self._to_the_end(self._hear(await self._read(letter)))
        except NotAMove as problem:
            log.info("a message of a move is not what it should be", why=str(problem))
            return Handled("unreadable")

    async def _read(self, letter: Letter) -> Heard:
        """In another thread: a long log takes a quarter of a second."""
        did = str(letter.message.body.get("did"))
        seed, sign = self._seed(did), self._office.sign

        def is_proof(text: str, attempt: Attempt, head: Head) -> bool:
            """Whether this engine has signed that, though it may know nothing of it any more."""
            return seed is not None and text == to_multibase("u", sign(seed, proven_text(did, attempt, head)))

        return await asyncio.to_thread(self._post.read, letter, is_proof)

    def _seed(self, did: str) -> bytes | None:
        """By which this engine signs, or signed, as that pico."""
        case = self.cases.get(did)
        pico = case.pico if case is not None and case.pico else self._lives.pico_of(did)
        if pico is None:
            return None
        return self._office.keys.derive(f"{life_purpose(pico, self._lives.stay(pico))}/{SIGNING}")

    def _known(self, did: str) -> Case:
        """What this engine has to do with a pico: one that never was about to move has its place too."""
        case = self.cases.get(did) or Case(Seat(self._post.me))
        pico = self._lives.pico_of(did) if case.seat.source is None else None
        kept = None if pico is None else self._lives.kept(pico)
        if pico is None or kept is None:
            return case
        return self._case(did, pico, entry_of(self._post.hosting(did, kept)))

    async def _hear(self, heard: Heard) -> Handled:
        did, message = heard.parcel.did, heard.parcel.message
        if not did:
            return Handled("unreadable")
        if isinstance(message, NotHere):
            self._note_answer(did, message.asked, name_of_engine(heard.sender))
            return Handled()
        async with self._locks.holding(did):
            case = self._known(did).met(heard.sender)
            check_offer(heard)
            if heard.hosting is not None and self._is_newer(did, case, heard.hosting.number):
                case = replace(case, log=heard.log)
            await self._step(did, message, with_keys(case, heard), heard)
        return Handled()

    def _is_newer(self, did: str, case: Case, number: int) -> bool:
        """Offers apart, a target learns by each message how long the log is by now."""
        entry = case.seat.entry
        known = 0 if case.log is None else self._post.hosting(did, case.log).number
        return number > max(known, entry.number if entry else 0)

    async def _give(self, letter: Letter) -> Handled:
        """Blocks, to whom the state is on its way."""
        body = migration_goods.body_of(letter.message, migration_goods.WANT)
        case = self.cases.get(body["did"])
        source = None if case is None else case.seat.source
        attempt = None if source is None else source.attempt
        if letter.sender is None or attempt is None or attempt.target != name_of_engine(letter.sender):
            return Handled("denied")
        blocks = await self._office.freight.give(migration_goods.read_cids(body["cids"]))
        told = self._post.write(
            letter.sender, migration_goods.BLOCKS, {"did": body["did"]}, letter.message.id
        )
        return Handled(answers=(replace(told, attachments=(migration_goods.as_attachment(blocks),)),))

    # --- steps -------------------------------------------------------------------------------------

    async def _step(
        self, did: str, message: Message, case: Case | None = None, heard: Heard | None = None
    ) -> None:
        """One step of the tables. Whoever calls holds the lock of that pico."""
        before = self.cases.get(did) or Case(Seat(self._post.me))
        case = before if case is None else case
        seat, effects = react(case.seat, message, self._footing)
        if seat != case.seat:
            await self._commit(did, message, case, replace(case, seat=seat))
        elif heard is not None and self.cases.get(did) is not None:
            self.cases.put(did, case)  # what is not durable of it is said again
        attempt = getattr(message, "attempt", None) or attempt_in(before.seat)
        for effect in effects:
            self._do(did, effect, heard, attempt)
        self._arm(did)

    async def _commit(self, did: str, message: Message, before: Case, after: Case) -> None:
        if after.seat == Seat(after.seat.me):
            await self._journal.commit([forgotten(did)])
            self.cases.drop(did)
            return
        after, writes = await self._consequences(did, message, before, after)
        arriving = has_arrived(before.seat, after.seat)
        if arriving:
            # Somebody may wake it as soon as the journal has it. It takes no turn before that is known here:
            # else two mailboxes would, each going on from the same record.
            self._still.add(after.pico)
        try:
            await self._journal.commit([written(did, after), *writes])
        except BaseException:
            if arriving:
                self._still.discard(after.pico)
            raise
        self.cases.put(did, after)
        self._repeats.pop(did, None)
        self._settle(did, before, after, writes)

    async def _consequences(
        self, did: str, message: Message, before: Case, after: Case
    ) -> tuple[Case, list[Write]]:
        """What changes in the journal together with the seat."""
        if has_arrived(before.seat, after.seat):
            target = before.seat.target
            head = message.head if isinstance(message, Staged) else target.head
            assert head is not None, "what arrives was staged"
            assert target.attempt is not None, "it was staged in an attempt"
            return await self._arrive(did, after, target.attempt, head)
        was, now = before.seat.source, after.seat.source
        if was is None or now is None or now.phase not in leaving.LEFT:
            return after, []
        writes: list[Write] = []
        if after.log is not None and now.entry != was.entry:
            writes += self._lives.adopt(after.pico, after.log, Did(did))
        if was.phase in leaving.LEFT:
            return after, writes
        kept = self._journal.beside(after.pico)
        mailbox = self._office.picos.wake(after.pico)
        if kept is not None and mailbox is not None:
            writes += [EndErrand(after.pico, decode_errand(body).name) for body in kept.errands]
            writes += [ClearTimer(after.pico, timer) for timer in mailbox.head.pico.timers]
        return replace(after, since_ms=self._office.clock.now_ms()), writes

    async def _arrive(self, did: str, case: Case, attempt: Attempt, head: Head) -> tuple[Case, list[Write]]:
        """It lives here from this commit on."""
        office = self._office
        luggage = office.locker.open(case.box, attempt.name)
        arrived = await office.freight.open(head, luggage.key)
        pico = arrived.state.head.pico
        snapshot = await asyncio.to_thread(write_snapshot, arrived.state.head)
        stub = self._journal.beside(pico.id)
        writes: list[Write] = [] if stub is None else [RemovePico(pico.id)]
        writes += births(self._journal, arrived.state, snapshot, arrived.beside)
        for body in () if stub is None else stub.inbox:
            # What came here for it meanwhile: one that was handled elsewhere is not taken in again.
            writes.append(AcceptEvent(pico.id, decode_request(body)[0].eid, body))
        assert case.log is not None, "what arrives was released by an entry"
        writes += self._lives.adopt(pico.id, case.log, Did(did))
        if luggage.state_keys:
            writes.append(office.state_keys.writes(pico.id, did, luggage.state_keys, {}))
        writes += office.channel_keys.writes(arrived.beside.named)
        writes += taken_over(self._journal, arrived.state.beside.get(ACQUAINTED))
        writes += office.state_keys.owners.writes(pico.id, arrived.beside.owners)
        writes.append(SetFact(first_record(pico.id), str(pico.seq - len(arrived.beside.records) + 1)))
        writes.append(office.locker.kept(pico.id, luggage.secrets))
        writes.append(SetFact(f"stay of {pico.id}", stay_in(attempt)))
        rotate = [str(write.eci) for write in arrived.beside.writes if isinstance(write, KeepDid)]
        after = replace(
            case,
            pico=pico.id,
            key=office.locker.wrap(luggage.key),
            root=head.cid,
            box="",
            had="",
            proof="",
            to=None,
            rotate=tuple(dict.fromkeys(rotate)),
            since_ms=office.clock.now_ms(),
        )
        return after, writes

    def _settle(self, did: str, before: Case, after: Case, writes: Sequence[Write]) -> None:
        """What the rest of the engine has to know, now that it is durable."""
        picos, pico = self._office.picos, after.pico
        if has_arrived(before.seat, after.seat):
            self._put_former_away(pico, writes)
            self._still.discard(pico)
            self._lives.note_grown(Did(did))
            due_ms = min((one.due_ms for one in writes if isinstance(one, SetTimer)), default=None)
            if acts(after.seat):
                picos.welcome(pico, due_ms)
                if (mailbox := picos.find_mailbox(pico)) is not None:
                    mailbox.go_on()
            log.info("a pico has arrived", pico=pico, did=did)
            self._spawn(self._make_own(did), (did, "rotate"))
            source = after.seat.source
            if source is not None and not source.confirmed:
                self._spawn(self._ask_around(did, source.entry.number), (did, "ask"))
            self.arrived(did)
            return
        was, now = before.seat.source, after.seat.source
        if now is None or not pico:
            return
        if now.phase in leaving.LEFT and (was is None or was.phase not in leaving.LEFT):
            self._depart(did, after)
        elif acts(after.seat) and (was is None or not acts(before.seat)):
            self._resume(did)

    def _put_former_away(self, pico: PicoId, writes: Sequence[Write]) -> None:
        """The mailbox that it had when it left, if that is still awake, and not one that was woken since."""
        mailbox = self._office.picos.find_mailbox(pico)
        born = {write.seq for write in writes if isinstance(write, BirthPico) and write.pico == pico}
        if mailbox is not None and mailbox.head.pico.seq not in born:
            self._office.picos.put_away(pico)

    def _depart(self, did: str, case: Case) -> None:
        self._office.picos.pause_errands(case.pico)
        mailbox = self._office.picos.wake(case.pico)
        if mailbox is not None:
            mailbox.keep_still()
            mailbox.depart(self.elsewhere(case.pico))
        self._still.discard(case.pico)
        self._lives.note_grown(Did(did))
        log.info("a pico has left", pico=case.pico, did=did)
        self.left(did)

    def why_elsewhere(self, pico: PicoId) -> Refusal | None:
        """What is said of a pico that was here and has left."""
        return self.elsewhere(pico) if self.is_away(pico) else None

    def elsewhere(self, pico: PicoId) -> Refusal:
        """What those are told who want a pico to do something that lives somewhere else."""
        place = self.new_place(pico)
        url = None if place is None else self.url_of(place)
        extra = {"engine": place or "", **({} if url is None else {"url": url})}
        return Refusal(
            "moved",
            f"pico {pico} lives on another engine now",
            "send it there; `picomesh where` has the place",
            extra,
        )

    def _resume(self, did: str, is_finished: bool = False) -> None:
        """It stays after all. Whoever is still making it ready does this in the end."""
        if (did, "finish") in self._tasks.values() and not is_finished:
            return
        case = self.cases.get(did)
        if case is not None and case.pico:
            self._still.discard(case.pico)
            mailbox = self._office.picos.wake(case.pico)
            if mailbox is not None:
                mailbox.go_on()
            self._office.picos.resume_errands(case.pico)

    # --- effects -----------------------------------------------------------------------------------

    def _do(self, did: str, effect: Effect, heard: Heard | None, attempt: Attempt | None) -> None:
        match effect:
            case Tell(what, reason):
                self._spawn(self._tell(did, what, reason, attempt), None)
            case Finish():
                self._spawn(self._perform(did, effect, heard), (did, "finish"))
            case Fetch():
                self._spawn(self._perform(did, effect, heard), (did, "fetch"))
            case Sign():
                self._spawn(self._perform(did, effect, heard), (did, "sign"))
            case AskAround():
                self._spawn(self._perform(did, effect, heard), (did, "ask"))
            case _:
                self._spawn(self._perform(did, effect, heard), None)

    async def _to_the_end(self, work: Coroutine[Any, Any, T]) -> T:
        """Also if whoever has asked for it goes away: what is on the disk has to be in memory."""
        task = asyncio.get_running_loop().create_task(work)
        self._begun.add(task)
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    def _spawn(self, work: Coroutine[Any, Any, None], key: tuple[str, str] | None) -> None:
        """Of one kind for one pico only one is under way: the tables ask for it again."""
        if key is not None and key in self._tasks.values():
            work.close()
            return
        task = asyncio.get_running_loop().create_task(self._run(work))
        self._tasks[task] = key
        task.add_done_callback(lambda done: self._tasks.pop(done, None))

    async def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except (JournalFailed, StoreFailed) as problem:
            log.warning("a move waits for this engine's disk", why=str(problem))
        except CannotSend as problem:
            log.debug("a message of a move did not get there", why=str(problem))
        except Exception:
            log.exception("a move met a bug")

    async def _perform(self, did: str, effect: Effect, heard: Heard | None) -> None:
        match effect:
            case Send(to, message):
                await self._send(did, to, message, heard)
            case Consider(attempt):
                await self._consider(did, attempt, heard)
            case Fetch(attempt, head):
                await self._fetch(did, attempt, head, heard)
            case Finish(attempt):
                await self._finish(did, attempt)
            case Sign(attempt, _):
                await self._sign(did, attempt, heard)
            case AskAround(number):
                await self._ask_around(did, number)

    async def _tell(self, did: str, what: str, reason: str, attempt: Attempt | None) -> None:
        case = self.cases.get(did)
        if case is None or not case.pico:
            return
        log.info("move", what=what, did=did, reason=reason)
        if what == "departed_failed":
            trouble = self._troubles.pop(did, "")
            reason = f"{reason}: {trouble}" if reason == LATE and trouble else reason
            self.cases.put(did, case := replace(case, failed=reason))
        if what in ("arrived", "departed_failed") and acts(case.seat):
            await self.tell(case.pico, what, self._attrs(case, reason, attempt))

    def _attrs(self, case: Case, reason: str, attempt: Attempt | None) -> dict[str, str]:
        me = self._office.identities.engine
        names = ("", "") if attempt is None else (attempt.source, attempt.target)
        from_, to = (me if one == self._post.me else case.address(one) for one in names)
        name = "" if attempt is None else attempt.name
        return {"from": from_, "to": to, "reason": reason or case.reason, "attempt": name}

    # --- what is said ------------------------------------------------------------------------------

    async def _send(self, did: str, to: str, message: Sent, heard: Heard | None) -> None:
        case = self.cases.get(did) or Case(Seat(self._post.me))
        if heard is not None:
            case = case.met(heard.sender)
        blocks = await self.saying.blocks_for(case, message)
        more = self.saying.more(did, case, message)
        if more is None:
            return
        try:
            await self._post.send(case.address(to), did, message, more, blocks)
        except NotAMove as problem:
            log.error("a message of a move cannot be written", did=did, why=str(problem))
            self._troubles[did] = str(problem)
            if (attempt := attempt_in(case.seat)) is not None:
                async with self._locks.holding(did):
                    await self._step(did, Late(attempt))
        except CannotSend as problem:
            self._troubles[did] = str(problem)
            if problem.is_final and isinstance(message, Offer):
                async with self._locks.holding(did):
                    await self._step(did, Refuse(message.attempt, str(problem)))
            raise

    # --- leaving -----------------------------------------------------------------------------------

    async def _finish(self, did: str, attempt: Attempt) -> None:
        case = self.cases.get(did)
        if case is None or not case.pico:
            return
        try:
            if acts(case.seat):
                await self.tell(case.pico, "leaving", self._attrs(case, case.reason, attempt))
            await self._hand_out(did, case, attempt)
        except (CannotSeal, BlockError, StoreFailed, Unreadable, NoLuggage) as problem:
            log.warning("a pico cannot be made ready to move", pico=case.pico, why=str(problem))
            async with self._locks.holding(did):
                await self._step(did, Late(attempt))
        finally:
            now = self.cases.get(did)
            if now is not None and acts(now.seat):
                self._resume(did, is_finished=True)

    async def _hand_out(self, did: str, case: Case, attempt: Attempt) -> None:
        """Have it stand still, and put together what goes."""
        office, pico = self._office, case.pico
        self._still.add(pico)
        office.picos.pause_errands(pico)
        mailbox = office.picos.wake(pico)
        if mailbox is None:
            return
        mailbox.keep_still()
        await mailbox.wait_rested()
        key = office.locker.unwrap(case.key) if case.key else office.draw(32)
        head, size = await office.freight.load(pico, did, key)
        async with self._locks.holding(did):
            case = self.cases.get(did) or case
            is_same = mailbox is office.picos.wake(pico) and mailbox.is_still
            if not is_same or mailbox.head.pico.seq != head.sequence:
                raise CannotSeal("it took a turn while it was to stand still")
            luggage = Luggage(key, office.state_keys.known(pico), self._secrets(pico))
            box = office.locker.seal(luggage, case.opens) if case.opens else ""
            after = replace(case, box=box, key=office.locker.wrap(key), root=head.cid, size=size)
            await self._step(did, Finished(attempt, head), after)

    def _secrets(self, pico: PicoId) -> dict[str, bytes]:
        """What opens mail to its name for life, also by the keys that it had elsewhere lately. Those of the
        DIDs of its channels are in the state."""
        secrets = dict(list(self._office.locker.secrets(pico).items())[1 - MOST_STAYS :])
        stay = self._lives.stay(pico)
        secrets[f"#{in_stay('key-2', stay)}"] = self._office.keys.derive(f"{life_purpose(pico, stay)}/key-2")
        return secrets

    async def _sign(self, did: str, attempt: Attempt, heard: Heard | None) -> None:
        case = self.cases.get(did)
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
            async with self._locks.holding(did):
                case = self.cases.get(did)
                if case is not None:
                    await self._step(did, Signed(attempt, entry), replace(case, log=after))

    # --- coming ------------------------------------------------------------------------------------

    async def _consider(self, did: str, attempt: Attempt, heard: Heard | None) -> None:
        if heard is None:
            return
        more = heard.parcel.more
        coming_one = Coming(did, heard.sender, more["size"], told_in(more), price_in(more), heard.log)
        pico = more.get("pico")
        code = self.why_not(coming_one) if isinstance(pico, str) and pico else "unknown"
        code = code or self._entrance.why_no_place(did, str(pico))
        if code is None:
            self._expected[did] = coming_one.size  # before anybody else is considered
        try:
            await self._answer_offer(did, attempt, heard, coming_one, code)
        finally:
            self._expected.pop(did, None)

    async def _answer_offer(
        self, did: str, attempt: Attempt, heard: Heard, coming_one: Coming, code: str | None
    ) -> None:
        more = heard.parcel.more
        pico = more.get("pico")
        async with self._locks.holding(did):
            case = (self.cases.get(did) or Case(Seat(self._post.me))).met(heard.sender)
            if code is not None:
                log.info("a pico was refused", did=did, source=show_did(heard.sender), why=code)
                await self._step(did, Unwilling(attempt, code), case, heard)
                return
            me, url = self._office.identities.engine, self._lives.url
            to = self._office.logs.prepare(str(pico), stay_in(attempt), attempt.epoch + 1, url, me)
            opens = self._office.locker.name_for(attempt.name)
            reason = str(more.get("reason", ""))[:LONGEST_REASON]
            case = replace(case, log=heard.log, to=to, opens=opens, size=coming_one.size, reason=reason)
            case = case if case.pico else replace(case, pico=PicoId(str(pico)))
            await self._step(did, Willing(attempt, to.signing), case, heard)

    async def _fetch(self, did: str, attempt: Attempt, head: Head, heard: Heard | None) -> None:
        if heard is None:
            return
        more, case = heard.parcel.more, self.cases.get(did)
        if case is None:
            return
        try:
            luggage = self._office.locker.open(str(more["keys"]), attempt.name)
            self._entrance.check_proof(did, attempt, head, str(more["proof"]), heard.log or case.log)
            await self._office.freight.put(heard.blocks)
            arrived = await self._office.freight.fetch(
                head, did, luggage.key, self._entrance.asking(did, attempt, heard.sender)
            )
            self._entrance.check_free(did, arrived)
        except CannotSend as problem:
            log.info("blocks of a pico cannot be had yet", did=did, why=str(problem))
            return
        except (NoFreight, NoLuggage, NotAMove) as problem:
            log.warning("a pico that was handed over cannot be taken", did=did, why=str(problem))
            async with self._locks.holding(did):
                await self._step(did, NotStaged(attempt, "blocks"), None, heard)
            return
        async with self._locks.holding(did):
            case = self.cases.get(did) or case
            after = replace(
                case,
                box=str(more["keys"]),
                proof=str(more["proof"]),
                root=head.cid,
                pico=arrived.state.head.pico.id,
            )
            await self._step(did, Staged(attempt, head), after, heard)

    async def _make_own(self, did: str) -> None:
        """Have others know its channels by DIDs of this engine."""
        case = self.cases.get(did)
        while case is not None and case.rotate and acts(case.seat) and self._is_on:
            eci, rest = Eci(case.rotate[0]), case.rotate[1:]
            if self._journal.find_channel(eci) == case.pico:
                await self.rotate(eci)
            async with self._locks.holding(did):
                case = self.cases.get(did)
                if case is not None:
                    case = replace(case, rotate=rest)
                    await self._journal.commit([written(did, case)])
                    self.cases.put(did, case)

    # --- asking around -----------------------------------------------------------------------------

    def _asks(self, hosts: Iterable[str]) -> set[str]:
        """Who might know of a newer entry."""
        others = {*(one for one in hosts if one)}
        if self._footing is Footing.DOUBTFUL:
            others |= {*self.known()}
        return {one for one in others if name_of_engine(one) != self._post.me}

    async def _ask_around(self, did: str, number: int) -> None:
        case = self.cases.get(did)
        if case is None:
            return
        kept = self.saying.log_of(case)
        hosts = () if kept is None else self._post.hosting(did, kept).hosts
        whom = {name_of_engine(one): one for one in self._asks(hosts)}
        if case.seat.target.attempt is not None and number == 0:
            whom[case.seat.target.attempt.source] = case.address(case.seat.target.attempt.source)
        if not whom:
            await self._confirm(did)
            return
        asked = self._asked.setdefault(did, {name: self._office.entropy.seed() for name in whom})
        for name, question in list(asked.items()):
            to = Did(case.addresses.get(name, whom.get(name, name)))
            message = Where(self._post.me, number, question)
            self._spawn(self._post.send(to, did, message, {}), None)

    def _note_answer(self, did: str, asked: str, sender: str) -> None:
        waiting = self._asked.get(did)
        if waiting is None or waiting.get(sender) != asked:
            return
        del waiting[sender]
        if not waiting:
            del self._asked[did]
            self._spawn(self._confirm(did), None)

    async def _confirm(self, did: str) -> None:
        case = self.cases.get(did)
        source = None if case is None else case.seat.source
        if case is None or source is None:
            return
        if source.phase is leaving.Phase.DOUBTFUL and self._asks(case.addresses.values()):
            rest_ms = self._began_ms + self._pace.doubt_ms - self._office.clock.now_ms()
            if rest_ms > 0:
                self._office.clock.call_at(
                    self._began_ms + self._pace.doubt_ms, lambda: self._spawn(self._doubt_no_more(did), None)
                )
                return
        async with self._locks.holding(did):
            await self._step(did, Confirmed())
        if (answered := self._sure.pop(did, None)) is not None:
            answered.set()

    async def _doubt_no_more(self, did: str) -> None:
        case = self.cases.get(did)
        if case is not None and case.seat.source is not None:
            await self._ask_around(did, case.seat.source.entry.number)

    # --- time --------------------------------------------------------------------------------------

    def _go_on(self, did: str) -> None:
        """After a start."""
        case = self.cases.get(did)
        if case is None:
            return
        self._watch(did, case.seat)
        if case.rotate and acts(case.seat):
            self._spawn(self._make_own(did), (did, "rotate"))
        if self.is_away(case.pico):
            self.left(did)
        if acts(case.seat):
            self._resume(did)

    def _arm(self, did: str) -> None:
        case = self.cases.get(did)
        if case is None or not self._is_on:
            return
        self._watch(did, case.seat)
        if is_settled(case.seat) or f"again {did}" in self._calls:
            return
        count = self._repeats.get(did, 0)
        self._repeats[did] = count + 1
        wait_ms = min(self._pace.first_ms << min(count, 20), self._pace.longest_ms)
        self._call_at(f"again {did}", wait_ms, did, Again())

    def _watch(self, did: str, seat: Seat) -> None:
        """See that no phase takes too long in which somebody waits."""
        for attempt, phase in timed(seat):
            key = f"late {did} {attempt.name} {phase}"
            case = self.cases.get(did)
            size = 0 if case is None else case.size
            wait_ms = self._pace.phase_ms + (size >> 20) * self._pace.mib_ms
            if key not in self._calls:
                self._call_at(key, wait_ms, did, Late(attempt), phase)
        source = seat.source
        if source is not None and source.phase is leaving.Phase.GONE and f"gone {did}" not in self._calls:
            case = self.cases.get(did)
            since_ms = 0 if case is None else case.since_ms
            wait_ms = max(since_ms + self._pace.keep_ms - self._office.clock.now_ms(), 0)
            self._call_at(f"gone {did}", wait_ms, did, Forgotten())

    def _call_at(self, key: str, wait_ms: int, did: str, message: Message, phase: str | None = None) -> None:
        due_ms = self._office.clock.now_ms() + wait_ms

        def look() -> None:
            self._calls.pop(key, None)
            if self._office.clock.now_ms() < due_ms:  # clocks may call sooner
                self._calls[key] = self._office.clock.call_at(due_ms, look)
            elif self._is_on:
                self._spawn(self._take(did, message, phase), None)

        self._calls[key] = self._office.clock.call_at(due_ms, look)

    async def _take(self, did: str, message: Message, phase: str | None) -> None:
        async with self._locks.holding(did):
            case = self.cases.get(did)
            if case is not None and (phase is None or phase in {two for _, two in timed(case.seat)}):
                await self._step(did, message, case)
