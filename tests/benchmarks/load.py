"""The load generator: connections that each send the next request as soon as they have their answer.

Run as a process of its own, so that the server's CPU time is the server's alone. Reads a `Load` as JSON
from standard input and writes how long each request took, in seconds, as JSON to standard output.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import count, cycle, islice, repeat

import uvloop

BODY = b'{"by":1}'


@dataclass(frozen=True)
class Load:
    """So many requests over so many connections, to these paths in turn."""

    port: int
    paths: list[str]
    connections: int
    requests: int
    per_s: float = 0.0
    """A steady pace, over all connections; 0 is as fast as the answers come."""
    insists: bool = True
    """Whether it is a mistake when a request is not answered with 200."""

    def to_json(self) -> str:
        return json.dumps(asdict(self))


def request_bytes(path: str) -> bytes:
    lines = (
        f"POST {path} HTTP/1.1",
        "Host: bench",
        "Content-Type: application/json",
        f"Content-Length: {len(BODY)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + BODY


async def send_all(
    reader: StreamReader, writer: StreamWriter, waiting: Iterator[tuple[float, bytes]], insists: bool
) -> list[float]:
    """Send requests one after the other until none is left; how long each took.

    One that is to be sent at a certain time is late when the one before it is: what counts is how long
    after that time it was answered, or a server that stands still would seem to do so for one request only.
    """
    times = []
    for due, request in waiting:
        began = due or time.perf_counter()
        await asyncio.sleep(began - time.perf_counter())
        writer.write(request)
        await read_answer(reader, insists)
        times.append(time.perf_counter() - began)
    writer.close()
    return times


async def read_answer(reader: StreamReader, insists: bool) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    if insists and not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the server answered {head[:60]!r}")
    _, _, rest = head.lower().partition(b"content-length:")
    await reader.readexactly(int(rest.partition(b"\r\n")[0]))


def _times(per_s: float) -> Iterator[float]:
    """When each request is to be sent; 0 for one that is sent as soon as that can be."""
    if not per_s:
        return repeat(0.0)
    began = time.perf_counter()
    return (began + number / per_s for number in count())


async def run(load: Load) -> list[float]:
    streams = [await asyncio.open_connection("127.0.0.1", load.port) for _ in range(load.connections)]
    requests = islice(cycle([request_bytes(path) for path in load.paths]), load.requests)
    waiting = zip(_times(load.per_s), requests, strict=False)
    several = await asyncio.gather(*(send_all(*stream, waiting, load.insists) for stream in streams))
    return [one for times in several for one in times]


def main() -> None:
    load = Load(**json.load(sys.stdin))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        json.dump(runner.run(run(load)), sys.stdout)


if __name__ == "__main__":
    main()
