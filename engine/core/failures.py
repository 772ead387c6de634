"""What is left of a turn that failed: its record, a pico one turn older, and a timer used up."""

from __future__ import annotations

from engine.core.draft import Draft
from engine.core.messages import Effect, Failed, Fault, LogLine, Turn, Unable
from engine.core.model import Pico
from engine.core.scheduling import use_up


def fail_turn(
    pico: Pico,
    turn: Turn,
    fault: Fault,
    log: tuple[LogLine, ...] = (),
    effects: tuple[Effect, ...] = (),
    steps: int = 0,
    retry_bigger: bool = False,
    unable: tuple[Unable, ...] = (),
) -> Failed:
    """The outcome of a turn that was run on `pico`, whoever found that it cannot succeed."""
    draft = Draft(pico)
    # Or else a scheduled event that always fails would be due again at once, for ever.
    use_up(draft, turn.event, turn.inputs.time_ms)
    older = draft.finish(pico.seq + 1)
    return Failed(older, fault, log, effects, steps, retry_bigger, tuple(draft.recorded), unable)
