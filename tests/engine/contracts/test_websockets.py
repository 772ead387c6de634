"""What websockets promise, held against the real ones and those that tests use in their place."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send
from websockets.asyncio.server import ServerConnection, serve

from engine.adapters.web.client import WebLimits
from engine.adapters.web.websockets import PinnedWebsockets
from engine.host_patterns import ALL_HOSTS
from engine.ports import WebFailed, WebRefused, Websockets
from tests.engine.in_loop import in_loop
from tests.fakes.websockets import FakeWebsockets

BYE = b"bye"
"""Ends it; everything else comes back as it was."""


@asynccontextmanager
async def open_real() -> AsyncIterator[tuple[Websockets, str]]:
    async def answer(line: ServerConnection) -> None:
        while (frame := await line.recv()) != BYE:
            await line.send(frame)

    async with serve(answer, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        yield PinnedWebsockets(WebLimits(private=ALL_HOSTS)), f"ws://127.0.0.1:{port}/"


async def answer(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (event := await receive())["type"] == "websocket.receive" and event["bytes"] != BYE:
        await send({"type": "websocket.send", "bytes": event["bytes"]})


@asynccontextmanager
async def open_fake() -> AsyncIterator[tuple[Websockets, str]]:
    yield FakeWebsockets({"here.example": lambda: answer}), "ws://here.example/"


every_kind = pytest.mark.parametrize("opened", [open_real, open_fake])
Opened = Callable[[], AbstractAsyncContextManager[tuple[Websockets, str]]]


@every_kind
@in_loop
async def test_messages_go_and_come_whole_and_in_order(opened: Opened) -> None:
    """Also while somebody waits for the next one."""
    async with opened() as (websockets, url):
        line = await websockets.open(url)
        reading = asyncio.ensure_future(line.receive())
        for frame in (b"1", b"2" * 10_000, b"\x00\xff"):
            await line.send(frame)
        assert [await reading, await line.receive(), await line.receive()] == [
            b"1",
            b"2" * 10_000,
            b"\x00\xff",
        ]
        await line.close()


@every_kind
@in_loop
async def test_the_end_is_noticed_by_whoever_reads_and_writes(opened: Opened) -> None:
    """And closing what is over does no harm."""
    async with opened() as (websockets, url):
        line = await websockets.open(url)
        await line.send(BYE)
        with pytest.raises(WebFailed):
            await line.receive()
        with pytest.raises(WebFailed):
            await line.send(b"more")
        await line.close()


@every_kind
@in_loop
async def test_where_there_is_none_that_is_said(opened: Opened) -> None:
    """As well as that something is no websocket at all."""
    async with opened() as (websockets, url):
        with pytest.raises(WebFailed):
            await websockets.open("ws://nobody.invalid/")
        with pytest.raises(WebRefused):
            await websockets.open(url.replace("ws://", "http://"))


@every_kind
@in_loop
async def test_each_is_a_connection_of_its_own(opened: Opened) -> None:
    """The end of one is not that of another."""
    async with opened() as (websockets, url):
        one, other = await websockets.open(url), await websockets.open(url)
        await one.close()
        await other.send(b"still here")
        assert await other.receive() == b"still here"
        await other.close()
