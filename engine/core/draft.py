"""The working copy of a pico that one turn changes, and what every kind of change means.

A change is recorded and carried out by the same table (`KINDS`), so that folding recorded changes
gives, by construction, the pico the turn gave. Maps are copied the first time they are touched and
values never change, so a turn costs what it touches and the pico it began with stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from engine.core.messages import Change
from engine.core.model import (
    Asked,
    Channel,
    Child,
    Eci,
    InstalledRuleset,
    Invitation,
    Pico,
    PicoId,
    Relation,
    Rid,
    Timer,
    Will,
)
from pico_lang import paths
from pico_lang.meter import Budget, Meter
from pico_lang.values import Value

UNMETERED = Meter(Budget(steps=2**62, string_length=2**62, collection_size=2**62))
"""For changes that were paid for when they were made: a history has to fold whatever it was allowed."""


class Draft:
    """A pico being changed. Give it up after `finish`: the pico it gave shares its maps."""

    __slots__ = (
        "_owned",
        "asked",
        "channels",
        "children",
        "entities",
        "grants",
        "id",
        "invitations",
        "meter",
        "parent",
        "patterns",
        "recorded",
        "relations",
        "rulesets",
        "seq",
        "timers",
        "wills",
    )

    def __init__(self, pico: Pico, meter: Meter = UNMETERED) -> None:
        self.meter = meter
        self.id = pico.id
        self.seq = pico.seq
        self.parent = pico.parent
        self.children = pico.children
        self.channels = pico.channels
        self.rulesets = pico.rulesets
        self.entities = pico.entities
        self.patterns = pico.patterns
        self.timers = pico.timers
        self.grants = pico.grants
        self.wills = pico.wills
        self.relations = pico.relations
        self.invitations = pico.invitations
        self.asked = pico.asked
        self.recorded: list[Change] = []
        self._owned: set[tuple[str, str | None]] = set()

    # --- what it holds ---

    def entity(self, rid: str, name: str) -> Value:
        """An entity variable, None when unset."""
        names = self.entities.get(rid)  # type: ignore[call-overload]
        return None if names is None else names.get(name)

    def pattern(self, rid: str, rule: str) -> Value:
        """How far a rule's event expression has come, None when nowhere."""
        states = self.patterns.get(rid)  # type: ignore[call-overload]
        return None if states is None else states.get(rule)

    def ruleset(self, rid: str) -> InstalledRuleset | None:
        """The installed ruleset of that name."""
        return next((one for one in self.rulesets if one.rid == rid), None)

    # --- what may happen to it ---

    def record(self, kind: str, *content: Any) -> None:
        """Carry out a change and remember it."""
        KINDS[kind](self, *content)
        self.recorded.append(Change(kind, content))

    def carry_out(self, changes: Iterable[Change]) -> None:
        """What was recorded earlier. Many records may be carried out on one draft, one after the other:
        that copies each map once, where a draft for each would copy it as often as it changes."""
        for change in changes:
            KINDS[change.kind](self, *change.content)

    def set_entity(self, rid: str, name: str, value: Value) -> None:
        if value is not None:
            self.record("set_entity", rid, name, value)
        elif self.entity(rid, name) is not None:
            self.record("clear_entity", rid, name)

    def set_entity_path(self, rid: str, name: str, path: list[str], value: Value) -> None:
        self.record("set_entity_path", rid, name, path, value)

    def clear_entity_path(self, rid: str, name: str, path: list[str]) -> None:
        if self.entity(rid, name) is not None:
            self.record("clear_entity_path", rid, name, path)

    def set_pattern(self, rid: str, rule: str, state: Value) -> None:
        if state is not None:
            self.record("set_pattern", rid, rule, state)
        elif self.pattern(rid, rule) is not None:
            self.record("clear_pattern", rid, rule)

    def put_channel(self, channel: Channel) -> None:
        self.record("put_channel", channel)

    def remove_channel(self, eci: Eci) -> None:
        self.record("remove_channel", eci)

    def put_ruleset(self, ruleset: InstalledRuleset) -> None:
        """Add a ruleset at the end, or replace the one of that rid where it stands."""
        self.record("put_ruleset", ruleset)

    def remove_ruleset(self, rid: Rid) -> None:
        """Remove a ruleset and everything on the pico that was its own."""
        self.record("remove_ruleset", rid)

    def add_child(self, child: Child) -> None:
        self.record("add_child", child)

    def remove_child(self, pico: PicoId) -> None:
        self.record("remove_child", pico)

    def put_timer(self, timer: Timer) -> None:
        self.record("put_timer", timer)

    def remove_timer(self, timer: str) -> None:
        self.record("remove_timer", timer)

    def put_will(self, will: Will) -> None:
        self.record("put_will", will)

    def remove_will(self, rid: str, name: str) -> None:
        self.record("remove_will", rid, name)

    def put_relation(self, relation: Relation) -> None:
        self.record("put_relation", relation)

    def remove_relation(self, key: str) -> None:
        self.record("remove_relation", key)

    def put_invitation(self, invitation: Invitation) -> None:
        self.record("put_invitation", invitation)

    def remove_invitation(self, id: str) -> None:
        self.record("remove_invitation", id)

    def put_asked(self, asked: Asked) -> None:
        self.record("put_asked", asked)

    def remove_asked(self, key: str) -> None:
        self.record("remove_asked", key)

    def set_grant(self, module: str, granted: bool) -> None:
        """What the owner has said counts, also where it would be so anyway: modules may come to need it."""
        if self.grants.get(module) is not granted:
            self.record("set_grant", module, granted)

    def finish(self, seq: int) -> Pico:
        """The pico this has become, as version `seq`."""
        return Pico(
            self.id,
            seq,
            self.parent,
            self.children,
            self.channels,
            self.rulesets,
            self.entities,
            self.patterns,
            self.timers,
            grants=self.grants,
            wills=self.wills,
            relations=self.relations,
            invitations=self.invitations,
            asked=self.asked,
        )

    # --- copying on the first write ---

    def own(self, part: str) -> dict[Any, Any]:
        """One of the maps, as a copy that this draft may change."""
        held = getattr(self, part)
        if (part, None) in self._owned:
            return held  # type: ignore[no-any-return]
        self._owned.add((part, None))
        copy = dict(held)
        setattr(self, part, copy)
        return copy

    def own_names(self, part: str, rid: str) -> dict[str, Value]:
        """The entity variables or pattern states of one ruleset, as a copy that may be changed."""
        by_rid = self.own(part)
        if (part, rid) in self._owned:
            return by_rid.setdefault(rid, {})  # type: ignore[no-any-return]
        self._owned.add((part, rid))
        copy = by_rid[rid] = dict(by_rid.get(rid, ()))
        return copy

    def drop_name(self, part: str, rid: str, name: str) -> None:
        """Forget a name, and the ruleset's map with the last one: a pico with nothing in a map
        must not differ from one that never had anything."""
        names = self.own_names(part, rid)
        names.pop(name, None)
        if not names:
            del self.own(part)[rid]


