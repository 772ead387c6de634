"""Which stores are to have a pico's blocks."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from engine.core.replicas import NOWHERE, Replication, choose

NAMES = st.lists(st.sampled_from(["ant", "bee", "cat", "dog", "elk", "fox"]), unique=True)


@given(NAMES, st.text(), st.integers(0, 8), NAMES, st.none() | NAMES)
def test_the_policy_is_followed(
    stores: list[str], keeper: str, copies: int, always: list[str], among: list[str] | None
) -> None:
    """All that are always to have it, so many others as are missing, and none that may not."""
    allowed = None if among is None else tuple(among)
    chosen = choose(Replication(copies, tuple(always), allowed), keeper, stores)
    must = set(always) & set(stores)
    may = set(stores) if among is None else set(stores) & set(among)
    assert len(set(chosen)) == len(chosen)
    assert must <= set(chosen) <= must | may
    assert len(chosen) == max(len(must), min(copies, len(must | may)))


@given(NAMES, st.text())
def test_the_order_in_which_stores_are_listed_does_not_matter(stores: list[str], keeper: str) -> None:
    """Nor does anything else but their names and the keeper's."""
    assert choose(Replication(2), keeper, stores) == choose(Replication(2), keeper, stores[::-1])


@given(NAMES.filter(bool), st.text())
def test_a_store_that_goes_changes_nothing_between_the_others(stores: list[str], keeper: str) -> None:
    """Whoever was chosen and is still there stays chosen."""
    chosen = choose(Replication(2), keeper, stores)
    for gone in stores:
        left = choose(Replication(2), keeper, [store for store in stores if store != gone])
        assert set(chosen) - {gone} <= set(left)


def test_keepers_are_spread_over_all_stores() -> None:
    """Each store gets about its share."""
    stores = ["ant", "bee", "cat", "dog"]
    shares = Counter(
        store for number in range(4_000) for store in choose(Replication(2), f"did:{number}", stores)
    )
    assert all(1_800 < share < 2_200 for share in shares.values())


def test_nobody_has_to_have_copies() -> None:
    """Then the engine's own store is the only one."""
    assert choose(NOWHERE, "ann", ["ant", "bee"]) == ()
