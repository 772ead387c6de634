"""Engines of a mesh whose picos move, with stores in memory that outlive a crash as the disks do."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.adapters.blocks import MemoryBlocks
from engine.adapters.keys import SeedKeys
from engine.core.migration import Footing
from engine.core.model import Eci, EventId, PicoId
from engine.runtime.moves.moves import Moves
from engine.runtime.replies import QueryReply
from engine.wiring_of_moves import give_moves
from tests.engine.runtime.mesh import Member, Mesh
from tests.fakes.crashing_journal import CrashingJournal
from tests.fakes.memory_journal import MemoryJournal

COUNTER = """
ruleset count {
  meta { shares seen, told }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    told = function() { ent:told.defaultsTo([]) }
  }
  rule one {
    select when far hello
    send_directive("heard", {"n": event:attrs{"n"}})
    fired { ent:seen := seen().append(event:attrs{"n"}) }
  }
  rule moving {
    select when engine leaving or engine arrived or engine departed_failed
    fired { ent:told := told().append(event:name) }
  }
}
"""


@dataclass
class Traveller(Member):
    """One engine of a mesh, which takes in every pico."""

    blocks: MemoryBlocks = field(default_factory=MemoryBlocks)
    moves: Moves = field(init=False)
    starts: int = 0
    doubts: bool = False
    is_down: bool = False
    peers: list[str] = field(default_factory=list)
    """Who may know of a move that this one has forgotten."""

    async def prepare(self) -> None:
        keys = SeedKeys(self.name.encode().ljust(32, b"."))

        async def stores() -> MemoryBlocks:
            return self.blocks

        self.moves = give_moves(self.host, self.journal, keys, stores)
        self.moves.hooks.why_not = lambda one: None
        self.moves.hooks.known = lambda: [one for one in self.peers if one != self.did]
        footing = Footing.UNSURE if self.starts else Footing.SURE
        await self.moves.prepare(Footing.DOUBTFUL if self.doubts else footing)

    async def start(self, journal: MemoryJournal | None = None) -> None:
        self.is_down = False
        await super().start(journal)
        self.starts += 1
        await self.moves.start()

    def crash(self) -> None:
        super().crash()
        self.is_down = True
        self.moves.stop()

    @property
    def has_died(self) -> bool:
        """By a journal that was to be its end."""
        return isinstance(self.journal, CrashingJournal) and self.journal.crashed.is_set()

    @property
    def did(self) -> str:
        return self.mail.engine_did()

    async def counter(self, folder: Path, ruleset: str = COUNTER) -> PicoId:
        """A pico below the root, with a counter."""
        (folder / "count.krl").write_text(ruleset, "utf-8")
        before = {one.id for one in self.host.tree().children}
        await self.send("wrangler:new_child_request", name="child")
        await self.host.wait_quiet()
        pico = next(one.id for one in self.host.tree().children if one.id not in before)
        await self.run(pico, "wrangler:install_ruleset_request", url=(folder / "count.krl").as_uri())
        return pico

    async def run(self, pico: PicoId, event: str, eid: str = "", /, **attrs: Any) -> Any:
        domain, name = event.split(":")
        return await self.host.run_event(self.eci(pico), domain, name, attrs, EventId(eid) if eid else None)

    async def run_by(self, eci: Eci, event: str, /, **attrs: Any) -> Any:
        domain, name = event.split(":")
        return await self.host.run_event(eci, domain, name, attrs)

    def eci(self, pico: PicoId) -> Eci:
        """A channel for everybody."""
        return next(
            eci
            for eci, one in self.host.channels_of(pico).items()
            if one.family is None and set(one.tags) >= {"engine", "ui"}
        )

    async def seen(self, pico: PicoId, function: str = "seen") -> Any:
        reply = await self.host.run_query(self.eci(pico), "count", function, {})
        assert isinstance(reply, QueryReply), reply
        return reply.value


async def traveller(mesh: Mesh, name: str) -> Traveller:
    found = Traveller(name, mesh)
    await found.start()
    return found


async def settle(*members: Traveller, tries: int = 2000) -> None:
    """Until nothing is under way that does not wait for time to pass."""
    quiet = 0
    for _ in range(tries):
        for _ in range(20):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        for one in members:
            if one.has_died and not one.is_down:
                one.crash()
        busy = [one for one in members if not one.is_down and one.moves.is_busy]
        quiet = 0 if busy else quiet + 1
        if quiet > 5:
            return
    raise AssertionError("there is no end to it")
