"""Canonical bytes for what the engine keeps: one JSON text per record or snapshot.

Language values go in and come out untouched: a KRL number is a float and is written with its point
(`3.0`), a count of our own is an int and is written without (`3`), so nobody has to walk a value to
tell them apart, which is what makes a record cheap. The order of keys in a value is kept because a
program can see it. Structure is written in a fixed order and what is empty is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from json import JSONDecoder, JSONEncoder
from typing import Any

from engine.core.messages import (
    AskLater,
    Change,
    CreatePico,
    DeletePico,
    Effect,
    Event,
    Fault,
    LogLine,
    Query,
    Question,
    SendEvent,
    Turn,
)
from engine.core.model import (
    ALLOW_ALL,
    EMPTY,
    Asked,
    Channel,
    Child,
    CredentialAsked,
    FormerText,
    Inputs,
    InstalledRuleset,
    Invitation,
    Pico,
    Policy,
    PolicyEntry,
    Quarantine,
    Relation,
    Rid,
    Timer,
    Will,
)
from pico_lang.errors import Place

Plain = Any
"""What JSON can say: None, bool, int, float, str, list and dict of these."""


def encoder_of(default: Callable[[Any], Plain]) -> Callable[[Plain], bytes]:
    """`to_bytes` for plain data in which there is something else, of which `default` makes plain data."""
    # Values are trees by the time they are kept (`engine.core.stored`), so no search for circles.
    encode = JSONEncoder(
        ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), default=default
    ).encode
    # A KRL string may hold half of a surrogate pair; UTF-8 proper has no place for one.
    return lambda plain: encode(plain).encode("utf-8", "surrogatepass")


to_bytes = encoder_of(dict)
"""The bytes of plain data. `dict` is for the read-only mappings that stand for "nothing" in the model."""
_decode = JSONDecoder().decode


class Unreadable(Exception):
    """Stored bytes that this version cannot make sense of."""


def from_bytes(body: bytes) -> Plain:
    try:
        return _decode(body.decode("utf-8", "surrogatepass"))
    except ValueError as error:
        raise Unreadable(f"not the JSON text that was expected: {error}") from error


# --- events and turns ------------------------------------------------------------------------------


def pack_event(event: Event) -> Plain:
    plain = {
        "eci": event.eci,
        "domain": event.domain,
        "name": event.name,
        "attrs": event.attrs,
        "eid": event.eid,
    }
    if event.for_rid is not None:
        plain["for"] = event.for_rid
    if event.sender is not None:
        plain["sender"] = event.sender
    if event.timer is not None:
        plain["timer"] = event.timer
    if event.proven is not None:
        plain["proven"] = event.proven
    return plain


def unpack_event(plain: Plain) -> Event:
    return Event(
        plain["eci"],
        plain["domain"],
        plain["name"],
        plain["attrs"],
        plain["eid"],
        plain.get("for"),
        plain.get("sender"),
        plain.get("timer"),
        plain.get("proven"),
    )


def pack_query(query: Query) -> Plain:
    plain = {"eci": query.eci, "rid": query.rid, "name": query.name, "args": query.args}
    if query.via:
        plain["via"] = query.via
    return plain


def unpack_query(plain: Plain) -> Query:
    return Query(plain["eci"], plain["rid"], plain["name"], plain["args"], tuple(plain.get("via", ())))


def pack_inputs(inputs: Inputs) -> Plain:
    plain: dict[str, Plain] = {"time": inputs.time_ms, "seed": inputs.seed}
    if inputs.answers:
        plain["answers"] = inputs.answers
    if inputs.default_policy != "allow":
        plain["default_policy"] = inputs.default_policy
    return plain


def unpack_inputs(plain: Plain) -> Inputs:
    answers = tuple(plain.get("answers", ()))
    return Inputs(plain["time"], plain["seed"], answers, plain.get("default_policy", "allow"))


def pack_turn(turn: Turn) -> Plain:
    plain = {"event": pack_event(turn.event), "inputs": pack_inputs(turn.inputs)}
    if turn.query is not None:
        plain["query"] = pack_query(turn.query)
    return plain


def unpack_turn(plain: Plain) -> Turn:
    query = plain.get("query")
    return Turn(
        unpack_event(plain["event"]),
        unpack_inputs(plain["inputs"]),
        None if query is None else unpack_query(query),
    )


# --- a pico ----------------------------------------------------------------------------------------


def _known(**members: Plain) -> dict[str, Plain]:
    """Those that there are."""
    return {name: member for name, member in members.items() if member is not None}


def pack_channel(channel: Channel) -> Plain:
    return {
        "eci": channel.eci,
        "tags": channel.tags,
        "events": _pack_policy(channel.event_policy),
        "queries": _pack_policy(channel.query_policy),
        **_known(family=channel.family),
    }


def unpack_channel(plain: Plain) -> Channel:
    return Channel(
        plain["eci"],
        tuple(plain["tags"]),
        _unpack_policy(plain["events"]),
        _unpack_policy(plain["queries"]),
        plain.get("family"),
    )


_PLAIN_ALLOW_ALL: Plain = {"allow": [["*", "*"]], "deny": []}


def _pack_policy(policy: Policy) -> Plain:
    return {
        "allow": [_pack_entry(entry) for entry in policy.allow],
        "deny": [_pack_entry(entry) for entry in policy.deny],
    }


def _pack_entry(entry: PolicyEntry) -> Plain:
    told = (entry.scope, entry.name)
    if (asked := entry.credential) is not None:
        return (*told, entry.sender, (asked.types, asked.issuers, asked.claims))
    return told if entry.sender is None else (*told, entry.sender)


def _unpack_entry(plain: Plain) -> PolicyEntry:
    if len(plain) < 4:
        return PolicyEntry(*plain)
    scope, name, sender, (types, issuers, claims) = plain
    asked = CredentialAsked(tuple(types), tuple(issuers), tuple((name, value) for name, value in claims))
    return PolicyEntry(scope, name, sender, asked)


def _unpack_policy(plain: Plain) -> Policy:
    if plain == _PLAIN_ALLOW_ALL:
        return ALLOW_ALL  # the same for most channels, of which a pico may have thousands
    return Policy(
        tuple(map(_unpack_entry, plain["allow"])),
        tuple(map(_unpack_entry, plain["deny"])),
    )


def pack_ruleset(ruleset: InstalledRuleset) -> Plain:
    plain: dict[str, Plain] = {
        "rid": ruleset.rid,
        "url": ruleset.url,
        "hash": ruleset.hash,
        "config": ruleset.config,
        "inputs": pack_inputs(ruleset.inputs),
    }
    if ruleset.signed_by:
        plain["signed_by"] = ruleset.signed_by
    if ruleset.former:
        plain["former"] = [_pack_former(former) for former in ruleset.former]
    if ruleset.quarantine is not None:
        plain["quarantine"] = _pack_quarantine(ruleset.quarantine)
    return plain


def unpack_ruleset(plain: Plain) -> InstalledRuleset:
    inputs, quarantine = unpack_inputs(plain["inputs"]), plain.get("quarantine")
    return InstalledRuleset(
        plain["rid"],
        plain["url"],
        plain["hash"],
        plain["config"],
        inputs,
        tuple(plain.get("signed_by", ())),
        tuple(map(_unpack_former, plain.get("former", ()))),
        None if quarantine is None else _unpack_quarantine(quarantine),
    )


def _pack_quarantine(quarantine: Quarantine) -> Plain:
    return {
        "since": quarantine.since_ms,
        "code": quarantine.code,
        "reason": quarantine.reason,
        **_known(module=quarantine.module, outdated=quarantine.is_outdated or None),
    }


def _unpack_quarantine(plain: Plain) -> Quarantine:
    return Quarantine(
        plain["since"], plain["code"], plain["reason"], plain.get("module"), plain.get("outdated", False)
    )


def _pack_former(former: FormerText) -> Plain:
    plain: dict[str, Plain] = {
        "url": former.url,
        "hash": former.hash,
        "config": former.config,
        "seq": former.seq,
    }
    if former.signed_by:
        plain["signed_by"] = former.signed_by
    if former.upgraded:
        plain["upgraded"] = True
    return plain


def _unpack_former(plain: Plain) -> FormerText:
    return FormerText(
        plain["url"],
        plain["hash"],
        plain["config"],
        plain["seq"],
        tuple(plain.get("signed_by", ())),
        plain.get("upgraded", False),
    )


def pack_child(child: Child) -> Plain:
    return {"eci": child.eci, "pico": child.pico}


def unpack_child(plain: Plain) -> Child:
    return Child(plain["eci"], plain["pico"])


def pack_timer(timer: Timer) -> Plain:
    return {
        "id": timer.id,
        "rid": timer.rid,
        "kind": timer.kind,
        "timing": timer.timing,
        "due": timer.due_ms,
        "eci": timer.eci,
        "domain": timer.domain,
        "name": timer.name,
        "attrs": timer.attrs,
    }


def unpack_timer(plain: Plain) -> Timer:
    return Timer(
        plain["id"],
        plain["rid"],
        plain["kind"],
        plain["timing"],
        plain["due"],
        plain["eci"],
        plain["domain"],
        plain["name"],
        plain["attrs"],
    )


def pack_will(will: Will) -> Plain:
    return {
        "rid": will.rid,
        "name": will.name,
        "eci": will.eci,
        "domain": will.domain,
        "type": will.type,
        "attrs": will.attrs,
    }


def unpack_will(plain: Plain) -> Will:
    return Will(plain["rid"], plain["name"], plain["eci"], plain["domain"], plain["type"], plain["attrs"])


def pack_relation(relation: Relation) -> Plain:
    return {
        "eci": relation.eci,
        "label": relation.label,
        "since": relation.since_ms,
        "state": relation.state,
        **_known(thread=relation.thread),
    }


def unpack_relation(plain: Plain) -> Relation:
    return Relation(plain["eci"], plain["label"], plain["since"], plain.get("thread"), plain["state"])


def pack_invitation(invitation: Invitation) -> Plain:
    return {
        "id": invitation.id,
        "eci": invitation.eci,
        "label": invitation.label,
        **_known(until=invitation.until_s, once=invitation.once or None, by=invitation.by),
    }


def unpack_invitation(plain: Plain) -> Invitation:
    return Invitation(
        plain["id"],
        plain["eci"],
        plain["label"],
        plain.get("until"),
        plain.get("once", False),
        plain.get("by"),
    )


def pack_asked(asked: Asked) -> Plain:
    return {
        "eci": asked.eci,
        "thread": asked.thread,
        "did": asked.did,
        "type": asked.type,
        "since": asked.since_ms,
        **_known(until=asked.until_s),
    }


def unpack_asked(plain: Plain) -> Asked:
    return Asked(
        plain["eci"], plain["thread"], plain["did"], plain["type"], plain["since"], plain.get("until")
    )


def pack_pico(pico: Pico) -> Plain:
    """A whole pico. What no program can see the order of is sorted, so that equal picos have
    equal bytes whatever their histories were."""
    plain = {
        "id": pico.id,
        "seq": pico.seq,
        "parent": pico.parent,
        "children": [pack_child(child) for child in pico.children],
        "channels": [pack_channel(pico.channels[eci]) for eci in sorted(pico.channels)],
        "rulesets": [pack_ruleset(ruleset) for ruleset in pico.rulesets],
        "entities": _sort_names(pico.entities),
        "patterns": _sort_names(pico.patterns),
        "timers": [pack_timer(timer) for timer in pico.timers.values()],
    }
    if pico.grants:
        plain["grants"] = {module: pico.grants[module] for module in sorted(pico.grants)}
    if pico.wills:
        plain["wills"] = [pack_will(will) for will in wills_of(pico)]
    if pico.relations:
        plain["relations"] = [pack_relation(pico.relations[key]) for key in sorted(pico.relations)]
    if pico.invitations:
        plain["invitations"] = [pack_invitation(pico.invitations[id]) for id in sorted(pico.invitations)]
    if pico.asked:
        plain["asked"] = [pack_asked(pico.asked[key]) for key in sorted(pico.asked)]
    return plain


def wills_of(pico: Pico) -> list[Will]:
    """All wills of a pico, in a fixed order."""
    wills = (will for by_name in pico.wills.values() for will in by_name.values())
    return sorted(wills, key=lambda will: (will.rid, will.name))


def _sort_names(by_rid: Mapping[Any, Mapping[str, Any]]) -> Plain:
    return {rid: {name: names[name] for name in sorted(names)} for rid, names in sorted(by_rid.items())}


def unpack_pico(plain: Plain) -> Pico:
    channels = map(unpack_channel, plain["channels"])
    timers = map(unpack_timer, plain["timers"])
    return Pico(
        plain["id"],
        plain["seq"],
        plain["parent"],
        tuple(map(unpack_child, plain["children"])),
        {channel.eci: channel for channel in channels},
        tuple(map(unpack_ruleset, plain["rulesets"])),
        plain["entities"],
        plain["patterns"],
        {timer.id: timer for timer in timers},
        grants=plain.get("grants", EMPTY),
        wills=_unpack_wills(plain.get("wills", ())),
        relations={one.key: one for one in map(unpack_relation, plain.get("relations", ()))},
        invitations={one.id: one for one in map(unpack_invitation, plain.get("invitations", ()))},
        asked={one.key: one for one in map(unpack_asked, plain.get("asked", ()))},
    )


def _unpack_wills(plain: Iterable[Plain]) -> Mapping[Rid, Mapping[str, Will]]:
    wills: dict[Rid, dict[str, Will]] = {}
    for will in map(unpack_will, plain):
        wills.setdefault(will.rid, {})[will.name] = will
    return wills


# --- what a turn leads to --------------------------------------------------------------------------

_CHANGES_OF_DATA: Mapping[str, tuple[Callable[[Any], Plain], Callable[[Plain], Any]]] = {
    "put_channel": (pack_channel, unpack_channel),
    "put_ruleset": (pack_ruleset, unpack_ruleset),
    "add_child": (pack_child, unpack_child),
    "put_timer": (pack_timer, unpack_timer),
    "put_will": (pack_will, unpack_will),
    "put_relation": (pack_relation, unpack_relation),
    "put_invitation": (pack_invitation, unpack_invitation),
    "put_asked": (pack_asked, unpack_asked),
}
"""Changes whose content is one frozen thing; that of all others is names and values as they are."""


def pack_change(change: Change) -> Plain:
    if change.kind in _CHANGES_OF_DATA:
        pack, _ = _CHANGES_OF_DATA[change.kind]
        return (change.kind, pack(change.content[0]))
    return (change.kind, *change.content)


def unpack_change(plain: Plain) -> Change:
    kind, *content = plain
    if kind in _CHANGES_OF_DATA:
        _, unpack = _CHANGES_OF_DATA[kind]
        return Change(kind, (unpack(content[0]),))
    return Change(kind, tuple(content))


def pack_effect(effect: Effect) -> Plain:
    match effect:
        case SendEvent():
            return {"send": _pack_sending(effect)}
        case AskLater():
            return {"ask": pack_errand(effect)}
        case CreatePico(pico):
            return {"create": pack_pico(pico)}
        case DeletePico(pico_id):
            return {"delete": pico_id}


def unpack_effect(plain: Plain) -> Effect:
    match plain:
        case {"send": sent}:
            return _unpack_sending(sent)
        case {"ask": errand}:
            return unpack_errand(errand)
        case {"create": pico}:
            return CreatePico(unpack_pico(pico))
        case {"delete": pico_id}:
            return DeletePico(pico_id)
    raise Unreadable(f"an effect of an unknown kind: {sorted(plain)}")


def _pack_sending(send: SendEvent) -> Plain:
    return {
        "eci": send.eci,
        "domain": send.domain,
        "name": send.name,
        "attrs": send.attrs,
        "eid": send.eid,
    }


def _unpack_sending(plain: Plain) -> SendEvent:
    return SendEvent(plain["eci"], plain["domain"], plain["name"], plain["attrs"], plain["eid"])


def pack_errand(errand: AskLater) -> Plain:
    plain = {
        "kind": errand.question.kind,
        "content": errand.question.content,
    }
    if errand.reply is not None:
        plain["reply"] = _pack_sending(errand.reply)
    if errand.complaint is not None:
        plain["complaint"] = _pack_sending(errand.complaint)
    if errand.onward is not None:
        plain["onward"] = {"kind": errand.onward.kind, "content": errand.onward.content}
    return plain


def unpack_errand(plain: Plain) -> AskLater:
    reply, complaint, onward = plain.get("reply"), plain.get("complaint"), plain.get("onward")
    return AskLater(
        Question(plain["kind"], plain["content"]),
        None if reply is None else _unpack_sending(reply),
        None if complaint is None else _unpack_sending(complaint),
        None if onward is None else Question(onward["kind"], onward["content"]),
    )


def pack_fault(fault: Fault) -> Plain:
    return {
        "code": fault.code,
        "message": fault.message,
        "places": [(place.rid, place.line, place.column, place.within) for place in fault.places],
    }


def unpack_fault(plain: Plain) -> Fault:
    return Fault(plain["code"], plain["message"], tuple(Place(*place) for place in plain["places"]))


def pack_log(log: Iterable[LogLine]) -> Plain:
    return [(line.level, line.rid, line.rule, line.message, line.value) for line in log]


def unpack_log(plain: Plain) -> tuple[LogLine, ...]:
    return tuple(LogLine(*line) for line in plain)
