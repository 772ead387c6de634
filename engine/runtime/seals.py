"""Sealing a pico: its newest committed state becomes a tree of encrypted blocks, and a signed head says so.

The order is what makes a crash harmless. The blocks are durable in the local store before the head is signed;
the head is durable in the journal before anybody else sees it; only then it is put among the blocks and
pinned, which lets go of the one before and tells other stores. So there is never a head without its blocks,
and of a turn never more than one: whoever seals it again publishes the one that is kept.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from engine.core.blocks.errors import MissingBlock
from engine.core.blocks.heads import SignedHead, StateHead, sign_head
from engine.core.blocks.keys_block import MOST_BOXES, KeysBlock, write_keys
from engine.core.blocks.walks import PlainBlocks, from_memory, on_blocks
from engine.core.cids import Cid, cid_text
from engine.core.codec import Plain
from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.model import EMPTY, Eci, PicoId
from engine.ports import Acting, BadLog, Journal, KeptLog, Keys, MissingBlocks, SetFact, StoreFailed
from engine.runtime.besides import pack_beside
from engine.runtime.captures import Capture, Captures
from engine.runtime.channel_keys import NamedChannel, pack_name
from engine.runtime.deposits import deposits_in
from engine.runtime.identities import SIGNING, life_purpose
from engine.runtime.kept_heads import KeptHeads
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.lives import Lives
from engine.runtime.many_stores import ManyStores
from engine.runtime.owners_promises import OwnersPromises
from engine.runtime.pico_owners import pack_owners
from engine.runtime.replication_policies import Policies
from engine.runtime.restored import restored
from engine.runtime.sealed_trees import CannotSeal, SealedTree, SealedTrees
from engine.runtime.state_keys import Guarded, Ring, StateKeys
from engine.runtime.walking import Tally, drive

log = structlog.get_logger("picomesh.seals")

HURRY = 0.0
"""Work without pauses: somebody waits."""

Sign = Callable[[bytes, bytes], bytes]
"""The signature of a message with an Ed25519 seed."""
Name = Callable[[bytes], DidKey]
"""Whose seed that is."""
NewTurn = Callable[[PicoId], Awaitable[object]]
"""Has a pico take a turn that changes nothing, so that there can be another head of it."""
Named = Callable[[Eci, Sequence[Did]], Sequence[NamedChannel]]
"""DIDs of a channel with their keys."""
CHANNELS_AT_ONCE = 10
"""Whose keys are made before others may run: it takes a fifth of a millisecond for each, once."""
COPIED = "yes"
NAMES = "did:scid:"
"""What the keepers of heads begin with: they are the picos' names for life."""
Sealed = Callable[[PicoId, SignedHead], None]
"""Told that a state is sealed and pinned here."""


def from_copy(pico: PicoId) -> str:
    """The fact that a pico came back from a copy, or when it began a new epoch for that reason."""
    return f"from a copy {pico}"


def _tell_nobody(pico: PicoId, signed: SignedHead) -> None:
    """Nobody has to know."""


@dataclass(frozen=True, slots=True)
class Who:
    """As whom a pico is sealed: its name, the log that proves it, and the keys."""

    name: Did
    log: KeptLog
    acting: Acting
    ring: Ring
    seed: bytes = field(repr=False)
    by: DidKey
    """Whose seed that is."""


