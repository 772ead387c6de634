"""Names, addresses and networks as a setting says them, and what they mean."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from engine.host_patterns import ALL_HOSTS, NO_HOSTS, HostPatterns, read_patterns


@pytest.mark.parametrize(
    ("value", "patterns"),
    [
        (True, ALL_HOSTS),
        ("true", ALL_HOSTS),
        (False, NO_HOSTS),
        ("", NO_HOSTS),
        ([], NO_HOSTS),
        (["*"], ALL_HOSTS),
        (["localhost", "10.0.0.0/8"], HostPatterns(("localhost", "10.0.0.0/8"))),
        ("Box.LAN, *.home.example,::1", HostPatterns(("box.lan", "*.home.example", "::1"))),
    ],
)
def test_a_setting_is_a_list_a_text_or_all_or_nothing(value: object, patterns: HostPatterns) -> None:
    """The environment has only texts, a file has lists and truth values too."""
    assert read_patterns(value) == patterns


@pytest.mark.parametrize(
    "value", [5, None, [5], ["a b"], "192.168.1.*", "300.1.1.1", "*.", "a,,b", "http://x"]
)
def test_what_is_neither_name_nor_address_is_an_error(value: object) -> None:
    """Also what only looks like an address: somebody meant to open a network and would not have."""
    with pytest.raises(ValueError):  # noqa: PT011 – its message is made by whoever knows the setting
        read_patterns(value)


@pytest.mark.parametrize(
    ("texts", "host", "address", "fits"),
    [
        ("*", "any.example", "10.1.2.3", True),
        ("box.lan", "BOX.lan", "10.1.2.3", True),
        ("box.lan", "a.box.lan", "10.1.2.3", False),
        ("*.lan", "a.box.lan", "10.1.2.3", True),
        ("*.lan", "lan", "10.1.2.3", False),
        ("*.lan", "evil-lan", "10.1.2.3", False),
        ("10.0.0.0/8", "any.example", "10.1.2.3", True),
        ("10.0.0.0/8", "10.evil.example", "127.0.0.1", False),
        ("::1", "localhost", "::1", True),
        ("127.0.0.1", "localhost", "::1", False),
        ("a.lan, b.lan", "b.lan", "10.1.2.3", True),
        ("", "localhost", "127.0.0.1", False),
    ],
)
def test_names_fit_names_and_networks_fit_addresses(texts: str, host: str, address: str, fits: bool) -> None:
    """A name cannot pass for an address."""
    assert read_patterns(texts).fit(host, ip_address(address)) is fits
