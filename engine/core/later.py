"""Having something asked of the outside after the commit, and told of in an event: what `autosend` says.

The event goes to whoever the rule names. If there is no answer, the pico that asked gets `system:error`,
unless it is handling an error already.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.events import read_attributes, read_eci, read_name
from engine.core.messages import AskLater, Event, Question, SendEvent
from engine.core.model import Eci, EventId
from engine.core.run import Run
from engine.core.world import World, is_error_event
from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.values import Value


def ask_later(world: World, question: Question, event: Value) -> None:
    """Have the answer sent in an event, given as the map that `autosend` is."""
    now = _event_in_progress(world)
    if not isinstance(event, dict):
        raise TypeFault(
            f'autosend takes a map with "eci", "domain", "name" and "attrs", not {to_string(event)}'
        )
    reply = SendEvent(
        Eci(read_eci(event.get("eci"))),
        read_name(event.get("domain"), "domain"),
        read_name(event.get("name") or event.get("type"), "name"),
        read_attributes(world.run.meter, _attributes_of(event)),
        world.run.next_eid(),
    )
    complaint = None if is_error_event(now) else _complaint(world.run, world.rid, now, reply.eid)
    world.run.effects.append(AskLater(question, reply, complaint))


def send_off(world: World, question: Question) -> None:
    """Have something done out there, and hear of it only if it was not."""
    _event_in_progress(world)
    send_for(world.run, world.rid, question)


def send_for(run: Run, rid: str | None, question: Question) -> None:
    """The same on behalf of a ruleset, or of nobody: what the engine itself was told to do."""
    if run.query is not None:
        raise RuntimeFault("R607", "a query changes nothing, so it cannot have anything sent")
    now = run.event
    complaint = None if now is not None and is_error_event(now) else _complaint(run, rid, now, run.next_eid())
    run.effects.append(AskLater(question, None, complaint))


def _event_in_progress(world: World) -> Event:
    if world.run.event is None or world.run.query is not None:
        raise RuntimeFault("R607", "only a rule that handles an event can have another sent with autosend")
    return world.run.event


def _attributes_of(event: Mapping[str, Value]) -> Value:
    """Where `schedule:list` and others have them too."""
    data = event.get("data")
    return event.get("attrs", data.get("attrs") if isinstance(data, dict) else None)


def _complaint(run: Run, rid: str | None, now: Event | None, eid: EventId) -> SendEvent:
    """`system:error` for the pico that asked, should there be no answer."""
    attrs = {
        "level": "error",
        "rid": rid,
        "rule_name": run.rule,
        "genus": "system",
        "eid": run.txn_id if now is None else now.eid,
    }
    return SendEvent(Eci(run.draft.id), "system", "error", attrs, eid)
