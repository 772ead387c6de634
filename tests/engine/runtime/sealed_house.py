"""An engine that seals its picos, real but for its disks, which outlive it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from engine.adapters.blocks import LocalBlocks, SqliteLedger
from engine.adapters.keys import SeedKeys
from engine.config import Settings
from engine.core.model import Eci, EventId, Pico, PicoId
from engine.core.replicas import Replication
from engine.ports import BlockStore
from engine.runtime.deposits import Deposits
from engine.runtime.host import Host
from engine.runtime.many_stores import ManyStores
from engine.runtime.replies import EventReply, QueryReply
from engine.runtime.sealing import Sealing
from engine.runtime.seals import Seals
from engine.runtime.vault import Opened, Vault
from engine.wiring import compile_text, make_host
from engine.wiring_of_seals import give_seals
from pico_lang.program import Program
from pico_lang.source import Source
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.memory_journal import Disk, MemoryJournal

DIARY = """
ruleset diary {
  meta { shares entries, news }
  global {
    entries = function() { ent:entries.defaultsTo({}) }
    news = function() { ent:news.defaultsTo([]) }
  }
  rule write {
    select when diary write
    send_directive("written", {"day": event:attrs{"day"}})
    fired { ent:entries{event:attrs{"day"}} := event:attrs{"text"} }
  }
  rule both {
    select when diary dusk before diary dawn
    fired { ent:entries{"night"} := "seen" }
  }
  rule later {
    select when diary remind
    fired {
      schedule diary event "write" at time:add(time:now(), {"hours": 5})
        attributes {"day": "later", "text": "it rains"}
    }
  }
  rule hear {
    select when engine sealed
    if event:attrs{"deaf"}.isnull() then noop()
    fired { ent:news := ent:news.defaultsTo([]).append(event:attrs{"sequence"}) }
  }
}
"""
SILENT = DIARY[: DIARY.index("  rule hear")] + "}\n"
"""The same for a pico that does not want to hear that it is sealed."""
KEYS = SeedKeys(b"house".ljust(32, b"-"))


@cache
def compiled(source: Source) -> Program:
    return compile_text(source)


@dataclass
class House:
    disk: Disk = field(default_factory=Disk)
    blocks: InlineDatabase = field(default_factory=InlineDatabase)
    others: Sequence[BlockStore] = ()
    keys: SeedKeys = KEYS
    settings: Mapping[str, Any] = field(default_factory=dict)
    journal: MemoryJournal = field(init=False)
    host: Host = field(init=False)
    vault: Vault = field(init=False)

    async def open(self, journal: MemoryJournal | None = None) -> House:
        """Begin another life on the same disks."""
        self.journal = journal or MemoryJournal(self.disk)
        settings = replace(Settings(), **self.settings)
        self.host = make_host(self.journal, settings, compiler=compiled, keys=self.keys)
        assert self.host.mail is not None
        clock = self.host.equipment.clock

        async def open_stores() -> Opened:
            local = LocalBlocks(self.blocks, clock.now_ms)
            stores = ManyStores(local, self.others, SqliteLedger(self.blocks), Replication(1))
            await stores.start()
            return Opened(stores, local, _nothing)

        self.vault = Vault(open_stores, lambda: self.blocks.rows("blocks") > 0)
        give_seals(self.host, self.journal, self.keys, settings, self.vault)
        await self.host.start()
        self.host.mail.reached_at("http://house.example")
        return self

    async def close(self) -> None:
        await self.host.drain(10)
        await self.vault.close()

    @property
    def sealing(self) -> Sealing:
        assert self.host.sealing is not None
        return self.host.sealing

    @property
    def seals(self) -> Seals:
        return self.sealing.seals

    @property
    def root(self) -> PicoId:
        pico = self.journal.find_channel(self.host.root_eci())
        assert pico is not None
        return pico

    def pico(self) -> Pico:
        self.host.channels_of(self.root)  # which wakes it
        mailbox = self.host.find_mailbox(self.root)
        assert mailbox is not None
        return mailbox.committed

    async def install(self, text: str = SILENT) -> None:
        with TemporaryDirectory() as folder:
            file = Path(folder) / "diary.krl"
            file.write_text(text)
            reply = await self.host.install(self.host.root_eci(), file.as_uri(), {})
            assert isinstance(reply, EventReply), reply

    async def send(self, name: str, eid: str | None = None, **attrs: Any) -> EventReply:
        id = None if eid is None else EventId(eid)
        reply = await self.host.run_event(self.host.root_eci(), "diary", name, attrs, id)
        assert isinstance(reply, EventReply), reply
        return reply

    async def write(self, day: str, text: str = "sunny") -> None:
        await self.send("write", day=day, text=text)

    async def ask(self, name: str) -> Any:
        reply = await self.host.run_query(self.host.root_eci(), "diary", name, {})
        assert isinstance(reply, QueryReply), reply
        return reply.value


async def _nothing() -> None:
    """The database is the test's."""


async def opened(text: str = SILENT, **settings: Any) -> House:
    """One with a diary."""
    house = await House(settings=settings).open()
    await house.install(text)
    return house


def deposits_of(house: House) -> Deposits:
    """As its picos put them."""
    return Deposits(
        house.vault.stores,
        lambda pico: Replication(1),
        1 << 20,
        lambda pico: house.journal.end(pico) is not None,
    )


async def until(is_so: Any) -> None:
    """Let everything happen that happens by itself."""
    while not is_so():
        await asyncio.sleep(0.001)


def eci(name: str) -> Eci:
    return Eci(name)
