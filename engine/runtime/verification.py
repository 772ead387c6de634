"""Whether a sealed state is all that it says: its head, the heads before it, every block, what is in them.

The first thing that is not right ends it with an error that has a name; nothing is changed anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.core.blocks.heads import SignedHead, StateHead, check_chain, read_head
from engine.core.blocks.sealing import Aead
from engine.core.blocks.state import State
from engine.core.cids import Cid
from engine.core.records import state_id
from engine.ports import BlockStore
from engine.runtime.besides import Unpacked, unpack_beside
from engine.runtime.sealed_states import (
    Believed,
    Size,
    Tell,
    Trust,
    believe,
    check_turn,
    measure,
    open_state,
    say_nothing,
)
from engine.runtime.state_keys import Opens

MOST_HEADS = 10_000
"""That are followed back."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a key showed."""

    state: State
    beside: Unpacked
    state_id: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was checked, and found right."""

    believed: Believed
    heads: int
    """In a row, this one included, as far as they are in the store."""
    size: Size
    opened: Opened | None
    """None without a key."""


async def verify_sealed(
    store: BlockStore,
    head: Cid,
    trust: Trust,
    aead: Aead,
    opens: Opens | None = None,
    beside: Iterable[Cid] = (),
    tell: Tell = say_nothing,
) -> Verified:
    """`beside`: other roots of which every block is to be checked. Raises `BlockError` and `StoreFailed`."""
    believed = await believe(store, head, trust)
    before = await _heads_before(store, believed, trust)
    check_chain([*before, believed.signed])
    size = await measure(store, [head, *beside], tell)
    opened = None if opens is None else await _open(store, believed, opens, aead)
    return Verified(believed, len(before) + 1, size, opened)


async def _heads_before(store: BlockStore, believed: Believed, trust: Trust) -> list[SignedHead]:
    """Those that are there, the oldest first. Nobody promised to keep them."""

    def may_sign(says: StateHead) -> bool:
        return says.pico == believed.acting.name and believed.acting.may(says.epoch, says.by)

    found: list[SignedHead] = []
    previous = believed.signed.head.previous
    while previous is not None and len(found) < MOST_HEADS:
        block = (await store.get_many([previous])).get(previous)
        if block is None:
            break
        found.append(read_head(block, trust.verify, may_sign))
        previous = found[-1].head.previous
    return found[::-1]


async def _open(store: BlockStore, believed: Believed, opens: Opens, aead: Aead) -> Opened:
    state, says = await open_state(store, believed, opens, aead), believed.signed.head
    check_turn(state, says)
    return Opened(state, unpack_beside(state.head, state.beside), state_id(state.head.pico))
