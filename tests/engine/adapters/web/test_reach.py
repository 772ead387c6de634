"""Which addresses rulesets may reach, however they are written."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

import pytest

from engine.adapters.web.reach import Resolve, ask_system, find_addresses, is_public
from engine.host_patterns import NO_HOSTS, HostPatterns
from engine.ports import WebFailed, WebRefused
from tests.engine.in_loop import in_loop


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.8.8",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_what_is_not_anybodys_is_not_public(address: str) -> None:
    """This machine, private networks, the metadata service of clouds, groups, and IPv6 ways to write them."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_the_rest_is_public(address: str) -> None:
    assert is_public(ip_address(address))


def names(**known: Sequence[str]) -> Resolve:
    """A name server."""

    async def look_up(host: str, port: int) -> Sequence[str]:
        if host not in known:
            raise OSError(-2, "Name or service not known")
        return known[host]

    return look_up


@in_loop
async def test_of_several_addresses_the_public_ones_are_used() -> None:
    """In the order in which they were found."""
    look_up = names(both=["10.0.0.1", "8.8.8.8", "::1", "2606:4700::1111"])
    assert await find_addresses("both", 80, NO_HOSTS, look_up) == ["8.8.8.8", "2606:4700::1111"]


@in_loop
async def test_a_refusal_says_what_was_found_and_how_to_allow_it() -> None:
    """With the line that belongs into the settings."""
    with pytest.raises(WebRefused) as caught:
        await find_addresses("inner", 80, NO_HOSTS, names(inner=["10.0.0.1"]))
    assert str(caught.value) == (
        "inner is at 10.0.0.1, not a public address, and rulesets may not reach others; "
        'the setting http_private = ["inner"] lets them'
    )
    with pytest.raises(WebRefused, match=r"127\.0\.0\.1 is not a public address"):
        await find_addresses("127.0.0.1", 80, NO_HOSTS, ask_system)


@in_loop
async def test_what_the_setting_opens_is_open() -> None:
    """By name, or by address in whatever form it comes."""
    look_up = names(inner=["10.0.0.1"], mapped=["::ffff:10.0.0.1"])
    assert await find_addresses("inner", 80, HostPatterns(("inner",)), look_up) == ["10.0.0.1"]
    for host in ("inner", "mapped"):
        assert await find_addresses(host, 80, HostPatterns(("10.0.0.0/8",)), look_up)
        with pytest.raises(WebRefused):
            await find_addresses(host, 80, HostPatterns(("10.1.0.0/16", "other")), look_up)


@pytest.mark.parametrize("host", ["127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
@in_loop
async def test_odd_spellings_of_an_address_are_seen_through(host: str) -> None:
    """The system's resolver reads them all as 127.0.0.1, or knows no such host."""
    with pytest.raises((WebRefused, WebFailed)):
        await find_addresses(host, 80, NO_HOSTS, ask_system)


@in_loop
async def test_an_unknown_name_is_a_failure() -> None:
    with pytest.raises(WebFailed, match="there is no host nobody: Name or service not known"):
        await find_addresses("nobody", 80, NO_HOSTS, names())
