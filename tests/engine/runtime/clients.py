"""Somebody who has mail taken in by an engine and fetches it, by POST or along a line that stays open."""

from __future__ import annotations

import asyncio
from asyncio import Queue, Task
from collections.abc import MutableMapping
from typing import Any

from engine.adapters.dids.own import make_own_did
from engine.adapters.http import DuplexLimits, Limits, make_app
from engine.core.dids import Did
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V3
from engine.core.protocols.payloads import payload
from engine.core.protocols.routing import forward
from engine.ports import Letter
from tests.engine.runtime.mesh import BODY_LIMIT, Member, Mesh, Stranger, post

REQUEST, UPDATE, QUERY = V3.type("mediate-request"), V3.type(V3.update), V3.type(V3.query)


def another_did(number: int, mediator: Did) -> Did:
    """One that names the mediator as the place where it is reached."""
    seed = bytes([number]) * 32
    return make_own_did(seed, seed[::-1], mediator)


class Client(Stranger):
    """Of one mediator."""

    def __init__(self, name: str, mesh: Mesh, mediator: Member) -> None:
        super().__init__(name, mesh)
        self.mediator = mediator

    def now_s(self) -> int:
        return self._now_s()

    async def say(self, type: str, body: Any = None, **rest: Any) -> Letter:
        """And hear what the mediator answers."""
        to = self.mediator.mail.engine_did()
        return await self.read(await self.write(self.mediator, to, type, body, **rest))

    async def register(self, *dids: str) -> list[str]:
        """What became of each."""
        await self.say(REQUEST)
        return await self.update(*dids)

    async def update(self, *dids: str, action: str = "add") -> list[str]:
        answer = await self.say(
            UPDATE, {"updates": [{"recipient_did": did, "action": action} for did in dids]}
        )
        return [one["result"] for one in answer.message.body.get("updated", [])]

    async def waiting(self, **narrowed: str) -> int:
        """How much the mediator says there is."""
        answer = await self.say(pickup.STATUS_REQUEST, narrowed)
        count: int = answer.message.body["message_count"]
        return count

    async def fetch(self, limit: int = 10) -> dict[str, bytes]:
        return delivered(await self.say(pickup.DELIVERY_REQUEST, {"limit": limit}))

    async def acknowledge(self, *ids: str) -> Letter:
        return await self.say(pickup.RECEIVED, {"message_id_list": list(ids)})


def delivered(letter: Letter) -> dict[str, bytes]:
    return {str(one.id): payload(one) for one in letter.message.attachments}


async def send_mail(
    sender: Stranger, mediator: Member, to: str, envelope: bytes, expires_s: int | None = None
) -> int:
    """As anybody does who has found the mediator in the document of a DID; the status that comes back."""
    hop = mediator.mail.engine_did()
    wrapped = forward(f"f{hash(envelope)}", envelope, to, hop, expires_s)
    return (await post(mediator, await sender.envelopes.close(wrapped, hop))).status_code


def an_envelope(text: str, size: int = 0) -> bytes:
    """Nobody can open it, and the mediator does not try to."""
    return b'{"ciphertext":"%s%s"}' % (text.encode(), b"x" * size)


class Wire:
    """A websocket without a network: what the application gets and does is in queues."""

    def __init__(
        self,
        member: Member,
        idle_s: float = 60.0,
        at_once: int = 8,
        app: Any = None,
        address: str = "192.0.2.1",
        per_address: int = 8,
    ) -> None:
        self._in: Queue[dict[str, Any]] = Queue()
        self.out: Queue[dict[str, Any]] = Queue()
        self.reads = asyncio.Event()
        self.reads.set()
        limits = DuplexLimits(at_once, idle_s, per_address)
        self.app = app or make_app(member.host, Limits(BODY_LIMIT, 64), limits)
        scope = {"type": "websocket", "path": "/didcomm", "headers": [], "client": (address, 50_000)}
        self._in.put_nowait({"type": "websocket.connect"})
        self.task: Task[None] = asyncio.ensure_future(self.app(scope, self._in.get, self._send))

    async def _send(self, event: MutableMapping[str, Any]) -> None:
        await self.reads.wait()
        self.out.put_nowait(dict(event))

    async def opened(self) -> Wire:
        assert (await self.out.get())["type"] == "websocket.accept"
        return self

    def put(self, envelope: bytes) -> None:
        self._in.put_nowait({"type": "websocket.receive", "bytes": envelope})

    def put_text(self, envelope: bytes) -> None:
        self._in.put_nowait({"type": "websocket.receive", "text": envelope.decode()})

    async def get(self) -> bytes:
        event = await self.out.get()
        assert event["type"] == "websocket.send", event
        content: bytes = event["bytes"]
        return content

    async def ended(self) -> dict[str, Any]:
        """How it was ended by the engine."""
        event = await self.out.get()
        await self.task
        return event

    async def hang_up(self) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})
        await self.task


class Duplex:
    """A client on a line that stays open."""

    def __init__(self, client: Client, wire: Wire) -> None:
        self._client = client
        self.wire = wire

    async def say(self, type: str, body: Any = None, to: str | None = None, **rest: Any) -> Letter:
        await self.tell(type, body, to, **rest)
        return await self.hear()

    async def tell(self, type: str, body: Any = None, to: str | None = None, **rest: Any) -> None:
        to = to or self._client.mediator.mail.engine_did()
        message = self._client.message(to, type, body, **rest)
        self.wire.put(await self._client.envelopes.close(message, Did(to)))

    async def hear(self) -> Letter:
        envelope = await self.wire.get()
        return await self._client.envelopes.open(envelope, self._client.now_s())

    async def go_live(self, live: bool = True) -> Letter:
        return await self.say(pickup.LIVE_CHANGE, {"live_delivery": live})
