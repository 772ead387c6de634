"""Time, chance and the engine's own secret."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Call(Protocol):
    """A call that is to come."""

    def cancel(self) -> None:
        """Do without it."""


class Keys(Protocol):
    """The secret keys of this engine."""

    def derive(self, purpose: str) -> bytes:
        """32 bytes, the same ones for the same purpose for ever, and of no use for any other."""


class Clock(Protocol):
    def now_ms(self) -> int:
        """Milliseconds since 1970-01-01 UTC."""

    def call_at(self, time_ms: int, call: Callable[[], None]) -> Call:
        """Have it called from the event loop when that time has come; also sooner, so look again."""


class Entropy(Protocol):
    def seed(self) -> str:
        """Sixteen fresh random bytes, in hex."""
