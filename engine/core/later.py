"""Having something done out there after the commit.

If it is not done in the end the pico that wanted it gets `system:error`, unless it is handling an error.
"""

from __future__ import annotations

from engine.core.messages import AskLater, Event, Question, SendEvent
from engine.core.model import Eci, EventId
from engine.core.run import Run
from engine.core.world import World, is_error_event
from pico_lang.errors import RuntimeFault


def send_off(world: World, question: Question) -> None:
    """Have something done out there, and hear of it only if it was not."""
    event_in_progress(world)
    send_for(world.run, world.rid, question)


def send_for(run: Run, rid: str | None, question: Question) -> None:
    """The same on behalf of a ruleset, or of nobody: what the engine itself was told to do."""
    if run.query is not None:
        raise RuntimeFault("R607", "a query changes nothing, so it cannot have anything sent")
    now = run.event
    complaint = None if now is not None and is_error_event(now) else complain(run, rid, now, run.next_eid())
    run.effects.append(AskLater(question, None, complaint))


def event_in_progress(world: World) -> Event:
    """What a rule handles that wants something sent."""
    if world.run.event is None or world.run.query is not None:
        raise RuntimeFault("R607", "only a rule that handles an event can have another sent with autosend")
    return world.run.event


def complain(run: Run, rid: str | None, now: Event | None, eid: EventId) -> SendEvent:
    """`system:error` for the pico that asked, should there be no answer."""
    attrs = {
        "level": "error",
        "rid": rid,
        "rule_name": run.rule,
        "genus": "system",
        "eid": run.txn_id if now is None else now.eid,
    }
    return SendEvent(Eci(run.draft.id), "system", "error", attrs, eid)
