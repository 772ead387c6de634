"""Mail for those who cannot be reached: taken in for the DIDs they name, and kept until they fetch it.

What the messages mean is in the tables of coordinate-mediation and messagepickup; here is who may have mail
kept, how much of it and for how long. Who sends something learns nothing of whoever it is for. An envelope is
given out until its receipt is acknowledged, so it arrives at least once.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Literal

from engine.core.didcomm.messages import Message
from engine.core.dids import Did, did_of, short_did
from engine.core.protocols import messagepickup
from engine.core.protocols.coordinate_mediation import PROTOCOL_2, PROTOCOL_3
from engine.core.protocols.hearing import hear
from engine.core.protocols.mediating import serves
from engine.core.protocols.reactions import Facts, Held, NewId, Note, Reaction, State, ids_from, stray
from engine.core.protocols.relationships import begin
from engine.core.protocols.table import kind_of, protocol_of
from engine.did_choice import NO_DID, DidChoice
from engine.ports import (
    CannotSend,
    DropMail,
    DropOldMail,
    Envelopes,
    Journal,
    KeepMail,
    KeepMailClient,
    Letter,
    RemoveMailClient,
)
from engine.runtime.correspondents import REMEMBERED, Correspondents
from engine.runtime.identities import Identities
from engine.runtime.lines import Line, Lines, Live
from engine.runtime.queues import Coming, Queue

logger = logging.getLogger(__name__)

KeepName = Callable[[str], Awaitable[None]]
"""See `engine.runtime.long_names`."""

PROTOCOLS = (PROTOCOL_2, PROTOCOL_3, messagepickup.PROTOCOL)
FRESH_S = 24 * 3600
"""How old a message may be that changes something. So many are remembered that nobody makes a client's
be forgotten sooner, and plays one again that was recorded."""
PASSING = frozenset(("pickup", REMEMBERED))
"""What of a client's state is of the line, or of politeness, and not agreed with them."""
SWEEP_S = 600
"""At most so much longer than it was to be kept, something is."""


@dataclass(frozen=True, slots=True)
class Terms:
    """For whom mail is taken in, and how far that goes."""

    clients: DidChoice = NO_DID
    most_clients: int = 1000
    most_dids: int = 1024
    client_messages: int = 100_000
    client_bytes: int = 64 << 20
    total_bytes: int = 1 << 30
    keep_s: int = 14 * 24 * 3600


