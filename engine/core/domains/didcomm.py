"""The module `didcomm`: whom a pico knows by DID, and what it writes to them.

What is written leaves with the commit, and is tried again until it was taken; what comes back is an event.
`engine.core.introductions` and `engine.core.relations` have what a relation is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from engine.core import introductions, neighbours, relations
from engine.core.correspondence import of_relation, receive, write
from engine.core.domains.by_did import is_did, own_channel, send_by_did
from engine.core.events import read_attributes, read_name, read_word
from engine.core.messages import Event
from engine.core.model import Eci, Relation
from engine.core.policy import read_policy
from engine.core.protocols import relationships
from engine.core.world import World
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.host import Member
from pico_lang.values import Value, to_stored

STEPS_OF_A_DESCRIPTION = 10
PURPOSE = "a message for a DID"
LONGEST_VALIDITY_S = 10 * 366 * 24 * 3_600
OF_EVERY_MESSAGE = ("expires", "attachments", "headers")
"""Options."""

# --- writing ---------------------------------------------------------------------------------------


def _send(world: World, to: Value, type: Value, body: Value, options: Value) -> Value:
    """The id of the message, by which answers name it as their thread."""
    world.require("http", PURPOSE)
    _outside_of_queries(world)
    given = _read_options(options, ("from", "id", "thid", "pthid", *OF_EVERY_MESSAGE))
    did, eci = _read_did(to), None if given.get("from") is None else own_channel(world, given["from"])
    return _write(world, did, eci, type, body, given)


def _send_event(world: World, to: Value, domain: Value, name: Value, attrs: Value) -> Value:
    """The same as `event:send`, from the channel by which the other knows the pico."""
    _outside_of_queries(world)
    did = _read_did(to)
    relation = relations.find(world.run, did)
    event = read_name(domain, "domain"), read_name(name, "name")
    sender = None if relation is None else relation.eci
    send_by_did(world, sender, did, *event, read_attributes(world.run.meter, attrs))
    return None


def _receive(world: World, envelope: Value) -> Value:
    """An envelope that came by another way is taken in as if it had come to the engine itself."""
    _outside_of_queries(world)
    if not isinstance(envelope, dict):
        raise TypeFault("an envelope is a map")
    receive(world.run, world.rid, envelope)
    return None


def _route(world: World, type: Value, domain: Value, name: Value) -> Value:
    """Kept in `ent:routes` of the ruleset that asks. For did-o, whose functions do such things."""
    _outside_of_queries(world)
    routes = world.get_entity("routes")
    event: dict[str, Value] = {"domain": read_name(domain, "domain"), "name": read_name(name, "name")}
    kept = routes if isinstance(routes, dict) else {}
    world.set_entity("routes", {**kept, read_word(type, "message type"): event})
    return True


def _reply(world: World, type: Value, body: Value, options: Value) -> Value:
    """To whoever wrote the message that is handled, in its thread, from the channel it came to."""
    world.require("http", PURPOSE)
    now = _message_in_progress(world)
    thread = {"thid": now.attrs.get("thid") or now.attrs.get("id")}
    given = {**_read_options(options, OF_EVERY_MESSAGE), **thread}
    return _write(world, str(now.sender), now.eci, type, body, given)


def _write(
    world: World, did: str, eci: Eci | None, type: Value, body: Value, given: Mapping[str, Value]
) -> str:
    relation = relations.find(world.run, did, eci)
    sender = relation.eci if relation is not None else own_channel(world, eci)
    headers: dict[str, Any] = {name: _text(given.get(name), name) for name in ("id", "thid", "pthid")}
    if given.get("expires") is not None:
        headers["expires"] = world.run.learned.time_ms // 1000 + _seconds(given["expires"], "expires")
    headers |= _added(world, given)
    named = read_word(type, "message type")
    return write(world.run, world.rid, relation or did, sender, named, body, headers)


def _added(world: World, given: Mapping[str, Value]) -> dict[str, Value]:
    """What is attached, and headers of others' making."""
    attachments, headers = given.get("attachments"), given.get("headers")
    if not isinstance(attachments, list | None):
        raise TypeFault(f"attachments are an array of maps, not {to_string(attachments)}")
    if not isinstance(headers, dict | None):
        raise TypeFault(f"headers are a map, not {to_string(headers)}")
    added = {"attachments": attachments, "headers": headers}
    return {name: to_stored(value, world.run.meter) for name, value in added.items() if value}


def _message_in_progress(world: World) -> Event:
    now = world.run.event
    if now is None or now.domain != "didcomm" or now.sender is None or not is_did(now.sender):
        raise RuntimeFault("R607", "there is nobody to reply to: this is no message that somebody has signed")
    return now


def _query(world: World, to: Value, rid: Value, name: Value, args: Value) -> Value:
    """What a shared function of the other pico gives, asked as the one they know."""
    world.require("http", "a query for a DID")
    if not isinstance(args, dict | None):
        raise TypeFault(f"the arguments of a query are a map by name, not {to_string(args)}")
    did = _read_did(to)
    relation = relations.find(world.run, did)
    asked = read_word(rid, "query.rid"), read_word(name, "query.name"), _stored(world, args or {})
    if relation is None:
        return neighbours.ask_did(world.run, did, *asked)
    # A rotation stands in every message until it was heard of, in a question too.
    news = None if relationships.is_seen(relation.state) else of_relation(relation)
    return neighbours.ask_did(world.run, relation.state["peer"], *asked, sender=relation.eci, news=news)


