"""What differs between two states of a pico, part by part: what it was and what it is.

A part is named by words that lead to it (`entity`, ruleset, variable, keys inside the value…). Both
sides are language values or plain data of the codec, None where there is nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from engine.core.codec import (
    pack_asked,
    pack_channel,
    pack_child,
    pack_invitation,
    pack_relation,
    pack_ruleset,
    pack_timer,
    pack_will,
)
from engine.core.draft import apply
from engine.core.messages import Change
from engine.core.model import EMPTY, Eci, Pico, Rid
from pico_lang import paths

Part = tuple[str, ...]
"""`("entity", rid, name, *keys)`, `("pattern", rid, rule)`, `("channel", eci)`, `("ruleset", rid)`,
`("child", pico)`, `("timer", id)`, `("grant", module)`,
`("will", rid, name)`, `("relation", key)`, `("invitation", id)`, `("asked", key)`."""

VARIABLE = len(("entity", "rid", "name"))
"""Words that lead to a whole entity variable; more lead inside it."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a pico that is not as it was."""

    part: Part
    old: Any
    new: Any


def differences(before: Pico, after: Pico) -> tuple[Difference, ...]:
    """Everything that differs, in a fixed order."""
    parts = {*_parts(before), *_parts(after)}
    found = [*_compare(before, after, parts), *_compare_children(before, after)]
    return tuple(sorted(found, key=lambda one: one.part))


def _compare_children(before: Pico, after: Pico) -> Iterator[Difference]:
    """All at once: to look for each among ten thousand would take ten thousand times as long."""
    old, new = ({one.pico: one for one in reversed(pico.children)} for pico in (before, after))
    for name in {**old, **new}:
        was, is_now = old.get(name), new.get(name)
        if was != is_now:
            packed = (None if one is None else pack_child(one) for one in (was, is_now))
            yield Difference(("child", name), *packed)


def differences_of(before: Pico, changes: Iterable[Change]) -> tuple[tuple[Difference, ...], Pico]:
    """What changes made of a pico, in the order in which they first touched each part, and the pico they
    lead to. Looks at nothing that they did not touch."""
    kept = tuple(changes)
    after = apply(before, kept, before.seq)
    touched = dict.fromkeys(part for change in kept for part in _touched(before, change))
    return tuple(_compare(before, after, touched)), after


def _compare(before: Pico, after: Pico, parts: Iterable[Part]) -> Iterator[Difference]:
    told: set[Part] = set()
    for part in parts:
        found = _difference(before, after, part)
        if found is not None and found.part not in told:
            told.add(found.part)
            yield found


def _difference(before: Pico, after: Pico, part: Part) -> Difference | None:
    old, new = _read(before, part), _read(after, part)
    if _is_other(old, new):
        return Difference(part, old, new)
    if new is None and len(part) > VARIABLE:
        # A key that holds null reads like one that is not there; what it is in shows the difference.
        return _difference(before, after, part[:-1])
    return None


def _is_other(old: Any, new: Any) -> bool:
    """Told apart by more than `==`: 1.0 and true are equal to Python, and order can be seen. What has another
    size needs no further look: an array of a million entries takes half a second to print."""
    if old is new:
        return False
    if old.__class__ is new.__class__ and isinstance(old, (list, dict, str)) and len(old) != len(new):
        return True
    return repr(old) != repr(new)


def _parts(pico: Pico) -> Iterator[Part]:
    """All but its children."""
    for rid, names in pico.entities.items():
        yield from (("entity", rid, name) for name in names)
    for rid, states in pico.patterns.items():
        yield from (("pattern", rid, rule) for rule in states)
    yield from (("channel", eci) for eci in pico.channels)
    yield from (("ruleset", ruleset.rid) for ruleset in pico.rulesets)
    yield from (("timer", timer) for timer in pico.timers)
    yield from (("grant", module) for module in pico.grants)
    for rid, wills in pico.wills.items():
        yield from (("will", rid, name) for name in wills)
    yield from (("relation", key) for key in pico.relations)
    yield from (("invitation", id) for id in pico.invitations)
    yield from (("asked", key) for key in pico.asked)


