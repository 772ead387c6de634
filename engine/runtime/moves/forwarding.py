"""Events for picos that have moved: what is accepted here for one is kept until its new engine has it.

They wait in the pico's inbox, which nobody runs here any more, and go on together with the envelopes that
could not be passed on at once. A receipt counts for one stay: when the pico has come back meanwhile, what is
in its inbox is its own again.
"""

from __future__ import annotations

import asyncio
from asyncio import Task

import structlog

from engine.core.codec import Unreadable
from engine.core.dids import Did
from engine.core.migration import forwards_to
from engine.core.model import EventId, PicoId
from engine.core.protocols import migration_goods
from engine.core.protocols.migration import NotAMove
from engine.core.protocols.migration_goods import FORWARDED, MOST_BYTES, MOST_EVENTS, RECEIVED, Carried
from engine.core.records import decode_request
from engine.ports import (
    AcceptEvent,
    Call,
    CannotSend,
    Clock,
    Journal,
    JournalFailed,
    KeepTurn,
    Letter,
    SentOn,
    Write,
)
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.cases import Case, name_of_engine
from engine.runtime.moves.moves import Moves
from engine.runtime.moves.post import Post
from engine.runtime.moves.relaying import Relaying
from engine.runtime.receipts import UNKNOWN, Handled
from engine.runtime.request import Request

log = structlog.get_logger("picomesh.moves")

FIRST_WAIT_MS, LONGEST_WAIT_MS = 500, 60_000


