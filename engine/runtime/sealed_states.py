"""A sealed state as anybody finds it in a store: whether its head is to be believed, how large it is, and
what it says to whoever has a key.

Nothing here needs an engine, a journal, or anything that a block does not prove.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from engine.core.blocks.errors import ForgedHead, MissingBlock, NotATree
from engine.core.blocks.heads import SignedHead, StateHead, read_head
from engine.core.blocks.keys_block import KeysBlock, read_keys
from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import State, read_state
from engine.core.blocks.values import Known
from engine.core.blocks.walks import PlainBlocks, on_blocks
from engine.core.cids import Cid
from engine.core.signatures import Verify
from engine.ports import Acting, BadLog, BlockStore, KeptLog
from engine.runtime.block_walks import walk
from engine.runtime.state_keys import Opens
from engine.runtime.walking import drive

MOST_BYTES = 4 << 30
"""Of one state that is read; more than fits into the memory of those who have it."""

Tell = Callable[[int, int], None]
"""Is told how many blocks have been looked at, and their bytes."""


@dataclass(frozen=True, slots=True)
class Trust:
    """By what heads are believed."""

    verify: Verify
    acting: Callable[[KeptLog], Acting]
    """Who a log says was to act. Raises `BadLog`."""


@dataclass(frozen=True, slots=True)
class Believed:
    """A head that was checked against the log of its pico."""

    signed: SignedHead
    beside: KeysBlock
    acting: Acting

    @property
    def log(self) -> KeptLog:
        return KeptLog(self.beside.log, self.beside.approvals)


@dataclass(frozen=True, slots=True)
class Size:
    blocks: int
    bytes: int


def say_nothing(blocks: int, size: int) -> None:
    """For those who do not watch."""


async def believe(store: BlockStore, head: Cid, trust: Trust) -> Believed:
    """The head of that name. Its log stands beside it, and proves itself: the name of the pico follows from
    it. Raises `BlockError` and `StoreFailed`."""
    found = await store.get_many([head])
    if head not in found:
        raise MissingBlock([head])
    offered = read_head(found[head], lambda *_: True, lambda _: True).head  # only to know where its log is
    beside = await drive(on_blocks(read_keys(offered.keys), PlainBlocks()), store)
    try:
        acting = await asyncio.to_thread(trust.acting, KeptLog(beside.log, beside.approvals))
    except BadLog as problem:
        raise ForgedHead(
            f"the log beside the head of {offered.pico} is not to be believed: {problem}"
        ) from None

    def may_sign(says: StateHead) -> bool:
        return says.pico == acting.name and acting.may(says.epoch, says.by)

    return Believed(read_head(found[head], trust.verify, may_sign), beside, acting)


async def measure(store: BlockStore, roots: Iterable[Cid], tell: Tell = say_nothing) -> Size:
    """All that these lead to, themselves included: each is there, and what its CID names. Raises
    `StoreFailed` and `BlockError`."""
    blocks = size = 0
    async for part in walk(store, roots):
        blocks, size = blocks + len(part), size + sum(map(len, part.values()))
        tell(blocks, size)
    return Size(blocks, size)


async def open_state(store: BlockStore, believed: Believed, opens: Opens, aead: Aead) -> State:
    """What the head says the state is. Raises `WrongKey` and other `BlockError`s, and `StoreFailed`."""
    says = believed.signed.head
    return await open_tree(store, says.root, Keyring(opens(says.pico, believed.beside.boxes)), aead)


def check_turn(state: State, says: StateHead) -> None:
    """Raises `NotATree` for a state that is not of the turn that the head names."""
    if state.head.pico.seq != says.sequence:
        turn = state.head.pico.seq
        raise NotATree(f"the head is of turn {says.sequence}, and what it leads to is of turn {turn}")


async def open_tree(
    store: BlockStore,
    root: Cid,
    keyring: Keyring,
    aead: Aead,
    rest: float = 0.0,
    known: Known | None = None,
) -> State:
    """A sealed tree. `rest`: see `engine.runtime.walking.drive`; `known`: what was read of it before. Raises
    as `open_state` does."""
    walk = on_blocks(read_state(root, MOST_BYTES, known), SealedBlocks(keyring, aead))
    return await drive(walk, store, rest=rest)
