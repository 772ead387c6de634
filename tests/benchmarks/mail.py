"""What it costs a mediator to keep mail for those who are away, and to give it out: CPU, disk, memory."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rich.table import Table

from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids.own import make_own_did
from engine.commands.process import EngineProcess
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols.mediation import V3
from engine.core.protocols.routing import forward
from tests.benchmarks.measure import cpu_s, resident_mib
from tests.benchmarks.messages import make_sender

MESSAGES = 100_000
CLIENTS = 100
CONNECTIONS = 64
FILLING = "x" * 900
"""What is forwarded is about a kilobyte, as a short message in an envelope is."""
ROUND = 50
"""Envelopes in one delivery."""

Act = Callable[[int, int], Awaitable[None]]
Person = tuple[Did, OwnEnvelopes]


def report_mail(messages: int = MESSAGES) -> Iterator[Table | str]:
    """So many messages for a hundred clients who are away; then they fetch them all."""
    with tempfile.TemporaryDirectory(prefix="picomesh-bench-") as folder:
        home = Path(folder) / "home"
        home.mkdir()
        (home / "picomesh.toml").write_text("mediator_for = true\n")
        process = EngineProcess(home)
        try:
            engine = process.start()
            port, did = urlsplit(engine.url).port or 0, Did(engine.did()["did"])
            yield asyncio.run(_Benchmark(process.pid, home, port, did, messages).run())
        finally:
            process.end()


class _Benchmark:
    def __init__(self, pid: int, home: Path, port: int, mediator: Did, messages: int) -> None:
        self._pid = pid
        self._home = home
        self._port = port
        self._mediator = mediator
        self._messages = messages
        self._people = [make_sender(f"client {number}") for number in range(CLIENTS)]
        self._dids = [make_own_did(bytes([n]) * 32, bytes([n]) * 32, mediator) for n in range(CLIENTS)]
        title = f"mail: {messages:,} messages for {CLIENTS} clients"
        self._table = Table("", "messages", "CPU µs each", "memory MiB", "journal MiB", title=title)

    async def run(self) -> Table:
        await asyncio.gather(*(self._register(number) for number in range(CLIENTS)))
        self._row("before", 0, 0.0)
        await self._measure("kept, the first tenth", self._fill, 0, self._messages // 10)
        await self._measure("kept, all", self._fill, self._messages // 10, self._messages)
        await self._measure("asked how many there are", self._ask, 0, CLIENTS)
        await self._measure("fetched and acknowledged", self._fetch_all, 0, self._messages)
        return self._table

    async def _measure(self, name: str, act: Act, first: int, last: int) -> None:
        before_s = cpu_s(self._pid)
        await act(first, last)
        self._row(name, last - first, (cpu_s(self._pid) - before_s) / (last - first) * 1e6)

    def _row(self, name: str, count: int, cpu_us: float) -> None:
        size = sum(file.stat().st_size for file in self._home.glob("journal.sqlite*")) / (1 << 20)
        memory = resident_mib(self._pid)
        self._table.add_row(name, f"{count:,}", f"{cpu_us:,.0f}", f"{memory:,.1f}", f"{size:,.1f}")

    async def _register(self, number: int) -> None:
        person, line = self._people[number], await _Line.open(self._port)
        await self._say(person, line, V3.type("mediate-request"), {})
        updates = {"updates": [{"recipient_did": self._dids[number], "action": "add"}]}
        await self._say(person, line, V3.type(V3.update), updates)
        line.close()

    async def _fill(self, first: int, last: int) -> None:
        numbers = range(first, last)
        await asyncio.gather(*(self._send(numbers[place::CONNECTIONS]) for place in range(CONNECTIONS)))

    async def _send(self, numbers: Sequence[int]) -> None:
        line, (_, envelopes) = await _Line.open(self._port), self._people[0]
        for number in numbers:
            inner = b'{"ciphertext":"%d %s"}' % (number, FILLING.encode())
            message = forward(f"f{number}", inner, self._dids[number % CLIENTS], self._mediator)
            await line.post(await envelopes.close(message, self._mediator))
        line.close()

    async def _ask(self, first: int, last: int) -> None:
        line = await _Line.open(self._port)
        for person in self._people[first:last]:
            await self._say(person, line, pickup.STATUS_REQUEST, {})
        line.close()

    async def _fetch_all(self, first: int, last: int) -> None:
        await asyncio.gather(*(self._fetch(person) for person in self._people))

    async def _fetch(self, person: Person) -> None:
        line, waiting = await _Line.open(self._port), 1
        while waiting:
            delivery = await self._say(person, line, pickup.DELIVERY_REQUEST, {"limit": ROUND})
            ids = [str(one.id) for one in delivery.attachments]
            status = await self._say(person, line, pickup.RECEIVED, {"message_id_list": ids})
            waiting = status.body["message_count"]
        line.close()

    async def _say(self, person: Person, line: _Line, type: str, body: Mapping[str, Any]) -> Message:
        me, envelopes = person
        headers = {"return_route": "all"}
        message = Message(f"{time.time_ns()}", type, body, from_=me, to=(self._mediator,), headers=headers)
        answer = await line.post(await envelopes.close(message, self._mediator))
        return (await envelopes.open(answer, int(time.time()))).message


class _Line:
    """A connection that takes little time of its own: see `load`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> _Line:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def post(self, envelope: bytes) -> bytes:
        head = f"POST /didcomm HTTP/1.1\r\nHost: b\r\nContent-Type: {ENCRYPTED}\r\n"
        self._writer.write(f"{head}Content-Length: {len(envelope)}\r\n\r\n".encode() + envelope)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        if not answer.startswith(b"http/1.1 20"):
            raise RuntimeError(f"the engine answered {answer[:60]!r}")
        length = int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0])
        return await self._reader.readexactly(length)

    def close(self) -> None:
        self._writer.close()
