"""A web site on loopback, as small as can be: each request is given to a function that answers it.

It says on the wire what the function returns, even where that is not what a good server would say.
"""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from engine.ports import WebRequest, WebResponse

Handler = Callable[[WebRequest], WebResponse | None]
"""Without a response there is none, for ever. `WebRequest.url` is what stands in the request line."""


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[int]:
    """The port under which the site can be reached."""
    finished = asyncio.Event()
    visits: set[asyncio.Task[None]] = set()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):  # somebody came and went
            response = handler(await _read(reader))
            if response is None:
                await finished.wait()
            else:
                writer.write(_write(response))
        writer.close()

    def visit(reader: StreamReader, writer: StreamWriter) -> None:
        visits.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        finished.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*visits)


async def _read(reader: StreamReader) -> WebRequest:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    length = int(headers.get("content-length", "0"))
    body = (await reader.readexactly(length)).decode() if length else None
    return WebRequest(method, target, headers, body)


def _write(response: WebResponse) -> bytes:
    body = response.content.encode("latin-1")
    headers = {"content-length": str(len(body)), **response.headers, "connection": "close"}
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body
