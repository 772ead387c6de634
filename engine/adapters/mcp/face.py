"""How the protocol is spoken: on standard input and output, or over HTTP behind an engine's door."""

from __future__ import annotations

import asyncio

from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import ASGIApp

from engine.adapters.mcp.server import Desk, make_server
from engine.adapters.mcp.workbench import Workbench


async def serve_stdio(desk: Desk) -> None:
    """Until standard input ends."""
    server = make_server(desk, Workbench())
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


class HttpFace:
    """Each request stands for itself, so nothing is lost with an engine that is started again. Who may come
    is the door's to say."""

    def __init__(self, desk: Desk) -> None:
        self._manager = StreamableHTTPSessionManager(
            make_server(desk, Workbench()), json_response=True, stateless=True
        )
        self._is_open = asyncio.Event()
        self._is_over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> ASGIApp:
        self._task = asyncio.create_task(self._run())
        await self._is_open.wait()
        return self._manager.handle_request

    async def _run(self) -> None:
        """In a task of its own: what runs there has to end where it began."""
        async with self._manager.run():
            self._is_open.set()
            await self._is_over.wait()

    async def close(self) -> None:
        self._is_over.set()
        if self._task is not None:
            await self._task
