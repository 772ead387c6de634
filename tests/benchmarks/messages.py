"""What an event costs that comes as an encrypted message, over HTTP, with its sender proven."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from functools import partial
from urllib.parse import urlsplit

from rich.table import Table

from engine.adapters.didcomm.envelopes import OwnEnvelopes
from engine.adapters.dids.own import make_own_did
from engine.adapters.dids.resolver import DidResolver
from engine.adapters.keys import SeedKeys
from engine.commands.own_did import PURPOSE, OwnIdentity
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.protocols.picomesh import EVENT
from engine.wiring_of_mail import fetch_document
from tests.benchmarks.events import counting_engine
from tests.benchmarks.measure import cpu_s

MESSAGES = 3_000
CONNECTIONS = 64
SENDERS = 16


def report_messages() -> Iterator[Table | str]:
    """Accepted, which means durable, and waited for, with the outcome in an envelope that comes back."""
    table = Table("event", "per second", "CPU µs", title=f"events in envelopes, {CONNECTIONS} connections")
    with counting_engine() as (process, engine, root, _):
        did, port = Did(engine.did(root)["did"]), urlsplit(engine.url).port or 0
        for title, wait in (("accepted", False), ("with its outcome", True)):
            envelopes = asyncio.run(_pack(did, wait))
            before_s, began_s = cpu_s(process.pid), time.perf_counter()
            asyncio.run(_post_all(port, envelopes))
            took_s = time.perf_counter() - began_s
            engine.send_event("root", ("counter", "nothing"), {})  # after all that were accepted
            cpu_us = (cpu_s(process.pid) - before_s) / MESSAGES * 1e6
            table.add_row(title, f"{MESSAGES / took_s:,.0f}", f"{cpu_us:,.0f}")
    yield table


async def _pack(to: Did, wait: bool) -> list[bytes]:
    """From several senders in turn, as nobody writes alone."""
    people = [make_sender(f"{number} {wait}") for number in range(SENDERS)]
    body = {"domain": "counter", "type": "increment", "attributes": {"by": 1}, "wait": wait}
    headers = {"return_route": "all"} if wait else {}
    packed = []
    for number in range(MESSAGES):
        me, envelopes = people[number % SENDERS]
        message = Message(f"m{number}", EVENT, body, from_=me, to=(to,), headers=headers)
        packed.append(await envelopes.close(message, to))
    return packed


def make_sender(name: str) -> tuple[Did, OwnEnvelopes]:
    keys = SeedKeys(name.encode().ljust(32, b"."))
    did = make_own_did(keys.derive(f"{PURPOSE}/key-1"), keys.derive(f"{PURPOSE}/key-2"), None)
    resolver = DidResolver(None, time.time)

    own = OwnIdentity(did, keys)
    return did, OwnEnvelopes(resolver.at_hand, partial(fetch_document, resolver), own.secret)


async def _post_all(port: int, envelopes: Sequence[bytes]) -> None:
    """By hand, as in `load`: a client that takes longer than the engine would measure itself."""
    await asyncio.gather(*(_post(port, envelopes[first::CONNECTIONS]) for first in range(CONNECTIONS)))


async def _post(port: int, envelopes: Sequence[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for envelope in envelopes:
        head = f"POST /didcomm HTTP/1.1\r\nHost: b\r\nContent-Type: {ENCRYPTED}\r\n"
        writer.write(f"{head}Content-Length: {len(envelope)}\r\n\r\n".encode() + envelope)
        answer = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not answer.startswith(b"http/1.1 20"):
            raise RuntimeError(f"the engine answered {answer[:60]!r}")
        await reader.readexactly(int(answer.partition(b"content-length:")[2].partition(b"\r\n")[0]))
    writer.close()
