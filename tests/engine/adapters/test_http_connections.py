"""Callers who do not come to the point are hung up on, and nobody else is."""

from __future__ import annotations

import asyncio
import contextlib
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from websockets.asyncio.client import connect

from engine.adapters.http import connections, listen, serve_until_stopped
from tests.engine.in_loop import in_loop

PATIENCE_S = 0.05


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", PATIENCE_S)


async def read_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers what it was sent, once that is there."""
    message = await receive()
    while message.get("more_body"):
        message = await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})


@asynccontextmanager
async def serving(app: ASGIApp) -> AsyncIterator[int]:
    """A server for that app; its port."""
    listener, listening, stop = listen("127.0.0.1", 0), asyncio.Event(), asyncio.Event()
    task = asyncio.create_task(serve_until_stopped(app, listener, 1, listening.set, stop))
    await listening.wait()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        await task


async def call(port: int, words: bytes) -> tuple[StreamReader, StreamWriter]:
    """A connection on which that much was said."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    return reader, writer


@pytest.mark.parametrize(
    "words",
    [
        b"",
        b"GET /healthz HTTP/1.1\r\nHost: x",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHo",
    ],
    ids=["nothing", "half a head", "half a body", "a request and a half"],
)
@in_loop
async def test_who_does_not_finish_a_request_is_hung_up_on(words: bytes) -> None:
    """Whole requests before it are answered."""
    async with asyncio.timeout(10), serving(read_and_answer) as port:
        reader, writer = await call(port, words)
        assert (await reader.read()).endswith(b"done" if words.count(b"GET") == 2 else b"")
        writer.close()


REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    ("words", "count"), [(REQUEST, 1), (REQUEST + REQUEST + REQUEST[:10], 2)], ids=["one", "and more"]
)
@in_loop
async def test_an_answer_may_take_longer_than_a_request(words: bytes, count: int) -> None:
    """A caller who came later and says nothing is hung up on, while the first still waits for its answer;
    also if that one has sent the next request already, and a part of the one after it."""
    may_answer = asyncio.Event()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await may_answer.wait()
        await read_and_answer(scope, receive, send)

    async with asyncio.timeout(10), serving(slow) as port:
        reader, writer = await call(port, words)
        silent, end = await call(port, b"")
        assert await silent.read() == b""
        may_answer.set()
        for _ in range(count):
            assert b"200 OK" in await reader.readuntil(b"done")
        writer.close()
        end.close()


@pytest.mark.parametrize("words", [b"x: " + b"y" * 1000, b"x: y\r\n" * 200], ids=["one line", "many lines"])
@in_loop
async def test_a_head_without_end_is_refused(words: bytes) -> None:
    """Whether it is one header or many; the connection is closed."""
    async with asyncio.timeout(10), serving(read_and_answer) as port:
        reader, writer = await call(port, b"GET / HTTP/1.1\r\nHost: x\r\n")
        writer.writelines([words] * 500)
        answer = await reader.readuntil(b"too long.")
        assert answer.startswith(b"HTTP/1.1 400 ")
        writer.close()


@in_loop
async def test_a_websocket_may_be_open_for_longer_than_a_request_takes() -> None:
    """The patience is for requests, and one that became a websocket has arrived."""

    async def echo(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "bytes": message["bytes"]})

    async with serving(echo) as port, connect(f"ws://127.0.0.1:{port}/") as line:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(line.recv(), 3 * PATIENCE_S)
        await line.send(b"still here")
        assert await line.recv() == b"still here"


@in_loop
async def test_a_websocket_whose_other_end_reads_nothing_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """Though what was sent is not taken: else it would hold its memory for as long as it likes."""
    monkeypatch.setattr(connections, "FAREWELL_S", PATIENCE_S)
    done = asyncio.Event()

    async def talk(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    await send({"type": "websocket.send", "bytes": b"x" * (1 << 20)})
        done.set()

    hello = (
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    async with serving(talk) as port:
        reader, writer = await call(port, hello)
        await done.wait()
        with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
            await reader.readexactly(1 << 30)
        writer.close()
