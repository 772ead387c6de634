"""A host over a journal in memory and a kernel that counts: the shell alone, for its tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.births import new_pico
from engine.core.messages import Question
from engine.core.model import Channel, Eci, EventId, Inputs, InstalledRuleset, Pico, PicoId, Rid, RulesetHash
from engine.core.records import begin, encode_snapshot
from engine.ports import BirthPico, SetFact, Write
from engine.runtime.courtesy import Company, unmeasured
from engine.runtime.equipment import AnswerKind, Equipment, NoSecondChance, SecondChance
from engine.runtime.genesis import ROOT_ECI, ROOT_EQUIPMENT, ROOT_PICO, WRANGLER, WRANGLER_URL
from engine.runtime.host import Host
from engine.runtime.outbox import NOTHING_YET, differences
from engine.runtime.replies import EventReply, QueryReply
from engine.runtime.residents import Limits
from engine.runtime.rota import Rota
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.shelf import memory_shelf
from tests.fakes.tally_kernel import DOMAIN, TallyKernel

ROOT = Eci("root")
"""The channel of the root pico, whose id is `the-root`."""
ROOT_ID = PicoId("the-root")


class NoPrograms:
    """`engine.runtime.equipment.ProgramStore` for a kernel that needs none."""

    def missing(self, digests: Iterable[RulesetHash]) -> list[RulesetHash]:
        return []

    async def prepare(self, digests: Iterable[RulesetHash]) -> None:
        pass

    def get(self, digest: RulesetHash, /) -> None:
        return None

    def trouble(self, digest: RulesetHash) -> str | None:
        return None


@dataclass
class SlowAnswers:
    """Answers that come when the test says so."""

    asked: list[str] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    kinds: dict[str, AnswerKind] = field(default_factory=dict)
    """How the host answers what concerns its picos."""

    async def answer(self, pico: PicoId, question: Question) -> Mapping[str, Any]:
        self.asked.append(question.content["url"])
        await self.may_answer.wait()
        return {"said": question.content["url"]}

    def learn(self, kinds: Mapping[str, AnswerKind]) -> None:
        self.kinds.update(kinds)


def born(pico: Pico) -> list[Write]:
    """The writes of a pico that has always been there."""
    snapshot = encode_snapshot(begin(pico))
    return [BirthPico(pico.id, None, 0, snapshot), *differences(NOTHING_YET, pico)]


def with_channel(name: str) -> Pico:
    """A pico with one channel, both of that name."""
    return new_pico(PicoId(name), None, [Channel(Eci(name), ())])


def _root() -> Pico:
    wrangler = InstalledRuleset(Rid(WRANGLER), WRANGLER_URL, RulesetHash("0"), {}, Inputs(0, ""))
    pico = new_pico(ROOT_ID, None, [Channel(ROOT, ("ui",))])
    return Pico(pico.id, channels=pico.channels, rulesets=(wrangler,))


def prepared_disk(*picos: str) -> Disk:
    """A disk with a root pico and others."""
    disk = Disk()
    facts = {ROOT_PICO: ROOT_ID, ROOT_ECI: ROOT, ROOT_EQUIPMENT: "none"}
    for write in [*born(_root()), *(SetFact(name, value) for name, value in facts.items())]:
        disk.write(write)
    for name in picos:
        for write in born(with_channel(name)):
            disk.write(write)
    return disk


@dataclass
class Shell:
    """A host with everything around it in reach of the test."""

    journal: MemoryJournal
    kernel: TallyKernel
    answers: SlowAnswers
    host: Host
    clock: SetClock

    async def add(self, eci: str, eid: str | None = None) -> float:
        """Have a pico count one and wait; how many it has counted then."""
        reply = await self.host.run_event(Eci(eci), DOMAIN, "add", {}, None if eid is None else EventId(eid))
        assert isinstance(reply, EventReply), reply
        n: float = reply.directives[0]["n"]
        return n

    async def do(self, eci: str, event: str, /, **attrs: Any) -> Any:
        """Send any event and wait."""
        return await self.host.run_event(Eci(eci), DOMAIN, event, attrs)

    async def total(self, eci: str) -> float:
        """What a pico has counted, as of its committed state."""
        reply = await self.host.run_query(Eci(eci), DOMAIN, "total", {})
        assert isinstance(reply, QueryReply), reply
        n: float = reply.value
        return n

    async def settle(self) -> None:
        """Let everything happen that can happen without anybody from outside."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def live_until(self, time_ms: int) -> None:
        """Let time pass, and everything that is scheduled meanwhile happen."""
        while due := [one.time_ms for one in self.clock.calls if one.time_ms <= time_ms]:
            self.clock.move_to(min(due))
            await self.settle()
        self.clock.move_to(time_ms)


async def start_shell(
    disk: Disk | None = None,
    journal: MemoryJournal | None = None,
    limits: Limits | None = None,
    clock: SetClock | None = None,
    second_chance: SecondChance | None = None,
    company: Company | None = None,
) -> Shell:
    """A started host; without a journal, one over the disk."""
    clock = clock or SetClock()
    used = journal or MemoryJournal(disk or prepared_disk())
    kernel, answers = TallyKernel(), SlowAnswers()
    entropy = CountedEntropy(f"{id(used)}-")
    chance = second_chance or NoSecondChance()
    equipment = Equipment(
        kernel, used, NoPrograms(), answers, clock, entropy, Rota(), chance, company=company or unmeasured()
    )
    host = Host(equipment, limits or Limits(), memory_shelf(used))
    await host.start()
    return Shell(used, kernel, answers, host, clock)