def apply(pico: Pico, changes: Iterable[Change], seq: int) -> Pico:
    """The pico that recorded changes lead to."""
    draft = Draft(pico)
    draft.carry_out(changes)
    return draft.finish(seq)


def touched_channels(changes: Iterable[Change]) -> Iterator[Eci]:
    """All channels that these changes may have put or removed."""
    for change in changes:
        match change.kind, change.content:
            case "put_channel", (channel,):
                yield channel.eci
            case "remove_channel", (eci,):
                yield eci


def touched_timers(pico: Pico, changes: Iterable[Change]) -> Iterator[str]:
    """The names of all timers that these changes to a pico may have put or removed."""
    for change in changes:
        match change.kind, change.content:
            case "put_timer", (timer,):
                yield timer.id
            case "remove_timer", (name,):
                yield name
            case "remove_ruleset", (rid,):
                yield from (timer.id for timer in pico.timers.values() if timer.rid == rid)


# --- what each kind of change does; a recorded history depends on every one of these ---------------


def _set_entity(draft: Draft, rid: str, name: str, value: Value) -> None:
    draft.own_names("entities", rid)[name] = value


def _clear_entity(draft: Draft, rid: str, name: str) -> None:
    draft.drop_name("entities", rid, name)


def _set_entity_path(draft: Draft, rid: str, name: str, path: list[str], value: Value) -> None:
    held = draft.entity(rid, name)
    root = held if paths.is_collection(held) else {}
    changed = paths.write(draft.meter, root, path, value, "set") if path else root
    _store(draft, rid, name, changed)


