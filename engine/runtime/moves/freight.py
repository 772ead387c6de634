"""The state of a pico on its way: made into blocks where it leaves, fetched and checked where it comes to.

The blocks are sealed with a key that goes with the pico from engine to engine, under which equal parts of two
states are equal blocks. So of a pico that was here before only what has changed since comes over the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.core.block_links import links_of_block
from engine.core.blocks.errors import BlockError
from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import State, StateTree, texts_of
from engine.core.blocks.walks import on_blocks
from engine.core.cids import Cid, cid_of, cid_text, read_cid
from engine.core.dids import Did
from engine.core.migration.messages import Head
from engine.core.model import Eci, PicoId, RulesetHash
from engine.core.protocols.migration_goods import MOST_BYTES
from engine.core.replicas import NOWHERE
from engine.ports import BlockStore, Journal, MissingBlocks, StoreFailed
from engine.runtime.besides import Tail, Unpacked, pack_beside, unpack_beside
from engine.runtime.captures import Capture, Captures
from engine.runtime.channel_keys import NamedChannel, pack_name
from engine.runtime.many_stores import ManyStores
from engine.runtime.moves.acquaintances import ACQUAINTED, acquaintances, names_in
from engine.runtime.pico_owners import PicoOwner, pack_owners
from engine.runtime.preparation import name_state
from engine.runtime.sealed_states import open_tree
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.walking import Tally, drive

EPOCH = 1
"""Of the key: there is one for all moves of a pico."""
ASKED_AT_ONCE = 200
"""Blocks in one question."""

Ask = Callable[[list[Cid]], Awaitable[list[bytes]]]
"""Get blocks from the engine that has them: some of those, as many as go into a message."""


OwnersOf = Callable[[PicoId], Sequence[PicoOwner]]
NameChannels = Callable[[Eci, Sequence[Did]], Sequence[NamedChannel]]
"""DIDs of a channel with their keys."""


class NoFreight(Exception):
    """A state that could not be had, or is not what it is called. Says why."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A state that is here as a whole, and was checked."""

    state: State
    beside: Unpacked
    head: Head


