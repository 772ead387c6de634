"""What an engine knows of others, and how a pico leaves for one of them: as much as its rulesets may ask."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.core.messages import Refusal
from engine.core.model import PicoId


class KnownEngines(Protocol):
    """This engine, and those that it knows, as documents of JSON."""

    def here(self) -> Mapping[str, Any]:
        """What this one says of itself."""

    def offers(self, filter: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
        """Of the others those that are as wanted, each with what was measured of it. What may be wanted is in
        `engine.core.domains.engine`."""


class Departures(Protocol):
    """Moves that picos of this engine want."""

    async def wanted(self, pico: PicoId, to: str, reason: str, price: int) -> str | Refusal:
        """Begin one, durably, and do not wait for it: the name of the attempt, or why there is none. `to`
        is the DID of an engine or the name that the owner of this one gave it; `price` what it may cost there
        a day, at most."""

    def came(self, pico: PicoId) -> int | None:
        """When it came to this engine, in milliseconds; None if it was born here."""
