"""Answers without an end: server-sent events, as long as somebody listens and the engine runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from starlette.types import Receive, Send

from engine.adapters.http.replies import Headers, Reply, encode, guarded

EVENTS: Headers = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    # Proxies that collect an answer before they pass it on would make it none.
    (b"x-accel-buffering", b"no"),
)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that goes on."""

    chunks: AsyncGenerator[bytes, None]


def to_message(kind: str, id: str | int, document: Any) -> bytes:
    """One event, as browsers read them."""
    return b"event: %s\nid: %s\ndata: %s\n\n" % (kind.encode(), str(id).encode(), encode(document))


KEEP_ALIVE = b": \n\n"
"""Says nothing; whoever is gone is noticed by it."""


async def send_stream(receive: Receive, send: Send, stream: Stream, shown: Callable[[bytes], bytes]) -> None:
    """Send as it comes, until it ends or the other end has gone."""
    start = guarded(Reply(b"", 200, EVENTS))
    await send({"type": "http.response.start", "status": 200, "headers": list(start.headers)})
    pumping = asyncio.ensure_future(_pump(send, stream, shown))
    leaving = asyncio.ensure_future(_wait_gone(receive))
    try:
        await asyncio.wait((pumping, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (pumping, leaving):
            task.cancel()
        await asyncio.gather(pumping, leaving, return_exceptions=True)
    if pumping.done() and not pumping.cancelled() and (problem := pumping.exception()) is not None:
        raise problem


async def _pump(send: Send, stream: Stream, shown: Callable[[bytes], bytes]) -> None:
    try:
        async with aclosing(stream.chunks) as chunks:
            async for chunk in chunks:
                await send({"type": "http.response.body", "body": shown(chunk), "more_body": True})
        await send({"type": "http.response.body", "body": b""})
    except OSError:
        return  # nobody is there any more


async def _wait_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
