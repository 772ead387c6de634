"""Messages of moves between this engine and others: written and posted, or read and found to be so.

One attempt each: what matters is repeated by the tables. Questions are answered over the same connection.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

from engine.core import cars
from engine.core.blocks.dag_cbor import LARGEST_BLOCK
from engine.core.cids import Cid, cid_of
from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, same_did, show_did
from engine.core.migration.messages import Attempt, Entry, Handoff, Head, Offer, Release, Sent
from engine.core.protocols import migration, migration_goods
from engine.core.protocols.migration import NotAMove, Parcel
from engine.ports import BadLog, CannotSend, Entropy, Envelopes, Hosting, KeptLog, Letter, LifelongLogs
from engine.runtime.identities import Identities
from engine.runtime.letters import Letters
from engine.runtime.moves.cases import name_of_engine
from engine.runtime.moves.replying import Reply
from engine.runtime.moves.streams import blocks_of_car

LIFETIME_S = 600
"""After which nobody heeds a message any more."""
Now = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Heard:
    """A message of a move, from an engine that is proven to have written it."""

    parcel: Parcel
    sender: Did
    log: KeptLog | None
    """The pico's log, where one came along; it proves what it says."""
    hosting: Hosting | None
    blocks: tuple[bytes, ...] = ()
    reply: Reply | None = None
    """What may go back over the connection along which it came."""


ASKING = (Offer, Handoff, Release)
"""To these there is an answer as a rule, which may come back over the same connection."""


