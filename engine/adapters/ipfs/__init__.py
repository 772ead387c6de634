"""Blocks in IPFS nodes, through Kubo's RPC. See the README beside this file."""

from engine.adapters.ipfs.limits import NodeLimits
from engine.adapters.ipfs.names import BadName, BadRecord, IpnsNames, Pointer, ipns_name, read_ipns_name
from engine.adapters.ipfs.node import IpfsBlocks
from engine.adapters.ipfs.rpc import NodeRefused, Rpc
from engine.adapters.ipfs.status import NodeStatus

__all__ = [
    "BadName",
    "BadRecord",
    "IpfsBlocks",
    "IpnsNames",
    "NodeLimits",
    "NodeRefused",
    "NodeStatus",
    "Pointer",
    "Rpc",
    "ipns_name",
    "read_ipns_name",
]
