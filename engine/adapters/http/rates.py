"""How often one address may come: so many times a second, and some more at once (a leaking bucket for each).

The clock is monotonic time and comes as an argument. What is remembered is bounded: of very many addresses
those that have been away longest are forgotten, and theirs are the buckets that have run empty.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address, ip_network

from starlette.types import Scope

ONE_NETWORK = 64
"""Bits of an IPv6 address that tell networks apart: whoever has one address mostly has all of its network."""
MOST_ADDRESSES = 20_000


@dataclass(frozen=True, slots=True)
class RateLimit:
    """So many a second, 0 for as many as anybody likes, and so many at once."""

    per_s: float = 0.0
    burst: int = 1
    on_loopback: bool = False
    """Whether those on this machine are counted too."""


class Rates:
    def __init__(self, limit: RateLimit, now_s: Callable[[], float]) -> None:
        self._limit = limit
        self._now_s = now_s
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        """How full each is, and when it was."""
        self.is_on = limit.per_s > 0

    def take(self, address: str) -> bool:
        """Whether one more is still all right; then it counts."""
        limit, now_s = self._limit, self._now_s()
        if not self.is_on or (not limit.on_loopback and is_here(address)):
            return True
        level, since_s = self._buckets.get(address, (0.0, now_s))
        level = max(0.0, level - (now_s - since_s) * limit.per_s)
        is_fine = level + 1 <= limit.burst
        self._buckets[address] = (level + 1 if is_fine else level, now_s)
        self._buckets.move_to_end(address)
        if len(self._buckets) > MOST_ADDRESSES:
            self._buckets.popitem(last=False)
        return is_fine

    def wait_s(self, address: str) -> int:
        """How long until one more is all right, in whole seconds."""
        level, _ = self._buckets.get(address, (0.0, 0.0))
        return max(1, round((level + 1 - self._limit.burst) / self._limit.per_s))


def is_here(address: str) -> bool:
    """Whether that is this machine: no proxy says that it is somebody else behind it."""
    return address == "127.0.0.1" or address == "::1" or address.startswith("127.") or not address


def whose(scope: Scope) -> str:
    """The address at the other end, or of whoever a proxy on this machine says is behind it; of IPv6 its
    network."""
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if ":" not in host:
        return host
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not isinstance(address, IPv6Address):
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return host if address.is_loopback else str(ip_network((address.packed, ONE_NETWORK), strict=False))
