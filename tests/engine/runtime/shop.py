"""A shop that pays a bank over the web, in an engine that is real but for its disk and its web.

The shop makes two payments in one turn, the second depending on what was said to the first, or has an
order sent after the turn. The bank numbers what arrives, so nothing it says is ever the same twice.
"""

from __future__ import annotations

import asyncio
import copy
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.config import Settings
from engine.core.model import Eci, EventId
from engine.ports import WebFailed, WebRequest, WebResponse
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import compile_text, make_host
from pico_lang.program import Program
from pico_lang.source import Source
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.web import SITE, FakeWeb

SHOP = f"""
ruleset shop {{
  meta {{ shares seen, price }}
  global {{
    bank = "http://{SITE}"
    seen = function() {{ {{"paid": ent:paid, "back": ent:back, "said": ent:said, "errors": ent:errors}} }}
    price = function(of) {{ http:get(bank + "/price", {{"of": of}}){{"content"}} }}
  }}
  rule pay {{
    select when shop pay
    every {{
      http:post(bank + "/pay", body = "first") setting(first)
      http:get(bank + "/price") setting(price)
      http:post(bank + "/pay", body = first{{"content"}}) setting(second)
    }}
    fired {{ ent:paid := ent:paid.defaultsTo(0) + 1; ent:said := second{{"content"}} }}
  }}
  rule order {{
    select when shop order
    http:post(bank + event:attrs{{"path"}}.defaultsTo("/pay"), autosend = {{
      "eci": event:attrs{{"to"}}.defaultsTo(meta:eci), "domain": "shop", "type": "paid",
      "attrs": {{"order": event:attrs{{"n"}}}}
    }})
    fired {{ ent:ordered := ent:ordered.defaultsTo(0) + 1 }}
  }}
  rule paid {{
    select when shop paid
    fired {{
      ent:back := ent:back.defaultsTo([]).append(event:attrs{{"order"}});
      ent:said := event:attrs{{"content"}}
    }}
  }}
  rule note {{ select when shop note fired {{ ent:paid := ent:paid.defaultsTo(0) + 10 }} }}
  rule complain {{
    select when system error
    fired {{ ent:errors := ent:errors.defaultsTo([]).append(event:attrs{{"code"}}) }}
  }}
}}
"""


class Bank:
    """Numbers the requests that change something, as they arrive."""

    def __init__(self) -> None:
        self.payments: list[WebRequest] = []

    def __call__(self, request: WebRequest) -> WebResponse:
        if request.method != "POST":
            return WebResponse(200, "OK", {}, f"the price after {len(self.payments)} payments")
        self.payments.append(request)
        if request.url == "/down":
            raise WebFailed("nobody there")
        return WebResponse(200, "OK", {}, f"payment {len(self.payments)}")

    @property
    def keys(self) -> list[str]:
        return [payment.headers["idempotency-key"] for payment in self.payments]


class Patient(FakeWeb):
    """A web whose answers come when the test says so."""

    def __init__(self, bank: Bank) -> None:
        super().__init__(bank)
        self.may_answer = asyncio.Event()

    async def send(self, request: WebRequest) -> WebResponse:
        response = await super().send(request)
        await self.may_answer.wait()
        return response


class Deadly(FakeWeb):
    """The engine dies while it waits for the answer to a certain request, which has arrived."""

    def __init__(self, bank: Bank, journal: MemoryJournal, at: int) -> None:
        super().__init__(bank)
        self.died = asyncio.Event()
        self._journal = journal
        self._at = at

    async def send(self, request: WebRequest) -> WebResponse:
        response = await super().send(request)
        if len(self.requests) == self._at:
            self._journal.crash()
            self.died.set()
            await asyncio.Event().wait()
        return response


@cache
def compiled(text: str, name: str) -> Program:
    return compile_text(Source(text, name))


def compile_once(source: Source) -> Program:
    """Each text once for all tests: there are hundreds of engines here."""
    return compiled(source.text, source.name)


async def start(journal: MemoryJournal, web: FakeWeb) -> Host:
    host = make_host(journal, Settings(), compiler=compile_once, web=web)
    await host.start()
    return host


async def send(host: Host, event: str, eid: str | None = None, /, **attrs: Any) -> Any:
    domain, name = event.split(":")
    return await host.run_event(host.root_eci(), domain, name, attrs, None if eid is None else EventId(eid))


async def ask(host: Host, name: str, /, **args: Any) -> Any:
    reply = await host.run_query(host.root_eci(), "shop", name, args)
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def settle() -> None:
    """Let everything happen that needs neither a thread nor anybody from outside."""
    for _ in range(200):
        await asyncio.sleep(0)


async def until_done(disk: Disk) -> None:
    """Until nothing is left to do: rulesets are compiled in a thread, so that takes a while."""
    while disk.inbox or disk.errands:
        await asyncio.sleep(0)
    await settle()


_PREPARED: list[Disk] = []


async def shop() -> Disk:
    """The disk of an engine whose root is a shop; one's own, though it is prepared only once."""
    if not _PREPARED:
        _PREPARED.append(await _prepare())
    return copy.deepcopy(_PREPARED[0])


async def _prepare() -> Disk:
    disk = Disk()
    host = await start(MemoryJournal(disk), FakeWeb(Bank()))
    with TemporaryDirectory() as folder:
        reply = await install_shop(host, Path(folder), host.root_eci())
    assert isinstance(reply, EventReply), reply
    await host.drain()
    return disk


async def install_shop(host: Host, folder: Path, eci: Eci) -> Any:
    """Make a shop of the pico with that channel."""
    path = folder / "shop.krl"
    path.write_text(SHOP)
    return await host.run_event(eci, "wrangler", "install_ruleset_request", {"url": path.as_uri()})