def _clear_entity_path(draft: Draft, rid: str, name: str, path: list[str]) -> None:
    _store(draft, rid, name, paths.delete(draft.meter, draft.entity(rid, name), path))


def _store(draft: Draft, rid: str, name: str, value: Value) -> None:
    """Null is how an unset variable reads, so null is never kept."""
    if value is None:
        draft.drop_name("entities", rid, name)
    else:
        draft.own_names("entities", rid)[name] = value


def _set_pattern(draft: Draft, rid: str, rule: str, state: Value) -> None:
    draft.own_names("patterns", rid)[rule] = state


def _clear_pattern(draft: Draft, rid: str, rule: str) -> None:
    draft.drop_name("patterns", rid, rule)


def _put_channel(draft: Draft, channel: Channel) -> None:
    draft.own("channels")[channel.eci] = channel


def _remove_channel(draft: Draft, eci: Eci) -> None:
    """And whom it is for: they could not be reached any more, nor reach the pico."""
    draft.own("channels").pop(eci, None)
    for part in ("relations", "invitations", "asked"):
        for key in [key for key, one in getattr(draft, part).items() if one.eci == eci]:
            del draft.own(part)[key]


def _put_ruleset(draft: Draft, ruleset: InstalledRuleset) -> None:
    if draft.ruleset(ruleset.rid) is None:
        draft.rulesets = (*draft.rulesets, ruleset)
    else:
        draft.rulesets = tuple(ruleset if one.rid == ruleset.rid else one for one in draft.rulesets)


def _remove_ruleset(draft: Draft, rid: Rid) -> None:
    draft.rulesets = tuple(one for one in draft.rulesets if one.rid != rid)
    draft.own("entities").pop(rid, None)
    draft.own("patterns").pop(rid, None)
    draft.own("wills").pop(rid, None)
    timers = draft.own("timers")
    for timer in [timer for timer in timers.values() if timer.rid == rid]:
        del timers[timer.id]


def _add_child(draft: Draft, child: Child) -> None:
    draft.children += (child,)  # a family may have thousands: this copies it once, and a display twice


def _remove_child(draft: Draft, pico: PicoId) -> None:
    draft.children = tuple(child for child in draft.children if child.pico != pico)


def _put_timer(draft: Draft, timer: Timer) -> None:
    draft.own("timers")[timer.id] = timer


def _remove_timer(draft: Draft, timer: str) -> None:
    draft.own("timers").pop(timer, None)


def _put_will(draft: Draft, will: Will) -> None:
    draft.own_names("wills", will.rid)[will.name] = will


def _remove_will(draft: Draft, rid: str, name: str) -> None:
    draft.drop_name("wills", rid, name)


def _put_relation(draft: Draft, relation: Relation) -> None:
    draft.own("relations")[relation.key] = relation


def _remove_relation(draft: Draft, key: str) -> None:
    draft.own("relations").pop(key, None)


def _put_invitation(draft: Draft, invitation: Invitation) -> None:
    draft.own("invitations")[invitation.id] = invitation


def _remove_invitation(draft: Draft, id: str) -> None:
    draft.own("invitations").pop(id, None)


def _put_asked(draft: Draft, asked: Asked) -> None:
    draft.own("asked")[asked.key] = asked


def _remove_asked(draft: Draft, key: str) -> None:
    draft.own("asked").pop(key, None)


def _set_grant(draft: Draft, module: str, granted: bool) -> None:
    draft.own("grants")[module] = granted


KINDS: Mapping[str, Callable[..., None]] = {
    "set_entity": _set_entity,
    "clear_entity": _clear_entity,
    "set_entity_path": _set_entity_path,
    "clear_entity_path": _clear_entity_path,
    "set_pattern": _set_pattern,
    "clear_pattern": _clear_pattern,
    "put_channel": _put_channel,
    "remove_channel": _remove_channel,
    "put_ruleset": _put_ruleset,
    "remove_ruleset": _remove_ruleset,
    "add_child": _add_child,
    "remove_child": _remove_child,
    "put_timer": _put_timer,
    "remove_timer": _remove_timer,
    "set_grant": _set_grant,
    "put_will": _put_will,
    "remove_will": _remove_will,
    "put_relation": _put_relation,
    "remove_relation": _remove_relation,
    "put_invitation": _put_invitation,
    "remove_invitation": _remove_invitation,
    "put_asked": _put_asked,
    "remove_asked": _remove_asked,
}
