"""What picos are reached through by those who know them by DID: see `engine.runtime.host`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Protocol

from engine.core.dids import Did
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId
from engine.runtime.callers import Caller
from engine.runtime.replies import EventReply, QueryReply
from pico_lang.values import Value

Attrs = Mapping[str, Value]
WhyNot = Callable[[Caller], Refusal | None]
"""Why the policy of a channel does not let somebody do what he wants, or None."""


class Gate(Protocol):
    async def accept_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventId | Refusal: ...

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Attrs, eid: EventId | None, caller: Caller
    ) -> EventReply | Refusal | Fault: ...

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Attrs, caller: Caller
    ) -> QueryReply | Refusal | Fault: ...

    def why_not(self, eci: Eci, domain: str, name: str, caller: Caller) -> Refusal | None: ...

    def why_not_query(self, eci: Eci, rid: str, name: str, caller: Caller) -> Refusal | None: ...


def event_id(sender: Did | None, message_id: str) -> EventId:
    """One for each message of each sender; the short form of a did:peer:4 is the same sender as the long."""
    who = "" if sender is None else str(sender)
    if who.startswith("did:peer:4"):
        who = ":".join(who.split(":")[:3])
    return EventId(sha256(f"{who}\0{message_id}".encode()).hexdigest()[:32])
