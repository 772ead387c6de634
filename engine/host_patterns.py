"""Which hosts are meant: a setting that names some of them, or all.

A name stands for itself and `*.name` for everything below it; both are held against the host of a
URL. An address or a network (`10.0.0.0/8`) is held against the address that was found for it, so that
nobody can pass for an address by a name that looks like one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from engine.choices import read_choice

Address = IPv4Address | IPv6Address

EVERYTHING = "*"

_NAME = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
"""The last part of a host of digits, which is an address, or a mistake in one, and never a name."""


@dataclass(frozen=True, slots=True)
class HostPatterns:
    """None, when there are no texts."""

    texts: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ", ".join(self.texts) or "none"

    def fit(self, host: str, address: Address) -> bool:
        """Whether the host of that name, found at that address, is one of those meant."""
        return any(_fits(text, host.lower(), address) for text in self.texts)


NO_HOSTS = HostPatterns()
ALL_HOSTS = HostPatterns((EVERYTHING,))


def read_patterns(value: object) -> HostPatterns:
    """From a setting: a list, a text with commas, true for everything or false for nothing.

    Raises `ValueError` when something in it is neither a name nor an address.
    """
    return read_choice(value, ALL_HOSTS, NO_HOSTS, lambda parts: HostPatterns(tuple(map(_read, parts))))


def _read(part: str) -> str:
    text = part.strip().lower()
    if text != EVERYTHING and _network(text) is None and not _is_name(text):
        raise ValueError
    return text


def _is_name(text: str) -> bool:
    return bool(_NAME.fullmatch(text)) and not _NUMBER.fullmatch(text.rpartition(".")[2])


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _fits(text: str, host: str, address: Address) -> bool:
    if text == EVERYTHING:
        return True
    network = _network(text)
    if network is not None:
        return address in network
    return host.endswith(text[1:]) if text.startswith("*.") else host == text
