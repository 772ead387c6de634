"""The module `meta`: where a ruleset finds itself.

`host` is null: an engine's address is no part of what a pico may rely on, and a turn that read it
could not be run again elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.world import World
from pico_lang.host import Member
from pico_lang.values import Value


def _eci(world: World) -> Value:
    request = world.event or world.query
    return None if request is None else request.eci


def _host(world: World) -> Value:
    return None


def _in_event(world: World) -> Value:
    return world.event is not None


def _in_query(world: World) -> Value:
    return world.query is not None


def _pico_id(world: World) -> Value:
    return world.run.draft.id


def _rid(world: World) -> Value:
    return world.rid


def _rid_url(world: World) -> Value:
    return world.ruleset.url


def _rule_name(world: World) -> Value:
    return world.run.rule if world.event is not None else None


def _txn_id(world: World) -> Value:
    return world.run.txn_id if world.sees_turn else None


def _ruleset_config(world: World) -> Value:
    return world.ruleset.config


CALLS: Mapping[str, Callable[..., Value]] = {
    "eci": _eci,
    "host": _host,
    "inEvent": _in_event,
    "inQuery": _in_query,
    "picoId": _pico_id,
    "rid": _rid,
    "rid_url": _rid_url,
    "rulesetURI": _rid_url,
    "ruleName": _rule_name,
    "txnId": _txn_id,
    "rulesetConfig": _ruleset_config,
}

MEMBERS: Mapping[str, Member] = {name: Member("property") for name in CALLS}
