"""What differs between two states of a pico, part by part."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.differences import Difference, differences, differences_of
from engine.core.draft import KINDS, apply
from engine.core.messages import Change
from engine.core.model import Pico, PicoId, Rid
from pico_lang.values import Value
from tests.engine.core import strategies as some

EMPTY = Pico(PicoId("p"))


@given(some.picos)
def test_a_state_does_not_differ_from_itself(pico: Pico) -> None:
    assert differences(pico, pico) == ()


@given(some.picos, some.picos)
def test_differences_read_backwards_are_those_of_the_way_back(one: Pico, other: Pico) -> None:
    there, back = differences(one, other), differences(other, one)
    assert [(found.part, found.new, found.old) for found in there] == [
        (found.part, found.old, found.new) for found in back
    ]


@given(some.picos, st.lists(some.changes, max_size=5))
def test_what_changes_touch_covers_all_that_differs(pico: Pico, changes: list[Change]) -> None:
    """Every kind of change knows its parts: a part of the whole comparison is told by itself, or by what
    lies inside it."""
    found, after = differences_of(pico, changes)
    assert after == apply(pico, changes, pico.seq)
    told = {one.part[: min(3, len(one.part))] for one in found}
    assert {one.part for one in differences(pico, after)} <= told


@given(st.lists(some.changes, max_size=5))
def test_every_kind_of_change_is_known(changes: list[Change]) -> None:
    """None raises `LookupError`."""
    differences_of(EMPTY, changes)
    assert {change.kind for change in changes} <= KINDS.keys()


def test_an_unknown_kind_is_a_mistake_of_ours() -> None:
    with pytest.raises(KeyError):
        differences_of(EMPTY, [Change("paint", ("red",))])


def test_what_python_takes_for_equal_may_differ() -> None:
    """True is not one, and a program can see the order of keys."""
    one = apply(EMPTY, [Change("set_entity", ("r", "n", {"a": 1.0, "b": 2.0}))], 1)
    for value in ({"a": True, "b": 2.0}, {"b": 2.0, "a": 1.0}):
        other = apply(EMPTY, [Change("set_entity", ("r", "n", value))], 1)
        assert differences(one, other) == (Difference(("entity", "r", "n"), {"a": 1.0, "b": 2.0}, value),)


def test_only_what_lies_at_a_path_is_told() -> None:
    """A large variable of which one entry changes is not told as a whole."""
    before = apply(EMPTY, [Change("set_entity", ("r", "n", {"a": 1.0, "b": 2.0}))], 1)
    found, _ = differences_of(before, [Change("set_entity_path", ("r", "n", ["b"], 3.0))])
    assert found == (Difference(("entity", "r", "n", "b"), 2.0, 3.0),)


def test_a_null_that_was_put_where_nothing_was_is_told() -> None:
    """By what it lies in, since null and nothing read alike."""
    found, _ = differences_of(EMPTY, [Change("set_entity_path", ("r", "n", ["a"], None))])
    assert found == (Difference(("entity", "r", "n"), None, {"a": None}),)


@pytest.mark.parametrize(
    ("old", "new"), [([1.0], [1.0, 2.0]), ({"a": 1.0}, {}), ("x", "xx"), ([1.0], {"0": 1.0})]
)
def test_what_has_another_size_differs(old: Value, new: Value) -> None:
    """Without a look at every part of it: a variable may hold a million."""
    before, after = (Pico(PicoId("p"), entities={Rid("r"): {"v": value}}) for value in (old, new))
    (found,) = differences(before, after)
    assert (found.old, found.new) == (old, new)
