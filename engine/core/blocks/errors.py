"""What can be wrong with blocks and heads that come from outside, each by a name of its own.

Whoever fetches asks elsewhere for an altered or missing block, asks people for another key, and refuses a
head; so those are told apart. The message says what is wrong and what would mend it.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.core.cids import Cid, cid_text


class BlockError(ValueError):
    """Something about blocks or heads that is not as it has to be."""


class NotDagCbor(BlockError):
    """Bytes that are not DAG-CBOR in its one spelling, or a value that has none."""


class AlteredBlock(BlockError):
    """Bytes that are not those which the CID names: a bit was flipped, the end is missing, somebody lies."""

    def __init__(self, cid: Cid, size: int) -> None:
        super().__init__(
            f"{size:,} bytes were given for {cid_text(cid)}, and they are not what it names: they were "
            "altered or cut short; fetch the block from somewhere else"
        )
        self.cid = cid


class MissingBlock(BlockError):
    """Blocks that are needed and cannot be had."""

    def __init__(self, cids: Iterable[Cid]) -> None:
        self.cids = tuple(cids)
        more = f" and {len(self.cids) - 1:,} more" if len(self.cids) > 1 else ""
        super().__init__(
            f"the block {cid_text(self.cids[0])}{more} is missing; no store that was asked has it"
        )


class BlockTooLarge(BlockError):
    """More bytes than a block may have, or more in a tree than whoever reads it is ready to hold."""


class WrongKey(BlockError):
    """A sealed block that the keys at hand do not open."""


class NotSealed(BlockError):
    """A block that is not a sealed one, where there has to be one."""


class NotATree(BlockError):
    """Blocks that are whole, but are not the nodes of a tree as it is written here."""


class NewerFormat(BlockError):
    """Written by a version that came after this one."""

    def __init__(self, what: str, found: object, known: Iterable[int]) -> None:
        super().__init__(
            f"format {found!r} of {what}; this version reads {sorted(known)}: a newer one wrote it, "
            "and can read it"
        )


class ForgedHead(BlockError):
    """A head that nobody has signed who may, or whose signature is not good."""


class OldHead(BlockError):
    """A good head that was already followed by another one."""


class BrokenHeads(BlockError):
    """A head that does not follow from the one before it."""


class NotEvidence(BlockError):
    """What is said to show that somebody signed two heads for one turn, and does not."""
