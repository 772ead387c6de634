"""The trees of picos that were sealed lately, so that sealing one again costs what has changed.

A tree remembers what it has written by the identity of values, which those of a pico keep for as long as it
is awake. All trees together are bounded, but for one that is larger by itself; one that goes costs time the
next time and changes nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import StateTree, texts_of
from engine.core.codec import Plain
from engine.core.dids import Did
from engine.core.model import Pico, PicoId, RulesetHash
from engine.ports import Journal
from engine.runtime.besides import Tail
from engine.runtime.state_keys import Ring

MOST_BYTES = 64 << 20
LEAST_BYTES = 4_096
"""That a tree is counted as, however small it is."""


class CannotSeal(Exception):
    """A pico that cannot be sealed as it is. The message says why, and what to do."""


@dataclass(slots=True)
class SealedTree:
    blocks: SealedBlocks
    tree: StateTree
    epochs: frozenset[int]
    texts: dict[RulesetHash, str]
    """That are still to be written."""
    written: frozenset[RulesetHash] = frozenset()
    """Texts that the tree has."""
    tail: Tail = field(default_factory=Tail)
    names: dict[Did, Plain] = field(default_factory=dict)
    """DIDs of channels as they were written."""
    bytes: int = LEAST_BYTES


class SealedTrees:
    def __init__(self, journal: Journal, aead: Aead, most_bytes: int = MOST_BYTES) -> None:
        self._journal = journal
        self._aead = aead
        self._most_bytes = most_bytes
        self._trees: OrderedDict[PicoId, SealedTree] = OrderedDict()
        self._bytes = 0

    def take(self, pico: Pico, ring: Ring) -> SealedTree:
        """The tree of a pico, which nobody else has until it is given back. Raises `CannotSeal`."""
        tree = self._trees.pop(pico.id, None)
        if tree is not None:
            self._bytes -= tree.bytes
        else:
            tree = self._plant(ring)
        epochs = frozenset(ring.keys)
        if tree.epochs != epochs:
            tree.blocks, tree.epochs = self._blocks(ring), epochs
            tree.tree.rekey(tree.blocks)
        for digest in texts_of(pico):
            if digest not in tree.written:
                tree.texts[digest] = self._text(pico, digest)
        return tree

    def give_back(self, pico: Pico, tree: SealedTree, written_bytes: int) -> None:
        """The pico was sealed, and so many bytes of it were new."""
        tree.texts.clear()
        tree.written = frozenset(texts_of(pico))
        tree.bytes = max(tree.bytes, written_bytes, tree.tail.size)
        self._trees[pico.id] = tree
        self._bytes += tree.bytes
        while self._bytes > self._most_bytes and len(self._trees) > 1:
            _, gone = self._trees.popitem(last=False)
            self._bytes -= gone.bytes

    def forget(self, pico: PicoId) -> None:
        """Its values are not the ones any more that it had, or its blocks are not there."""
        if (tree := self._trees.pop(pico, None)) is not None:
            self._bytes -= tree.bytes

    def _plant(self, ring: Ring) -> SealedTree:
        blocks, texts = self._blocks(ring), dict[RulesetHash, str]()
        return SealedTree(blocks, StateTree(blocks, texts.__getitem__), frozenset(ring.keys), texts)

    def _blocks(self, ring: Ring) -> SealedBlocks:
        return SealedBlocks(Keyring(ring.keys), self._aead)

    def _text(self, pico: Pico, digest: RulesetHash) -> str:
        # In the loop's thread, because the tree is written in another one.
        text = self._journal.ruleset_text(digest)
        if text is None:
            raise CannotSeal(f"the text {digest} of a ruleset of pico {pico.id} is not in the journal")
        return text