class Post:
    def __init__(
        self,
        identities: Identities,
        letters: Letters,
        envelopes: Envelopes,
        logs: LifelongLogs,
        now_ms: Now,
        entropy: Entropy,
    ) -> None:
        self._identities = identities
        self._letters = letters
        self._envelopes = envelopes
        self._logs = logs
        self._now_ms = now_ms
        self._entropy = entropy

    @property
    def me(self) -> str:
        """As this engine is called in seats."""
        return name_of_engine(self._identities.engine)

    def now_s(self) -> int:
        return self._now_ms() // 1000

    # --- saying ---

    async def send(self, written: Message, to: Did) -> Letter | None:
        """What came back over the connection, if something did. Raises `CannotSend`."""
        posted = await self._letters.send(written, to)
        return None if posted.reply is None else await self._open(posted.reply, to)

    def compose(
        self, to: Did, did: str, message: Sent, more: Mapping[str, Any], blocks: list[bytes] | None = None
    ) -> Message:
        """Raises `NotAMove`."""
        written = migration.write(
            Parcel(did, message, more),
            self._entropy.seed(),
            self._identities.engine,
            to,
            self.now_s(),
            self.now_s() + LIFETIME_S,
        )
        if blocks:
            written = replace(written, attachments=(migration_goods.as_attachment(blocks),))
        return replace(written, headers={"return_route": "all"}) if isinstance(message, ASKING) else written

    async def ask(self, to: Did, kind: str, answer: str, body: Mapping[str, Any]) -> Message:
        """The answer that came back. Raises `CannotSend`."""
        question = self.write(to, kind, body, None, {"return_route": "all"})
        posted = await self._letters.send(question, to)
        return await self._answer(to, question, answer, posted.reply)

    async def ask_for_blocks(
        self, to: Did, body: Mapping[str, Any], wanted: Collection[Cid]
    ) -> AsyncGenerator[dict[Cid, bytes], None]:
        """Some of those that are wanted at a time, hashed: all of them, or as many as go into a message.
        Raises `CannotSend`, also in the middle, `BadCar` and `NotAskedFor`."""
        question = self.write(to, migration_goods.WANT, body, None, {"return_route": "all"})
        async with self._letters.open(question, to, cars.MEDIA_TYPE) as opened:
            if opened.media_type == cars.MEDIA_TYPE:
                try:
                    async with aclosing(blocks_of_car(opened.pieces(), wanted)) as parts:
                        async for part in parts:
                            yield part
                except cars.CarCut as problem:
                    raise CannotSend(str(problem), is_final=False) from problem
                return
            reply = await _gathered(opened.pieces())
        told = await self._answer(to, question, migration_goods.BLOCKS, reply or None)
        yield {cid_of(block): block for block in migration_goods.blocks_in(told)}

    async def _answer(self, to: Did, question: Message, answer: str, reply: bytes | None) -> Message:
        if reply is None:
            raise CannotSend("nothing came back over the connection", is_final=False)
        told = (await self._open(reply, to)).message
        if told.thid != question.id or migration_goods.kind_of(told.type) != answer:
            raise CannotSend(f"{show_did(to)} did not answer that", is_final=False)
        return told

    async def _open(self, envelope: bytes, by: Did) -> Letter:
        try:
            letter = await self._envelopes.open(envelope, self.now_s())
        except Refused as refused:
            raise CannotSend(f"what came back cannot be read: {refused.reason}", is_final=False) from None
        if letter.sender is None or not same_engine(letter.sender, by):
            raise CannotSend(f"what came back is not from {show_did(by)}", is_final=False)
        return letter

    def write(
        self,
        to: Did,
        kind: str,
        body: Mapping[str, Any],
        thid: str | None,
        headers: Mapping[str, Any] | None = None,
    ) -> Message:
        now_s = self.now_s()
        return Message(
            self._entropy.seed(),
            migration_goods.type_of(kind),
            body,
            self._identities.engine,
            (to,),
            thid=thid,
            created_time=now_s,
            expires_time=now_s + LIFETIME_S,
            headers=headers or {},
        )

    # --- hearing ---

    def read(self, letter: Letter, is_proof: migration.IsProof) -> Heard:
        """Raises `NotAMove`."""
        if letter.sender is None:
            raise NotAMove("nobody is proven to have written it")
        found: list[tuple[KeptLog, Hosting]] = []

        def read_entry(did: str, lines: str) -> Entry:
            log = KeptLog(lines, str(letter.message.body.get("approvals") or ""))
            hosting = self.hosting(did, log)
            found.append((log, hosting))
            return entry_of(hosting)

        sender = name_of_engine(letter.sender)
        parcel = migration.read(letter.message, sender, self.me, read_entry, is_proof)
        body = letter.message.body
        if not found and isinstance(body.get("log"), str) and body["log"]:
            read_entry(parcel.did, body["log"])
        blocks = migration_goods.blocks_in(letter.message) if isinstance(parcel.message, Handoff) else ()
        log, hosting = found[-1] if found else (None, None)
        return Heard(parcel, letter.sender, log, hosting, tuple(blocks))

    def hosting(self, did: str, log: KeptLog) -> Hosting:
        """Where that log says that pico lives. Raises `NotAMove`."""
        try:
            hosting = self._logs.hosting(log, self.now_s())
        except BadLog as problem:
            raise NotAMove(f"the log is not to be believed: {problem}") from None
        if not same_did(hosting.name, did):
            raise NotAMove("the log is another pico's")
        return hosting


LARGEST_REPLY = 3 * LARGEST_BLOCK
"""Of an envelope with blocks: base64 in base64, and what is around it."""


async def _gathered(pieces: AsyncIterator[bytes]) -> bytes:
    held = bytearray()
    async for piece in pieces:
        held += piece
        if len(held) > LARGEST_REPLY:
            raise CannotSend("what came back is larger than any envelope", is_final=False)
    return bytes(held)


def entry_of(hosting: Hosting) -> Entry:
    return Entry(hosting.number, hosting.id, name_of_engine(hosting.host), hosting.key)


def same_engine(one: str, other: str) -> bool:
    return name_of_engine(one) == name_of_engine(other)


def proven_text(did: str, attempt: Attempt, head: Head) -> bytes:
    """What a source signs when it hands a state over."""
    said = {
        "picomesh": "handoff",
        "did": did,
        "epoch": attempt.epoch,
        "attempt": [attempt.number, attempt.name],
        "source": attempt.source,
        "target": attempt.target,
        "head": [head.sequence, head.state, head.cid],
    }
    return json.dumps(said, sort_keys=True).encode()
