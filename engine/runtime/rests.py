"""The messages of a turn that sends very many, delivered a few at a time after its commit.

To put ten thousand events into inboxes takes a good part of a second, for which nobody else could commit
anything. So the commit says only that the messages in the turn's record are still to be delivered. They
then go out a few in each transaction, which also says how far it has come: a crash repeats none and loses
none. Until the last is on its way the sender has no other turn, so its messages arrive in their order.
"""

from __future__ import annotations

import logging
import time
from asyncio import Future
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from engine.core.codec import Unreadable
from engine.core.messages import Effect, SendEvent
from engine.core.model import EMPTY, EventId, PicoId
from engine.core.records import decode_record
from engine.ports import EndRest, Journal, JournalFailed, KeepRest, Write

logger = logging.getLogger(__name__)

AT_ONCE = 100
SLICE_S = 0.001
"""What goes into one transaction: so many messages, or what was ready after so long. To find a receiver who
sleeps takes longer than that."""


@dataclass(slots=True)
class Rest:
    """Messages of the record `seq` of a pico, of which those from `first` on are to be delivered."""

    pico: PicoId
    seq: int
    messages: Sequence[SendEvent]
    first: int = 0
    bodies: Mapping[EventId, bytes] = field(default_factory=lambda: EMPTY)
    """Those that are bytes already: see `engine.runtime.preparation`."""

    @property
    def said(self) -> Write:
        """What the journal has to know of it."""
        return KeepRest(self.pico, self.seq, self.first) if self.is_left else EndRest(self.pico)

    @property
    def is_left(self) -> bool:
        return self.first < len(self.messages)


class Parcel(Protocol):
    """Messages on their way into inboxes: see `engine.runtime.outbox.Bundle`."""

    writes: list[Write]

    def dispatch(self, durable: Future[None]) -> None: ...


ParcelType = TypeVar("ParcelType", bound=Parcel)


class Rests(Generic[ParcelType]):
    """Those of one engine that are not delivered yet."""

    def __init__(
        self,
        journal: Journal,
        begin: Callable[[Mapping[EventId, bytes]], ParcelType],
        put: Callable[[SendEvent, PicoId, ParcelType], None],
    ) -> None:
        self._journal = journal
        self._begin = begin
        self._put = put
        self._open: dict[PicoId, Rest] = {}
        self.is_closing = False
        """Leave what is left to the next start."""

    def add(self, rest: Rest) -> Write:
        """The pico of that rest must not have another turn before `deliver` has returned."""
        self._open[rest.pico] = rest
        return rest.said

    async def deliver(self, pico: PicoId) -> None:
        """Return when nothing of that pico is left. Not when the journal fails: then the engine ends."""
        try:
            while (rest := self._open.get(pico)) is not None and not self.is_closing:
                await self._deliver_some(rest)
        except JournalFailed as problem:
            logger.warning("messages of pico %s stay where they are: %s", pico, problem)

    def deliver_at_once(self, pico: PicoId, parcel: ParcelType) -> None:
        """All that is left, because the pico is about to be no more."""
        rest = self._open.pop(pico, None)
        for message in rest.messages[rest.first :] if rest else ():
            self._put(message, pico, parcel)

    def _deliver_some(self, rest: Rest) -> Future[None]:
        parcel = self._begin(rest.bodies)
        end_s = time.perf_counter() + SLICE_S
        for message in rest.messages[rest.first : rest.first + AT_ONCE]:
            self._put(message, rest.pico, parcel)
            rest.first += 1
            if time.perf_counter() > end_s:
                break
        parcel.writes.append(rest.said)
        if not rest.is_left:
            del self._open[rest.pico]
        durable = self._journal.commit(parcel.writes)
        parcel.dispatch(durable)
        return durable


def messages_of(effects: Sequence[Effect]) -> Sequence[SendEvent]:
    """In the order in which they are sent."""
    return [effect for effect in effects if isinstance(effect, SendEvent)]


def read_rest(journal: Journal, pico: PicoId, found: tuple[int, int]) -> Rest:
    """What an earlier run of the engine has left. Raises `Unreadable`."""
    seq, first = found
    bodies = journal.records(pico, seq, seq)
    if not bodies:
        raise Unreadable(f"pico {pico}: record {seq} is not there, and it has messages to deliver")
    return Rest(pico, seq, messages_of(decode_record(bodies[0]).effects), first)
