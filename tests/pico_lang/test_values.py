"""What values are, in which order maps list their keys, and what is left of a value that is stored."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import Budget, Meter
from pico_lang.values import (
    MAX_NESTING,
    Action,
    RegExp,
    Value,
    from_json,
    in_js_order,
    index_of_key,
    is_null,
    make_map,
    to_json,
    to_stored,
    type_of,
    with_entry,
)


def some_function(v0_x: Value = None) -> Value:
    return v0_x


SOME_ACTION = Action("open", some_function)

TYPES: list[tuple[Value, str]] = [
    (None, "Null"),
    (math.nan, "Null"),
    (True, "Boolean"),
    (0.0, "Number"),
    (math.inf, "Number"),
    ("1", "String"),
    ("0x1F", "Hex"),
    ("0X1f", "Hex"),
    ("0x", "String"),
    (" 0x1", "String"),
    ([], "Array"),
    ({}, "Map"),
    (RegExp("a"), "RegExp"),
    (some_function, "Function"),
    (SOME_ACTION, "Action"),
]


@pytest.mark.parametrize(("value", "name"), TYPES)
def test_every_value_has_one_type(value: Value, name: str) -> None:
    """NaN is null, and a string that looks like a hexadecimal number is a Hex."""
    assert type_of(value) == name
    assert is_null(value) == (name == "Null")


@pytest.mark.parametrize("key", ["0", "7", "10", "4294967294"])
def test_array_indices_are_index_keys(key: str) -> None:
    """Up to the largest index of a JavaScript array."""
    assert index_of_key(key) == int(key)


@pytest.mark.parametrize("key", ["", "00", "01", "-1", "1.0", "4294967295", "9" * 30, "٣", "a"])
def test_other_keys_are_not(key: str) -> None:
    """No sign, no leading zero, no foreign digit, nothing beyond the largest index."""
    assert index_of_key(key) is None


keys = st.sampled_from(["0", "1", "2", "10", "01", "4294967294", "4294967295", "a", "b", ""])


@given(st.lists(st.tuples(keys, st.integers()), max_size=12))
def test_maps_list_index_keys_first_then_the_order_of_insertion(pairs: list[tuple[str, int]]) -> None:
    """However a map is made, its order is the one of a JavaScript object made the same way."""
    seen = list(dict(pairs))
    indices = sorted((key for key in seen if index_of_key(key) is not None), key=int)
    expected = indices + [key for key in seen if index_of_key(key) is None]
    one_by_one: dict[str, Value] = {}
    for key, value in pairs:
        one_by_one = with_entry(one_by_one, key, value)
    assert list(make_map(pairs)) == expected
    assert list(one_by_one) == expected
    assert one_by_one == dict(pairs)


def test_a_map_in_order_is_not_copied() -> None:
    """Almost every map is, and most are large compared to a look at their keys."""
    entries: dict[str, Value] = {"1": 1.0, "2": 2.0, "b": 3.0, "a": 4.0}
    assert in_js_order(entries) is entries


documents = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=15,
)


@given(documents)
def test_what_can_be_stored_survives_the_way_through_json(document: object) -> None:
    """A stored value written as JSON and read again is the stored value, types included."""
    stored = to_stored(from_json(document))
    assert repr(from_json(to_json(stored))) == repr(stored)


@given(documents)
def test_storing_twice_changes_nothing_more(document: object) -> None:
    """What is stored already is handed back as it is, not copied."""
    stored = to_stored(from_json(document))
    assert to_stored(stored) is stored


def test_what_json_has_no_word_for_is_lost() -> None:
    """Functions vanish from maps and leave null in arrays; nulls stay; regexps become empty maps."""
    value = {
        "f": some_function,
        "a": SOME_ACTION,
        "n": None,
        "r": RegExp("x"),
        "l": [some_function, math.inf],
    }
    assert to_stored(value) == {"n": None, "r": {}, "l": [None, None]}


@pytest.mark.parametrize("value", [some_function, SOME_ACTION])
def test_a_function_cannot_be_stored_on_its_own(value: Value) -> None:
    """An entity variable cannot hold one; a query may return one, which is null to the caller."""
    with pytest.raises(TypeFault, match="cannot be stored"):
        to_stored(value)
    assert to_json(value) is None


def test_whole_numbers_leave_as_integers_and_come_back_as_numbers() -> None:
    """There is one number type inside, and JSON outside has `5`, not `5.0`."""
    assert repr(to_json([5.0, 0.5, -0.0, 2.0**60, math.nan])) == "[5, 0.5, 0, 1.152921504606847e+18, None]"
    assert repr(from_json([5, True, 10**400, -(10**400)])) == "[5.0, True, inf, -inf]"


def nested(levels: int) -> Value:
    value: Value = []
    for _ in range(levels):
        value = [value]
    return value


def test_nesting_is_bounded_when_a_value_leaves_or_enters() -> None:
    """At a depth that does not depend on who calls."""
    assert to_stored(nested(MAX_NESTING)) == nested(MAX_NESTING)
    for convert in (to_stored, to_json, from_json):
        with pytest.raises(BudgetSpent, match="nested more than"):
            convert(nested(MAX_NESTING + 1))


def test_a_value_that_is_huge_only_on_paper_is_not_stored() -> None:
    """Sixty arrays that each hold the one before twice are 2⁶⁰ when they are written down."""
    value: Value = ["x"]
    for _ in range(60):
        value = [value, value]
    with pytest.raises(BudgetSpent, match="steps"):
        to_stored(value, Meter(Budget()))
