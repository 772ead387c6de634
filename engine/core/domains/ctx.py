"""The module `ctx`: a pico's own picture of itself, and the changes its rules may make to it.

Reading comes first, then channels, rulesets and picos. Everything happens in the draft of the turn,
is an effect of its commit or a question; nothing is done from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from engine.core import births, installation, neighbours, wills
from engine.core.domains.abroad import send_abroad
from engine.core.domains.by_did import is_did, own_channel, send_by_did
from engine.core.events import read_attributes, read_eci, read_name, read_word
from engine.core.model import Channel, Eci, InstalledRuleset, Will
from engine.core.policy import DEFAULTS, read_policy, read_tags, show_policy
from engine.core.quarantine import show_quarantine
from engine.core.timekeeping import to_iso
from engine.core.world import World
from pico_lang.coercion import to_string, truthy
from pico_lang.diagnostics import Diagnostic
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.host import Member
from pico_lang.program import Program
from pico_lang.values import Value, to_stored

STEPS_OF_A_DESCRIPTION = 10
"""What describing one channel or ruleset costs: a map of maps, most of them small."""

WEB = ("http:", "https:")
"""To have a ruleset fetched from there is to ask the web."""

# --- reading ---------------------------------------------------------------------------------------


def _pico_id(world: World) -> Value:
    return world.run.draft.id


def _rid(world: World) -> Value:
    return world.rid


def _rid_url(world: World) -> Value:
    return world.ruleset.url


def _rid_config(world: World) -> Value:
    return world.ruleset.config


def _meta(property_name: str) -> Callable[[World], Value]:
    return lambda world: world.program.meta.get(property_name)


def _parent(world: World) -> Value:
    return world.run.draft.parent


def _children(world: World) -> Value:
    return [child.eci for child in world.run.draft.children]


def _channels(world: World) -> Value:
    channels = world.run.draft.channels
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION * len(channels))
    return [show_channel(channels[eci]) for eci in sorted(channels)]


def _channel(world: World, eci: Value) -> Value:
    """One channel, without the price of all of them; null if the pico has none of that id."""
    found = world.run.draft.channels.get(Eci(eci)) if isinstance(eci, str) else None
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION)
    return None if found is None else show_channel(found)


def show_channel(channel: Channel) -> dict[str, Value]:
    """A channel as rulesets see it."""
    return {
        "id": channel.eci,
        "tags": list(channel.tags),
        "eventPolicy": show_policy(channel.event_policy, "domain"),
        "queryPolicy": show_policy(channel.query_policy, "rid"),
        "familyChannelPicoID": channel.family,
    }


def _rulesets(world: World) -> Value:
    rulesets = world.run.draft.rulesets
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION * len(rulesets))
    return [_show_ruleset(ruleset, world) for ruleset in rulesets]


def _show_ruleset(ruleset: InstalledRuleset, world: World) -> dict[str, Value]:
    meta: dict[str, Value] = {"hash": ruleset.hash, "flushed": to_iso(ruleset.inputs.time_ms)}
    if ruleset.signed_by:
        meta["signedBy"] = list(ruleset.signed_by)
    if ruleset.quarantine is not None:
        # Whether its text is at hand would depend on the engine.
        meta["quarantined"] = show_quarantine(ruleset.quarantine)
    elif (program := world.run.surroundings.programs.get(ruleset.hash)) is not None:
        meta |= _show_program(program)
    return {"rid": ruleset.rid, "url": ruleset.url, "config": ruleset.config, "meta": meta}


def _show_program(program: Program) -> dict[str, Value]:
    warnings = [_show_warning(warning, program) for warning in program.warnings]
    return {
        "krl": program.source.text,
        "krlMeta": dict(program.meta),
        "compiler": {"warnings": warnings},
    }


def _show_warning(warning: Diagnostic, program: Program) -> dict[str, Value]:
    start, end = (
        dict(zip(("line", "column"), map(float, program.source.position(offset)), strict=True))
        for offset in (warning.span.start, warning.span.end)
    )
    return {"message": warning.message, "code": warning.code, "loc": {"start": start, "end": end}}


def _grants(world: World) -> Value:
    """Modules of which somebody has said whether this pico may use them; the others are as they are."""
    grants = world.run.draft.grants
    return {module: grants[module] for module in sorted(grants)}


def _query(world: World, eci: Value, rid: Value, name: Value, args: Value) -> Value:
    target, query = read_eci(eci), _read_query(world, rid, name, args)
    if is_did(target):
        world.require("http", "a query for a DID")
        return neighbours.ask_did(world.run, target, *query)
    return neighbours.ask_query(world.run, target, *query)


def _did(world: World, eci: Value) -> Value:
    """The DID of a channel of the pico, which is made when it is first asked for."""
    return neighbours.ask_name(world.run, own_channel(world, eci))


def _read_query(world: World, rid: Value, name: Value, args: Value) -> tuple[str, str, dict[str, Value]]:
    """Ruleset, function and arguments by name."""
    if not isinstance(args, dict | None):
        raise TypeFault(f"the arguments of a query are a map by name, not {to_string(args)}")
    return read_word(rid, "query.rid"), read_word(name, "query.name"), _keep_map(world, args)


def _reachable(world: World, ecis: Value, domain: Value, name: Value) -> Value:
    """Those of the channels that would take such an event of this pico now."""
    if not isinstance(ecis, list):
        raise TypeFault(f"ctx:reachable takes an array of channel ids, not {to_string(ecis)}")
    event = read_name(domain, "domain"), read_name(name, "name")
    return neighbours.ask_reachable(world.run, [read_eci(eci) for eci in ecis], *event)


def _logs(world: World) -> Value:
    return neighbours.read_log(world.run)


# --- channels --------------------------------------------------------------------------------------


def _new_channel(world: World, tags: Value, event_policy: Value, query_policy: Value) -> Value:
    channel = _read_channel(world, births.new_eci(world.run), tags, event_policy, query_policy)
    world.run.draft.put_channel(channel)
    return show_channel(channel)


def _put_channel(world: World, eci: Value, tags: Value, event_policy: Value, query_policy: Value) -> Value:
    """Give a channel other tags and policies; a family channel stays as it is."""
    held = _own_channel(world, eci)
    if held.family is not None:
        return show_channel(held)
    channel = _read_channel(world, held.eci, tags, event_policy, query_policy)
    world.run.draft.put_channel(channel)
    return show_channel(channel)


def _upsert_channel(world: World, tags: Value, event_policy: Value, query_policy: Value) -> Value:
    """Put the channel with exactly these tags, in whatever order, or make one."""
    wanted = set(read_tags(tags))
    held = next(_channels_tagged(world, wanted), None)
    eci = held.eci if held else births.new_eci(world.run)
    channel = _read_channel(world, eci, tags, event_policy, query_policy)
    world.run.draft.put_channel(channel)
    return show_channel(channel)


def _channels_tagged(world: World, tags: set[str]) -> Iterator[Channel]:
    channels = world.run.draft.channels
    world.run.meter.charge(len(channels))
    return (channels[eci] for eci in sorted(channels) if set(channels[eci].tags) == tags)


def _del_channel(world: World, eci: Value) -> Value:
    held = _own_channel(world, eci)
    if held.family is not None:
        raise RuntimeFault("R607", "Cannot delete family channels.")
    world.run.draft.remove_channel(held.eci)
    return None


def _read_channel(world: World, eci: Eci, tags: Value, event_policy: Value, query_policy: Value) -> Channel:
    missing = DEFAULTS[world.run.learned.default_policy]
    return Channel(
        eci,
        read_tags(tags),
        read_policy(event_policy, "domain", missing),
        read_policy(query_policy, "rid", missing),
    )


def _own_channel(world: World, eci: Value) -> Channel:
    held = world.run.draft.channels.get(Eci(read_eci(eci)))
    if held is None:
        raise RuntimeFault("R607", f"this pico has no channel {eci}; ctx:channels lists them")
    return held


# --- rulesets --------------------------------------------------------------------------------------


def _install(world: World, url: Value, config: Value) -> Value:
    return installation.install(world.run, _read_url(world, url), _read_config(world, config))


def _uninstall(world: World, rid: Value) -> Value:
    installation.uninstall(world.run, to_string(rid))
    return None


def _flush(world: World, url: Value) -> Value:
    return installation.flush(world.run, _read_url(world, url))


def _read_url(world: World, url: Value) -> str:
    if not isinstance(url, str) or not url.strip():
        raise TypeFault(f"the url of a ruleset is a string, not {to_string(url).strip() or 'an empty one'}")
    if url.strip().lower().startswith(WEB):
        world.require("http", "a ruleset from the web")
    return url.strip()


def _read_config(world: World, config: Value) -> dict[str, Value]:
    if not isinstance(config, dict | None):
        raise TypeFault(f"the config of a ruleset is a map, not {to_string(config)}")
    return _keep_map(world, config)


def _keep_map(world: World, given: dict[str, Value] | None) -> dict[str, Value]:
    kept: dict[str, Value] = to_stored(given or {}, world.run.meter)
    return kept


# --- picos and events ------------------------------------------------------------------------------


def _new_pico(world: World, rulesets: Value, without: Value, channels: Value) -> Value:
    """The channel to the child; if it is to be born with others, all of them, since nobody else can say yet
    what they are called."""
    if not isinstance(rulesets, list | None):
        raise TypeFault('ctx:newPico takes an array of {"url", "config"} maps')
    wishes = [_read_wish(world, one) for one in rulesets or ()]
    born_with = _read_channels_of_child(world, channels)
    eci = births.make_child(world.run, wishes, _read_modules(without), born_with)
    return eci if channels is None else {"eci": eci, "channels": [show_channel(one) for one in born_with]}


def _read_channels_of_child(world: World, channels: Value) -> list[Channel]:
    """What channels a child shall be born with, besides those of every pico."""
    if not isinstance(channels, list | None) or not all(isinstance(one, dict) for one in channels or ()):
        raise TypeFault('a new pico\'s channels are an array of {"tags", "eventPolicy", "queryPolicy"} maps')
    if len(channels or ()) > births.MOST_CHANNELS_AT_BIRTH:
        raise RuntimeFault("R607", f"a pico is born with {births.MOST_CHANNELS_AT_BIRTH} channels at most")
    return [
        _read_channel(
            world,
            births.new_eci_of_child(world.run),
            one.get("tags"),
            one.get("eventPolicy"),
            one.get("queryPolicy"),
        )
        for one in channels or ()
    ]


def _read_modules(names: Value) -> list[str]:
    """What a child shall do without. Whether there are such modules is for each engine to know."""
    if not isinstance(names, list | None) or not all(isinstance(one, str) for one in names or ()):
        raise TypeFault('what a new pico is to be without is an array of modules like ["http"]')
    return [name.strip() for name in names or ()]


def _read_wish(world: World, wish: Value) -> tuple[str, Mapping[str, Value]]:
    """One of the rulesets a new pico is to have."""
    if not isinstance(wish, dict):
        raise TypeFault('a ruleset for a new pico is a map with "url" and, if need be, "config"')
    return _read_url(world, wish.get("url")), _read_config(world, wish.get("config"))


def _del_pico(world: World, eci: Value) -> Value:
    births.delete_child(world.run, read_eci(eci))
    return None


def _event(world: World, eci: Value, domain: Value, name: Value, attrs: Value, host: Value) -> Value:
    """Unlike `event:send` it fails when nobody here would take the event."""
    target = read_eci(eci)
    kept_domain, kept_name, kept_attrs = _read_event(world, domain, name, attrs)
    if is_did(target):
        send_by_did(world, None, target, kept_domain, kept_name, kept_attrs)
        return None
    if truthy(host):
        return send_abroad(world, host, target, kept_domain, kept_name, kept_attrs)
    neighbours.check_recipient(world.run, target, kept_domain, kept_name)
    return world.run.send_event(target, kept_domain, kept_name, kept_attrs)


def _event_query(
    world: World,
    eci: Value,
    domain: Value,
    name: Value,
    attrs: Value,
    rid: Value,
    query_name: Value,
    args: Value,
) -> Value:
    event = _read_event(world, domain, name, attrs)
    query = _read_query(world, rid, query_name, args)
    instead = "send the event to the DID, and ask it with ctx:query"
    return neighbours.ask_event_query(world.run, _read_here(eci, "ctx:eventQuery", instead), event, query)


def _read_here(eci: Value, what: str, instead: str) -> str:
    """A channel, of what only this engine can promise."""
    target = read_eci(eci)
    if is_did(target):
        raise RuntimeFault("R607", f"{what} takes a channel of this engine, and no DID; {instead}")
    return target


def _read_event(world: World, domain: Value, name: Value, attrs: Value) -> tuple[str, str, dict[str, Value]]:
    kept = read_attributes(world.run.meter, attrs)
    return read_name(domain, "domain"), read_name(name, "name"), kept


# --- wills -----------------------------------------------------------------------------------------


def _wills(world: World) -> Value:
    own = wills.own_wills(world.run, world.rid)
    world.run.meter.charge(STEPS_OF_A_DESCRIPTION * len(own))
    return {name: wills.show_will(own[name]) for name in sorted(own)}


def _set_will(world: World, name: Value, eci: Value, domain: Value, event_type: Value, attrs: Value) -> Value:
    """Leave an event that is sent when the pico is deleted or the ruleset uninstalled."""
    called = read_word(name, "setWill.name")
    instead = "who knows the name for life of a pico learns from its log that it has ended"
    target = Eci(_read_here(eci, "ctx:setWill", instead))
    kept_domain, kept_type, kept_attrs = _read_event(world, domain, event_type, attrs)
    wills.leave(world.run, Will(world.rid, called, target, kept_domain, kept_type, kept_attrs))
    return None


def _clear_will(world: World, name: Value) -> Value:
    wills.revoke(world.run, world.rid, read_word(name, "clearWill.name"))
    return None


PROPERTIES: Mapping[str, Callable[[World], Value]] = {
    "picoId": _pico_id,
    "rid": _rid,
    "rid_url": _rid_url,
    "rid_config": _rid_config,
    "rid_version": _meta("version"),
    "rid_name": _meta("name"),
    "rid_description": _meta("description"),
    "rid_author": _meta("author"),
    "parent": _parent,
    "children": _children,
    "channels": _channels,
    "rulesets": _rulesets,
    "grants": _grants,
    "wills": _wills,
}

CALLS: Mapping[str, Callable[..., Value]] = {
    **PROPERTIES,
    "query": _query,
    "did": _did,
    "channel": _channel,
    "reachable": _reachable,
    "logs": _logs,
    "newChannel": _new_channel,
    "putChannel": _put_channel,
    "upsertChannel": _upsert_channel,
    "delChannel": _del_channel,
    "install": _install,
    "uninstall": _uninstall,
    "flush": _flush,
    "newPico": _new_pico,
    "delPico": _del_pico,
    "event": _event,
    "eventQuery": _event_query,
    "setWill": _set_will,
    "clearWill": _clear_will,
}

MEMBERS: Mapping[str, Member] = {
    **{name: Member("property") for name in PROPERTIES},
    "query": Member("function", ("eci", "rid", "name", "args")),
    "did": Member("function", ("eci",)),
    "channel": Member("function", ("eci",)),
    "reachable": Member("function", ("ecis", "domain", "name")),
    "logs": Member("function"),
    "newChannel": Member("action", ("tags", "eventPolicy", "queryPolicy")),
    "putChannel": Member("action", ("eci", "tags", "eventPolicy", "queryPolicy")),
    "upsertChannel": Member("action", ("tags", "eventPolicy", "queryPolicy")),
    "delChannel": Member("action", ("eci",)),
    "install": Member("action", ("url", "config")),
    "uninstall": Member("action", ("rid",)),
    "flush": Member("action", ("url",)),
    "newPico": Member("action", ("rulesets", "without", "channels")),
    "delPico": Member("action", ("eci",)),
    "event": Member("action", ("eci", "domain", "name", "attrs", "host")),
    "eventQuery": Member("action", ("eci", "domain", "name", "attrs", "rid", "queryName", "args")),
    "setWill": Member("action", ("name", "eci", "domain", "type", "attrs")),
    "clearWill": Member("action", ("name",)),
}
