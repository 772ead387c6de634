"""Having something asked of the outside after the commit, and told of in an event: what `autosend` says.

The event goes to whoever the rule names, by ECI or by DID. If there is no answer, the pico that asked gets
`system:error`, unless it is handling an error already.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.domains.by_did import is_did, message_of
from engine.core.events import read_attributes, read_name, read_target
from engine.core.later import complain, event_in_progress
from engine.core.messages import AskLater, Question, SendEvent
from engine.core.model import Eci
from engine.core.world import World, is_error_event
from pico_lang.coercion import to_string
from pico_lang.errors import TypeFault
from pico_lang.values import Value


def ask_later(world: World, question: Question, event: Value) -> None:
    """Have the answer sent in an event, given as the map that `autosend` is."""
    now = event_in_progress(world)
    if not isinstance(event, dict):
        raise TypeFault(
            f'autosend takes a map with "eci", "domain", "name" and "attrs", not {to_string(event)}'
        )
    reply = SendEvent(
        Eci(read_target(event)),
        read_name(event.get("domain"), "domain"),
        read_name(event.get("name") or event.get("type"), "name"),
        read_attributes(world.run.meter, _attributes_of(event)),
        world.run.next_eid(),
    )
    onward = message_of(world, event.get("from"), reply) if is_did(reply.eci) else None
    complaint = None if is_error_event(now) else complain(world.run, world.rid, now, reply.eid)
    world.run.effects.append(AskLater(question, reply, complaint, onward))


def _attributes_of(event: Mapping[str, Value]) -> Value:
    """Where `schedule:list` and others have them too."""
    data = event.get("data")
    return event.get("attrs", data.get("attrs") if isinstance(data, dict) else None)
