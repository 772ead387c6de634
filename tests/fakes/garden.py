"""A plugin: a garden with a thermometer to read, a valve to turn, and a little arithmetic about both.

Its functions are at the top of a module, as worker processes need them; the rest belongs to a `Garden`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from engine.plugins import Call, CannotAnswer, Effect, Function, Module, Question
from pico_lang.meter import Meter


def celsius(fahrenheit: float) -> float:
    """Degrees Celsius."""
    return (fahrenheit - 32) * 5 / 9


def bed(
    row: int, name: str = "herbs", sizes: list[float] | None = None, more: dict[str, Any] | None = None
) -> Any:
    """A bed, with whatever it was given."""
    return {"row": row, "name": name, "sizes": sizes, "more": more, "is_whole": isinstance(row, int)}


def sow(meter: Meter, count: int) -> list[int]:
    """So many seeds."""
    meter.check_collection(count)
    return list(range(count))


def same(given: Any) -> Any:
    """What it is given, spoilt afterwards for whoever else has it."""
    if isinstance(given, list):
        given.append("spoilt")
    return given


def dig(depth: float) -> Any:
    """Fails in several ways."""
    if depth < 0:
        raise ValueError("up is the other way")
    if depth > 100:
        sys.exit("too deep")
    return object()


FUNCTIONS: dict[str, Any] = {
    "celsius": celsius,
    "bed": bed,
    "sow": Function(sow, steps=5),
    "same": same,
    "dig": dig,
}

ARITHMETIC = Module("arithmetic", functions=FUNCTIONS, about="Sums for gardeners.")
"""Functions alone."""


@dataclass
class Garden:
    """What the members see of the outside, and what they did."""

    degrees: float = 21.0
    asked: list[tuple[Call, str]] = field(default_factory=list)
    turned: list[tuple[Call, float]] = field(default_factory=list)
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    on_turn: Callable[[], Awaitable[None]] | None = None
    """What happens while the valve turns."""
    gives: Any = None
    """What `anything` answers."""

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def read(self, call: Call, place: str = "bed") -> float:
        """The temperature of a place."""
        self.asked.append((call, place))
        await self._wait(listens=place != "hammock")
        if place == "moon":
            raise CannotAnswer("there is no thermometer on the moon")
        if place == "oven":
            raise ZeroDivisionError("too hot")
        if place == "shed":
            sys.exit("locked")
        if place == "pond, at night":
            raise asyncio.CancelledError("nobody there")
        return self.degrees

    async def _wait(self, listens: bool) -> None:
        """Until it may answer; one that does not listen lets nobody keep it from that."""
        while not self.may_answer.is_set():
            try:
                await self.may_answer.wait()
            except asyncio.CancelledError:
                if listens:
                    raise

    async def turn(self, call: Call, share: float) -> dict[str, float]:
        """Turn the valve now."""
        self.turned.append((call, share))
        if self.on_turn is not None:
            await self.on_turn()
        return {"open": share}

    async def water(self, call: Call, litres: float) -> float:
        """Have so much water run, some time soon."""
        self.turned.append((call, litres))
        if litres > 100:
            raise CannotAnswer("the well is dry")
        return litres

    async def anything(self, call: Call) -> Any:
        """Whatever the test wants."""
        return self.gives

    def module(self) -> Module:
        return Module(
            "garden",
            functions={"celsius": celsius},
            questions={"read": self.read, "turn": Question(self.turn, acts=True), "anything": self.anything},
            effects={"water": Effect(self.water)},
            about="A garden.",
        )