# --- invitations -----------------------------------------------------------------------------------


def _invite(world: World, eci: Value, options: Value) -> Value:
    _outside_of_queries(world)
    given = _read_options(options, ("label", "goal", "page", "once", "expires"))
    expires = given.get("expires")
    shown = introductions.invite(
        world.run,
        introductions.open_channel(world.run).eci if eci is None else own_channel(world, eci),
        _text(given.get("label"), "label") or "",
        _text(given.get("goal"), "goal"),
        _text(given.get("page"), "page"),
        truthy(given.get("once")),
        None if expires is None else _seconds(expires, "expires"),
    )
    return {"id": shown.id, "eci": shown.eci, "did": shown.did, "url": shown.url}


def _accept(world: World, url: Value, options: Value) -> Value:
    world.require("http", "an invitation")
    _outside_of_queries(world)
    given = _read_options(options, ("label", "eventPolicy", "queryPolicy"))
    policies = (
        read_policy(given.get("eventPolicy"), "domain", introductions.MESSAGES_ONLY),
        read_policy(given.get("queryPolicy"), "rid", introductions.NOTHING),
    )
    label = _text(given.get("label"), "label")
    named = read_word(url, "URL of an invitation")
    return relations.show(introductions.accept(world.run, world.rid, named, label, *policies))


def _withdraw(world: World, id: Value) -> Value:
    introductions.withdraw(world.run, read_word(id, "id of an invitation"))
    return None


# --- relations -------------------------------------------------------------------------------------


def _relationships(world: World) -> Value:
    found = list(relations.relations_of(world.run))
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION * len(found))
    return [relations.show(one) for one in found]


def _relationship(world: World, did: Value) -> Value:
    found = relations.find(world.run, _read_did(did))
    return None if found is None else relations.show(found)


def _document(world: World, did: Value) -> Value:
    world.require("http", "the document of a DID")
    return neighbours.ask_document(world.run, _read_did(did))


def _rotate(world: World, eci: Value) -> Value:
    """The new DID of the channel."""
    world.require("http", PURPOSE)
    _outside_of_queries(world)
    if eci is None:
        raise RuntimeFault("R607", "didcomm:rotate takes the channel whose DID is to change")
    return introductions.rotate(world.run, world.rid, own_channel(world, eci))


def _forget(world: World, did: Value) -> Value:
    _outside_of_queries(world)
    introductions.forget(world.run, _known(world, did))
    return None


def _known(world: World, did: Value) -> Relation:
    found = relations.find(world.run, _read_did(did))
    if found is None:
        raise RuntimeFault("R607", f"{to_string(did)[:60]} is not known; didcomm:relationships lists who is")
    return found


# --- reading ---------------------------------------------------------------------------------------


def _outside_of_queries(world: World) -> None:
    if world.run.event is None or world.run.query is not None:
        raise RuntimeFault("R607", "only a rule that handles an event can do this; a query changes nothing")


def _read_did(value: Value) -> str:
    if not isinstance(value, str) or not is_did(value):
        raise RuntimeFault("R607", f"{to_string(value)[:60]} is not a DID; one looks like did:peer:2.Vz6Mk…")
    return value


def _read_options(value: Value, known: tuple[str, ...]) -> dict[str, Value]:
    if not isinstance(value, dict | None):
        raise TypeFault(f"options are a map, not {to_string(value)}")
    for name in value or {}:
        if name not in known:
            raise TypeFault(f"there is no option {name}; there are {', '.join(known)}")
    return value or {}


def _text(value: Value, what: str) -> str | None:
    if not isinstance(value, str | None):
        raise TypeFault(f"{what} is a string, not {to_string(value)}")
    return value


def _seconds(value: Value, what: str) -> int:
    if not isinstance(value, float) or not 0 < value <= LONGEST_VALIDITY_S:
        raise TypeFault(f"{what} is a number of seconds, up to ten years")
    return int(value)


def _stored(world: World, value: dict[str, Value]) -> dict[str, Value]:
    kept: dict[str, Value] = to_stored(value, world.run.meter)
    return kept


CALLS: Mapping[str, Callable[..., Value]] = {
    "send": _send,
    "reply": _reply,
    "sendEvent": _send_event,
    "receive": _receive,
    "route": _route,
    "document": _document,
    "query": _query,
    "invite": _invite,
    "accept": _accept,
    "withdraw": _withdraw,
    "relationships": _relationships,
    "relationship": _relationship,
    "rotate": _rotate,
    "forget": _forget,
}

MEMBERS: Mapping[str, Member] = {
    # Also in expressions, since rulesets that were written for did-o have such calls there.
    "send": Member("both", ("to", "type", "body", "options")),
    "sendEvent": Member("both", ("to", "domain", "name", "attrs")),
    "invite": Member("both", ("eci", "options")),
    "forget": Member("both", ("did",)),
    "route": Member("both", ("type", "domain", "name")),
    "reply": Member("action", ("type", "body", "options")),
    "query": Member("function", ("to", "rid", "name", "args")),
    "accept": Member("action", ("url", "options")),
    "withdraw": Member("action", ("id",)),
    "relationships": Member("function"),
    "relationship": Member("function", ("did",)),
    "rotate": Member("action", ("eci",)),
    "document": Member("function", ("did",)),
    "receive": Member("action", ("envelope",)),
}
