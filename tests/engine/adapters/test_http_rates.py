"""How often one address may come, on a clock that the test moves."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.http import rates
from engine.adapters.http.rates import RateLimit, Rates, whose


class Watch:
    def __init__(self) -> None:
        self.time_s = 0.0

    def __call__(self) -> float:
        return self.time_s


def counted(limit: RateLimit, times: int, address: str = "192.0.2.1") -> tuple[Rates, Watch, int]:
    """How many of so many at once were all right."""
    watch = Watch()
    taken = Rates(limit, watch)
    return taken, watch, sum(taken.take(address) for _ in range(times))


def test_a_burst_is_all_right_and_more_is_not() -> None:
    """As much as has leaked out may come again later, never more than the burst."""
    taken, watch, fine = counted(RateLimit(per_s=2, burst=5), 9)
    assert fine == 5
    watch.time_s = 1.0
    assert sum(taken.take("192.0.2.1") for _ in range(9)) == 2
    watch.time_s = 1e6
    assert sum(taken.take("192.0.2.1") for _ in range(9)) == 5


def test_who_is_refused_does_not_wait_longer_for_having_asked() -> None:
    """And is told how long it is."""
    taken, watch, _ = counted(RateLimit(per_s=0.5, burst=1), 100)
    assert taken.wait_s("192.0.2.1") == 2
    watch.time_s = 2.0
    assert taken.take("192.0.2.1")


def test_addresses_do_not_count_for_each_other() -> None:
    taken, _, _ = counted(RateLimit(per_s=1, burst=1), 2)
    assert taken.take("192.0.2.2")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", ""])
def test_this_machine_is_counted_only_where_that_is_said(address: str) -> None:
    assert counted(RateLimit(per_s=1, burst=1), 9, address)[2] == 9
    assert counted(RateLimit(per_s=1, burst=1, on_loopback=True), 9, address)[2] == 1


def test_no_rate_is_no_limit() -> None:
    assert counted(RateLimit(), 99)[2] == 99


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that have been away longest are forgotten."""
    monkeypatch.setattr(rates, "MOST_ADDRESSES", 3)
    taken, _, _ = counted(RateLimit(per_s=1, burst=1), 1, "a")
    for address in "bcd":
        taken.take(address)
    assert [taken.take(address) for address in "dc"] == [False, False]
    assert taken.take("a")


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("192.0.2.1", 5), "192.0.2.1"),
        (("2001:db8::1", 5), "2001:db8::/64"),
        (("2001:db8::ffff:1", 5), "2001:db8::/64"),
        (("::ffff:192.0.2.1", 5), "192.0.2.1"),
        (("::1", 5), "::1"),
        (("no:address", 5), "no:address"),
        (None, ""),
    ],
)
def test_of_ipv6_a_network_is_one_address(client: Any, address: str) -> None:
    """Whoever has one address of it has them all."""
    assert whose({"type": "http", "client": client}) == address
