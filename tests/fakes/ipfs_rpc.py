"""The RPC of an IPFS node that a test can make slow, full, dead or lying; unless told so it is neither.

It speaks HTTP by hand, so that it can also say what no server would.
"""

from __future__ import annotations

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from engine.core.cars import car_of, read_car
from engine.core.cids import Cid, cid_text, read_cid

JSON = "application/json"


@dataclass(frozen=True)
class Asked:
    """One request."""

    command: str
    options: Mapping[str, str]
    body: bytes
    headers: Mapping[str, str]

    @property
    def cid(self) -> Cid:
        return read_cid(self.options["arg"])


class Held(bytes):
    """What is sent, before the connection is kept and nothing more is said."""


Wire = bytes | None
"""All that goes over the wire; None keeps the connection and says nothing."""
Answer = Callable[[Asked], Wire | Awaitable[Wire]]


def reply(body: bytes | str, status: int = 200, length: int | None = None, **headers: str) -> bytes:
    """An answer; with a `length` that is not its own, it breaks off."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(data) if length is None else length}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "connection: close", "", ""]).encode() + data


def refuse(said: str, status: int = 500) -> bytes:
    """As Kubo says no."""
    return reply(json.dumps({"Message": said, "Code": 0, "Type": "error"}), status)


def missing(cid: Cid) -> bytes:
    return refuse(f"block was not found locally (offline): ipld: could not find {cid_text(cid)}")


@dataclass
class FakeIpfsRpc:
    """What it has, what it was asked, and what it is to answer instead of the truth, by command."""

    blocks: dict[Cid, bytes] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)
    """Names of pins by the CIDs they are on."""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    under_way: int = 0
    most_under_way: int = 0

    def commands(self) -> list[str]:
        return [one.command for one in self.asked]

    async def answer(self, asked: Asked) -> Wire:
        self.asked.append(asked)
        if asked.command in self.answers:
            given = self.answers[asked.command](asked)
            return given if isinstance(given, bytes | None) else await given
        return getattr(self, "_" + asked.command.replace("/", "_"), _unknown)(asked)

    def _dag_import(self, asked: Asked) -> bytes:
        car = asked.body.split(b"\r\n\r\n", 1)[1].rpartition(b"\r\n--")[0]
        new = {section.cid: section.data for section in read_car([car])}
        self.blocks.update(new)
        return reply(json.dumps({"Stats": {"BlockCount": len(new)}}))

    def _block_get(self, asked: Asked) -> bytes:
        found = self.blocks.get(asked.cid)
        return refuse("context deadline exceeded") if found is None else reply(found)

    def _block_stat(self, asked: Asked) -> bytes:
        return reply("{}") if asked.cid in self.blocks else missing(asked.cid)

    _dag_stat = _block_stat

    def _pin_add(self, asked: Asked) -> bytes:
        self.pins[asked.options["arg"]] = asked.options["name"]
        return reply(json.dumps({"Pins": [asked.options["arg"]]}))

    def _pin_rm(self, asked: Asked) -> bytes:
        gone = self.pins.pop(asked.options["arg"], None)
        return refuse("not pinned or pinned indirectly") if gone is None else reply("{}")

    def _pin_ls(self, asked: Asked) -> bytes:
        if (one := asked.options.get("arg")) is None:
            return reply("\n".join(json.dumps({"Cid": cid, "Name": name}) for cid, name in self.pins.items()))
        if one not in self.pins:
            return refuse(f"path '{one}' is not pinned")
        return reply(json.dumps({"Keys": {one: {"Type": "recursive", "Name": self.pins[one]}}}))

    def _dag_export(self, asked: Asked) -> bytes:
        root = asked.cid
        if root not in self.blocks:
            return missing(root)
        return reply(car_of([root], {root: self.blocks[root], **self.blocks}))


def _unknown(asked: Asked) -> bytes:
    return reply("404 page not found\n", 404)


@asynccontextmanager
async def serving(node: FakeIpfsRpc) -> AsyncIterator[str]:
    """The URL under which it can be asked."""
    finished = asyncio.Event()
    visits: set[asyncio.Task[None]] = set()

    async def serve(reader: StreamReader, writer: StreamWriter) -> None:
        node.under_way += 1
        node.most_under_way = max(node.most_under_way, node.under_way)
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # somebody came and went
            answer = await node.answer(await _read(reader))
            writer.write(answer or b"")
            await writer.drain()
            if answer is None or isinstance(answer, Held):
                await finished.wait()
        node.under_way -= 1
        writer.close()

    def visit(reader: StreamReader, writer: StreamWriter) -> None:
        visits.add(asyncio.create_task(serve(reader, writer)))

    server = await asyncio.start_server(visit, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        finished.set()
        server.close()
        await server.wait_closed()
        await asyncio.gather(*visits)


async def _read(reader: StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    parts = urlsplit(first.split(" ")[1])
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await _read_chunks(reader) if headers.get("transfer-encoding") == "chunked" else b""
    body += await reader.readexactly(int(headers.get("content-length", "0")))
    command = unquote(parts.path).removeprefix("/api/v0/")
    return Asked(command, dict(parse_qsl(parts.query)), body, headers)


async def _read_chunks(reader: StreamReader) -> bytes:
    found = bytearray()
    while size := int(await reader.readline(), 16):
        found += await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readexactly(2)
    return bytes(found)
