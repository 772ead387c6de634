"""The picos that are awake, found by id or by channel; others are woken when somebody asks for them.

Waking reads the newest snapshot and the records after it. When too many are awake, those idle for
longest are let go; all of them is in the journal, so that costs nothing but the waking.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from engine.core.codec import Unreadable
from engine.core.model import Channel, Child, Eci, Pico, PicoId
from engine.core.records import Head, begin, decode_request, decode_snapshot, fold
from engine.ports import Stored
from engine.runtime.equipment import Equipment
from engine.runtime.mailbox import Mailbox, Outbox
from engine.runtime.request import Request
from engine.runtime.unsaved import Unsaved, read_unsaved

MOST_LOOKED_AT = 64
"""Mailboxes asked at a time whether they are idle. Busy ones are few; no flood makes this a long walk."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is kept in memory, how much is read when it is not, and how much a pico may hold."""

    most_awake: int = 10_000
    snapshot_every: int = 200
    pico_bytes: int = 64 << 20


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A pico as it comes to be here, and how it will be in the journal."""

    head: Head
    snapshot_bytes: int
    records: Sequence[bytes]
    """Since its snapshot."""

    @property
    def end(self) -> tuple[int, str]:
        """See `engine.ports.Journal.end`."""
        return self.head.pico.seq, self.head.chain


def _let_go(pico: PicoId) -> None:
    """Nobody has to know."""


def _is_free(pico: PicoId) -> bool:
    """Of an engine whose picos stay."""
    return False


class Residents:
    """Every pico of this engine, as far as anybody has asked for it.

    A mailbox that was found stays the only one of its pico at least until the event loop goes on:
    picos are let go in a pass of their own.
    """

    def __init__(self, equipment: Equipment, limits: Limits, outbox: Outbox) -> None:
        self._equipment = equipment
        self._limits = limits
        self._outbox = outbox
        self._awake: OrderedDict[PicoId, Mailbox] = OrderedDict()
        """The one that has been idle for longest comes first."""
        self._by_channel: dict[Eci, Mailbox] = {}
        """Channels of those awake, as of their newest state: the journal may not know them yet."""
        self._newcomers: dict[PicoId, Newcomer] = {}
        self._leaving: set[PicoId] = set()
        """Deleted, but not yet in the journal."""
        self._is_full = False
        self.when_gone: Callable[[PicoId], None] = _let_go
        """Is told of each pico that was deleted."""
        self.is_held: Callable[[PicoId], bool] = _is_free
        """Whether a pico must take no turns, though it is here."""

    # --- finding ---

    def find(self, eci: Eci) -> Mailbox | None:
        """The pico that has a channel, in its newest state. Raises `Unreadable` as `wake` does."""
        mailbox = self._by_channel.get(eci)
        if mailbox is None and (pico := self._equipment.journal.find_channel(eci)) is not None:
            # One that is awake would have been found: it has since removed the channel.
            mailbox = None if pico in self._awake else self.wake(pico)
        return mailbox

    def find_awake(self, eci: Eci) -> Mailbox | None:
        """The same, of those who do not sleep."""
        return self._by_channel.get(eci)

    def wake(self, pico: PicoId) -> Mailbox | None:
        """The pico of that id. Raises `Unreadable` when the journal does not have the whole of it: it must
        not go on from an earlier state, as if what came after had never been acknowledged."""
        mailbox = self._awake.get(pico)
        if mailbox is None and pico not in self._leaving:
            mailbox = self._wake_newcomer(pico)
        if mailbox is None and pico not in self._leaving:
            end = self._equipment.journal.end(pico)
            stored = self._equipment.journal.load(pico)
            if stored is not None:
                mailbox = self._revive(stored, end)
        return mailbox

    def _revive(self, stored: Stored, end: tuple[int, str] | None) -> Mailbox:
        head = _fold(stored)
        _check_end(head, end)
        every, most = self._limits.snapshot_every, self._limits.pico_bytes
        unsaved = read_unsaved(every, len(stored.snapshot), stored.records, most)
        return self._waken(head, unsaved, stored.rest, stored.inbox)

    def _waken(
        self, head: Head, unsaved: Unsaved, rest: tuple[int, int] | None, inbox: Sequence[bytes]
    ) -> Mailbox:
        if rest is not None:
            self._outbox.find_rest(head.pico.id, rest)
        has_rest = rest is not None
        is_still = self.is_held(head.pico.id)
        epoch = self._equipment.journal.epoch(head.pico.id)
        mailbox = Mailbox(
            head, head.pico, self._equipment, self._outbox, unsaved, has_rest, is_still, epoch or 0
        )
        for request in _waiting(inbox):
            mailbox.take(request)
        self._enter(mailbox)
        return mailbox

    def find_mailbox(self, pico: PicoId) -> Mailbox | None:
        """That of a pico which does not sleep."""
        return self._awake.get(pico)

    def look(self, pico: PicoId) -> Pico | None:
        """The newest state of a pico, which need not wake for it."""
        if pico in self._leaving:
            return None
        if pico in self._awake:
            return self._awake[pico].head.pico
        stored = self._equipment.journal.load(pico)
        return None if stored is None else _fold(stored).pico

    def family(self, pico: PicoId) -> Iterator[Pico]:
        """A pico, its children, theirs and so on. Picos may be nested more deeply than Python calls."""
        waiting = [pico]
        while waiting:
            found = self._look_or_guess(waiting.pop())
            if found is not None:
                yield found
                waiting.extend(child.pico for child in reversed(found.children))

    def children(self, pico: PicoId) -> Sequence[PicoId]:
        """Those that live here and are below a pico, whether that is here or not."""
        return self._equipment.journal.children(pico)

    def _look_or_guess(self, pico: PicoId) -> Pico | None:
        """Of one that cannot be read no more is known than that it is there, and who its children are."""
        try:
            return self.look(pico)
        except Unreadable:
            children = self._equipment.journal.children(pico)
            return Pico(pico, children=tuple(Child(Eci(""), child) for child in children))

    def awake(self) -> list[Mailbox]:
        """Those that are, at the moment."""
        return list(self._awake.values())

    # --- coming and going ---

    def adopt(self, pico: Pico, snapshot: bytes) -> Mailbox:
        """A pico that a turn has made; the journal is about to learn of it."""
        unsaved = Unsaved(self._limits.snapshot_every, len(snapshot), most=self._limits.pico_bytes)
        mailbox = Mailbox(begin(pico), Pico(pico.id), self._equipment, self._outbox, unsaved)
        self._enter(mailbox)
        return mailbox

    def expect(self, newcomer: Newcomer) -> None:
        """A pico that comes from elsewhere will be in the journal soon: then it wakes as it is in memory,
        since a large one need not be read again."""
        self._newcomers[newcomer.head.pico.id] = newcomer

    def expect_no_more(self, pico: PicoId) -> None:
        self._newcomers.pop(pico, None)

    def _wake_newcomer(self, pico: PicoId) -> Mailbox | None:
        """If it is what the journal has by now."""
        newcomer = self._newcomers.get(pico)
        kept = None if newcomer is None else self._equipment.journal.beside(pico)
        if newcomer is None or kept is None or kept.end != newcomer.end:
            return None
        del self._newcomers[pico]
        head = newcomer.head
        every, most = self._limits.snapshot_every, self._limits.pico_bytes
        unsaved = read_unsaved(every, newcomer.snapshot_bytes, newcomer.records, most)
        return self._waken(head, unsaved, kept.rest, kept.inbox)

    def remove(self, pico: PicoId) -> None:
        """A pico that a turn has deleted; the journal is about to learn of it."""
        self._leaving.add(pico)
        mailbox = self._awake.get(pico)
        if mailbox is not None:
            self._leave(mailbox)
            mailbox.end()

    def put_away(self, pico: PicoId) -> None:
        """What the journal has of a pico is about to become another: whoever wakes it next reads that."""
        mailbox = self._awake.get(pico)
        if mailbox is not None:
            self._leave(mailbox)

    def forget(self, pico: PicoId) -> None:
        """The journal has learned that the pico is gone."""
        self._leaving.discard(pico)
        self.when_gone(pico)

    def bind(self, mailbox: Mailbox, channel: Channel) -> None:
        self._by_channel[channel.eci] = mailbox

    def unbind(self, eci: Eci) -> None:
        self._by_channel.pop(eci, None)

    def note_idle(self, mailbox: Mailbox) -> None:
        """It has nothing left to do; of those awake it is now the last that should be let go."""
        if mailbox.id in self._awake:
            self._awake.move_to_end(mailbox.id)
            self._check_room()

    def _enter(self, mailbox: Mailbox) -> None:
        self._awake[mailbox.id] = mailbox
        for channel in mailbox.head.pico.channels.values():
            self.bind(mailbox, channel)
        self._check_room()

    def _leave(self, mailbox: Mailbox) -> None:
        del self._awake[mailbox.id]
        mailbox.instances.forget()
        for eci in mailbox.head.pico.channels:
            self.unbind(eci)

    def _check_room(self) -> None:
        if len(self._awake) > self._limits.most_awake and not self._is_full:
            self._is_full = True
            asyncio.get_running_loop().call_soon(self._make_room)

    def _make_room(self) -> None:
        self._is_full = False
        too_many = len(self._awake) - self._limits.most_awake
        idle = [one for one in islice(self._awake.values(), MOST_LOOKED_AT) if one.is_needless]
        for mailbox in idle[: max(0, too_many)]:
            self._leave(mailbox)


def _waiting(inbox: Sequence[bytes]) -> list[Request]:
    """What is in the inbox, the oldest first; but a turn that had begun goes on before any other."""
    requests = [
        Request(event, query, is_kept=True, inputs=inputs)
        for event, query, inputs in map(decode_request, inbox)
    ]
    return sorted(requests, key=lambda request: request.inputs is None)


def _check_end(head: Head, end: tuple[int, str] | None) -> None:
    if end is None or end == (head.pico.seq, head.chain):
        return
    seq, _ = end
    wrong = f"record {seq} is not the one that was written" if head.pico.seq == seq else _missing(head, seq)
    raise Unreadable(f"pico {head.pico.id}: {wrong}")


def _missing(head: Head, seq: int) -> str:
    return f"the records end with number {head.pico.seq}, and {seq} was written"


def _fold(stored: Stored) -> Head:
    return fold(decode_snapshot(stored.snapshot), stored.records)
