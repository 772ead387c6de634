"""Nobody can stand in everybody's way."""

from __future__ import annotations

import pytest

from engine.runtime import fair_queue
from engine.runtime.fair_queue import FairQueue


def filled(*things: str) -> FairQueue[str]:
    """A queue in which things wait for whoever their first letter names."""
    queue: FairQueue[str] = FairQueue(most_each=10)
    for thing in things:
        assert queue.put(thing[0], thing)
    return queue


def taken(queue: FairQueue[str]) -> list[str]:
    """Everything that waits, in the order in which it is served."""
    found = []
    while (thing := queue.take()) is not None:
        found.append(thing)
    return found


def test_those_who_want_much_take_turns_with_the_others() -> None:
    """And each gets its own things in order."""
    assert taken(filled("a1", "a2", "a3", "b1", "c1", "c2")) == ["a1", "b1", "c1", "a2", "c2", "a3"]


def test_who_has_never_been_served_comes_before_those_who_have() -> None:
    """However many of those come back again and again."""
    queue = filled("a1", "b1", "a2", "b2")
    assert [queue.take(), queue.take()] == ["a1", "b1"]
    queue.put("c", "c1")
    assert taken(queue) == ["c1", "a2", "b2"]


def test_who_was_served_longest_ago_comes_first() -> None:
    """Also when they have had nothing waiting in the meantime."""
    queue = filled("a1", "b1")
    assert taken(queue) == ["a1", "b1"]
    for thing in ("b2", "a2"):
        queue.put(thing[0], thing)
    assert taken(queue) == ["a2", "b2"]


def test_what_one_may_have_waiting_is_bounded() -> None:
    """What goes beyond it is not taken; what others have waiting does not matter."""
    queue: FairQueue[str] = FairQueue(most_each=2)
    assert [queue.put("a", thing) for thing in ("a1", "a2", "a3")] == [True, True, False]
    assert queue.put("b", "b1")
    assert taken(queue) == ["a1", "b1", "a2"]
    assert queue.put("a", "a4")


def test_those_who_were_served_are_not_remembered_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """A queue that lives as long as an engine must not grow with every pico it has met."""
    monkeypatch.setattr(fair_queue, "MOST_REMEMBERED", 2)
    queue = filled("a1", "b1", "c1")
    assert taken(queue) == ["a1", "b1", "c1"]
    for thing in ("a2", "z1"):
        queue.put(thing[0], thing)
    assert taken(queue) == ["a2", "z1"], "to the queue `a` is as new as `z`, and came before it"
