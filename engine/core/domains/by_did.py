"""Events for channels that have a DID, on whatever engine they are: `event:send` and `ctx:event` with one.

It is sent once the turn is committed, again and again until it was taken, and has one name however often it
arrives, so it runs once. Not to have been taken in the end is told to the sender.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.correspondence import MESSAGE, of_relation
from engine.core.dids import did_of
from engine.core.later import send_off
from engine.core.messages import Question, SendEvent
from engine.core.model import Eci, EventId
from engine.core.relations import find
from engine.core.world import World
from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value

STEPS_OF_A_MESSAGE = 1_000


def is_did(eci: str) -> bool:
    """Whether it is no channel of this engine that is meant, but a DID of one anywhere."""
    return eci.startswith("did:")


def send_by_did(
    world: World, sender: Value, did: str, domain: str, name: str, attrs: Mapping[str, Value]
) -> None:
    """From the channel `sender`; without one from the pico's channel to itself, which lets nobody in."""
    event = SendEvent(Eci(did), domain, name, attrs, EventId(""))
    send_off(world, message_of(world, sender, event))


def message_of(world: World, sender: Value, event: SendEvent) -> Question:
    """The question that is to send an event for a DID."""
    run, did = world.run, event.eci
    world.require("http", "an event for a DID")
    run.meter.charge(STEPS_OF_A_MESSAGE)
    eci = own_channel(world, sender)
    relation = find(run, did_of(did), eci)
    content = {
        "did": did if relation is None else relation.state["peer"],
        "from": eci,
        **({} if relation is None else of_relation(relation)),
        "domain": event.domain,
        "name": event.name,
        "attrs": event.attrs,
        "since": run.learned.time_ms,
        "key": run.next_key(),
    }
    return Question(MESSAGE, content)


def own_channel(world: World, given: Value) -> Eci:
    """A channel of the pico itself."""
    if given is None:
        return Eci(world.pico_id)
    if not isinstance(given, str) or Eci(given) not in world.run.draft.channels:
        raise RuntimeFault("R607", f"{to_string(given)} is no channel of this pico")
    return Eci(given)
