"""Stores of content-addressed blocks, and the book of who has to have which."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from engine.core.blocks.dag_cbor import LARGEST_BLOCK as LARGEST_BLOCK
from engine.core.cids import Cid
from engine.core.replicas import Replication


class BlockStore(Protocol):
    """Blocks by their CIDs: version 1, codec raw or dag-cbor, sha2-256; at most `LARGEST_BLOCK` bytes each.

    Blocks never change, so that anything may be put, pinned or unpinned again, and several things may be
    asked of a store at a time. A call takes any number of blocks in any order; a store splits that up as it
    likes, and one call that fails may have done a part. No call waits for ever. What can go wrong outside
    is one of `StoreFailed`; a block that is too large or a CID of another kind is a `ValueError`.
    """

    @property
    def name(self) -> str:
        """What people know it by, in settings, logs and metrics."""

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        """Keep them. They are as durable as they get here when it returns, and stay for a while although
        nothing is pinned yet; those that were here already count as put again. Raises `WrongBytes` before
        anything is stored, `StoreFull` and `StoreUnavailable`."""

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        """Those of them that are here, each hashed again; a CID that is not in it was not found, as far as
        the store can tell within its own deadline. Raises `WrongBytes`, which has the good ones, and
        `StoreUnavailable`."""

    async def has_many(self, cids: Iterable[Cid]) -> set[Cid]:
        """Those of them that are here. Only `put_many` and `pin` promise that they stay: before it is pinned
        a block that was put long ago may go. Raises `StoreUnavailable`."""

    async def pin(self, root: Cid) -> None:
        """Keep a block and all that it leads to, through links, until it is unpinned. Pinning it twice is
        pinning it once. Durable when it returns. Raises `MissingBlocks` if some of them are not here,
        `StoreFull` and `StoreUnavailable`."""

    async def unpin(self, root: Cid) -> None:
        """Nobody needs it any more but through other roots; the blocks go when the store sees fit. One that
        is not pinned may be unpinned too. Raises `StoreUnavailable`."""

    async def roots(self) -> frozenset[Cid]:
        """What is pinned by `pin`. Raises `StoreUnavailable`."""

    async def close(self) -> None:
        """Let go of files and connections; calls under way end first or fail with `StoreUnavailable`."""


@runtime_checkable
class GivesTrees(Protocol):
    """What a store may do besides: some give a whole tree sooner than its blocks."""

    def get_tree(self, root: Cid) -> AsyncIterator[Mapping[Cid, bytes]]:
        """All that a root leads to, itself included, in pieces that are hashed. Raises `MissingBlocks`,
        `WrongBytes` and `StoreUnavailable`; what came before is good."""


class StoreFailed(Exception):
    """A store that did not do what it was asked. The message says why; `store` is its name."""

    def __init__(self, store: str, reason: str) -> None:
        super().__init__(f"{store}: {reason}")
        self.store = store
        self.reason = reason


class StoreUnavailable(StoreFailed):
    """Dead, too slow, closed or refusing: the same call may go well later."""


class StoreFull(StoreFailed):
    """It has no room. What is there can be read, and unpinning may help."""


class StoreReadOnly(StoreFailed):
    """Blocks can be had from it, and nothing else."""


class WrongBytes(StoreFailed):
    """Bytes that are not those which a CID names: `cids` says which. `found` has the good ones of a call that
    fetched several."""

    def __init__(
        self, store: str, reason: str, cids: Iterable[Cid], found: Mapping[Cid, bytes] | None = None
    ) -> None:
        super().__init__(store, reason)
        self.cids = frozenset(cids)
        self.found: Mapping[Cid, bytes] = found or {}


class MissingBlocks(StoreFailed):
    """A root that cannot be pinned: blocks that it leads to are not here. `cids` has those that the store
    knows of, or the root alone when it cannot say."""

    def __init__(self, store: str, reason: str, cids: Iterable[Cid]) -> None:
        super().__init__(store, reason)
        self.cids = frozenset(cids)


class Goal(NamedTuple):
    """What a store is to have for a keeper: a root with all below it, or nothing any more."""

    store: str
    keeper: str
    root: Cid | None


class Kept(NamedTuple):
    """What a keeper wants to be kept, and the stores that are to have it."""

    keeper: str
    root: Cid
    replication: Replication
    stores: frozenset[str]


class ReplicationLedger(Protocol):
    """The durable memory of what each store is to have, has, and may have. What one call changes is durable,
    as a whole, when it returns. Each raises `StoreUnavailable` and `StoreFull`.

    A *keeper* is whoever wants one root kept: a pico, mostly. A store is to have a keeper's newest root only.
    """

    async def want(
        self, keeper: str, root: Cid | None, replication: Replication, local: str, stores: Collection[str]
    ) -> None:
        """That root from now on, which is pinned in the local store, in these stores, and in no others; or
        nothing any more. Opens the goals that follow from it."""

    async def kept(self, after: str, limit: int) -> Sequence[Kept]:
        """The next keepers after this one, by name."""

    async def next_goals(self, store: str, limit: int) -> Sequence[Goal]:
        """The first open ones. A store that is to have nothing of a keeper any more waits until all
        that are to have something have it."""

    async def goal(self, store: str, keeper: str) -> Goal | None:
        """What it is now, open or not."""

    async def close_goal(self, goal: Goal) -> None:
        """It is reached, if it still is the goal."""

    async def postpone(self, goal: Goal) -> None:
        """Others have their turn first."""

    async def begin_pin(self, store: str, keeper: str, root: Cid) -> bool:
        """The store may have a root pinned for a keeper from now on; whether it may have had it before. Opens
        the goal, so that whoever comes after a crash looks."""

    async def end_pin(self, store: str, keeper: str, root: Cid) -> None:
        """It surely has."""

    async def drop_pin(self, store: str, keeper: str, root: Cid, closing: Goal | None = None) -> None:
        """It surely has not, or others want it; with that a goal may be reached, which is closed then."""

    async def pins(self, store: str, keeper: str) -> Mapping[Cid, bool]:
        """The roots that a store may have pinned for a keeper, and whether that is sure."""

    async def has_other_keepers(self, store: str, keeper: str, root: Cid) -> bool:
        """Whether a root may be pinned there for somebody else too."""

    async def check_pins(self, store: str, roots: Collection[Cid]) -> int:
        """These are pinned there, and nothing else: what is missing is opened again, and how many that are.
        If there are any, what the store was thought to hold is forgotten."""

    async def held(self, store: str, cids: Collection[Cid]) -> set[Cid]:
        """Those of which a store holds all that they lead to, as far as is known."""

    async def hold(self, store: str, cids: Collection[Cid]) -> None:
        """It has these now, and all below them."""

    async def forget(self, store: str, cids: Collection[Cid]) -> None:
        """It may have lost these."""

    async def open_goals(self) -> Mapping[str, int]:
        """How many there are, by store."""