class Forwarding:
    """A desk of the engine: `is_for_it` and `hear`."""

    def __init__(self, journal: Journal, moves: Moves, post: Post, relaying: Relaying, clock: Clock) -> None:
        self._journal = journal
        self._moves = moves
        self._post = post
        self._relaying = relaying
        self._clock = clock
        self._tasks: dict[str, Task[None]] = {}
        self._again: set[str] = set()
        self._calls: dict[str, Call] = {}
        self._failed: dict[str, int] = {}
        self._taken_in: dict[tuple[str, str], int] = {}
        """By pico and event, when it came from another engine, in a count that only grows. A receipt is none
        for what came later: the other engine may have sent the same event back meanwhile."""
        self._count = 0
        self._is_stopped = False

    # --- sending on --------------------------------------------------------------------------------

    def go_on(self, did: str) -> None:
        """Something may wait for a pico that is away."""
        if self._is_stopped:
            return
        if did in self._tasks:
            self._again.add(did)
            return
        if (call := self._calls.pop(did, None)) is not None:
            call.cancel()
        task = asyncio.get_running_loop().create_task(self._work(did))
        self._tasks[did] = task
        task.add_done_callback(lambda done: self._rest(did))

    def _rest(self, did: str) -> None:
        del self._tasks[did]
        if did in self._again:
            self._again.discard(did)
            self.go_on(did)

    @property
    def is_busy(self) -> bool:
        return bool(self._tasks)

    async def wait_rested(self) -> None:
        while self._tasks:
            await asyncio.wait(list(self._tasks.values()))

    def stop(self) -> None:
        self._is_stopped = True
        self._again.clear()
        for task in self._tasks.values():
            task.cancel()
        for call in self._calls.values():
            call.cancel()

    async def _work(self, did: str) -> None:
        try:
            while await self._send_some(did):
                self._failed.pop(did, None)
        except (CannotSend, NotAMove) as problem:
            log.debug("what came for a pico that has moved waits", did=did, why=str(problem))
            self._try_again(did)
        except (JournalFailed, Unreadable) as problem:
            log.warning("what came for a pico that has moved cannot be sent on", did=did, why=str(problem))
        except Exception:
            log.exception("to send on what came for a pico met a bug", did=did)
            self._try_again(did)

    def _try_again(self, did: str) -> None:
        self._again.discard(did)
        count = self._failed.get(did, 0)
        self._failed[did] = count + 1
        due_ms = self._clock.now_ms() + min(FIRST_WAIT_MS << min(count, 20), LONGEST_WAIT_MS)

        def look() -> None:
            if self._clock.now_ms() < due_ms:  # clocks may call sooner
                self._calls[did] = self._clock.call_at(due_ms, look)
            else:
                self._calls.pop(did, None)
                self.go_on(did)

        if not self._is_stopped:
            self._calls[did] = self._clock.call_at(due_ms, look)

    async def _send_some(self, did: str) -> bool:
        """Whether there may be more. Raises `CannotSend`."""
        await self._journal.commit(())  # what was about to be accepted is there then
        case = self._moves.cases.get(did)
        host = None if case is None else forwards_to(case.seat)
        if case is None or host is None:
            self._taken_in = {key: count for key, count in self._taken_in.items() if key[0] != did}
            return False
        since, events = self._count, self._waiting(case.pico)
        if events:
            await self._hand_on(did, case, case.address(host), events, since)
        return not await self._relaying.deliver(case.pico) or bool(events)

    def _waiting(self, pico: PicoId) -> list[Carried]:
        kept, found, size = self._journal.beside(pico), list[Carried](), 0
        for body in () if kept is None else kept.inbox[:MOST_EVENTS]:
            size += len(body)
            if found and size > MOST_BYTES:
                break
            found.append(Carried(decode_request(body)[0].eid, body))
        return found

    async def _hand_on(self, did: str, case: Case, to: Did, events: list[Carried], since: int) -> None:
        entry = case.seat.entry
        assert entry is not None, "it is away by an entry"
        body = {"did": did, "epoch": entry.number, "events": migration_goods.write_events(events)}
        told = migration_goods.body_of(await self._post.ask(to, FORWARDED, RECEIVED, body), RECEIVED)
        async with self._moves.alone(did):
            now = self._moves.cases.get(did)
            if now is not None and forwards_to(now.seat) is not None and now.seat.entry == entry:
                sent = {one.id for one in events} & set(told["ids"])
                over = sorted(one for one in sent if self._taken_in.pop((did, one), 0) <= since)
                await self._journal.commit([SentOn(case.pico, EventId(one)) for one in over])

    # --- taking in ---------------------------------------------------------------------------------

    def is_for_it(self, type: str) -> bool:
        return migration_goods.kind_of(type) == FORWARDED

    async def hear(self, letter: Letter) -> Handled:
        try:
            body = migration_goods.body_of(letter.message, FORWARDED)
            events = [(one, decode_request(one.body)) for one in migration_goods.read_events(body)]
        except (NotAMove, Unreadable) as problem:
            log.info("events that are sent on cannot be read", why=str(problem))
            return Handled("unreadable")
        did = body["did"]
        async with self._moves.alone(did):
            case = self._moves.cases.get(did)
            if letter.sender is None or case is None or not self._was_with(did, case, letter.sender):
                return UNKNOWN
            mailbox = self._moves.mailbox_of(case)
            if mailbox is None:
                self._moves.say_where(did, letter.sender)
                return UNKNOWN
            writes, requests = list[Write](), list[Request]()
            for carried, (event, query, inputs) in events:
                if self._is_handled(mailbox, event.eid):
                    continue
                # Also one that somebody waits for here: it may be in memory only, and the pico may leave.
                is_new = inputs is None or event.eid in mailbox.pending
                kind = AcceptEvent if is_new else KeepTurn
                writes.append(kind(case.pico, event.eid, carried.body))
                requests.append(Request(event, query, is_kept=True, inputs=inputs))
            durable = self._journal.commit(writes)
            self._note_taken_in(did, case, requests)
            for request in requests:
                mailbox.take(request)
            await asyncio.shield(durable)
        told = {"did": did, "epoch": body["epoch"], "ids": [one.id for one, _ in events]}
        return Handled(answers=(self._post.write(letter.sender, RECEIVED, told, letter.message.id),))

    def _is_handled(self, mailbox: Mailbox, eid: EventId) -> bool:
        has_record = self._journal.find_record(mailbox.id, eid) is not None
        return has_record or mailbox.has_handled_long_ago(eid)

    def _note_taken_in(self, did: str, case: Case, requests: list[Request]) -> None:
        self._count += 1
        if forwards_to(case.seat) is not None:
            self._taken_in |= {(did, request.event.eid): self._count for request in requests}

    def _was_with(self, did: str, case: Case, sender: str) -> bool:
        """Who has hosted a pico may say what came for it there."""
        kept = self._moves.saying.log_of(case)
        hosts = () if kept is None else self._post.hosting(did, kept).hosts
        return name_of_engine(sender) in map(name_of_engine, hosts)
