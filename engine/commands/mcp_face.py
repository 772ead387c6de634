"""What an engine speaks the Model Context Protocol with, loaded when the first assistant comes."""

from __future__ import annotations

import asyncio
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from starlette.types import ASGIApp

MODULE = "engine.adapters.mcp.face"
"""By name, because `mcp` is an extra, and takes longer to load than an engine to start."""


def is_installed() -> bool:
    return find_spec("mcp") is not None


class LateFace:
    """`engine.adapters.http.mcp_door.McpFace`, for an engine whose assistants a desk serves."""

    def __init__(self, desk: Any) -> None:
        self._desk = desk
        self._face: Any = None
        self._app: ASGIApp | None = None
        self._lock = asyncio.Lock()

    async def app(self) -> ASGIApp | None:
        if not is_installed():
            return None
        async with self._lock:
            if self._app is None:
                module = await asyncio.to_thread(import_module, MODULE)
                self._face = module.HttpFace(self._desk)
                self._app = await self._face.open()
        return self._app

    async def close(self) -> None:
        if self._face is not None:
            await self._face.close()