class Mediator:
    def __init__(
        self,
        journal: Journal,
        identities: Identities,
        envelopes: Envelopes,
        correspondents: Correspondents,
        now_ms: Callable[[], int],
        terms: Terms,
        keep_name: KeepName,
    ) -> None:
        self._journal = journal
        self._mail = journal.mail
        self._identities = identities
        self._envelopes = envelopes
        self._correspondents = correspondents
        self._now_ms = now_ms
        self._terms = terms
        self._keep_name = keep_name
        self._new_id = ids_from(identities.ids_seed())
        self._lines = Lines()
        self._agreeing = asyncio.Lock()
        self._coming = Coming()
        self._swept_s = 0

    # --- taking in ---------------------------------------------------------------------------------

    async def take_in(
        self, recipient: Did, envelope: bytes, expires_s: int | None
    ) -> Literal["taken", "unknown", "busy"]:
        """Kept for good when it is taken. One that waits already is not kept twice."""
        short = short_did(recipient)
        client = self._mail.client_of(short)
        if client is None or not self._terms.clients.takes(client):
            return "unknown"
        await self._sweep()
        if not self._has_room(client, len(envelope)):
            logger.info("there is no room for more mail for %s", client[:60])
            return "busy"
        now_s = self._now_s()
        until_s = min(
            now_s + self._terms.keep_s, now_s + self._terms.keep_s if expires_s is None else expires_s
        )
        id = sha256(f"{client}\0{short}\0".encode() + envelope).hexdigest()[:32]
        with self._coming.counted(client, len(envelope)):
            kept = KeepMail(client, id, short, now_s, until_s, envelope)
            await self._journal.commit([kept])
        self._lines.tell(client)
        return "taken"

    def _has_room(self, client: Did, size: int) -> bool:
        """What is on its way to the disk counts as if it were there."""
        own, all = self._mail.size(client), self._mail.size()
        coming = self._coming
        return (
            own.messages + coming.messages[client] < self._terms.client_messages
            and own.bytes + coming.bytes[client] + size <= self._terms.client_bytes
            and all.bytes + coming.bytes.total() + size <= self._terms.total_bytes
        )

    async def _sweep(self) -> None:
        """Before the first that comes after a while: where nothing comes, nothing grows."""
        if self._now_s() >= self._swept_s + SWEEP_S:
            self._swept_s = self._now_s()
            await self._journal.commit([DropOldMail(self._swept_s)])

    # --- hearing clients ---------------------------------------------------------------------------

    def is_for_it(self, type: str) -> bool:
        return protocol_of(type) in PROTOCOLS

    async def hear(self, letter: Letter, line: Line | None) -> Reaction:
        """Of a client, or somebody who wants to be one. What is kept is durable when this returns."""
        if letter.sender is None:
            return Reaction({}, notes=(Note("refused", {}),))
        await self._sweep()
        if _is_heard_again(letter.message):
            return await self._hear_again(letter, letter.sender, line)
        if (letter.message.created_time or self._now_s()) < self._now_s() - FRESH_S:
            facts = self._facts(letter, letter.sender, line)
            return stray({}, letter.message, facts, "it is from long ago")
        async with self._agreeing:
            return await self._agree(letter, letter.sender, line)

    async def _hear_again(self, letter: Letter, sender: Did, line: Line | None) -> Reaction:
        """What may be heard twice without harm: of this nothing has to be remembered."""
        client = Did(short_did(sender))
        reaction = self._heard(letter, sender, self._state(letter, sender, line), line)
        gone = [id for note in reaction.notes for id in note.attrs.get("ids", ())]
        if gone:
            await self._journal.commit([DropMail(client, gone)])
        return reaction

    async def _agree(self, letter: Letter, sender: Did, line: Line | None) -> Reaction:
        """One at a time, so that of two who name the same DID one is told that it is taken."""
        client = Did(short_did(sender))
        before, last = self._state(letter, sender, line), self._mail.last(client)
        reaction = self._heard(letter, sender, before, line)
        is_client, was_client = bool(reaction.state.get("mediator")), bool(before.get("mediator"))
        if is_client:
            kept = {name: one for name, one in reaction.state.items() if name not in PASSING}
            dids = list(dict.fromkeys(_short(did) for did in serves(reaction.state)))
            await self._keep_name(sender)
            await self._journal.commit([KeepMailClient(client, json.dumps(kept), dids)])
        elif was_client:
            await self._journal.commit([RemoveMailClient(client)])
        if line is not None:
            live = Live(letter.recipient or self._identities.engine, sender, last)
            self._follow_wish(reaction.state, client, line, live)
        return reaction

    def _heard(self, letter: Letter, sender: Did, state: State, line: Line | None) -> Reaction:
        reaction = hear(state, letter.message, self._facts(letter, sender, line))
        self._correspondents.note(letter, reaction.state)
        return reaction

    def _follow_wish(self, state: State, client: Did, line: Line, live: Live) -> None:
        """Live mode begins after what the status counts that answers the wish; that has to be asked for."""
        if state.get("pickup", {}).get("live"):
            self._lines.go_live(line, client, live)
        else:
            self._lines.rest(line, client)

    def _state(self, letter: Letter, sender: Did, line: Line | None) -> dict[str, Any]:
        """As it was kept, with what both are called today. Live mode is of the line."""
        client = Did(short_did(sender))
        known, names = self._mail.client_state(client), begin(str(letter.recipient), sender)
        live = line is not None and client in line.live
        agreed = {} if known is None else json.loads(known)
        return {**agreed, **names, **self._correspondents.known(letter), "pickup": {"live": live}}

    def _facts(self, letter: Letter, sender: Did, line: Line | None) -> Facts:
        client = Did(short_did(sender))
        return Facts(
            sender,
            letter.recipient,
            self._now_s(),
            self._ids_for(client),
            routing_dids=(self._identities.engine,) if self._may_be_client(client) else (),
            taken=self._taken(letter.message, client),
            most_dids=self._terms.most_dids,
            waiting=Queue(self._mail, client),
            can_go_live=line is not None and self._is_client(client) and line.may_go_live(client),
        )

    def _may_be_client(self, client: Did) -> bool:
        if not self._terms.clients.takes(client):
            return False
        return self._is_client(client) or self._mail.count_clients() < self._terms.most_clients

    def _is_client(self, client: Did) -> bool:
        return self._mail.client_state(client) is not None

    def _taken(self, message: Message, client: Did) -> frozenset[str]:
        """Of the DIDs that a message names, those that are another's, or this engine's own."""
        updates = message.body.get("updates")
        named = [one.get("recipient_did") for one in _objects(updates)]
        return frozenset(did for did in named if isinstance(did, str) and self._is_taken(did, client))

    def _is_taken(self, did: str, client: Did) -> bool:
        owner = self._mail.client_of(_short(did))
        return owner not in (None, client) or self._identities.find(did_of(did)) is not None

    # --- live mode ---------------------------------------------------------------------------------

    async def deliveries(self, line: Line) -> AsyncIterator[bytes]:
        """Envelopes that belong along the line, for as long as there is one. Each is read from the journal
        when the one before is on its way, so whoever reads slowly is waited for and takes no memory."""
        while True:
            await line.news.wait()
            line.news.clear()
            for client in list(line.live):
                while (envelope := await self._next_delivery(line, client)) is not None:
                    yield envelope

    async def _next_delivery(self, line: Line, client: Did) -> bytes | None:
        live = line.live.get(client)
        following = [] if live is None else self._mail.after(client, live.last, 1)
        if live is None or not following:
            return None
        (one,) = following
        live.last = one.n
        state = {**begin(live.me, live.peer), "pickup": {"live": True}}
        id, held = self._ids_for(client)(f"delivery of {one.n}"), Held(one.id, one.envelope, one.received_s)
        (message,) = messagepickup.deliver_live(state, id, held, self._now_s()).replies
        try:
            return await self._envelopes.close(message, live.peer)
        except CannotSend as problem:
            logger.info("no mail can be delivered to %s: %s", client[:60], problem)
            self._lines.rest(line, client)
            return None

    def close(self, line: Line) -> None:
        """What went along it and was not acknowledged waits on."""
        self._lines.close(line)

    def _ids_for(self, client: Did) -> NewId:
        return lambda purpose: self._new_id(f"{purpose} for {client}")

    def _now_s(self) -> int:
        return self._now_ms() // 1000


def _is_heard_again(message: Message) -> bool:
    protocol = protocol_of(message.type)
    kind = None if protocol is None else kind_of(message.type, protocol)
    return kind is not None and kind.again


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []


def _short(did: str) -> str:
    return short_did(did_of(did))
