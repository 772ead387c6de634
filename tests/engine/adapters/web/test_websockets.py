"""Websockets that the engine opens: to whom it may, whole messages each way, and an end that is noticed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.server import ServerConnection, serve

from engine.adapters.web.client import WebLimits
from engine.adapters.web.websockets import PinnedWebsockets
from engine.host_patterns import ALL_HOSTS
from engine.ports import WebFailed, WebRefused, WebResponse
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving

MOST = 10_000
LIMITS = WebLimits(private=ALL_HOSTS, response_bytes=MOST)


@asynccontextmanager
async def echo() -> AsyncIterator[int]:
    """What comes goes back as it came; "bye" ends it, and a number is answered by so many bytes."""

    async def answer(line: ServerConnection) -> None:
        while (frame := await line.recv()) != b"bye":
            await line.send(b"x" * int(frame) if frame.isdigit() else frame)

    async with serve(answer, "127.0.0.1", 0) as server:
        yield next(iter(server.sockets)).getsockname()[1]


@in_loop
async def test_messages_go_and_come_whole() -> None:
    """As bytes, as they were."""
    async with echo() as port:
        line = await PinnedWebsockets(LIMITS).open(f"ws://127.0.0.1:{port}/didcomm")
        for frame in (b"{}", b"y" * MOST):
            await line.send(frame)
            assert await line.receive() == frame
        await line.close()


@in_loop
async def test_the_end_is_noticed() -> None:
    """By whoever reads and by whoever writes."""
    async with echo() as port:
        line = await PinnedWebsockets(LIMITS).open(f"ws://127.0.0.1:{port}/")
        await line.send(b"bye")
        with pytest.raises(WebFailed, match="1000"):
            await line.receive()
        with pytest.raises(WebFailed):
            await line.send(b"more")
        await line.close()


@in_loop
async def test_a_message_that_is_too_large_ends_it() -> None:
    """Rather than being held in memory."""
    async with echo() as port:
        line = await PinnedWebsockets(LIMITS).open(f"ws://127.0.0.1:{port}/")
        await line.send(b"%d" % (MOST + 1))
        with pytest.raises(WebFailed, match="1009"):
            await line.receive()
        await line.close()


@in_loop
async def test_a_private_address_is_not_reached() -> None:
    """Unless the setting says so, and although somebody listens there."""
    async with echo() as port:
        with pytest.raises(WebRefused, match="http_private"):
            await PinnedWebsockets(WebLimits()).open(f"ws://127.0.0.1:{port}/")


@in_loop
async def test_the_address_that_was_judged_is_the_one_that_is_used() -> None:
    """Whatever the name means to the system."""

    async def resolve(host: str, port: int) -> Sequence[str]:
        assert host == "mediator.example"
        return ["127.0.0.1"]

    async with echo() as port:
        line = await PinnedWebsockets(LIMITS, resolve).open(f"ws://mediator.example:{port}/")
        await line.send(b"here")
        assert await line.receive() == b"here"
        await line.close()


@pytest.mark.parametrize("url", ["http://127.0.0.1/", "ws:///didcomm", "ws://[::1"])
@in_loop
async def test_other_urls_are_refused(url: str) -> None:
    """With a sentence."""
    with pytest.raises(WebFailed):
        await PinnedWebsockets(LIMITS).open(url)


@in_loop
async def test_whoever_has_no_websocket_is_told_of() -> None:
    """A site that answers otherwise, and nobody at all."""
    async with serving(lambda _: WebResponse(404, "Not Found", {}, "")) as port:
        with pytest.raises(WebFailed, match="404"):
            await PinnedWebsockets(LIMITS).open(f"ws://127.0.0.1:{port}/")
    with pytest.raises(WebFailed):
        await PinnedWebsockets(LIMITS).open(f"ws://127.0.0.1:{port}/")
