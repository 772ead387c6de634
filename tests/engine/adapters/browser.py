"""A client that calls an ASGI application in this process, as its owner: no socket, no thread."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from tests.fakes.access import AS_OWNER

URL = "http://127.0.0.1:3000"


class Browser:
    """Sends requests one at a time; redirects are shown, not followed."""

    def __init__(self, app: ASGIApp, headers: Mapping[str, str] = AS_OWNER) -> None:
        self._app = app
        self._headers = headers

    def request(self, method: str, path: str, **rest: Any) -> Response:
        async def send() -> Response:
            transport = ASGITransport(self._app)
            async with AsyncClient(transport=transport, base_url=URL, headers=self._headers) as client:
                return await client.request(method, path, **rest)

        return asyncio.run(send())

    def get(self, path: str, **rest: Any) -> Response:
        return self.request("GET", path, **rest)

    def post(self, path: str, **rest: Any) -> Response:
        return self.request("POST", path, **rest)

    def options(self, path: str) -> Response:
        return self.request("OPTIONS", path)
