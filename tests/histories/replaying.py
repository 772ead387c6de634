"""A recorded history run again, as the engine does it but with everything at hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.kernel import Opened, react
from engine.core.model import RulesetHash
from engine.core.records import BrokenChain, Head, Record, state_id
from engine.core.replay import Departure, Replay, is_repeatable
from pico_lang.meter import Budget
from pico_lang.program import Program

Programs = Mapping[RulesetHash, Program]


@dataclass(frozen=True)
class Replayed:
    """How far a replay came, and what stopped it."""

    walk: Replay
    states: Sequence[str]
    wrong: BrokenChain | Departure | None


def replay(start: Head, bodies: Sequence[bytes], programs: Programs) -> Replayed:
    """Follow records to the last, or to the first with which something is wrong."""
    states: list[str] = []
    walk, opened = Replay(start), Opened()
    for body in bodies:
        record = walk.check(body)
        if isinstance(record, BrokenChain):
            return Replayed(walk, states, record)
        departed = _follow(walk, record, body, programs, opened)
        if departed is not None:
            return Replayed(walk, states, departed)
        states.append(state_id(walk.pico))
    return Replayed(walk, states, None)


def _follow(
    walk: Replay, record: Record, body: bytes, programs: Programs, opened: Opened
) -> Departure | None:
    if not is_repeatable(record):
        return walk.follow(record, body, None)
    return walk.follow(record, body, react(walk.pico, record.turn, programs, Budget(), opened))
