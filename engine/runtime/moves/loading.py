"""The side of a state on its way where it leaves: it is made into blocks, and these are given out.

The blocks are sealed with a key that goes with the pico from engine to engine, under which equal parts of two
states are equal blocks. As long as a pico is about to leave, its tree is remembered: what changes while most
of it is carried ahead then costs no more than itself.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.block_links import links_of_block
from engine.core.blocks.errors import BlockError
from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import StateTree, texts_of
from engine.core.blocks.walks import Wanted, on_blocks
from engine.core.cids import Cid, cid_text, read_cid
from engine.core.dids import Did
from engine.core.migration.messages import Head
from engine.core.model import Eci, PicoId, RulesetHash
from engine.core.protocols.migration_goods import MOST_BYTES
from engine.ports import BlockStore, Journal, MissingBlocks, StoreFailed
from engine.runtime.begun_here import begin_here
from engine.runtime.besides import RecordEnd, Tail, pack_beside
from engine.runtime.block_walks import walk
from engine.runtime.captures import Capture, Captures
from engine.runtime.channel_keys import NamedChannel, pack_name
from engine.runtime.courtesy import resting
from engine.runtime.handled_ids import HANDLED, HandledIds, pack
from engine.runtime.moves.acquaintances import ACQUAINTED, acquaintances, finding_names
from engine.runtime.moves.cases import Has
from engine.runtime.moves.keeping import EPOCH, keep
from engine.runtime.moves.loads import Load
from engine.runtime.moves.small_freight import SmallFreight
from engine.runtime.pico_owners import PicoOwner, pack_owners
from engine.runtime.preparation import naming
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.walking import drive

MOST_REMEMBERED = 16
"""Trees. Whose is forgotten is looked through again."""

OwnersOf = Callable[[PicoId], Sequence[PicoOwner]]
NameChannels = Callable[[Eci, Sequence[Did]], Sequence[NamedChannel]]
"""DIDs of a channel with their keys."""
Stores = Callable[[], Awaitable[BlockStore]]


@dataclass(slots=True)
class _Tree:
    """Of one pico, and the blocks that it has consisted of since it is about to leave."""

    key: bytes
    blocks: SealedBlocks
    tree: StateTree
    texts: dict[RulesetHash, str]
    """That are still to be written."""
    written: frozenset[RulesetHash] = frozenset()
    tail: Tail = field(default_factory=Tail)
    handled: HandledIds = field(default_factory=HandledIds)
    sizes: dict[Cid, int] = field(default_factory=dict)
    root: str = ""
    before: str = ""
    difference: dict[Cid, bytes] | None = None
    """What the newest has that the one before it had not, if a message can hold it."""


class Loading:
    def __init__(
        self,
        journal: Journal,
        captures: Captures,
        stores: Stores,
        aead: Aead,
        owners_of: OwnersOf,
        named: NameChannels,
        small: SmallFreight,
    ) -> None:
        self._journal = journal
        self._captures = captures
        self._stores = stores
        self._aead = aead
        self._owners_of = owners_of
        self._named = named
        self._small = small
        self._trees: dict[str, _Tree] = {}
        self._reached: dict[str, tuple[str, frozenset[Cid]]] = {}
        """By pico: the blocks of a state that an earlier run of the engine has loaded."""

    async def load(self, pico: PicoId, did: str, key: bytes, rest: float = 0.0, is_last: bool = True) -> Load:
        """The newest state as blocks, which are kept until the next time. Of one that is not the last, which
        only goes ahead, nobody has to know how it is called. `rest`: how long others have the interpreter
        meanwhile, see `courtesy.resting`. Raises `CannotSeal`, `StoreFailed`, `BlockError` and
        `Unreadable`."""
        tree = self._trees.pop(did, None)  # whatever goes wrong, it is not what the store has any more
        if tree is None or tree.key != key:
            tree = self._plant(key)
        with resting(rest):
            load = await self._write(tree, pico, did, rest, is_last)
        self._trees[did] = tree
        while len(self._trees) > MOST_REMEMBERED:
            del self._trees[next(iter(self._trees))]
        return load

    async def load_small(self, pico: PicoId, key: bytes, has: Has) -> Load:
        """The newest state for one message. Raises `NotSmall` and what `load` raises."""
        return await self._small.load(await self._captures.take(pico), key, has, self._pack)

    def forget(self, did: str) -> None:
        """It stays, or is gone for good."""
        self._trees.pop(did, None)
        self._reached.pop(did, None)

    def _plant(self, key: bytes) -> _Tree:
        blocks, texts = SealedBlocks(Keyring({EPOCH: key}), self._aead), dict[RulesetHash, str]()
        return _Tree(key, blocks, StateTree(blocks, texts.__getitem__), texts)

    async def _write(self, tree: _Tree, pico: PicoId, did: str, rest: float, is_last: bool) -> Load:
        capture = await self._captures.take(pico)
        state = await begin_here(naming(capture.head.pico)) if is_last else ""
        texts = frozenset(texts_of(capture.head.pico))
        tree.texts.update({digest: self._text(digest) for digest in texts - tree.written})
        await tree.tail.read_on(self._journal, pico, capture.head.pico.seq)
        beside = await self._pack(capture, tree.tail, tree.handled, is_last=is_last)
        since = [] if tree.tree.seq is None else tree.tail.since(tree.tree.seq)
        store = _Noting(await self._stores(), tree.sizes)
        root = await drive(
            on_blocks(tree.tree.write(capture.head, beside, (), since), tree.blocks), store, tree.blocks, rest
        )
        tree.texts.clear()
        tree.written = texts
        await keep(await self._stores(), did, root)
        tree.before, tree.root, tree.difference = tree.root, cid_text(root), store.new
        head = Head(capture.head.pico.seq, state, tree.root)
        return Load(head, sum(tree.sizes.values()), store.size)

    async def _pack(
        self,
        capture: Capture,
        tail: Tail,
        handled: HandledIds,
        since: RecordEnd | None = None,
        is_last: bool = True,
    ) -> Mapping[str, object]:
        """What goes along beside a state: records since one that the other engine has, which then knows the
        ids of all events before, or the newest of all and the ids of the rest."""
        pico = capture.head.pico
        if since is None:
            await handled.read_on(self._journal, pico.id, pico.seq - len(tail.records))
        channels: dict[Eci, list[Did]] = {}
        for did, eci in capture.beside.dids:
            channels.setdefault(eci, []).append(did)
        named = {one.did: one for eci, dids in channels.items() for one in self._named(eci, dids)}
        names = [pack_name(named[did]) for did, _ in capture.beside.dids]
        packed = pack_beside(capture.beside, tail, names, None, pack_owners(self._owners_of(pico.id)), since)
        packed = {**packed, HANDLED: pack(handled)}
        if not is_last:
            return packed
        known = await begin_here(finding_names(capture.head, tail.records))
        return {**packed, ACQUAINTED: acquaintances(self._journal, known)}

    def _text(self, digest: RulesetHash) -> str:
        text = self._journal.ruleset_text(digest)
        if text is None:
            raise CannotSeal(f"the text {digest} of a ruleset is not in the journal")
        return text

    # --- giving ---

    async def at_hand(self, did: str, root: str, had: str, size: int) -> list[bytes]:
        """The blocks of a state which whoever has that other one lacks, if a message can hold them; else
        none."""
        tree = self._trees.get(did)
        if tree is not None and tree.root == root and tree.before == had and tree.difference is not None:
            return list(tree.difference.values())
        if size > LOOKED_THROUGH:
            return []
        store = await self._stores()
        try:
            there = await _reach(store, [read_cid(had)], None) if had else {}
            lacking = await _reach(store, [read_cid(root)], MOST_BYTES, there.keys())
        except (StoreFailed, BlockError, ValueError):
            return []
        return list(lacking.values())

    async def blocks_of(self, did: str, root: str) -> Collection[Cid]:
        """All blocks of the states in which that pico has been about to leave; whoever takes it may have
        these and no others. `root`: of the newest, if that is known."""
        tree = self._trees.get(did)
        if tree is not None or not root:
            return () if tree is None else tree.sizes.keys()
        known = self._reached.get(did)
        if known is None or known[0] != root:
            found = set[Cid]()
            async for part in walk(await self._stores(), [read_cid(root)]):
                found.update(part)
            self._reached[did] = known = root, frozenset(found)
        return known[1]

    async def give(self, cids: Sequence[Cid]) -> list[bytes]:
        """As many of these as go into a message, one at least if it is here."""
        store, given, size = await self._stores(), list[bytes](), 0
        for cid in cids:
            block = (await store.get_many([cid])).get(cid)
            size += 0 if block is None else len(block)
            if given and size > MOST_BYTES:
                break
            given += [] if block is None else [block]
        return given


LOOKED_THROUGH = 2 << 20
"""Bytes of a state that is looked through for what fits into the message itself."""


class _Noting:
    """A store where it is noted what is put into it; and kept too, while that is little."""

    def __init__(self, store: BlockStore, sizes: dict[Cid, int]) -> None:
        self._store = store
        self._sizes = sizes
        self.new: dict[Cid, bytes] | None = {}
        self.size = 0

    async def put_many(self, blocks: Mapping[Cid, bytes]) -> None:
        await self._store.put_many(blocks)
        for cid, block in blocks.items():
            self.size += 0 if cid in self._sizes else len(block)
            self._sizes[cid] = len(block)
        if self.size > MOST_BYTES:
            self.new = None
        elif self.new is not None:
            self.new.update(blocks)

    async def get_many(self, cids: Wanted) -> Mapping[Cid, bytes]:
        return await self._store.get_many(cids)


async def _reach(
    store: BlockStore, roots: list[Cid], most: int | None, but: Collection[Cid] = ()
) -> dict[Cid, bytes]:
    """All that roots lead to which is not among those others. Raises `ValueError` when it is too much."""
    seen, ahead, reached, size = {*but, *roots}, list(roots), dict[Cid, bytes](), 0
    while ahead:
        found = await store.get_many(await store.has_many(ahead))
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
