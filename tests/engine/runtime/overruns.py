"""Turns that are too much for a small budget, and the workshop they are sent to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.messages import Failed, Outcome, Turn
from engine.core.model import Pico, RulesetHash
from engine.runtime.orders import WorkerLimits
from engine.runtime.workshop import Workshop
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import tell

SMALL = Budget(steps=20_000, depth=300, regexp_ms=5, raised_events=100)
BIG = Budget(
    steps=2_000_000,
    depth=100_000,
    string_length=5_000_000,
    collection_size=500_000,
    regexp_ms=50,
    raised_events=1_000,
)
LIMITS = WorkerLimits(BIG, memory_bytes=256 << 20, cpu_s=15, deadline_s=15, outcome_bytes=1 << 20)
ENDLESS = replace(LIMITS, budget=replace(BIG, steps=10**15))
"""For runs that only what cannot be counted ends."""

LOOP = """
foreach 0.range(9999) setting(x)
foreach 0.range(9999) setting(y)
foreach 0.range(9999) setting(z)
  noop()
"""
"""What a rule does that takes days."""


@dataclass
class Overrun:
    """A pico, and a turn that was too much for it."""

    bench: Bench
    pico: Pico
    turn: Turn
    failed: Failed

    async def retried(self, workshop: Workshop) -> Outcome:
        return await workshop.react(self.pico, self.turn, lambda: self.failed)

    async def refused(self, workshop: Workshop) -> Failed:
        """What it comes to, if that is a failure again."""
        outcome = await self.retried(workshop)
        assert isinstance(outcome, Failed), outcome
        return outcome


def overrun(*texts: str, attrs: Mapping[str, Any] | None = None) -> Overrun:
    """A pico with these rulesets, for whose budget the event `d:t` is too much."""
    bench = Bench(*texts, budget=SMALL)
    pico = bench.pico
    failed = bench.failed("d", "t", attrs)
    assert failed.retry_bigger, failed
    return Overrun(bench, pico, bench.turns[-1], failed)


def over(body: str) -> Overrun:
    """The same with one ruleset `a` of one rule, which does this."""
    return overrun(tell("a", f"select when d t {body}"))


@dataclass
class Library:
    """The texts that a workshop may ask for, and what it asked."""

    texts: dict[RulesetHash, str]
    asked: list[RulesetHash] = field(default_factory=list)

    def find(self, digest: RulesetHash) -> str | None:
        self.asked.append(digest)
        return self.texts.get(digest)


def library_of(*benches: Bench) -> Library:
    return Library(
        {digest: program.source.text for bench in benches for digest, program in bench.programs.items()}
    )


@asynccontextmanager
async def workshop(library: Library, limits: WorkerLimits = LIMITS, size: int = 1) -> AsyncIterator[Workshop]:
    opened = Workshop(library.find, limits, size)
    try:
        yield opened
    finally:
        await opened.close()
