"""What is found to differ is what differs, however much of two collections is alike."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.core.blocks.comparing import Common, compare

keys = st.text("abcdef", min_size=1, max_size=2)
things = st.builds(object)
maps = st.dictionaries(keys, things, max_size=12)


def edited(before: dict[str, Any], puts: dict[str, Any], gone: set[str], is_turned: bool) -> dict[str, Any]:
    after = {key: thing for key, thing in {**before, **puts}.items() if key not in gone}
    return dict(reversed(after.items())) if is_turned else after


@given(maps, maps, st.sets(keys), st.booleans())
def test_maps_differ_in_what_was_replaced_and_what_is_gone(
    before: dict[str, Any], puts: dict[str, Any], gone: set[str], is_turned: bool
) -> None:
    """Each key once, whatever has become of the order; and whether the keys stayed as they were is told."""
    after = edited(before, puts, gone, is_turned)
    found = compare(before, after)
    assert sorted(found.changed) == sorted(
        key for key in after if key not in before or before[key] is not after[key]
    )
    assert sorted(found.gone) == sorted(before.keys() - after.keys())
    assert found.has_same_keys == (list(before) == list(after))
    assert compare(before, after, list(before)) == found


def test_what_is_known_to_be_touched_is_not_believed_to_be_there() -> None:
    """A key that is new or gone has all of both maps looked through."""
    one, two, three = object(), object(), object()
    before = {"a": one, "b": two, "c": three}
    assert compare(before, {**before, "b": one}, None, {"a", "b"}).changed == ["b"]
    for after, touched in (({"a": one, "c": three}, {"b"}), ({**before, "d": one}, {"a", "d"})):
        assert compare(before, after, None, touched) == compare(before, after)


def test_one_thing_that_is_equal_is_another_all_the_same() -> None:
    """To Python true and 1.0 are equal; in a pico they are not."""
    assert compare({"a": 1.0}, {"a": True}).changed == ["a"]


@given(st.lists(things, max_size=8), st.lists(things, max_size=3), st.integers(0, 8), st.integers(0, 8))
def test_lists_begin_and_end_alike_as_far_as_they_do(
    before: list[Any], new: list[Any], begin: int, end: int
) -> None:
    """What they have in common at both ends never overlaps."""
    after = before[:begin] + new + before[max(begin, end) :]
    same = Common(before, after)
    assert same.begin + same.end <= min(len(before), len(after))
    assert all(old is now for old, now in zip(before[: same.begin], after, strict=False))
    assert all(old is now for old, now in zip(before[::-1][: same.end], after[::-1], strict=False))
    middle, middle_now = (
        before[same.begin : len(before) - same.end],
        after[same.begin : len(after) - same.end],
    )
    if middle and middle_now:
        assert middle[0] is not middle_now[0]
        assert middle[-1] is not middle_now[-1]
