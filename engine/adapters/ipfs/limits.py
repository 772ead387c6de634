"""How far one IPFS node is trusted with our time and memory. Bytes, seconds, and how many things at once."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeLimits:
    """Of all that is asked of one node. Whatever takes longer or is larger fails by name."""

    connect_s: float = 5.0
    """Until there is a connection."""
    answer_s: float = 30.0
    """For what a node knows by itself: its version, whether a block is there, what is pinned."""
    put_s: float = 60.0
    """For one CAR of `put_bytes`, synced to the node's disk."""
    get_s: float = 20.0
    """For a block, which the node may first have to fetch from others; with nobody to have it, all of it."""
    ask_again_s: float = 5.0
    """After which the node is asked anew for a block that did not come: what stalls between nodes often comes
    at once when it is wanted again."""
    pin_s: float = 120.0
    """For a pin: the node reads every block that the root leads to."""
    name_s: float = 60.0
    """For a name of IPNS to be published or found."""
    tree_s: float = 3_600.0
    """For all the blocks of a tree, about."""
    stall_s: float = 20.0
    """For the next bytes of a tree."""
    at_once: int = 64
    """Requests under way; others wait for their turn."""
    puts_at_once: int = 4
    """CARs under way of what is put in one call."""
    put_bytes: int = 4 << 20
    """Of blocks that go into one CAR."""
    put_blocks: int = 2_000
    """Likewise."""
    answer_bytes: int = 16 << 20
    """That an answer may have which is no block and no tree."""
    tree_bytes: int = 4 << 30
    """That the blocks of one tree may have."""

    @property
    def asks(self) -> int:
        """How often a node is asked for a block that does not come."""
        return max(1, round(self.get_s / self.ask_again_s))
