"""Which addresses a ruleset may have requests sent to: public ones, and those that the settings open.

A name proves nothing, whoever owns it points it where they like, so what is judged is the address that
was found, and the request then goes to that address and to no other. Every redirect comes here again.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv6Address, IPv6Network, ip_address

from engine.host_patterns import Address, HostPatterns
from engine.ports import WebFailed, WebRefused

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a host, the one to try first in front. Raises `OSError` if there are none."""

NAT64 = IPv6Network("64:ff9b::/96")


async def ask_system(host: str, port: int) -> Sequence[str]:
    """`Resolve` as the operating system does it, which also reads spellings like 0x7f.1."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def find_addresses(host: str, port: int, allowed: HostPatterns, resolve: Resolve) -> list[str]:
    """Where a request to that host may go. Raises `WebRefused` if nowhere, `WebFailed` if it is unknown."""
    try:
        found = [ip_address(one) for one in await resolve(host, port)]
    except OSError as problem:
        raise WebFailed(f"there is no host {host}: {problem.strerror or problem}") from problem
    reachable = [str(one) for one in found if is_public(one) or allowed.fit(host, embedded(one))]
    if not reachable:
        raise _refusal(host, found)
    return reachable


def is_public(address: Address) -> bool:
    """Whether it is anybody's: not this machine, not a private network, not a group of machines."""
    inner = embedded(address)
    return inner.is_global and not inner.is_multicast and not inner.is_reserved


def embedded(address: Address) -> Address:
    """The IPv4 address that some IPv6 addresses are only a way to write."""
    if not isinstance(address, IPv6Address):
        return address
    if address in NAT64:
        return ip_address(address.packed[-4:])
    return address.ipv4_mapped or address.sixtofour or address


def _refusal(host: str, found: Sequence[Address]) -> WebRefused:
    where = (
        f"{host} is" if [host] == list(map(str, found)) else f"{host} is at {found[0]}," if found else host
    )
    return WebRefused(
        f"{where} not a public address, and rulesets may not reach others; "
        f'the setting http_private = ["{host}"] lets them'
    )