def _touched(before: Pico, change: Change) -> Iterator[Part]:
    match change.kind, change.content:
        case (("set_entity" | "clear_entity"), (rid, name, *_)):
            yield "entity", rid, name
        case (("set_entity_path" | "clear_entity_path"), (rid, name, path, *_)):
            yield "entity", rid, name, *path
        case (("set_pattern" | "clear_pattern"), (rid, rule, *_)):
            yield "pattern", rid, rule
        case "put_channel", (channel,):
            yield "channel", channel.eci
        case "remove_channel", (eci,):
            yield "channel", eci
            yield from (("relation", key) for key, one in before.relations.items() if one.eci == eci)
            yield from (("invitation", id) for id, one in before.invitations.items() if one.eci == eci)
            yield from (("asked", key) for key, one in before.asked.items() if one.eci == eci)
        case "put_ruleset", (ruleset,):
            yield "ruleset", ruleset.rid
        case "remove_ruleset", (rid,):
            yield "ruleset", rid
            yield from (part for part in _parts(before) if _belongs_to(before, part, rid))
        case "add_child", (child,):
            yield "child", child.pico
        case "remove_child", (pico,):
            yield "child", pico
        case "put_timer", (timer,):
            yield "timer", timer.id
        case "remove_timer", (timer,):
            yield "timer", timer
        case "set_grant", (module, _):
            yield "grant", module
        case "put_will", (will,):
            yield "will", will.rid, will.name
        case "remove_will", (rid, name):
            yield "will", rid, name
        case "put_relation", (relation,):
            yield "relation", relation.key
        case "remove_relation", (key,):
            yield "relation", key
        case "put_invitation", (invitation,):
            yield "invitation", invitation.id
        case "remove_invitation", (id,):
            yield "invitation", id
        case "put_asked", (asked,):
            yield "asked", asked.key
        case "remove_asked", (key,):
            yield "asked", key
        case kind, _:
            raise LookupError(f"no part is known that a change of kind {kind!r} touches")


def _belongs_to(pico: Pico, part: Part, rid: str) -> bool:
    match part:
        case (("entity" | "pattern" | "will"), owner, _):
            return owner == rid
        case "timer", timer:
            return pico.timers[timer].rid == rid
    return False


def _read(pico: Pico, part: Part) -> Any:
    match part:
        case "entity", rid, name, *keys:
            value = pico.entities.get(Rid(rid), EMPTY).get(name)
            return paths.read(value, keys) if keys else value
        case "pattern", rid, rule:
            return pico.patterns.get(Rid(rid), EMPTY).get(rule)
        case "channel", eci:
            channel = pico.channels.get(Eci(eci))
            return None if channel is None else pack_channel(channel)
        case "ruleset", rid:
            ruleset = pico.ruleset(rid)
            return None if ruleset is None else pack_ruleset(ruleset)
        case "child", name:
            child = next((one for one in pico.children if one.pico == name), None)
            return None if child is None else pack_child(child)
        case "timer", name:
            timer = pico.timers.get(name)
            return None if timer is None else pack_timer(timer)
        case "grant", module:
            return pico.grants.get(module)
        case "will", rid, name:
            will = pico.wills.get(Rid(rid), EMPTY).get(name)
            return None if will is None else pack_will(will)
        case "relation", key:
            relation = pico.relations.get(key)
            return None if relation is None else pack_relation(relation)
        case "invitation", id:
            invitation = pico.invitations.get(id)
            return None if invitation is None else pack_invitation(invitation)
        case "asked", key:
            asked = pico.asked.get(key)
            return None if asked is None else pack_asked(asked)
    raise LookupError(f"a pico has no part {part}")
