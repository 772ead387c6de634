"""The operators on arrays and maps (language reference, section 6)."""

from __future__ import annotations

from contextlib import suppress
from functools import cmp_to_key
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pico_lang.builtins import OPERATORS
from pico_lang.errors import RuntimeFault
from pico_lang.values import Value, from_json
from tests.campaign import examples
from tests.pico_lang.operating import exactly, op, op_fault, surroundings

ANSWERS: list[tuple[str, list[Any], Any]] = [
    # ends and parts
    ("head", [[]], None),
    ("head", ["x"], "x"),
    ("tail", ["x"], []),
    ("append", [None, 1], [None, 1]),
    ("append", [[], [1], 2, [[3]], None], [1, 2, [3], None]),
    ("join", [[1, None, [2]], "-"], "1-null-[Array]"),
    ("join", [["a", "b"], None], "a,b"),
    ("join", [["\ud83d", "\ude00"], ""], "😀"),
    ("index", [[1, "1", [2]], [2]], 2),
    ("index", [[True], 1], -1),
    ("reverse", [[1, 2]], [2, 1]),
    ("slice", [[1, 2, 3]], [1, 2, 3]),
    ("slice", [[1, 2, 3], 1], [1, 2]),
    ("slice", [[1, 2, 3], -2], [1, 2]),
    ("slice", [[1, 2, 3], 2, 1], [2, 3]),
    ("slice", [[1, 2, 3], 1, 3], []),
    ("slice", [[1, 2, 3], -1, 1], []),
    ("slice", [[], "x"], []),
    ("splice", [[1, 2, 3], 1, 1], [1, 3]),
    ("splice", [[1, 2, 3], 9, 0, ["x"]], [1, 2, "x", 3]),
    ("splice", [[1, 2, 3], 1, -1, None], [1, None]),
    ("splice", [[1, 2, 3], 1, None, 9], [1, 9, 2, 3]),
    ("splice", [[], 0, 0, 1], []),
    # sets
    ("union", [[1, "1"], [True, 1]], [1, "1", True]),
    ("union", [5], 5),
    ("union", [5, None], [5, None]),
    ("intersection", [[1, 1, 2], [1]], [1]),
    ("intersection", [[1]], []),
    ("difference", [[1, 1, 2], 2], [1, 1]),
    ("has", [[1, [2]], [[2]]], True),
    ("has", [[1], "1"], False),
    ("unique", [[1, True, 1, {"a": 1}, {"a": 1}]], [1, True, {"a": 1}]),
    ("once", [["b", 7, "7", "a", 3]], [3, "b", "a"]),
    ("once", [[[1, 2], "1,2", [None], ""]], []),
    ("duplicates", [["1", 1]], ["1"]),
    ("duplicates", [[{"a": 1}, {}]], [{"a": 1}]),
    # members
    ("keys", [["x", "y"]], ["0", "1"]),
    ("keys", [{"a": {"b": 1}}, "a"], ["b"]),
    ("keys", [{"a": "text"}, "a"], []),
    ("values", [{"b": 1, "0": 2}], [2, 1]),
    ("get", [{"a.b": 1}, "a.b"], 1),
    ("get", [{"a": [1]}, []], None),
    ("get", ["text", 0], None),
    ("put", [{"a": 1}, {"a": 2, "0": 3}], {"0": 3, "a": 2}),
    ("put", [[1, 2, 3], [9]], [9, 2, 3]),
    ("put", [[1], {"a": 1}], {"a": 1}),
    ("put", [{}, [], 5], 5),
    ("put", [{"a": 1}, "a", None], {"a": None}),
    ("put", [{}, ["a", 0], 1], {"a": {"0": 1}}),
    ("put", [{"a": 5}, ["a", "b"], 1], {"a": {"b": 1}}),
    ("put", [{"a": [1]}, ["a", 1], 2], {"a": [1, 2]}),
    ("put", [{"a": [1]}, ["a", 3], 4], {"a": {"0": 1, "3": 4}}),
    ("put", [[1], 3, 4], [1, None, None, 4]),
    ("put", [[1], "x", 4], [1]),
    ("put", [{}], {}),
    ("set", [{}, ["a", 0], 1], {"a": [1]}),
    ("set", [None, "0", 1], {"0": 1}),
    ("set", [{"a": "text"}, ["a", "b"], 1], {"a": {"b": 1}}),
    ("set", [{"a": [1]}, ["a", 2], 3], {"a": [1, None, 3]}),
    ("set", [{"a": [1]}, ["a", "x"], 3], {"a": [1]}),
    ("set", [{"a": 1}, [], 3], {"a": 1}),
    ("delete", [{"a": {"b": 1, "c": 2}}, ["a", "b"]], {"a": {"c": 2}}),
    ("delete", [[1, 2, 3], 1], [1, None, 3]),
    ("delete", [{"a": 1}, ["b", "c"]], {"a": 1}),
    ("delete", ["text", "a"], "text"),
    # callbacks left out
    ("map", [{"a": 1}], {"a": 1}),
    ("filter", [[0, 1, "", "x", None, []]], [1, "x", []]),
    ("collect", [[1, "1", None, True]], {"1": [1, "1"], "null": [None], "true": [True]}),
    ("reduce", [[]], 0),
    ("reduce", [[7]], 7),
    ("reduce", [[], None, None], None),
    # order
    ("sort", [["b", None, 10, 9, "a"]], [10, 9, "a", "b", None]),
    ("sort", [["b", None, "a"], "reverse"], ["b", "a", None]),
    ("sort", [["10", None, 9], "numeric"], [9, "10", None]),
    ("sort", [[1, [1, 2], "3"], "ciremun"], ["3", [1, 2], 1]),
    ("sort", [["\ufffd", "😀"]], ["😀", "\ufffd"]),
    ("sort", ["text"], "text"),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), ANSWERS)
