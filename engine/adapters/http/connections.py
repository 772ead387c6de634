"""Connections of callers who do not come to the point: they are ended, because each takes a file.

uvicorn bounds how long a connection may be idle between two requests, but neither how long a request
may take to arrive nor how long its head may be. Bodies are bounded where they are read, in `requests`.
"""

from __future__ import annotations

import asyncio
import resource

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

REQUEST_S = 30.0
"""Seconds that a request may take to arrive, from its first byte (of a new connection: from the start)."""

FAREWELL_S = 5.0
"""Seconds that the other end of a websocket has to take what was sent before the end."""

HEAD_BYTES = 64 << 10
"""Of a request before its body. What the last read brought along may come on top."""


class Connection(HttpToolsProtocol):
    """As uvicorn makes it, with an end to its patience."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _is_in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._set_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        self._drop_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response("The head of the request is too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes, self._is_in_head = 0, True
        if self._deadline is None:
            self._set_deadline()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._drop_deadline()

    def handle_websocket_upgrade(self) -> None:
        self._drop_deadline()
        super().handle_websocket_upgrade()

    def _set_deadline(self) -> None:
        self._deadline = self.loop.call_later(REQUEST_S, self._hang_up)

    def _drop_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self) -> None:
        if self.pipeline:
            # We do not read on before the requests in front are answered, so that is not the caller's doing.
            self._set_deadline()
        else:
            self.transport.close()


class DuplexConnection(WebSocketsSansIOProtocol):
    """A websocket that ends when the application is done with it, whether the other end reads or not."""

    _farewell: asyncio.TimerHandle | None = None

    async def run_asgi(self) -> None:
        try:
            await super().run_asgi()
        finally:
            if not self.disconnected:
                self._farewell = self.loop.call_later(FAREWELL_S, self.transport.abort)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._farewell is not None:
            self._farewell.cancel()
        super().connection_lost(exc)


def allow_many_connections() -> None:
    """As many as the system lets us ask for; what is allowed at first is often a few hundred."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
