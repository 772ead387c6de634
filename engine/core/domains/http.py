"""The module `http`: what a ruleset asks of the web and what it tells it.

A request is a question of the turn, so the rule waits for what comes back; with `autosend` it is an
effect, made after the commit, and what comes back is an event. Whatever may change something out
there carries a key that stays the same however often the turn is run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.core.events import read_attributes, read_eci, read_name
from engine.core.messages import AskLater, Event, Question, SendEvent
from engine.core.model import Eci
from engine.core.requests import make_content, read_answer
from engine.core.world import World, is_error_event
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.host import Member
from pico_lang.values import Value

STEPS_OF_A_REQUEST = 1_000
"""What a request costs the turn. A turn is run again from its beginning with every answer, so the
number of its questions has to be small."""

PARAMETERS = (
    "url",
    "qs",
    "headers",
    "body",
    "auth",
    "json",
    "form",
    "parseJSON",
    "autoraise",
    "autosend",
    "dontFollowRedirect",
)

READING = ("get", "head")
"""Methods that change nothing; they may stand in expressions and queries too."""
ACTING = ("post", "put", "patch", "delete")


def _requesting(method: str) -> Callable[..., Value]:
    def call(world: World, *arguments: Value) -> Value:
        given = dict(zip(PARAMETERS, arguments, strict=True))
        world.run.meter.charge(STEPS_OF_A_REQUEST)
        content: dict[str, Any] = make_content(world.run.meter, method, given)
        if method in ACTING:
            content["key"] = key = world.run.next_key()
            content["headers"].setdefault("idempotency-key", key)
        if truthy(given["autosend"]):
            return _ask_later(world, content, given["autosend"])
        return _ask(world, method, content, given["autoraise"])

    return call


def _ask(world: World, method: str, content: dict[str, Any], label: Value) -> Value:
    answer = world.run.learned.ask("http", content)
    response = read_answer(world.run.meter, content, answer)
    if truthy(label):
        world.raise_event("http", method, None, {**response, "label": to_string(label)})
    return response


def _ask_later(world: World, content: dict[str, Any], event: Value) -> None:
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
    complaint = None if is_error_event(now) else _complaint(world, now, reply)
    world.run.effects.append(AskLater(Question("http", content), reply, complaint))


def _event_in_progress(world: World) -> Event:
    if world.run.event is None or world.run.query is not None:
        raise RuntimeFault("R607", "only a rule that handles an event can have another sent with autosend")
    return world.run.event


def _attributes_of(event: Mapping[str, Value]) -> Value:
    """Where `schedule:list` and others have them too."""
    data = event.get("data")
    return event.get("attrs", data.get("attrs") if isinstance(data, dict) else None)


def _complaint(world: World, now: Event, reply: SendEvent) -> SendEvent:
    """`system:error` for the pico that asked, should there be no answer."""
    attrs = {
        "level": "error",
        "rid": world.rid,
        "rule_name": world.run.rule,
        "genus": "system",
        "eid": now.eid,
    }
    return SendEvent(Eci(world.run.draft.id), "system", "error", attrs, reply.eid)


CALLS: Mapping[str, Callable[..., Value]] = {method: _requesting(method) for method in (*READING, *ACTING)}

MEMBERS: Mapping[str, Member] = {
    **{method: Member("both", PARAMETERS) for method in READING},
    **{method: Member("action", PARAMETERS) for method in ACTING},
}
