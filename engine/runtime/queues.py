"""Mail that waits for a client of the mediator, as the tables of protocols see it, and what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from engine.core.dids import Did, did_of, short_did
from engine.core.protocols.reactions import Held, Summary
from engine.ports import KeptMail


@dataclass(frozen=True, slots=True)
class Queue:
    """`engine.core.protocols.Waiting` of one client."""

    mail: KeptMail
    client: Did

    def summary(self, recipient: str | None, but: Collection[str] = ()) -> Summary:
        short, gone = _narrow(recipient), list(but)
        size, less = self.mail.size(self.client, short), self.mail.sizes_of(self.client, gone, short)
        oldest = self.mail.received_s(self.client, short, gone)
        newest = self.mail.received_s(self.client, short, gone, newest=True)
        return Summary(size.messages - less.messages, size.bytes - less.bytes, oldest, newest)

    def oldest(self, limit: int, recipient: str | None) -> Sequence[Held]:
        waiting = self.mail.after(self.client, 0, limit, _narrow(recipient))
        return [Held(one.id, one.envelope, one.received_s) for one in waiting]


@dataclass(frozen=True, slots=True)
class Coming:
    """What is on its way to the disk."""

    messages: Counter[Did] = field(default_factory=Counter)
    bytes: Counter[Did] = field(default_factory=Counter)

    @contextmanager
    def counted(self, client: Did, size: int) -> Iterator[None]:
        self._add(client, 1, size)
        try:
            yield
        finally:
            self._add(client, -1, -size)

    def _add(self, client: Did, messages: int, size: int) -> None:
        self.messages[client] += messages
        self.bytes[client] += size
        if not self.messages[client]:
            del self.messages[client], self.bytes[client]


def _narrow(recipient: str | None) -> str | None:
    return None if recipient is None else short_did(did_of(recipient))
