"""Turns in one line each, for tests that are about something else."""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.messages import Event, Turn
from engine.core.model import Eci, EventId, Inputs, PicoId
from pico_lang.values import Value

SEED = "5eed" * 8
NOW_MS = 1_700_000_000_000
ROOT = PicoId("root-pico")


def make_turn(domain: str, name: str, attrs: Mapping[str, Value] | None = None, seq: int = 1) -> Turn:
    """An event over the pico's own channel."""
    event = Event(Eci(ROOT), domain, name, dict(attrs or {}), EventId(f"event-{seq}"))
    return Turn(event, Inputs(NOW_MS, SEED))
