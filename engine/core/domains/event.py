"""The module `event`: what a rule may know of the event it handles, and sending another.

Everything here is null outside of an event, as it is inside a module's functions and in `global`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.domains.abroad import send_abroad
from engine.core.domains.by_did import is_did, send_by_did
from engine.core.events import read_attributes, read_name, read_target
from engine.core.world import World
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import TypeFault
from pico_lang.host import Member
from pico_lang.values import Value

MEMBERS: Mapping[str, Member] = {
    "eci": Member("property"),
    "domain": Member("property"),
    "name": Member("property"),
    "attrs": Member("property"),
    "eid": Member("property"),
    "time": Member("property"),
    "sender": Member("property"),
    "attr": Member("function", ("name",)),
    "send": Member("action", ("options", "host")),
}


def _eci(world: World) -> Value:
    return None if world.event is None else world.event.eci


def _domain(world: World) -> Value:
    return None if world.event is None else world.event.domain


def _name(world: World) -> Value:
    return None if world.event is None else world.event.name


def _attrs(world: World) -> Value:
    return None if world.event is None else world.event.attrs


def _eid(world: World) -> Value:
    return None if world.event is None else world.event.eid


def _time(world: World) -> Value:
    return None if world.event is None else float(world.run.learned.time_ms)


def _sender(world: World) -> Value:
    """The pico that sent it; null when it came from outside."""
    return None if world.event is None else world.event.sender


def _attr(world: World, name: Value) -> Value:
    return None if world.event is None else world.event.attrs.get(to_string(name))


def _send(world: World, options: Value, host: Value) -> Value:
    """Queue an event for another pico; its id, if it is of this engine. The pico is told after this turn
    is committed."""
    if not isinstance(options, dict):
        raise TypeFault('event:send takes a map with "eci" or "did", "domain", "name" and "attrs"')
    target = _follow_subscription(options)
    event = (
        read_target(target),
        read_name(options.get("domain"), "domain"),
        read_name(options.get("name") or options.get("type"), "name"),
        read_attributes(world.run.meter, options.get("attrs")),
    )
    if is_did(event[0]):
        send_by_did(world, options.get("from"), *event)
        return None
    there = host if truthy(host) else target.get("host")
    return send_abroad(world, there, *event) if truthy(there) else world.run.send_event(*event)


def _follow_subscription(options: dict[str, Value]) -> dict[str, Value]:
    """Where the event goes: a channel, or the other end of the subscription given as `sub`."""
    subscription = options.get("sub")
    if isinstance(subscription, dict):
        return {"eci": subscription.get("Tx"), "host": subscription.get("Tx_host")}
    return options


CALLS: Mapping[str, Callable[..., Value]] = {
    "eci": _eci,
    "domain": _domain,
    "name": _name,
    "attrs": _attrs,
    "eid": _eid,
    "time": _time,
    "sender": _sender,
    "attr": _attr,
    "send": _send,
}
