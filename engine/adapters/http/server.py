"""The HTTP server around the application: a socket, signals, and an end that loses nothing.

uvicorn does the protocol. The socket is bound before it starts, so that a port in use is told in a
sentence, and signals are ours, because uvicorn dies of them once it has stopped in good order.
"""

from __future__ import annotations

import asyncio
import errno
import math
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from engine.adapters.http.connections import Connection, DuplexConnection, allow_many_connections

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class CannotListen(Exception):
    """The address is taken, not ours or not one. The message says what to do."""


def listen(host: str, port: int) -> socket.socket:
    """A socket that others can connect to; port 0 takes a free one. Raises `CannotListen`."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except socket.gaierror as error:
        raise CannotListen(f"'{host}' is no address to listen on: {error.strerror}") from error
    listener = socket.socket(family, kind, protocol)
    # Without this a restart would have to wait until connections of the last run are forgotten.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise CannotListen(_explain(error, host, port)) from error
    return listener


def _explain(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; stop what uses it, or take another with --port (0: any)"
    if error.errno == errno.EACCES:
        return f"port {port} is reserved for the system; take one from 1024 up with --port"
    return f"cannot listen on {host} port {port}: {error.strerror}"


def url_of(listener: socket.socket) -> str:
    """Where a client on this machine finds the socket."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine can reach the socket."""
    host: str = listener.getsockname()[0]
    return host.startswith("127.") or host == "::1"


async def serve_until_stopped(
    app: ASGIApp,
    listener: socket.socket,
    drain_s: float,
    when_listening: Callable[[], None],
    broken: asyncio.Event | None = None,
    frame_bytes: int = 1 << 20,
    when_stopping: Callable[[], None] = lambda: None,
) -> None:
    """Answer requests until a stop signal comes or the engine behind `app` is broken; then finish what
    is under way, for `drain_s` at most. A message over a websocket may have `frame_bytes`. `when_stopping`
    ends what would go on as long as somebody listens."""
    allow_many_connections()
    server = _Server(_configure(app, drain_s, frame_bytes), when_listening, when_stopping)
    loop = asyncio.get_running_loop()
    watch = loop.create_task(_stop_when(broken or asyncio.Event(), server))
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, server.stop)
    try:
        await server.serve(sockets=[listener])
    finally:
        watch.cancel()
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


async def _stop_when(broken: asyncio.Event, server: _Server) -> None:
    await broken.wait()
    server.stop()


def _configure(app: ASGIApp, drain_s: float, frame_bytes: int) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=Connection,
        ws=DuplexConnection,
        ws_max_size=frame_bytes,
        # It would have us hold what a stranger's few bytes unpack to.
        ws_per_message_deflate=False,
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(drain_s),
    )


class _Server(uvicorn.Server):
    def __init__(
        self,
        config: uvicorn.Config,
        when_listening: Callable[[], None],
        when_stopping: Callable[[], None],
    ) -> None:
        super().__init__(config)
        self._when_listening = when_listening
        self._when_stopping = when_stopping

    def stop(self) -> None:
        """At the first signal in good order; somebody who sends a second one is in a hurry."""
        self.force_exit = self.should_exit
        self.should_exit = True
        self._when_stopping()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._when_listening()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `serve_until_stopped`."""
        yield
