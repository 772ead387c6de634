"""A draft changes a copy, and what it records is what it did."""

from __future__ import annotations

from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from engine.core.draft import Draft, apply, touched_channels, touched_timers
from engine.core.messages import Change
from engine.core.model import (
    Channel,
    Eci,
    Inputs,
    InstalledRuleset,
    Pico,
    PicoId,
    Rid,
    RulesetHash,
    Timer,
    Will,
)
from tests.engine.core import strategies as some

EMPTY_PICO = Pico(PicoId("p"))


def make_ruleset(rid: str, url: str = "") -> InstalledRuleset:
    return InstalledRuleset(Rid(rid), url, RulesetHash("h"), {}, Inputs(0, ""))


def make_timer(name: str, rid: str) -> Timer:
    return Timer(name, Rid(rid), "at", 5, 5, Eci("c"), "d", "n", {})


def make_will(rid: str) -> Will:
    return Will(Rid(rid), "news", Eci("c"), "d", "n", {})


@given(some.picos, st.lists(some.changes, max_size=12))
def test_recorded_changes_lead_to_the_same_pico(pico: Pico, wanted: list[Change]) -> None:
    """Folding what a draft recorded gives what the draft gave, and the old pico is untouched."""
    before = deepcopy(pico)
    draft = Draft(pico)
    for change in wanted:
        draft.record(change.kind, *change.content)
    changed = draft.finish(pico.seq + 1)
    assert apply(pico, draft.recorded, pico.seq + 1) == changed
    assert pico == before


@given(some.picos, st.lists(some.changes, max_size=12))
def test_every_timer_that_differs_was_touched(pico: Pico, changes: list[Change]) -> None:
    """So those who keep timers elsewhere need not compare them all, whatever kind of change there was."""
    after = apply(pico, changes, pico.seq + 1)
    names = pico.timers.keys() | after.timers.keys()
    changed = {name for name in names if pico.timers.get(name) != after.timers.get(name)}
    assert changed <= set(touched_timers(pico, changes))


@given(some.picos, st.lists(some.changes, max_size=12))
def test_every_channel_that_differs_was_touched(pico: Pico, changes: list[Change]) -> None:
    """So a parent of thousands, which has a channel for each child, need not look at all of them."""
    after = apply(pico, changes, pico.seq + 1)
    names = pico.channels.keys() | after.channels.keys()
    changed = {name for name in names if pico.channels.get(name) != after.channels.get(name)}
    assert changed <= set(touched_channels(changes))


def test_a_null_entity_is_one_that_is_not_there() -> None:
    """Setting null deletes, and the ruleset's map goes with its last variable."""
    draft = Draft(EMPTY_PICO)
    draft.set_entity("r", "x", 1.0)
    draft.set_entity("r", "x", None)
    assert draft.entity("r", "x") is None
    assert draft.finish(1).entities == {}


def test_deleting_what_is_not_there_records_nothing() -> None:
    draft = Draft(EMPTY_PICO)
    draft.set_entity("r", "x", None)
    draft.clear_entity_path("r", "x", ["a"])
    draft.set_pattern("r", "rule", None)
    assert draft.recorded == []


def test_a_path_makes_what_it_needs_on_its_way() -> None:
    """As the operator `set` does: arrays in front of indices, maps elsewhere."""
    draft = Draft(EMPTY_PICO)
    draft.set_entity_path("r", "x", ["a", "0"], 1.0)
    draft.set_entity_path("r", "x", ["b"], None)
    assert draft.entity("r", "x") == {"a": [1.0], "b": None}
    draft.clear_entity_path("r", "x", ["a"])
    assert draft.entity("r", "x") == {"b": None}


def test_a_ruleset_is_replaced_where_it_stands() -> None:
    """Rulesets keep the order in which they were installed, also when one gets a new text."""
    draft = Draft(EMPTY_PICO)
    for ruleset in (make_ruleset("a"), make_ruleset("b"), make_ruleset("a", "new")):
        draft.put_ruleset(ruleset)
    assert [(one.rid, one.url) for one in draft.rulesets] == [("a", "new"), ("b", "")]


def test_a_removed_ruleset_leaves_nothing_behind() -> None:
    """Its entity variables, half-matched events, timers and wills go; those of others stay."""
    draft = Draft(EMPTY_PICO)
    for rid in ("a", "b"):
        draft.put_ruleset(make_ruleset(rid))
        draft.set_entity(rid, "x", 1.0)
        draft.set_pattern(rid, "rule", {"at": 1})
        draft.put_timer(make_timer(f"timer-{rid}", rid))
        draft.put_will(make_will(rid))
    draft.remove_ruleset(Rid("a"))
    pico = draft.finish(1)
    assert [one.rid for one in pico.rulesets] == ["b"]
    assert pico.entities == {"b": {"x": 1.0}}
    assert pico.patterns == {"b": {"rule": {"at": 1}}}
    assert list(pico.timers) == ["timer-b"]
    assert pico.wills == {"b": {"news": make_will("b")}}


def test_a_write_copies_only_what_it_touches() -> None:
    """A turn costs what it touches: everything else is shared with the pico it began with."""
    pico = Pico(PicoId("p"), channels={Eci("c"): Channel(Eci("c"), ())}, entities={Rid("a"): {"x": [1.0]}})
    draft = Draft(pico)
    draft.set_entity("b", "y", 2.0)
    changed = draft.finish(1)
    assert changed.channels is pico.channels
    assert changed.entities[Rid("a")] is pico.entities[Rid("a")]
