"""An engine empties itself: every pico that another engine takes in goes there, before this one ends.

Each is offered to one engine after the other, those that are reached best first, until one takes it. What
would not go stays, with what each said. Nothing is lost if it is broken off: a pico is here or there, and
to begin again means to go on. Meanwhile nobody is taken in.
"""

from __future__ import annotations

import asyncio
import logging
from asyncio import Task
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.mesh.acquaintances import NoSuchEngine
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import Clock, Journal
from engine.runtime.genesis import ROOT_PICO
from engine.runtime.mesh.engines import Engines

logger = logging.getLogger(__name__)

AT_ONCE = 8
"""Picos on their way."""
LOOK_EVERY_MS = 50
PATIENCE_MS = 180_000
"""For one move. Who has let go of a pico then, and heard nothing, says that it is on its way."""
PAGE = 1_000
CLOSED = "this engine is about to stop, and sends its own picos elsewhere"
REASON = "its engine is about to stop"

Document = dict[str, Any]


class Forwards(Protocol):
    """What sends on what comes for picos that are away."""

    @property
    def is_busy(self) -> bool: ...


class Movers(Protocol):
    """What moves picos: see `engine.runtime.moves`."""

    @property
    def forwarding(self) -> Forwards | None: ...

    async def wanted(self, pico: PicoId, to: str, reason: str = "") -> str | Refusal: ...

    def standing(self, pico: PicoId) -> Document: ...

    def is_away(self, pico: PicoId) -> bool: ...


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    did: str


@dataclass
class Progress:
    """How far it is."""

    targets: Sequence[Target] = ()
    gone: dict[str, str] = field(default_factory=dict)
    """By pico, the name of the engine where it is now."""
    stay: dict[str, dict[str, str]] = field(default_factory=dict)
    """By pico, what each engine had against it, by the engine's name."""
    on_the_way: dict[str, str] = field(default_factory=dict)
    """By pico, the name of the engine that has not said yet that it has it."""
    moving: set[str] = field(default_factory=set)


class Evacuation:
    def __init__(self, moves: Movers, engines: Engines, journal: Journal, clock: Clock) -> None:
        self._moves = moves
        self._engines = engines
        self._journal = journal
        self._clock = clock
        self._progress = Progress()
        self._task: Task[None] | None = None

    async def begin(self, names: Sequence[str] | None, reason: str = REASON) -> Document | Refusal:
        """Go on until every pico has gone, or every one of these engines has refused it; without names, all
        that are trusted and have room. It is under way when this returns."""
        if self._task is not None and not self._task.done():
            return self.tell()
        targets = self._targets(names)
        if isinstance(targets, Refusal):
            return targets
        self._engines.close(CLOSED)
        self._progress = Progress(targets)
        self._task = asyncio.get_running_loop().create_task(self._run(reason or REASON))
        return self.tell()

    def tell(self) -> Document:
        """How far it is; `running` until all that will go has gone. `sending_on`: something that came for
        them is on its way there."""
        progress = self._progress
        return {
            "running": self._task is not None and not self._task.done(),
            "engines": [one.name for one in progress.targets],
            "left": sum(1 for _ in self._here()),
            "gone": dict(progress.gone),
            "moving": sorted(progress.moving),
            "stay": {pico: dict(why) for pico, why in progress.stay.items()},
            "on_the_way": dict(progress.on_the_way),
            "sending_on": self._moves.forwarding is not None and self._moves.forwarding.is_busy,
        }

    def stop(self) -> None:
        """Begin no further moves, and be open to others again."""
        if self._task is not None:
            self._task.cancel()
        self._engines.close(None)

    async def wait_finished(self) -> None:
        if self._task is not None:
            await asyncio.wait((self._task,))

    # --- where to ------------------------------------------------------------------------------------

    def _targets(self, names: Sequence[str] | None) -> Sequence[Target] | Refusal:
        if names:
            try:
                known = [self._engines.resolve(name) for name in dict.fromkeys(names)]
            except NoSuchEngine as problem:
                return Refusal("unknown", str(problem), "`picomesh engines list` shows those that are known")
            return [Target(one.name, one.did) for one in known]
        offers = self._engines.offers({"trust": "trusted", "free_picos_at_least": 1})
        found = [Target(one["name"], one["did"]) for one in offers if not one["expired"]]
        if found:
            return found
        return Refusal(
            "undecided",
            "no engine that is trusted here says that it has room",
            "name one: `picomesh drain ENGINE`; or `picomesh engines trust`, and there `engines accept`",
        )

    # --- all of them ---------------------------------------------------------------------------------

    async def _run(self, reason: str) -> None:
        """Also those that are born meanwhile."""
        at_once = asyncio.Semaphore(AT_ONCE)
        seen: set[PicoId] = set()
        while fresh := [pico for pico in self._here() if pico not in seen]:
            seen.update(fresh)
            async with asyncio.TaskGroup() as group:
                async for pico in _one_by_one(fresh, at_once):
                    group.create_task(self._send(pico, reason, at_once))

    def _here(self) -> Iterable[PicoId]:
        root, after = self._journal.fact(ROOT_PICO), ""
        while page := self._journal.picos(after, PAGE):
            yield from (pico for pico in page if pico != root and not self._moves.is_away(pico))
            after = page[-1]

    async def _send(self, pico: PicoId, reason: str, at_once: asyncio.Semaphore) -> None:
        progress, why = self._progress, dict[str, str]()
        progress.moving.add(pico)
        try:
            for target in progress.targets:
                refused = await self._try(pico, target, reason)
                if refused is None:
                    return
                why[target.name] = refused
            if self._journal.find_channel(Eci(pico)) is not None:
                progress.stay[pico] = why
        finally:
            progress.moving.discard(pico)
            at_once.release()

    async def _try(self, pico: PicoId, target: Target, reason: str) -> str | None:
        """Why it does not go there; None if it went."""
        wanted = await self._moves.wanted(pico, target.did, reason)
        if isinstance(wanted, Refusal):
            return wanted.reason
        phase = await self._wait_settled(pico)
        if phase == "gone":
            self._progress.gone[pico] = target.name
        elif phase != "live":
            logger.warning(
                "pico %s is on its way to %s, which has not said that it has it", pico, target.name
            )
            self._progress.on_the_way[pico] = target.name
        else:
            return str(self._moves.standing(pico).get("failed") or "it does not take the pico")
        return None

    async def _wait_settled(self, pico: PicoId) -> str:
        """The phase that it comes to rest in, or the one in which patience ends."""
        until_ms = self._clock.now_ms() + PATIENCE_MS
        while (phase := str(self._moves.standing(pico)["phase"])) not in ("live", "gone", "old"):
            if self._clock.now_ms() >= until_ms:
                return phase
            await self._wait(LOOK_EVERY_MS)
        return "gone" if phase == "old" else phase

    async def _wait(self, ms: int) -> None:
        reached = asyncio.Event()
        self._clock.call_at(self._clock.now_ms() + ms, reached.set)
        await reached.wait()


async def _one_by_one(picos: Sequence[PicoId], at_once: asyncio.Semaphore) -> AsyncIterator[PicoId]:
    """Each as soon as there is room for one more."""
    for pico in picos:
        await at_once.acquire()
        yield pico
