"""The IPFS nodes that an engine's settings name, as stores. None is connected to before it is asked."""

from __future__ import annotations

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.node import LABEL, IpfsBlocks
from engine.adapters.ipfs.rpc import Rpc
from engine.config import Settings


def open_nodes(settings: Settings) -> list[IpfsBlocks]:
    """In their order. Whoever opens them closes them."""
    limits = limits_of(settings)
    label = settings.ipfs_label or LABEL  # without any, everybody's pins that have none would be ours
    return [IpfsBlocks(Rpc(address, limits), limits, label) for address in settings.ipfs_api.addresses]


def limits_of(settings: Settings) -> NodeLimits:
    return NodeLimits(
        answer_s=settings.ipfs_answer_s,
        put_s=settings.ipfs_put_s,
        get_s=settings.ipfs_get_s,
        pin_s=settings.ipfs_pin_s,
        tree_bytes=settings.ipfs_tree_bytes,
        at_once=settings.ipfs_at_once,
    )
