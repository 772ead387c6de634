"""What goes into the file by which a pico leaves an engine: its newest head with all below it, and what lets
whoever takes it in open it and run its last turns again.

It is read from what the journal and the store have durable, so an engine may be at work meanwhile.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.blocks.enclosures import EarlierState, LockedKeys, write_earlier, write_locked
from engine.core.blocks.keys_block import pack_keys
from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import State, StateTree, texts_of
from engine.core.blocks.walks import on_blocks
from engine.core.cids import Cid
from engine.core.codec import Unreadable
from engine.core.model import PicoId
from engine.core.records import Head, Record, decode_record
from engine.core.replay import texts_of as texts_learned
from engine.ports import BlockStore, Journal
from engine.runtime.block_walks import walk
from engine.runtime.earlier_states import TEXTS
from engine.runtime.past import Past
from engine.runtime.sealed_states import Believed, open_tree
from engine.runtime.walking import drive

Lock = Callable[[bytes], Mapping[str, Any]]
"""Seals a secret with somebody's passphrase."""


@dataclass(frozen=True, slots=True)
class Export:
    """The roots of a CAR, and what is in it besides what is in the store."""

    head: Cid
    roots: tuple[Cid, ...]
    own: Mapping[Cid, bytes]
    """Blocks of the export alone."""
    earlier: Cid | None
    turns: int
    """That can be run again."""


@dataclass(slots=True)
class _Enclosed:
    roots: list[Cid]
    own: dict[Cid, bytes] = field(default_factory=dict)

    def add(self, named: tuple[Cid, bytes]) -> None:
        self.roots.append(named[0])
        self.own[named[0]] = named[1]


class Exports:
    def __init__(self, journal: Journal, store: BlockStore, scratch: BlockStore, aead: Aead) -> None:
        """`scratch` holds what is made for an export, as long as that takes."""
        self._journal = journal
        self._store = store
        self._scratch = scratch
        self._aead = aead

    async def prepare(
        self, pico: PicoId, believed: Believed, keys: Mapping[int, bytes], lock: Lock | None
    ) -> Export:
        """With `lock` the keys of the pico are in it. Raises `BlockError` and `StoreFailed`."""
        says, head = believed.signed.head, believed.signed.cid
        enclosed = _Enclosed([head])
        if lock is not None:
            enclosed.add(write_locked(LockedKeys(says.pico, lock(pack_keys(says.pico, keys)))))
        state = await open_tree(self._store, says.root, Keyring(keys), self._aead)
        records = records_beside(state)
        earlier = await self._plant_earlier(pico, records, Keyring(keys)) if records else None
        if earlier is not None:
            enclosed.add(write_earlier(EarlierState(says.pico, earlier)))
        turns = len(records) if earlier is not None else 0
        return Export(head, tuple(enclosed.roots), enclosed.own, earlier, turns)

    async def _plant_earlier(self, pico: PicoId, records: list[Record], keyring: Keyring) -> Cid | None:
        """The tree of the state before the first of these; None if nobody knows that any more."""
        start = await self._state_before(pico, records[0])
        if start is None:
            return None
        learned = {digest for record in records for digest in texts_learned(record)}
        # Here, because the tree is written in another thread.
        needed = {digest: self._journal.ruleset_text(digest) for digest in {*texts_of(start.pico), *learned}}
        texts = {digest: text for digest, text in needed.items() if text is not None}
        if any(digest not in texts for digest in texts_of(start.pico)):
            return None
        blocks = SealedBlocks(keyring, self._aead)
        beside = {TEXTS: {digest: texts[digest] for digest in sorted(learned & texts.keys())}}
        tree = StateTree(blocks, texts.__getitem__)
        return await drive(on_blocks(tree.write(start, beside), blocks), self._scratch, blocks)

    async def _state_before(self, pico: PicoId, record: Record) -> Head | None:
        try:
            found = await Past(self._journal).state(pico, record.seq - 1)
        except Unreadable:
            return None  # its records do not go back so far, as of a pico that was brought back itself
        return found if found is not None and found.chain == record.previous else None

    async def blocks(self, export: Export) -> AsyncIterator[Mapping[Cid, bytes]]:
        """All that is in it, each block once, the head first. Raises `StoreFailed`."""
        written: set[Cid] = set()
        async for part in walk(self._store, [export.head]):
            written.update(part)
            yield part
        yield export.own
        if export.earlier is not None:
            async for part in walk(self._scratch, [export.earlier]):
                new = {cid: block for cid, block in part.items() if cid not in written}
                written.update(new)
                yield new


def records_beside(state: State) -> list[Record]:
    """The newest records that were sealed beside a state."""
    listed = state.beside.get("records", ())
    return [decode_record(body) for body in bodies_beside(state)] if listed else []


def bodies_beside(state: State) -> list[bytes]:
    """The same as bytes."""
    return [str(text).encode("utf-8", "surrogatepass") for text in state.beside.get("records", ())]
