"""What an IPFS node says of itself, for people: its version, its peers, how full it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.rpc import Rpc, shown

LONGEST_TEXT = 100
MOST = 1 << 63
"""Blocks or bytes of which a node says that it has so many or more are nonsense."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    version: str
    peer_id: str
    peers: int
    """That it is connected to."""
    blocks: int
    bytes: int
    most_bytes: int
    """Beyond which it begins to collect, if it is told to collect at all; it still takes more."""


async def ask_status(rpc: Rpc, limits: NodeLimits) -> NodeStatus:
    """Raises `StoreUnavailable`."""

    async def ask(command: str) -> dict[str, Any]:
        return await rpc.ask_json(command, {}, limits.answer_s)

    version, identity, stored, others = (
        await ask("version"),
        await ask("id"),
        await ask("repo/stat"),
        await ask("swarm/peers"),
    )
    return NodeStatus(
        version=_text(version.get("Version")),
        peer_id=_text(identity.get("ID")),
        peers=len(peers) if isinstance(peers := others.get("Peers"), list) else 0,
        blocks=_number(stored.get("NumObjects")),
        bytes=_number(stored.get("RepoSize")),
        most_bytes=_number(stored.get("StorageMax")),
    )


def _text(value: Any) -> str:
    return shown(value)[:LONGEST_TEXT] if isinstance(value, str) else "?"


def _number(value: Any) -> int:
    return value if isinstance(value, int) and 0 <= value < MOST else 0
