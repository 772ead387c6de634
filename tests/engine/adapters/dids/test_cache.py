"""What is kept, and what goes."""

from __future__ import annotations

from engine.adapters.dids.cache import Cache


def test_what_was_not_used_for_longest_goes_first() -> None:
    """Asking for something is using it."""
    cache: Cache[int] = Cache(most=2, heaviest=100)
    cache.put("a", 1, 1)
    cache.put("b", 2, 1)
    cache.get("a", 0)
    cache.put("c", 3, 1)
    assert [cache.get(key, 0) for key in "abc"] == [1, None, 3]


def test_heavy_things_make_others_go() -> None:
    """And one that is too heavy by itself is not kept at all."""
    cache: Cache[int] = Cache(most=9, heaviest=10)
    for key in "abc":
        cache.put(key, 1, 4)
    assert [cache.get(key, 0) for key in "abc"] == [None, 1, 1]
    cache.put("d", 1, 11)
    assert [cache.get(key, 0) for key in "abcd"] == [None] * 4
    cache.put("e", 1, 10)
    assert cache.get("e", 0) == 1


def test_what_is_put_again_weighs_once() -> None:
    """And what was dropped weighs nothing."""
    cache: Cache[int] = Cache(most=9, heaviest=10)
    for _ in range(9):
        cache.put("a", 1, 5)
    cache.put("b", 1, 5)
    assert cache.get("a", 0) == 1
    cache.drop("a")
    cache.drop("a")
    cache.put("c", 1, 5)
    assert cache.get("b", 0) == 1


def test_what_is_no_longer_good_is_gone() -> None:
    """From the very moment on."""
    cache: Cache[int] = Cache(most=9, heaviest=10)
    cache.put("a", 1, 10, until=5.0)
    assert cache.get("a", 4.9) == 1
    assert cache.get("a", 5.0) is None
    cache.put("b", 1, 10)
    assert cache.get("b", 1e9) == 1
