"""Having something asked of the outside after the commit, and told of in an event: what `autosend` says.

The event goes to whoever the rule names. If there is no answer, the pico that asked gets `system:error`,
unless it is handling an error already.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.events import read_attributes, read_eci, read_name
from engine.core.messages import AskLater, Event, Question, SendEvent
from engine.core.model import Eci, EventId
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
    world.run.effects.append(AskLater(question, reply, _complaint(world, now, reply.eid)))


def send_off(world: World, question: Question) -> None:
    """Have something done out there, and hear of it only if it was not."""
    now = _event_in_progress(world)
    world.run.effects.append(AskLater(question, None, _complaint(world, now, world.run.next_eid())))


def _event_in_progress(world: World) -> Event:
    if world.run.event is None or world.run.query is not None:
        raise RuntimeFault("R607", "only a rule that handles an event can have another sent with autosend")
    return world.run.event


def _attributes_of(event: Mapping[str, Value]) -> Value:
    """Where `schedule:list` and others have them too."""
    data = event.get("data")
    return event.get("attrs", data.get("attrs") if isinstance(data, dict) else None)


def _complaint(world: World, now: Event, eid: EventId) -> SendEvent | None:
    """`system:error` for the pico that asked, should there be no answer; none about such an event."""
    if is_error_event(now):
        return None
    attrs = {
        "level": "error",
        "rid": world.rid,
        "rule_name": world.run.rule,
        "genus": "system",
        "eid": now.eid,
    }
    return SendEvent(Eci(world.run.draft.id), "system", "error", attrs, eid)