class Freight:
    def __init__(
        self,
        journal: Journal,
        captures: Captures,
        stores: Callable[[], Awaitable[BlockStore]],
        aead: Aead,
        owners_of: OwnersOf,
        named: NameChannels,
    ) -> None:
        self._journal = journal
        self._captures = captures
        self._stores = stores
        self._aead = aead
        self._owners_of = owners_of
        self._named = named

    # --- leaving ---

    async def load(self, pico: PicoId, did: str, key: bytes) -> tuple[Head, int]:
        """The newest state as blocks, which are kept until the next time, and how many bytes it has. Raises
        `CannotSeal`, `StoreFailed`, `BlockError` and `Unreadable`."""
        capture = await self._captures.take(pico)
        state = await asyncio.to_thread(name_state, capture.head.pico)
        blocks, tally = SealedBlocks(Keyring({EPOCH: key}), self._aead), Tally()
        texts = {digest: self._text(digest) for digest in texts_of(capture.head.pico)}
        beside = await self._beside(capture)
        walk = on_blocks(StateTree(blocks, texts.__getitem__).write(capture.head, beside), blocks)
        store = await self._stores()
        root = await drive(walk, store, blocks, tally=tally)
        await _keep(store, did, root)
        return Head(capture.head.pico.seq, state, cid_text(root)), tally.bytes

    async def _beside(self, capture: Capture) -> Mapping[str, object]:
        tail, pico = Tail(), capture.head.pico
        await tail.read_on(self._journal, pico.id, pico.seq)
        channels: dict[Eci, list[Did]] = {}
        for did, eci in capture.beside.dids:
            channels.setdefault(eci, []).append(did)
        named = {one.did: one for eci, dids in channels.items() for one in self._named(eci, dids)}
        names = [pack_name(named[did]) for did, _ in capture.beside.dids]
        packed = pack_beside(capture.beside, tail, names, None, pack_owners(self._owners_of(pico.id)))
        head = capture.head
        known = await asyncio.to_thread(names_in, head, tail.records)
        return {**packed, ACQUAINTED: acquaintances(self._journal, known)}

    def _text(self, digest: RulesetHash) -> str:
        text = self._journal.ruleset_text(digest)
        if text is None:
            raise CannotSeal(f"the text {digest} of a ruleset is not in the journal")
        return text

    async def at_hand(self, root: str, had: str) -> list[bytes]:
        """The blocks of a state which whoever has that other one lacks, if a message can hold them; else
        none."""
        store = await self._stores()
        try:
            there = await _reached(store, [read_cid(had)], None) if had else {}
            lacking = await _reached(store, [read_cid(root)], MOST_BYTES, there.keys())
        except (StoreFailed, BlockError, ValueError):
            return []
        return list(lacking.values())

    async def give(self, cids: Iterable[Cid]) -> list[bytes]:
        """As many of these as go into a message, one at least if it is here."""
        found = await (await self._stores()).get_many(cids)
        given, size = list[bytes](), 0
        for block in found.values():
            size += len(block)
            if given and size > MOST_BYTES:
                break
            given.append(block)
        return given

    # --- coming ---

    async def put(self, blocks: Iterable[bytes]) -> None:
        await (await self._stores()).put_many({cid_of(block): block for block in blocks})

    async def fetch(self, head: Head, did: str, key: bytes, ask: Ask) -> Arrived:
        """Raises `NoFreight`, and what `ask` raises."""
        store = await self._stores()
        try:
            root = read_cid(head.cid)
            await self._fetch_all(store, root, ask)
            arrived = await self.open(head, key)
            await _keep(store, did, root)
        except (StoreFailed, BlockError, ValueError) as problem:
            raise NoFreight(str(problem)) from problem
        return arrived

    async def open(self, head: Head, key: bytes) -> Arrived:
        """A state that is here. Raises `NoFreight`, `StoreFailed` and `BlockError`."""
        state = await open_tree(await self._stores(), read_cid(head.cid), Keyring({EPOCH: key}), self._aead)
        beside = await asyncio.to_thread(unpack_beside, state.head, state.beside)
        name = await asyncio.to_thread(name_state, state.head.pico)
        if (state.head.pico.seq, name) != (head.sequence, head.state):
            raise NoFreight("the blocks are those of another state than the head says")
        return Arrived(state, beside, head)

    async def _fetch_all(self, store: BlockStore, root: Cid, ask: Ask) -> None:
        """Level by level: what is here already is not asked for, but looked through for what is not."""
        ahead, seen = [root], {root}
        while ahead:
            part, ahead = ahead[-ASKED_AT_ONCE:], ahead[:-ASKED_AT_ONCE]
            found = await _here(store, part)
            missing = [cid for cid in part if cid not in found]
            if missing:
                new = {cid_of(block): block for block in await ask(missing)}
                given = {cid: block for cid, block in new.items() if cid in missing}
                if not given:
                    given = await store.get_many(missing)  # other stores may have them
                if not given:
                    raise MissingBlocks(store.name, f"{len(missing)} blocks of a state are missing", missing)
                await store.put_many(given)
                found.update(given)
                ahead += [cid for cid in missing if cid not in given]
            for cid, block in found.items():
                links = [link for link in links_of_block(cid, block) if link not in seen]
                seen.update(links)
                ahead += links


async def _here(store: BlockStore, cids: list[Cid]) -> dict[Cid, bytes]:
    """Of the local store: to look elsewhere first would keep everybody waiting."""
    return await store.get_many(await store.has_many(cids))


async def _reached(
    store: BlockStore, roots: list[Cid], most: int | None, but: Iterable[Cid] = ()
) -> dict[Cid, bytes]:
    """All that roots lead to which is not among those others. Raises `ValueError` when it is too much."""
    seen, ahead, reached, size = {*but, *roots}, list(roots), dict[Cid, bytes](), 0
    while ahead:
        found = await _here(store, ahead)
        if len(found) < len(ahead):
            raise MissingBlocks(store.name, "blocks of a state are missing", ahead)
        ahead = []
        for cid, block in found.items():
            reached[cid], size = (block if most is not None else b""), size + len(block)
            links = [link for link in links_of_block(cid, block) if link not in seen]
            seen.update(links)
            ahead += links
        if most is not None and size > most:
            raise ValueError("more than a message can hold")
    return reached


async def _keep(store: BlockStore, did: str, root: Cid) -> None:
    if isinstance(store, ManyStores):
        await store.keep(f"move {did}", root, NOWHERE)
    else:
        await store.pin(root)
