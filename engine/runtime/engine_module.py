"""What stands behind the module `engine` of rulesets: the engines that are known, and moves.

That a move was not even begun is told to the pico by the same event as that one has failed, so that a ruleset
has one place where it thinks again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.core.domains.engine import DEPARTED_FAILED, NAME
from engine.core.mesh.adverts import engine_of
from engine.core.messages import Refusal
from engine.core.model import PicoId
from engine.core.timekeeping import to_iso
from engine.plugins.declaration import Call, CannotAnswer, Module
from engine.ports import Departures, KnownEngines
from engine.runtime.load import Load

Inform = Callable[[PicoId, str, Mapping[str, str]], Awaitable[None]]
"""Tells a pico of an attempt, once, even if the engine ends before. Nobody waits until it has heard it."""


def engine_module(engines: KnownEngines, moves: Departures, load: Load, inform: Inform) -> Module:
    """The module's questions, and its effect."""
    answers = _Answers(engines, moves, load, inform)
    return Module(
        NAME,
        questions={"here": answers.here, "offers": answers.offers},
        effects={"migrate": answers.migrate},
    )


class _Answers:
    def __init__(self, engines: KnownEngines, moves: Departures, load: Load, inform: Inform) -> None:
        self._engines = engines
        self._moves = moves
        self._load = load
        self._inform = inform

    async def here(self, call: Call) -> dict[str, Any]:
        """This engine, as it says itself, and since when the pico is here."""
        came_ms = self._moves.came(call.pico)
        since = None if came_ms is None else to_iso(came_ms)
        return {**self._engines.here(), "load": self._load.share(), "since": since}

    async def offers(self, call: Call, filter: dict[str, Any]) -> list[dict[str, Any]]:
        """The engines that are as wanted."""
        return [dict(one) for one in self._engines.offers(filter)]

    async def migrate(self, call: Call, to: str, reason: str, price: int = 0) -> dict[str, Any]:
        """Have the pico leave. It may ask a second time from where it wanted to go, since what it has yet to
        ask goes along with it; then it is there."""
        here = self._engines.here()
        if to == here["name"] or (engine_of(to) or to) == engine_of(here["did"]):
            return {"attempt": ""}
        outcome = await self._moves.wanted(call.pico, to, reason, price)
        if isinstance(outcome, Refusal):
            await self._inform(call.pico, DEPARTED_FAILED, _not_begun(call, here["did"], to, outcome))
            return {"attempt": ""}
        return {"attempt": outcome}


def _not_begun(call: Call, here: str, to: str, refusal: Refusal) -> dict[str, str]:
    """Named after the deed, so that one which is asked for again is refused once."""
    if call.key is None:
        raise CannotAnswer("a move is an effect, which has a key")
    reason = refusal.reason if refusal.hint is None else f"{refusal.reason}; {refusal.hint}"
    return {"from": here, "to": to, "reason": reason, "attempt": call.key}
