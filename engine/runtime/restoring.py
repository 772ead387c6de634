"""A pico brought back from sealed blocks: into a journal, as it was when it was sealed. One commit makes it a
pico; what is large comes before it, in pieces (`piecemeal`), while others go on.

What is refused says why by its class: those of `engine.core.blocks.errors` for blocks, keys and heads that
are not what they have to be, `OldHead` for a head that is followed by one that is known here, `TwoHeads` for
one that contradicts it, `AlreadyHere` for a pico that lives. Nothing has changed then, but that a
contradiction is kept as evidence. Its blocks are kept before it lives: whoever dies in between
has blocks that nobody wants, which the next start finds, and not a pico without them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from engine.core.blocks.deposited import Deposited
from engine.core.blocks.errors import BlockError, ForgedHead
from engine.core.blocks.heads import SignedHead, TwoHeads, refuse_old
from engine.core.blocks.sealing import Aead, Keyring
from engine.core.blocks.state import State
from engine.core.cids import Cid
from engine.core.dids import Did, scid_in
from engine.core.model import Eci, Pico, PicoId
from engine.core.replicas import Replication
from engine.ports import (
    BirthPico,
    BlockStore,
    Journal,
    JournalFailed,
    KeptLog,
    SetFact,
    SetTimer,
    Write,
)
from engine.runtime.besides import Unpacked, unpack_beside
from engine.runtime.channel_keys import ChannelKeys
from engine.runtime.courtesy import resting
from engine.runtime.earlier_states import keep_earlier, open_earlier
from engine.runtime.kept_heads import KeptHeads
from engine.runtime.keyed_locks import KeyedLocks
from engine.runtime.lives import Lives
from engine.runtime.past import first_record
from engine.runtime.pico_owners import PicoOwner
from engine.runtime.piecemeal import PART_BYTES, bring_in_parts, forget_arrivals
from engine.runtime.preparation import name_state
from engine.runtime.rebirths import around
from engine.runtime.replication_policies import Policies
from engine.runtime.sealed_states import Believed, Trust, believe, check_turn, open_tree
from engine.runtime.seals import COPIED, from_copy
from engine.runtime.state_keys import Opens, StateKeys

REST = 0.25
"""While an engine runs. Its picos then notice little, and it takes a quarter longer."""


@dataclass(frozen=True, slots=True)
class TakenUp:
    """What the owner who brings a pico back does for it besides opening its state."""

    log: KeptLog | None = None
    """As it goes on here, if the owner may write in it."""
    owner: PicoOwner | None = None
    """Who that is, and stays."""
    why_not: str | None = None
    """Why the log does not go on here by the hand of whoever has that key."""
    is_named: bool = False
    """Whether the log names this home's own engine already, which goes on with it."""


NOBODY = TakenUp()
TakeUp = Callable[[PicoId, KeptLog], TakenUp]
"""What somebody does with the log of a pico; everything is checked before."""


def leave(pico: PicoId, log: KeptLog) -> TakenUp:
    """Nobody is there who could do more than open a state."""
    return NOBODY


class AlreadyHere(BlockError):
    """A pico that is to be brought back, and lives here."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A pico that nothing speaks against, and that does not live here yet."""

    pico: Pico
    signed: SignedHead
    deposits: Sequence[Deposited]
    """What it has put for everybody."""
    replication: Replication
    """Where it wants its blocks."""
    owners: tuple[PicoOwner, ...] = ()


Prepare = Callable[[Coming], Awaitable[Sequence[Write]]]
"""What has to be done before it lives, such as keeping its blocks; and what else is written when it does."""


async def nothing_first(coming: Coming) -> Sequence[Write]:
    """Its blocks are wherever they are."""
    return ()


@dataclass(frozen=True, slots=True)
class Restored:
    pico: Pico
    signed: SignedHead
    log: KeptLog
    state_id: str
    records: int
    """Of its newest turns, which came along."""
    due_ms: int | None
    """When its first timer is due."""
    taken_up: TakenUp = NOBODY
    owners: tuple[PicoOwner, ...] = ()


