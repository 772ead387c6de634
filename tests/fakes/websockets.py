"""Websockets without a network: each leads to the ASGI application that is at the host of its URL."""

from __future__ import annotations

import asyncio
from asyncio import Queue
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from engine.ports import WebFailed, WebRefused

MakeApp = Callable[[], ASGIApp]
Event = MutableMapping[str, Any]
BROKEN: Event = {"type": "the connection broke"}


class FakeWebsocket:
    """`engine.ports.Websocket`."""

    def __init__(self, app: ASGIApp, path: str) -> None:
        self._to_app: Queue[Event] = Queue()
        self._from_app: Queue[Event] = Queue()
        self._is_over = False
        scope = {"type": "websocket", "path": path, "headers": [], "client": ("192.0.2.1", 50_000)}
        self._task = asyncio.ensure_future(self._run(app, scope))

    async def _run(self, app: ASGIApp, scope: dict[str, Any]) -> None:
        await app(scope, self._to_app.get, self._from_app.put)
        await self._from_app.put({"type": "websocket.close"})

    async def opened(self) -> FakeWebsocket:
        self._to_app.put_nowait({"type": "websocket.connect"})
        event = await self._from_app.get()
        if event["type"] != "websocket.accept":
            raise WebFailed("nobody takes it")
        return self

    async def send(self, frame: bytes) -> None:
        if self._is_over:
            raise WebFailed("the connection is over")
        self._to_app.put_nowait({"type": "websocket.receive", "bytes": frame})

    async def receive(self) -> bytes:
        event = await self._from_app.get()
        if event["type"] != "websocket.send":
            self._is_over = True
            raise WebFailed("the connection is over")
        content: bytes = event["bytes"]
        return content

    async def close(self) -> None:
        self._is_over = True
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1000})
        await self._task

    def break_off(self) -> None:
        """As if a cable was cut."""
        self._from_app.put_nowait(BROKEN)


@dataclass
class FakeWebsockets:
    """`engine.ports.Websockets`."""

    apps: dict[str, MakeApp] = field(default_factory=dict)
    """By their hosts."""
    opened: list[FakeWebsocket] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def open(self, url: str) -> FakeWebsocket:
        self.asked.append(url)
        parts = urlsplit(url)
        if parts.scheme not in ("ws", "wss"):
            raise WebRefused(f"{url} is no websocket")
        make_app = self.apps.get(parts.hostname or "")
        if make_app is None:
            raise WebFailed("nobody has a websocket there")
        self.opened.append(await FakeWebsocket(make_app(), parts.path).opened())
        return self.opened[-1]
