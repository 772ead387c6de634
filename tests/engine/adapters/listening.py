"""Somebody who listens to server-sent events, in this process."""

from __future__ import annotations

import asyncio
import json
from asyncio import Queue, Task
from collections.abc import MutableMapping
from typing import Any, NamedTuple, Self

from starlette.types import ASGIApp


class Heard(NamedTuple):
    kind: str
    id: str
    data: dict[str, Any]


class Listener:
    """One connection. What it hears waits in a queue; `close` hangs up."""

    def __init__(self, app: ASGIApp, query: str, headers: dict[str, str]) -> None:
        self._app = app
        raw = [(b"host", b"127.0.0.1"), *((name.encode(), value.encode()) for name, value in headers.items())]
        self._scope = {
            **{"type": "http", "method": "GET", "path": "/api/events", "raw_path": b"/api/events"},
            **{"query_string": query.encode(), "headers": raw, "client": ("127.0.0.1", 1)},
        }
        self._gone = asyncio.Event()
        self.chunks: Queue[bytes] = Queue()
        self._task: Task[None]

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._app(self._scope, self._receive, self._send))
        return self

    async def __aexit__(self, *raised: object) -> None:
        self._gone.set()
        await self._task

    async def ended(self) -> None:
        """Return when the other side has ended it."""
        await self._task

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message
        else:
            self.chunks.put_nowait(message["body"])

    async def hear(self, count: int) -> list[Heard]:
        """The next so many; what only keeps the connection open is passed over."""
        found: list[Heard] = []
        while len(found) < count:
            found += read(await self.chunks.get())
        assert len(found) == count, found
        return found


def read(chunk: bytes) -> list[Heard]:
    messages = []
    for block in chunk.decode().split("\n\n"):
        lines = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in lines:
            messages.append(Heard(lines["event"], lines["id"], json.loads(lines["data"])))
    return messages
