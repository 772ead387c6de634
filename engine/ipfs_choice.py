"""Which IPFS nodes keep blocks for an engine: a setting that names the RPC of each by its URL.

In the environment there are only texts, and people separate URLs in them as they are used to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, urlsplit

from engine.choices import read_parts

RPC_PORT = 5001
"""Where Kubo listens unless told otherwise. 8080 is its gateway, which is something else."""
_PORTS = {"http": RPC_PORT, "https": 443}


class BadAddress(ValueError):
    """A text that says no such place. The message says how to write one."""


@dataclass(frozen=True, slots=True)
class NodeAddress:
    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """The node as it is known in logs and messages."""
        return f"ipfs {self._place}"

    def __str__(self) -> str:
        """Its URL, but for the password."""
        who = f"{quote(self.user, safe='')}@" if self.user else ""
        return f"{self.scheme}://{who}{self._place}"

    @property
    def _place(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class IpfsNodes:
    """None, one or several."""

    addresses: tuple[NodeAddress, ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.addresses)) or "none"


NO_NODES = IpfsNodes()


def read_nodes(value: object) -> IpfsNodes:
    """From a setting: a list of URLs, or a text with commas or spaces; false or nothing for none.

    Raises `ValueError` for anything else.
    """
    if isinstance(value, IpfsNodes):
        return value
    if value in (False, "false", "none", ""):
        return NO_NODES
    # A URL has no space in it; between two commas there has to be one.
    return _several([url for part in read_parts(value) for url in part.split() or [part]])


def _several(urls: Sequence[str]) -> IpfsNodes:
    addresses = tuple(map(read_address, urls))
    if len({address.name for address in addresses}) < len(addresses):
        raise ValueError("a node that is named twice would count as two copies")
    return IpfsNodes(addresses)


def read_address(url: str) -> NodeAddress:
    """Of `http://127.0.0.1:5001`, and with a name and password before an @ where a proxy asks for them."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise BadAddress(_explain(url)) from None
    is_bare = parts.path in ("", "/", "/api/v0", "/api/v0/") and not parts.query and not parts.fragment
    if parts.scheme not in _PORTS or not parts.hostname or not is_bare:
        raise BadAddress(_explain(url))
    return NodeAddress(
        parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
    )


def _explain(url: str) -> str:
    shown = url if "@" not in url else "what was given"
    return f"{shown} is not where the RPC of an IPFS node is; write http://127.0.0.1:{RPC_PORT}, say"