def test_an_operator_answers(name: str, arguments: list[Any], expected: Any) -> None:
    """One line for each edge that the reference names."""
    assert repr(op(name, *arguments)) == exactly(expected)


def seen_by(v0_value: Value = None, v1_key: Value = None, v2_whole: Value = None) -> Value:
    return [v0_value, v1_key, v2_whole]


@pytest.mark.parametrize(
    ("collection", "seen"),
    [
        (["x", "y"], [["x", 0.0, ["x", "y"]], ["y", 1.0, ["x", "y"]]]),
        ({"a": "x"}, {"a": ["x", "a", {"a": "x"}]}),
    ],
)
def test_a_callback_sees_value_key_and_the_whole(collection: Value, seen: Value) -> None:
    """Numbers for the places in an array, strings for the keys of a map."""
    assert OPERATORS["map"](surroundings(), collection, seen_by) == seen


@pytest.mark.parametrize("name", ["map", "filter", "collect", "all", "any", "none", "notall"])
def test_only_collections_have_entries(name: str) -> None:
    """A string is no collection here."""
    assert "only works on collections, not on text" in op_fault(name, "text").message


@pytest.mark.parametrize("name", ["reduce", "index", "reverse", "slice", "splice", "pairwise"])
def test_some_operators_only_work_on_arrays(name: str) -> None:
    """Not even on maps."""
    assert "only works on arrays, not on [Map]" in op_fault(name, {}).message


@pytest.mark.parametrize("name", ["all", "any", "reduce", "pairwise"])
def test_a_callback_that_is_needed_must_be_a_function(name: str) -> None:
    """It is needed as soon as there is something to call it for."""
    assert op_fault(name, [[1], [2]], "f").code == "R602"


def is_even(v0_n: Value = None) -> Value:
    return 1.0 if v0_n % 2 == 0 else None


def minus(v0_a: Value = None, v1_b: Value = None) -> Value:
    return v0_a - v1_b


def where(v0_acc: Value = None, v1_n: Value = None, v2_i: Value = None, v3_all: Value = None) -> Value:
    return [v0_acc, v1_n, v2_i, len(v3_all)]


numbers = st.lists(st.integers(-5, 5).map(float), max_size=8)


@given(numbers)
def test_quantifiers_agree_with_each_other(items: list[float]) -> None:
    """Four questions about the same filter."""
    rt = surroundings()
    kept = OPERATORS["filter"](rt, items, is_even)
    assert kept == [n for n in items if n % 2 == 0]
    assert OPERATORS["all"](rt, items, is_even) is (kept == items)
    assert OPERATORS["notall"](rt, items, is_even) is (kept != items)
    assert OPERATORS["any"](rt, items, is_even) is (kept != [])
    assert OPERATORS["none"](rt, items, is_even) is (kept == [])


@given(numbers, st.integers(-5, 5).map(float))
def test_reduce_goes_from_the_left(items: list[float], begin: float) -> None:
    """With a beginning or without."""
    rt = surroundings()
    assert OPERATORS["reduce"](rt, items, minus, begin) == begin - sum(items)
    if items:
        assert OPERATORS["reduce"](rt, items, minus) == items[0] - sum(items[1:])


def test_reduce_tells_its_callback_where_it_is() -> None:
    """Index and array follow the value; without a beginning the first index is 1."""
    rt = surroundings()
    assert OPERATORS["reduce"](rt, ["a", "b"], where) == ["a", "b", 1.0, 2]
    assert OPERATORS["reduce"](rt, ["a"], where, None) == [None, "a", 0.0, 1]


