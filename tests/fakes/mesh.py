"""Engines that are known and moves that are wanted, without any other engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.messages import Refusal
from engine.core.model import PicoId


class FakeEngines:
    """Obeys `KnownEngines`: says what it was given, so far as the names that are wanted fit."""

    def __init__(self, here: Mapping[str, Any], others: Sequence[Mapping[str, Any]] = ()) -> None:
        self._here = here
        self._others = list(others)

    def here(self) -> Mapping[str, Any]:
        return self._here

    def offers(self, filter: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        return [one for one in self._others if filter.get("name", one["name"]) == one["name"]]


class FakeDepartures:
    """Obeys `Departures`: notes what is wanted, and refuses what it was told to."""

    def __init__(self, refusals: Mapping[str, Refusal] | None = None) -> None:
        self._refusals = refusals or {}
        self.came_ms: int | None = None
        self.wants: list[tuple[PicoId, str, str, int]] = []

    async def wanted(self, pico: PicoId, to: str, reason: str, price: int) -> str | Refusal:
        self.wants.append((pico, to, reason, price))
        return self._refusals.get(to) or f"attempt {len(self.wants)}"

    def came(self, pico: PicoId) -> int | None:
        return self.came_ms
