"""A running engine takes in mail for somebody who is away, and is killed meanwhile; websockets end well."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.resolver import DidResolver
from engine.adapters.keys import SeedKeys
from engine.commands.client import EngineClient
from engine.commands.own_did import PURPOSE, OwnIdentity
from engine.commands.process import EngineProcess
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V3
from engine.core.protocols.payloads import payload
from engine.core.protocols.routing import forward
from engine.wiring_of_mail import fetch_document
from tests.engine.in_loop import in_loop
from tests.engine.runtime.clients import an_envelope, another_did
from tests.scenarios.messages import free_port

GONE_S = 10.0


class Agent:
    """Somebody with a DID and a connection, and nothing of the engine's code but envelopes."""

    def __init__(self, engine: EngineClient, name: str) -> None:
        self.url, self.engine = engine.url, Did(engine.did()["did"])
        keys = SeedKeys(name.encode().ljust(32, b"."))
        self.did = make_own_did(keys.derive(f"{PURPOSE}/key-1"), keys.derive(f"{PURPOSE}/key-2"), None)
        resolver = DidResolver(None, time.time)
        own = OwnIdentity(self.did, keys)
        self.envelopes = OwnEnvelopes(resolver.at_hand, partial(fetch_document, resolver), own.secret)
        self._count = time.time_ns()

    async def pack(self, type: str, body: Mapping[str, Any]) -> bytes:
        self._count += 1
        headers = {"return_route": "all"}
        message = Message(f"{self._count}", type, body, from_=self.did, to=(self.engine,), headers=headers)
        return await self.envelopes.close(message, self.engine)

    async def say(self, line: ClientConnection, type: str, body: Mapping[str, Any]) -> Message:
        line.send(await self.pack(type, body))
        return await self.hear(line)

    async def hear(self, line: ClientConnection) -> Message:
        content = line.recv(timeout=GONE_S)
        assert isinstance(content, bytes)
        return (await self.envelopes.open(content, int(time.time()))).message

    async def send_mail(self, to: str, envelope: bytes) -> int:
        wrapped = forward(f"f{hash(envelope)}", envelope, to, self.engine)
        content = await self.envelopes.close(wrapped, self.engine)
        url, headers = f"{self.url}/didcomm", {"content-type": ENCRYPTED}
        return httpx.post(url, content=content, headers=headers).status_code

    def connect(self, behind: str | None = None) -> ClientConnection:
        """As a proxy does, for somebody at that address, if there is one."""
        headers = None if behind is None else {"X-Forwarded-For": behind}
        url = f"ws{self.url.removeprefix('http')}/didcomm"
        return connect(url, max_size=1 << 21, additional_headers=headers)


@pytest.fixture
def mediator(tmp_path: Path) -> Iterator[EngineProcess]:
    home = tmp_path / "home"
    home.mkdir()
    settings = 'mediator_for = "true"\nbody_limit = 50_000\nwebsockets = 2\nwebsocket_idle_s = 0.5\n'
    (home / "picomesh.toml").write_text(settings)
    process = EngineProcess(home, "--port", str(free_port()))
    yield process
    process.end()


@in_loop
async def test_mail_outlives_the_engine_and_comes_along_a_websocket(mediator: EngineProcess) -> None:
    """What waited is fetched, what comes is delivered, what was acknowledged is gone after a kill too."""
    agent = Agent(mediator.start(), "zoe")
    did = another_did(1, agent.engine)
    with agent.connect() as line:
        await agent.say(line, V3.type("mediate-request"), {})
        updates = {"updates": [{"recipient_did": did, "action": "add"}]}
        await agent.say(line, V3.type(V3.update), updates)
    assert await agent.send_mail(did, an_envelope("first")) == 202
    mediator.kill()
    mediator.start()
    with agent.connect() as line:
        await agent.say(line, pickup.LIVE_CHANGE, {"live_delivery": True})
        assert await agent.send_mail(did, an_envelope("second")) == 202
        live = await agent.hear(line)
        waiting = await agent.say(line, pickup.DELIVERY_REQUEST, {"limit": 10})
        assert [payload(one) for one in live.attachments] == [an_envelope("second")]
        assert [payload(one) for one in waiting.attachments] == [an_envelope("first"), an_envelope("second")]
        got = [str(one.id) for one in waiting.attachments]
        await agent.say(line, pickup.RECEIVED, {"message_id_list": got})
        mediator.kill()
    mediator.start()
    with agent.connect() as line:
        status = await agent.say(line, pickup.STATUS_REQUEST, {})
        assert status.body["message_count"] == 0


@in_loop
async def test_one_address_has_only_so_many_websockets(mediator: EngineProcess) -> None:
    """That of the other end, or, behind a proxy on this machine, of who that says it is for."""
    with (mediator.home / "picomesh.toml").open("a") as settings:
        settings.write("websockets_per_address = 1\n")
    agent = Agent(mediator.start(), "zoe")
    with agent.connect(behind="192.0.2.1"):
        with pytest.raises(InvalidStatus, match="403"):
            agent.connect(behind="192.0.2.1")
        with agent.connect(), pytest.raises(InvalidStatus, match="403"):
            agent.connect()


@in_loop
async def test_websockets_have_limits(mediator: EngineProcess) -> None:
    """In number, in what a frame may have, and in how long nothing may come; other paths have none."""
    agent = Agent(mediator.start(), "zoe")
    with agent.connect() as one, agent.connect() as other:
        with pytest.raises(InvalidStatus, match="403"):
            agent.connect()
        one.send(b"x" * 60_000)
        with pytest.raises(ConnectionClosed) as too_large:
            one.recv(timeout=GONE_S)
        assert too_large.value.rcvd is not None
        assert too_large.value.rcvd.code == 1009
        with pytest.raises(ConnectionClosed) as idle:
            other.recv(timeout=GONE_S)
        assert idle.value.rcvd is not None
        assert (idle.value.rcvd.code, idle.value.rcvd.reason) == (1001, "nothing came for too long")
    with pytest.raises(InvalidStatus, match="403"):
        connect(f"ws{agent.url.removeprefix('http')}/elsewhere")
    with agent.connect() as line:
        status = await agent.say(line, pickup.STATUS_REQUEST, {})
        assert status.body["message_count"] == 0