def test_pairwise_runs_to_the_end_of_the_longest() -> None:
    """What is too short is filled with null, what is no array is one of one."""
    assert OPERATORS["pairwise"](surroundings(), [[1.0, 2.0], "x"], lambda a=None, b=None: [a, b]) == [
        [1.0, "x"],
        [2.0, None],
    ]


@given(
    st.lists(st.tuples(st.integers(0, 3).map(float), st.integers(0, 99).map(float)).map(list), max_size=20)
)
def test_sorting_by_a_function_is_stable(items: list[Value]) -> None:
    """Elements the function takes for equal keep their order."""

    def by_first(v0_a: Value = None, v1_b: Value = None) -> Value:
        return v0_a[0] - v1_b[0]

    expected = sorted(items, key=cmp_to_key(by_first))
    assert OPERATORS["sort"](surroundings(), items, by_first) == expected


@given(st.lists(st.sampled_from(["a", "B", "10", "9", "é", "😀", "\ufffd", ""]), max_size=12))
def test_sort_and_reverse_are_each_others_mirror(items: list[str]) -> None:
    """By code unit of the string."""
    expected = sorted(items, key=lambda text: text.encode("utf-16-be"))
    assert op("sort", items) == expected
    assert op("sort", items, "reverse") == expected[::-1]


def test_numbers_and_other_things_are_ordered_pair_by_pair() -> None:
    """What is no number is compared by string, and so is a number with it."""
    assert op("sort", ["b", 2, "a", 10], "numeric") == [2.0, 10.0, "a", "b"]
    assert op("sort", ["b", 2, "a", 10], "ciremun") == ["b", "a", 10.0, 2.0]


small = st.lists(st.sampled_from([1.0, True, "1", None, [1.0], {"a": 1.0}, {"a": None}, {}]), max_size=6)


def occurs(item: Value, items: list[Value]) -> bool:
    """Membership as the language means it, by way of a text that tells all values apart."""
    return repr(item) in map(repr, items)


@given(small, small)
def test_set_operators_are_those_of_naive_sets(a: list[Value], b: list[Value]) -> None:
    """In the order of first appearance."""

    def once_each(items: list[Value]) -> list[Value]:
        return [item for place, item in enumerate(items) if not occurs(item, items[:place])]

    assert op("unique", a) == once_each(a)
    assert op("union", a, b) == once_each(a + b)
    assert op("intersection", a, b) == [item for item in once_each(a) if occurs(item, b)]
    assert op("difference", a, b) == [item for item in a if not occurs(item, b)]
    assert op("has", a, b) is all(occurs(item, a) for item in b)


keys = st.sampled_from(["a", "b", "0", "1", "2"])
paths = st.lists(keys, min_size=1, max_size=3)
trees = st.recursive(
    st.sampled_from([None, 1.0, "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=8,
).map(from_json)


@given(st.dictionaries(keys, trees, max_size=3).map(from_json), paths, trees)
def test_what_is_written_can_be_read(tree: Value, path: list[str], value: Value) -> None:
    """With `put` always; with `set` unless it met an array that has no such place."""
    before = repr(tree)
    assert op("get", op("put", tree, path, value), path) == value
    written = op("set", tree, path, value)
    assert op("get", written, path) == value or repr(written) == before
    assert repr(tree) == before


@given(trees, paths)
def test_what_is_deleted_is_null(tree: Value, path: list[str]) -> None:
    """And the rest is still there: putting the value back gives the same entries."""
    found = op("get", tree, path)
    remainder = op("delete", tree, path)
    assert op("get", remainder, path) is None
    if found is not None:
        assert op("set", remainder, path, found) == tree


def test_a_path_may_be_longer_than_calls_can_nest() -> None:
    """Reading, writing and deleting are loops."""
    rt, path = surroundings(), ["a"] * 20_000
    tree = OPERATORS["put"](rt, {}, path, 1.0)
    assert OPERATORS["get"](rt, tree, path) == 1.0
    assert OPERATORS["get"](rt, OPERATORS["delete"](rt, tree, path), path[:-1]) == {}


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_can_be_called_without_arguments(name: str) -> None:
    """It answers or says what is wrong; any other exception would be one of Python's."""
    with suppress(RuntimeFault):
        OPERATORS[name](surroundings())


@pytest.mark.parametrize("name", sorted(OPERATORS))
@settings(max_examples=examples(20))
@given(st.lists(trees, max_size=4))
def test_no_operator_changes_what_it_is_given(name: str, arguments: list[Value]) -> None:
    """Values are shared between rules, turns and versions of a pico."""
    before = repr(arguments)
    with suppress(RuntimeFault):
        OPERATORS[name](surroundings(), *arguments[: OPERATORS[name].__code__.co_argcount - 1])
    assert repr(arguments) == before
