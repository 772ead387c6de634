"""A client that calls an ASGI application in this process: no socket, no thread."""

from __future__ import annotations

import asyncio
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp


class Browser:
    """Sends requests one at a time; redirects are shown, not followed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def request(self, method: str, path: str, **rest: Any) -> Response:
        async def send() -> Response:
            async with AsyncClient(transport=ASGITransport(self._app), base_url="http://engine") as client:
                return await client.request(method, path, **rest)

        return asyncio.run(send())

    def get(self, path: str, **rest: Any) -> Response:
        return self.request("GET", path, **rest)

    def post(self, path: str, **rest: Any) -> Response:
        return self.request("POST", path, **rest)

    def options(self, path: str) -> Response:
        return self.request("OPTIONS", path)