class Restoring:
    def __init__(
        self,
        journal: Journal,
        heads: KeptHeads,
        lives: Lives,
        state_keys: StateKeys,
        policies: Policies,
        trust: Trust,
        aead: Aead,
        channel_keys: ChannelKeys,
        part_bytes: int = PART_BYTES,
    ) -> None:
        self._journal = journal
        self._heads = heads
        self._lives = lives
        self._state_keys = state_keys
        self._policies = policies
        self._trust = trust
        self._aead = aead
        self._channel_keys = channel_keys
        self._part_bytes = part_bytes
        self._locks = KeyedLocks()

    async def restore(
        self,
        head: Cid,
        store: BlockStore,
        opens: Opens,
        newer_log: KeptLog | None = None,
        prepare: Prepare = nothing_first,
        take_up: TakeUp = leave,
        rest: float = REST,
        earlier: Cid | None = None,
    ) -> Restored:
        """Have a pico back as the head of that name says it was. `newer_log`: the pico's log, where somebody
        has one that says more than the one beside the head. `rest`: how long others have the interpreter
        after each piece of work, in lengths of that piece. `earlier`: the state before its newest records,
        where that came along; then these can be run again here. Raises `BlockError` and `StoreFailed`, and
        what `prepare` raises."""
        with resting(rest):
            return await self._restore(head, store, opens, newer_log, prepare, take_up, rest, earlier)

    async def _restore(
        self,
        head: Cid,
        store: BlockStore,
        opens: Opens,
        newer_log: KeptLog | None,
        prepare: Prepare,
        take_up: TakeUp,
        rest: float,
        earlier: Cid | None,
    ) -> Restored:
        believed = await believe(store, head, self._trust)
        says = believed.signed.head
        log = self._newest_log(believed, newer_log)
        await self._refuse_known(believed.signed)
        keys = opens(says.pico, believed.beside.boxes)
        state = await open_tree(store, says.root, Keyring(keys), self._aead, rest)
        pico = state.head.pico
        self._check(state, believed.signed)
        beside = await asyncio.to_thread(unpack_beside, state.head, state.beside)
        before = None
        if earlier is not None:
            before = await open_earlier(store, earlier, beside.records, Keyring(keys), self._aead, rest)
        identity = await asyncio.to_thread(name_state, pico)
        wanted = self._policies.read(beside.policy)
        taken_up = await asyncio.to_thread(take_up, pico.id, log)
        owners, log = _with(taken_up.owner, beside.owners), taken_up.log or log

        async def rest_of_it() -> list[Write]:
            more = await prepare(Coming(pico, believed.signed, state.deposits, wanted, owners))
            brought = await asyncio.to_thread(self._channel_keys.writes, beside.named)
            return [
                *self._around(state, beside),
                *keep_earlier(self._journal, pico.id, before, but=state.texts),
                *self._lives.adopt(pico.id, log, Did(says.pico)),
                *self._heads.writes(pico.id, believed.signed),
                self._state_keys.writes(pico.id, says.pico, keys, {}),
                *brought,
                *self._state_keys.owners.writes(pico.id, owners),
                SetFact(from_copy(pico.id), COPIED),
                SetFact(first_record(pico.id), str(pico.seq - len(beside.records) + 1)),
                *more,
            ]

        async with self._locks.holding(pico.id):
            self._refuse_here(pico)
            writes = await self._write(state, beside, rest_of_it)
        due_ms = min((one.due_ms for one in writes if isinstance(one, SetTimer)), default=None)
        count = len(beside.records)
        return Restored(pico, believed.signed, log, identity, count, due_ms, taken_up, owners)

    async def _write(
        self, state: State, beside: Unpacked, rest_of_it: Callable[[], Awaitable[list[Write]]]
    ) -> list[Write]:
        """What is large comes in pieces first; then one commit makes it a pico. What was written there."""
        pico = state.head.pico
        try:
            arrived = await bring_in_parts(self._journal, state.head, beside.records, self._part_bytes)
            writes = await rest_of_it()
            self._refuse_here(pico)  # again: it is some time later, and none of it until it is written
            parent = None if pico.parent is None else self._journal.find_channel(pico.parent)
            born = BirthPico(pico.id, parent, pico.seq, arrived.body, arrived.parts)
            writes = [*arrived.writes, born, *writes]
            await self._journal.commit(writes)
        except Exception:
            with suppress(JournalFailed):  # then it goes at the next start
                await forget_arrivals(self._journal, pico.id)
            raise
        return writes

    # --- what is refused ---

    def _newest_log(self, believed: Believed, newer: KeptLog | None) -> KeptLog:
        """The longest of the logs that are known, and of two as long not the one that came along. The head
        has to be right by it: whoever has lost a pico may have signed, and put its own log beside."""
        scid = scid_in(believed.signed.head.pico)
        known = None if scid is None else self._lives.own(scid)
        logs = [*(one for one in (newer, known) if one is not None), believed.log]
        newest = max(logs, key=lambda log: self._trust.acting(log).epoch)
        acting, says = self._trust.acting(newest), believed.signed.head
        if acting.name != says.pico or not acting.may(says.epoch, says.by):
            raise ForgedHead(
                f"by the newest log of {says.pico} that is known, {says.by} was not to sign heads of epoch "
                f"{says.epoch}"
            )
        return newest

    async def _refuse_known(self, signed: SignedHead) -> None:
        scid = scid_in(signed.head.pico)
        known = None if scid is None else self._journal.fact(f"pico of {scid}")
        if known is None:
            return
        pico = PicoId(known)
        if (newest := self._heads.newest(pico)) is not None:
            if (evidence := await self._heads.see(pico, signed)) is not None:
                raise TwoHeads(evidence)
            refuse_old(newest, signed)
        if self._journal.find_channel(Eci(pico)) is not None:
            raise AlreadyHere(f"{signed.head.pico} lives here, as pico {pico}; delete it, or let it be")

    def _refuse_here(self, pico: Pico) -> None:
        for eci in (Eci(pico.id), *pico.channels):
            if (holder := self._journal.find_channel(eci)) is not None:
                raise AlreadyHere(f"the channel {eci} of pico {pico.id} is one of {holder}, which lives here")

    def _check(self, state: State, signed: SignedHead) -> None:
        check_turn(state, signed.head)
        self._refuse_here(state.head.pico)

    # --- what is written ---

    def _around(self, state: State, beside: Unpacked) -> Iterator[Write]:
        """All but the pico itself and its records."""
        yield from around(self._journal, state, beside)
        if beside.policy is not None:
            yield self._policies.write(state.head.pico.id, beside.policy)


def _with(one: PicoOwner | None, owners: Sequence[PicoOwner]) -> tuple[PicoOwner, ...]:
    others = (other for other in owners if one is None or other.key != one.key)
    return (*others,) if one is None else (one, *others)
