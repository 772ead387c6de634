"""A small state made into blocks for one message, and opened out of them.

Records that the other engine has from before do not go along, nor do texts of rulesets that it has: it says
in its acceptance what those are. The tree names them all the same, so that its root is that of the state.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from hashlib import sha256

from engine.core.blocks.dag_cbor import Link
from engine.core.blocks.planting import Planter
from engine.core.blocks.sealing import Aead, Keyring, SealedBlocks
from engine.core.blocks.state import State, StateTree, read_state, texts_of
from engine.core.blocks.values import utf8
from engine.core.blocks.walks import nothing_else, on_blocks
from engine.core.cids import cid_text, read_cid
from engine.core.migration.messages import Head
from engine.core.model import RulesetHash
from engine.core.records import record_hash
from engine.ports import Journal
from engine.runtime.begun_here import BRIEF_S, begin_here
from engine.runtime.besides import RecordEnd, Tail, Unpacked, unpack_beside
from engine.runtime.captures import Capture
from engine.runtime.handled_ids import HANDLED, HandledIds, unpack
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.cases import Has
from engine.runtime.moves.keeping import EPOCH
from engine.runtime.moves.loads import Arrived, Blocks, Load, NoFreight
from engine.runtime.moves.small_loads import MOST_BYTES, Hold, InMemory
from engine.runtime.preparation import naming
from engine.runtime.sealed_states import MOST_BYTES as LARGEST
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.walking import drive

FEW, SHORT = 100, 64 << 10
"""Records, and characters of them, that are read on the event loop."""
REMEMBERED = 1_024

PackBeside = Callable[[Capture, Tail, HandledIds, RecordEnd | None], Awaitable[Mapping[str, object]]]
"""What goes along beside the state."""


def may_be_small(mailbox: Mailbox, has: Has) -> bool:
    """Whether it is worth trying, by what is known of it without looking."""
    since = 0 if has.past is None else has.past[0]
    return mailbox.held_bytes < MOST_BYTES and mailbox.head.pico.seq - since <= FEW


class SmallFreight:
    def __init__(self, journal: Journal, aead: Aead) -> None:
        self._journal = journal
        self._aead = aead
        self._links: OrderedDict[tuple[bytes, RulesetHash], Link] = OrderedDict()
        """Of texts as they are sealed, by the hash of the key."""

    # --- leaving ---

    async def load(self, capture: Capture, key: bytes, has: Has, pack: PackBeside) -> Load:
        """Raises `NotSmall`, `CannotSeal`, `BlockError` and `Unreadable`."""
        head, since = capture.head, self._since(capture, has)
        tail = Tail(last=0 if since is None else since[0])
        await tail.read_on(self._journal, head.pico.id, head.pico.seq)
        if since is not None and head.pico.seq - len(tail.records) != since[0]:
            since = None  # it was too much to go along
        blocks, hold = self._sealed(key), Hold()
        links = {one: self._link(key, one) for one in texts_of(head.pico) if one in has.texts}
        # Before the walk, which may go on in a thread: the journal is read in its own only.
        texts = {one: self._text(one) for one in texts_of(head.pico) if one not in links}
        tree = StateTree(blocks, texts.__getitem__, links)
        walk = on_blocks(tree.write(head, await pack(capture, tail, HandledIds(), since)), blocks)
        root = await drive(walk, hold, blocks, here_s=BRIEF_S)
        state = await begin_here(naming(head.pico))
        return Load(Head(head.pico.seq, state, cid_text(root)), hold.size, hold.size, hold.blocks)

    def _since(self, capture: Capture, has: Has) -> RecordEnd | None:
        """The newest record that the other engine has, if it is ours too, and no message of it or of one
        before is still to be delivered."""
        if has.past is None:
            return None
        seq, chain = has.past
        pico, rest = capture.head.pico, capture.beside.rest
        if seq > pico.seq or (rest is not None and rest[0] <= seq):
            return None
        found = self._journal.records(pico.id, seq, seq)
        return has.past if found and record_hash(found[0]) == chain else None

    def _text(self, digest: RulesetHash) -> str:
        text = self._journal.ruleset_text(digest)
        if text is None:
            raise CannotSeal(f"the text {digest} of a ruleset is not in the journal")
        return text

    def _link(self, key: bytes, digest: RulesetHash) -> Link:
        """What a text is called in the tree, without its blocks."""
        name = sha256(key).digest(), digest
        if name not in self._links:
            self._links[name] = self._seal(self._sealed(key), digest)
            if len(self._links) > REMEMBERED:
                self._links.popitem(last=False)
        return self._links[name]

    def _seal(self, blocks: SealedBlocks, digest: RulesetHash) -> Link:
        return nothing_else(Planter(blocks, {}).write_text(utf8(self._text(digest))))

    def texts(self, key: bytes, digests: Sequence[str]) -> Blocks:
        """The blocks of texts that did not go along."""
        blocks = self._sealed(key)
        for digest in digests:
            self._seal(blocks, RulesetHash(digest))
        return blocks.new

    def _sealed(self, key: bytes) -> SealedBlocks:
        return SealedBlocks(Keyring({EPOCH: key}), self._aead)

    # --- coming ---

    async def open(self, head: Head, key: bytes, blocks: Blocks, has: Has) -> Arrived:
        """All of it is at hand, in these blocks or from before. Raises `NoFreight` and `BlockError`."""
        texts = {one: self._journal.ruleset_text(RulesetHash(one)) for one in has.texts}
        tree = read_state(read_cid(head.cid), LARGEST, find_text=texts.get)
        state = await drive(on_blocks(tree, self._sealed(key)), InMemory(blocks), here_s=BRIEF_S)
        name = await begin_here(naming(state.head.pico))
        if (state.head.pico.seq, name) != (head.sequence, head.state):
            raise NoFreight("the blocks are those of another state than the head says")
        try:
            unpack(state.beside.get(HANDLED))
        except (KeyError, TypeError, ValueError, AttributeError) as problem:
            raise NoFreight(f"the ids of events that it has handled are damaged: {problem!r}") from problem
        return Arrived(state, await _unpacked(state), head, blocks=blocks)


async def _unpacked(state: State) -> Unpacked:
    records = state.beside.get("records", ())
    if len(records) <= FEW and sum(map(len, records)) <= SHORT:
        return unpack_beside(state.head, state.beside)
    return await asyncio.to_thread(unpack_beside, state.head, state.beside)
