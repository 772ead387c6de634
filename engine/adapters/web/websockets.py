"""Websockets that this engine opens, to the addresses that rulesets may reach too: see `reach`.

Frames and handshakes are the `websockets` package's; here is what is asked of it. The other end is asked now
and then whether it is there, so a connection that broke in silence ends.
"""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from engine.adapters.web.client import WebLimits
from engine.adapters.web.reach import Resolve, ask_system, find_addresses
from engine.ports import WebFailed, WebRefused
from engine.version import VERSION

PORTS = {"ws": 80, "wss": 443}
SEND_OFF_S = 5.0
"""How long the other end may take to say goodbye."""


class OpenWebsocket:
    """`engine.ports.Websocket`."""

    def __init__(self, connection: ClientConnection, url: str) -> None:
        self._connection = connection
        self._url = url

    async def send(self, frame: bytes) -> None:
        try:
            await self._connection.send(frame)
        except WebSocketException as problem:
            raise WebFailed(f"{self._url}: {problem}") from problem

    async def receive(self) -> bytes:
        try:
            frame = await self._connection.recv()
        except WebSocketException as problem:
            raise WebFailed(f"{self._url}: {problem}") from problem
        return frame if isinstance(frame, bytes) else frame.encode()

    async def close(self) -> None:
        await self._connection.close()


class PinnedWebsockets:
    """`engine.ports.Websockets`."""

    def __init__(self, limits: WebLimits, resolve: Resolve = ask_system) -> None:
        self._limits = limits
        self._resolve = resolve

    async def open(self, url: str) -> OpenWebsocket:
        host, port = _read(url)
        addresses = await find_addresses(host, port, self._limits.private, self._resolve)
        try:
            return OpenWebsocket(await self._connect(url, addresses[0], port), url)
        except (OSError, WebSocketException, TimeoutError, ValueError, ssl.SSLError) as problem:
            raise WebFailed(f"{url}: {str(problem) or 'nobody answered in time'}") from problem

    async def _connect(self, url: str, address: str, port: int) -> ClientConnection:
        return await connect(
            url,
            host=address,
            port=port,
            proxy=None,  # what may be reached does not depend on the environment
            compression=None,  # what is not compressed cannot be larger than it looks
            open_timeout=self._limits.connect_s,
            close_timeout=SEND_OFF_S,
            max_size=self._limits.response_bytes,
            user_agent_header=f"picomesh/{VERSION}",
        )


def _read(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in PORTS or not parts.hostname:
        raise WebRefused(f"{url}: a websocket needs a URL that begins with ws:// or wss://")
    return parts.hostname, port or PORTS[parts.scheme]
