"""Requests that were written beforehand, sent to an IPFS node over some connections, each as soon as the one
before is answered: what is left of the time is the node's own.

Run as a process of its own: it reads its work as a pickle from standard input and writes the seconds that it
took to standard output.
"""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
import time
from asyncio import StreamReader
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit

import uvloop

BOUNDARY = b"----picomesh"
PATH = "/api/v0/dag/import?pin-roots=false&stats=true"


def send_raw(url: str, cars: Sequence[bytes], connections: int) -> float:
    """Seconds until the node has answered that it has all of these."""
    work = pickle.dumps((url, [_request(url, car) for car in cars], connections))
    command = [sys.executable, "-m", "tests.benchmarks.raw_posts"]
    done = subprocess.run(command, input=work, capture_output=True, check=True)
    return float(done.stdout)


def _request(url: str, car: bytes) -> bytes:
    head = b'Content-Disposition: form-data; name="file"; filename="x.car"\r\n'
    kind = b"Content-Type: application/octet-stream\r\n\r\n"
    body = b"--%s\r\n%s%s%s\r\n--%s--\r\n" % (BOUNDARY, head, kind, car, BOUNDARY)
    lines = (
        f"POST {PATH} HTTP/1.1",
        f"Host: {urlsplit(url).netloc}",
        f"Content-Type: multipart/form-data; boundary={BOUNDARY.decode()}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join((*lines, "", "")).encode() + body


async def _send_all(url: str, requests: Sequence[bytes], connections: int) -> float:
    left, place = iter(requests), urlsplit(url)

    async def work() -> None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        for request in left:
            writer.write(request)
            await _read_answer(reader)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(work() for _ in range(connections)))
    return time.perf_counter() - began


async def _read_answer(reader: StreamReader) -> None:
    """One that is sent in chunks, as the node sends all that it makes as it goes."""
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    body = b"".join([chunk async for chunk in _chunks(reader)]) if b"chunked" in head.lower() else b""
    assert b'"BlockCount"' in body, (head, body)


async def _chunks(reader: StreamReader) -> AsyncIterator[bytes]:
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield (await reader.readexactly(size + 2))[:-2]
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass  # trailers


if __name__ == "__main__":
    url, requests, connections = pickle.loads(sys.stdin.buffer.read())
    print(uvloop.run(_send_all(url, requests, connections)))