class Seals:
    """`new_turn` and `told` are set by whoever has picos."""

    def __init__(
        self,
        journal: Journal,
        captures: Captures,
        trees: SealedTrees,
        heads: KeptHeads,
        lives: Lives,
        state_keys: StateKeys,
        policies: Policies,
        promises: OwnersPromises,
        stores: Callable[[], Awaitable[ManyStores]],
        keys: Keys,
        sign: Sign,
        name_of: Name,
        now_ms: Callable[[], int],
        new_turn: NewTurn,
        named: Named,
    ) -> None:
        self.heads = heads
        self.state_keys = state_keys
        self.policies = policies
        self.promises = promises
        self.stores = stores
        self.told: Sealed = _tell_nobody
        self._journal = journal
        self._captures = captures
        self._trees = trees
        self._lives = lives
        self._keys = keys
        self._sign = sign
        self._name_of = name_of
        self._now_ms = now_ms
        self._new_turn = new_turn
        self._named = named
        self._lost: defaultdict[PicoId, set[Cid]] = defaultdict(set)
        """What picos have put and no store has."""
        self._locks = KeyedLocks()

    # --- what is known ---

    def newest(self, pico: PicoId) -> SignedHead | None:
        """The newest head of a pico. Raises `ForgedHead`."""
        return self.heads.newest(pico)

    async def history(self, pico: PicoId) -> list[SignedHead]:
        """Its heads that are remembered, the oldest first. Raises `BlockError`."""
        return await self.heads.history(pico)

    # --- sealing ---

    async def seal(self, pico: PicoId, rest: float = HURRY) -> SignedHead:
        """The head of its newest committed state, signed, pinned here and on its way elsewhere. `rest`: see
        `engine.runtime.walking.drive`. Raises `CannotSeal`, `BlockError`, `StoreFailed`, `JournalFailed` and
        `Unreadable`."""
        async with self._locks.holding(pico):
            for _ in range(3):
                signed = await self._seal(pico, rest)
                if signed is not None:
                    return signed
                # A turn has one head, and something has to be said of it that its head does not say.
                await self._new_turn(pico)
            raise CannotSeal(f"what is sealed of pico {pico} is lost again as soon as it is made")

    async def _seal(self, pico: PicoId, rest: float) -> SignedHead | None:
        """None if the pico needs another turn for that."""
        who = await self._who(pico)
        capture = await self._captures.take(pico)
        beside = PlainBlocks()
        keys = write_keys(KeysBlock(who.ring.boxes, who.log.lines, who.log.approvals), beside)
        newest = self.heads.newest(pico)
        if newest is not None and newest.head.place >= (who.acting.epoch, capture.head.pico.seq):
            is_as_wanted = newest.head.keys == keys and await self._publish(pico, newest, beside.new)
            return newest if is_as_wanted else None
        root = await self._plant(capture, who, rest, beside.new)
        signed = self._sign_head(capture, who, root, keys, newest)
        await self._journal.commit(self.heads.writes(pico, signed))
        return signed if await self._publish(pico, signed) else None

    async def _who(self, pico: PicoId) -> Who:
        try:
            name = await self._lives.name(pico)
            await self._begin_epoch(pico)
            await self.promises.keep(pico)
            kept = self._lives.kept(pico)
            assert kept is not None, "whoever has a name for life has a log"
            acting = self.heads.acting(kept)
        except BadLog as problem:
            raise CannotSeal(str(problem)) from None
        seed = self._seed(pico)
        by = self._name_of(seed)
        if not acting.may(acting.epoch, by):
            raise CannotSeal(
                f"the log of pico {pico} does not name this engine's key, so nobody would believe its heads; "
                "`picomesh did recover` takes the pico up here"
            )
        guarded = Guarded(acting.needed, acting.guardians)
        self._check_readers(pico, guarded)
        ring = await self.state_keys.ring(pico, name, acting.epoch, guarded)
        return Who(name, kept, acting, ring, seed, by)

    def _check_readers(self, pico: PicoId, guarded: Guarded) -> None:
        count, most = len(self.state_keys.owners.of(pico)), MOST_BOXES - 2 - len(guarded.members)
        if count > most:
            raise CannotSeal(
                f"pico {pico} has {count} owners, and a state opens for {most} at most beside its guardians; "
                "`picomesh owners --remove` makes them fewer"
            )

    async def _begin_epoch(self, pico: PicoId) -> None:
        """A pico that came back from a copy, alone or with its whole home, may have had turns, and heads of
        them, after it was copied. Those to come are of another epoch, and so contradict none of these."""
        began = self._journal.fact(from_copy(pico)) or "0"
        if began != COPIED and not any(one.restored_ms > int(began) for one in restored(self._journal.fact)):
            return
        told = await self._lives.rotate(Eci(pico))
        if isinstance(told, Refusal):
            raise CannotSeal(f"pico {pico} came back from a copy, and needs a new epoch: {told.reason}")
        await self._journal.commit([SetFact(from_copy(pico), str(self._now_ms()))])

    def _seed(self, pico: PicoId) -> bytes:
        """Of the key that the log's document names for signatures of the pico."""
        return self._keys.derive(f"{life_purpose(pico, self._lives.stay(pico))}/{SIGNING}")

    async def _plant(self, capture: Capture, who: Who, rest: float, beside: Mapping[Cid, bytes]) -> Cid:
        """The root of its tree, which is durable with the blocks beside it."""
        try:
            return await self._plant_once(capture, who, rest, beside)
        except (MissingBlock, MissingBlocks):
            # The tree went on from blocks that the store has lost. It is gone; a new one asks for none.
            return await self._plant_once(capture, who, rest, beside)

    async def _plant_once(self, capture: Capture, who: Who, rest: float, more: Mapping[Cid, bytes]) -> Cid:
        pico, tally = capture.head.pico, Tally()
        tree = self._trees.take(pico, who.ring)
        await tree.tail.read_on(self._journal, pico.id, pico.seq)
        names, stores = await self._pack_names(tree, capture.beside.dids), await self.stores()
        policy, owners = self.policies.told(pico.id), pack_owners(self.state_keys.owners.of(pico.id))
        beside = pack_beside(capture.beside, tree.tail, names, policy, owners)
        # After the capture: what was to be put, and is not among these, is still to be put there.
        lost, found = self._lost.get(pico.id, ()), await deposits_in(stores, pico.id)
        deposits = tuple(one for one in found if one.cid not in lost)
        since = [] if tree.tree.seq is None else tree.tail.since(tree.tree.seq)
        writing = tree.tree.write(capture.head, beside, deposits, since)
        walk = on_blocks(from_memory(writing, tree.blocks.nodes), tree.blocks)
        tree.blocks.new.update(more)  # one write to the disk for both
        root = await drive(walk, stores, tree.blocks, rest, tally)
        if capture.is_awake:
            self._trees.give_back(pico, tree, tally.bytes)
        log.debug("state written", pico=pico.id, turn=pico.seq, blocks=tally.blocks, bytes=tally.bytes)
        return root

    async def _pack_names(self, tree: SealedTree, dids: Sequence[tuple[Did, Eci]]) -> list[Plain]:
        """The DIDs of all channels, with their keys. What was packed before is the same object again."""
        channels: dict[Eci, list[Did]] = {}
        for did, eci in dids:
            channels.setdefault(eci, []).append(did)
        for number, (eci, names) in enumerate(channels.items()):
            if any(did not in tree.names for did in names):
                tree.names.update((one.did, pack_name(one)) for one in self._named(eci, names))
                if number % CHANNELS_AT_ONCE == 0:
                    await asyncio.sleep(0)
        tree.names = {did: tree.names[did] for did, _ in dids}
        return list(tree.names.values())

    def _sign_head(
        self, capture: Capture, who: Who, root: Cid, keys: Cid, newest: SignedHead | None
    ) -> SignedHead:
        seq, previous = capture.head.pico.seq, None if newest is None else newest.cid
        says = StateHead(who.name, who.acting.epoch, seq, root, keys, previous, self._now_ms(), who.by)
        return sign_head(says, lambda message: self._sign(who.seed, message))

    async def _publish(self, pico: PicoId, signed: SignedHead, beside: Mapping[Cid, bytes] = EMPTY) -> bool:
        """Pin a head that is kept, with blocks beside it; whether all that it leads to was there."""
        stores, blocks = await self.stores(), {**beside, signed.cid: signed.block}
        try:
            await stores.keep(signed.head.pico, signed.cid, self.policies.of(pico), blocks)
        except MissingBlocks as problem:
            log.warning("blocks of a sealed state are lost; it is sealed anew", pico=pico, why=str(problem))
            self._trees.forget(pico)
            await self._look_for_deposits(pico)
            return False
        self.told(pico, signed)
        return True

    async def _look_for_deposits(self, pico: PicoId) -> None:
        """What it has put cannot be made anew like its state. If no store has it, the state goes without: it
        stays the pico's, and is looked for again by the next run of the engine."""
        stores = await self.stores()
        self._lost.pop(pico, None)
        for one in await deposits_in(stores, pico):
            try:
                await stores.bring(one.cid)
            except StoreFailed as problem:
                log.warning("what a pico has put is lost", pico=pico, cid=cid_text(one.cid), why=str(problem))
                self._lost[pico].add(one.cid)

    async def publish(self, pico: PicoId) -> None:
        """Pin the newest head that is kept, if all is there. Raises as `seal` does."""
        async with self._locks.holding(pico):
            if (newest := self.heads.newest(pico)) is not None:
                await self._publish(pico, newest)

    async def forget(self, pico: PicoId) -> None:
        """The pico was deleted: nothing of it is kept any more, here or elsewhere."""
        async with self._locks.holding(pico):  # it may be sealed right now, and pinned after that
            self._trees.forget(pico)
            self._lost.pop(pico, None)
            newest = self.heads.newest(pico)
            if newest is not None:
                await (await self.stores()).release(newest.head.pico)

    async def release_gone(self) -> None:
        """The same of all that are not here any more: a crash may have come between the end of a pico and the
        release of its pins, or have ended the coming back of one."""
        stores = await self.stores()
        async for kept in stores.keepers(NAMES):
            if self._lives.pico_of(kept.keeper) is None:
                log.info("what was sealed of a pico that is no more is released", did=kept.keeper)
                await stores.release(kept.keeper)
