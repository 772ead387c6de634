"""Where the RPC of an IPFS node is, read from the URL that an operator writes into the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

RPC_PORT = 5001
"""Where Kubo listens unless told otherwise. 8080 is its gateway, which is something else."""


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
        """The node as it is shown; nothing that is secret."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"ipfs {host}:{self.port}"


def read_address(url: str) -> NodeAddress:
    """Of `http://127.0.0.1:5001`, and with a name and password before an @ where a proxy asks for them."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port or (443 if parts.scheme == "https" else RPC_PORT)
    except ValueError:
        raise BadAddress(_explain(url)) from None
    is_bare = parts.path in ("", "/", "/api/v0", "/api/v0/") and not parts.query and not parts.fragment
    if parts.scheme not in ("http", "https") or not parts.hostname or not is_bare:
        raise BadAddress(_explain(url))
    return NodeAddress(
        parts.scheme, parts.hostname, port, unquote(parts.username or ""), unquote(parts.password or "")
    )


def _explain(url: str) -> str:
    shown = url if "@" not in url else "what was given"
    return f"{shown} is not where the RPC of an IPFS node is; write http://127.0.0.1:{RPC_PORT}, say"
