"""The side of a state on its way where it comes to: what is lacking is asked for, checked and opened.

What was fetched ahead of a state, while its pico went on elsewhere, is remembered until it arrives: then only
the difference is fetched and read, and its values are the very ones that were read before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from itertools import takewhile

from engine.core.block_links import links_of_block
from engine.core.blocks.errors import BlockError
from engine.core.blocks.sealing import Aead, Keyring
from engine.core.blocks.state import State
from engine.core.blocks.values import Known
from engine.core.cids import Cid, cid_of, read_cid
from engine.core.codec import Unreadable
from engine.core.migration.messages import Head
from engine.core.records import Head as RecordsHead
from engine.core.records import fold
from engine.ports import AppendRecord, BlockStore, CannotSend, MissingBlocks, StoreFailed
from engine.runtime.besides import ReadRecords, Unpacked, unpack_beside
from engine.runtime.courtesy import resting
from engine.runtime.handled_ids import HANDLED, unpack
from engine.runtime.moves.keeping import EPOCH, keep
from engine.runtime.moves.loading import Stores
from engine.runtime.moves.loads import Arrived, NoFreight
from engine.runtime.preparation import name_state
from engine.runtime.sealed_states import open_tree

ASKED_AT_ONCE = 1_000
"""Blocks in one question."""
LOOKED_AT_ONCE = 8
"""Blocks that are here already, when they are looked through for what is not."""

Ask = Callable[[list[Cid]], AsyncGenerator[dict[Cid, bytes], None]]
"""Get blocks from the engine that has them, hashed, as they come: all of those, or as many as go into a
message."""


@dataclass(slots=True)
class Held:
    """Of one pico: what has come ahead of the state with which it arrives."""

    key: bytes
    root: str = ""
    """Of what is here as a whole, and was read."""
    known: Known = field(default_factory=Known)
    whole: set[Cid] = field(default_factory=set)
    """Blocks that are here with all that they lead to."""
    state: State | None = None
    records: ReadRecords = field(default_factory=dict)
    base: RecordsHead | None = None
    """As the pico was when it was brought to the disk."""


class Fetching:
    def __init__(self, stores: Stores, aead: Aead) -> None:
        self._stores = stores
        self._aead = aead
        self._held: dict[str, Held] = {}

    def held(self, did: str) -> Held | None:
        return self._held.get(did)

    def forget(self, did: str) -> None:
        """It is here, or does not come."""
        self._held.pop(did, None)

    async def put(self, blocks: Iterable[bytes]) -> None:
        if new := {cid_of(block): block for block in blocks}:
            await (await self._stores()).put_many(new)

    async def fetch_ahead(self, root: str, did: str, key: bytes, ask: Ask, rest: float) -> Held:
        """A state that is not the last one. Raises `NoFreight`, and what `ask` raises."""
        held = self._held.get(did)
        if held is None or held.key != key:
            held = Held(key)
        try:
            await self._fetch_all(await self._stores(), read_cid(root), ask, held.whole)
            with resting(rest):
                state = await self._open(root, key, held.known, rest)
                await asyncio.to_thread(unpack_beside, state.head, state.beside, held.records)
        except (StoreFailed, BlockError, ValueError) as problem:
            raise NoFreight(str(problem)) from problem
        held.root, held.state = root, state
        if held.base is not None and not _reaches_back(state, held.base):
            held.base = None
        self._held[did] = held
        return held

    async def fetch(self, head: Head, did: str, key: bytes, ask: Ask) -> Arrived:
        """Raises `NoFreight`, and what `ask` raises."""
        store, held = await self._stores(), self._held.get(did)
        whole = set[Cid]() if held is None else held.whole
        try:
            root = read_cid(head.cid)
            await self._fetch_all(store, root, ask, whole)
            arrived = await self.open(head, did, key)
            await keep(store, did, root)
        except (StoreFailed, BlockError, ValueError) as problem:
            raise NoFreight(str(problem)) from problem
        return arrived

    async def open(self, head: Head, did: str, key: bytes) -> Arrived:
        """A state that is here. Raises `NoFreight`, `StoreFailed` and `BlockError`."""
        held = self._held.get(did)
        known = held.known if held is not None and held.key == key else None
        state = await self._open(head.cid, key, known)
        read = None if known is None or held is None else held.records
        beside = await asyncio.to_thread(unpack_beside, state.head, state.beside, read)
        try:
            unpack(state.beside.get(HANDLED))
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise NoFreight(f"the ids of events that it has handled are damaged: {problem!r}") from problem
        before = None if known is None or held is None else held.base
        arrived = Arrived(state, beside, head) if before is None else _carried_on(state, beside, head, before)
        pico = arrived.state.head.pico
        name = await asyncio.to_thread(name_state, pico)
        if (pico.seq, name) == (head.sequence, head.state):
            return arrived
        if arrived.since is None:
            raise NoFreight("the blocks are those of another state than the head says")
        self.forget(did)  # what came ahead was no earlier state of this one
        return await self.open(head, did, key)

    async def _open(self, root: str, key: bytes, known: Known | None, rest: float = 0.0) -> State:
        keys = Keyring({EPOCH: key})
        return await open_tree(await self._stores(), read_cid(root), keys, self._aead, rest, known)

    async def _fetch_all(self, store: BlockStore, root: Cid, ask: Ask, whole: set[Cid]) -> None:
        """Level by level: what is here already is not asked for, but looked through for what is not. When it
        ends well, `whole` has all of it."""
        ahead, seen = [root] if root not in whole else [], {root, *whole}

        def note(found: dict[Cid, bytes]) -> None:
            for cid, block in found.items():
                links = [link for link in links_of_block(cid, block) if link not in seen]
                seen.update(links)
                ahead.extend(links)

        while ahead:
            part, ahead[:] = ahead[-ASKED_AT_ONCE:], ahead[:-ASKED_AT_ONCE]
            here = await store.has_many(part)
            missing = [cid for cid in part if cid not in here]
            if missing:
                came = await _ask_for(store, missing, ask, note)
                ahead += [cid for cid in missing if cid not in came]
            await _look_through(store, [cid for cid in part if cid in here], note)
        whole |= seen


def _reaches_back(state: State, base: RecordsHead) -> bool:
    """Whether the records since then came along."""
    return 0 <= state.head.pico.seq - base.pico.seq <= len(state.beside.get("records", ()))


def _carried_on(state: State, beside: Unpacked, head: Head, before: RecordsHead) -> Arrived:
    """The state as its records make it of the one before, if they reach back so far; it is the same, unless
    somebody has made one of the two up, which its name then says."""
    since = records_after(beside.records, before.pico.seq)
    if len(since) != state.head.pico.seq - before.pico.seq:
        return Arrived(state, beside, head)
    try:
        after = fold(before, [record.body for record in since])
    except Unreadable:
        return Arrived(state, beside, head)
    return Arrived(replace(state, head=after), beside, head, before)


def records_after(kept: Sequence[AppendRecord], seq: int) -> list[AppendRecord]:
    """The newest ones, back to that turn."""
    return list(takewhile(lambda record: record.seq > seq, reversed(kept)))[::-1]


Note = Callable[[dict[Cid, bytes]], None]


async def _ask_for(store: BlockStore, missing: list[Cid], ask: Ask, note: Note) -> Collection[Cid]:
    """Those that came, which are in the store. A connection that is cut after some of them has done some
    good: it is asked on. Raises what `ask` raises when nothing came, and `MissingBlocks`."""
    wanted, came = frozenset(missing), set[Cid]()
    try:
        async with aclosing(ask(missing)) as parts:
            async for part in parts:
                given = {cid: block for cid, block in part.items() if cid in wanted}
                await store.put_many(given)
                note(given)
                came.update(given)
    except CannotSend:
        if not came:
            raise
    if not came:
        found = await store.get_many(missing[:LOOKED_AT_ONCE])  # other stores may have them
        if not found:
            raise MissingBlocks(store.name, f"{len(missing)} blocks of a state are missing", missing)
        await store.put_many(found)
        note(found)
        came.update(found)
    return came


async def _look_through(store: BlockStore, here: list[Cid], note: Note) -> None:
    """Of the local store: to look elsewhere first would keep everybody waiting."""
    for begin in range(0, len(here), LOOKED_AT_ONCE):
        note(await store.get_many(here[begin : begin + LOOKED_AT_ONCE]))
