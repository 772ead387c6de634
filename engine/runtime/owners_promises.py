"""What the logs of picos promise their owners: the key with which an owner goes on as the pico elsewhere.

To open a state is one thing, to act as its pico another, and an owner does both with one file. So whenever a
pico is sealed its log is seen to promise each of its owners a key; once, so that whoever has the log promise
otherwise afterwards is not overruled. An owner who is none any more is promised nothing.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import (
    BadLog,
    Forget,
    Journal,
    LifelongLogs,
    OwnersKey,
    Promise,
    Promises,
    SetFact,
    Succession,
)
from engine.runtime.lives import Lives, needed
from engine.runtime.pico_owners import PicoOwner, PicoOwners, read_owner

log = structlog.get_logger("picomesh.owners")

SPENT = "all keys of theirs that are known here were promised before; name them again"
NOTHING_KNOWN = "only the name of their key is known; name them again"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a log stands to an owner. `why` says what keeps it from promising the key."""

    owner: PicoOwner
    is_promised: bool
    why: str | None = None


class OwnersPromises:
    def __init__(
        self,
        journal: Journal,
        owners: PicoOwners,
        lives: Lives,
        logs: LifelongLogs,
        succession: Succession,
        now_ms: Callable[[], int],
    ) -> None:
        self._journal = journal
        self._owners = owners
        self._lives = lives
        self._logs = logs
        self._succession = succession
        self._now_ms = now_ms
        self._refused: dict[tuple[PicoId, str], str] = {}
        """Why what was due could not be promised, the last time."""

    async def name(self, owners: Sequence[object]) -> None:
        """From now on these are owners of all picos, and what they may be promised is this. Raises
        `NotADidKey` and `TooManyOwners`."""
        now_ms = self._now_ms()
        given = [read_owner(one, now_ms) for one in owners]
        # Later than before, whatever the clock says: what was promised then is looked at again.
        before = {one.key: self._owners.known(one.key).named_ms for one in given}
        await self._owners.name([replace(one, named_ms=max(now_ms, before[one.key] + 1)) for one in given])

    async def keep(self, pico: PicoId) -> None:
        """Have the log of a pico promise what is due. What it cannot promise ends nobody's work."""
        done = dict(json.loads(self._journal.fact(_done(pico)) or "{}"))
        due = [one for one in self._owners.of(pico) if one.hashes and done.get(one.key) != one.named_ms]
        for owner in due:
            why = await self._promise(pico, owner)
            if why is None:
                done[owner.key] = owner.named_ms
            self._note(pico, owner, why)
        if any(done.get(one.key) == one.named_ms for one in due):
            await self._journal.commit([self.written(pico, done)])

    def written(self, pico: PicoId, done: dict[str, int]) -> SetFact:
        """That these owners, named at these times, have been promised what is theirs."""
        return SetFact(_done(pico), json.dumps(done))

    async def _promise(self, pico: PicoId, owner: PicoOwner) -> str | None:
        """Why not, if not."""
        try:
            promises = await self._promises(pico)
        except BadLog as problem:
            return str(problem)
        if not promises.now.isdisjoint(owner.hashes):
            return None
        key = next((one for one in owner.hashes if one not in promises.ever), None)
        if key is None:
            return SPENT
        change = Promise(OwnersKey(key, owner.approving))
        told = await self._lives.write(
            Eci(pico), lambda pico, kept, now_s: self._succession.change(pico, needed(kept), change, now_s)
        )
        return told.reason if isinstance(told, Refusal) else None

    def _note(self, pico: PicoId, owner: PicoOwner, why: str | None) -> None:
        if why is None:
            self._refused.pop((pico, owner.key), None)
        elif self._refused.get((pico, owner.key)) != why:
            self._refused[pico, owner.key] = why
            log.warning("a log does not promise an owner's key", pico=pico, owner=owner.key, why=why)

    async def _promises(self, pico: PicoId) -> Promises:
        kept = needed(self._lives.kept(pico))
        # In a thread: to verify a log takes milliseconds, and there may be thousands.
        return await asyncio.to_thread(self._logs.promises, pico, kept, self._now_ms() / 1000)

    # --- what is promised ---

    async def standings(self, pico: PicoId) -> tuple[list[Standing], int]:
        """For each owner of a pico that has a log; and how many keys of nobody who is known it promises.
        Raises `BadLog`."""
        owners, promised = self._owners.of(pico), (await self._promises(pico)).now
        known = {digest for one in owners for digest in one.hashes}
        return [self._standing(pico, one, promised) for one in owners], len(promised - known)

    def _standing(self, pico: PicoId, owner: PicoOwner, promised: frozenset[str]) -> Standing:
        is_promised = not promised.isdisjoint(owner.hashes)
        why = self._refused.get((pico, owner.key)) if owner.hashes else NOTHING_KNOWN
        return Standing(owner, is_promised, None if is_promised else why)

    # --- what is promised no more ---

    async def withdraw(self, owner: PicoOwner) -> dict[PicoId, str | None]:
        """Have no log promise that owner anything. Of each that did: why it still does, if it does."""
        told: dict[PicoId, str | None] = {}
        for pico in self._lives.not_ended():
            kept = self._lives.kept(pico)
            await asyncio.sleep(0)
            if kept is None or not self._lives.is_here(pico):
                continue
            # Of most logs it is seen at once that they are about others.
            if any(digest in kept.lines for digest in owner.hashes):
                promised = (await self._promises(pico)).now & set(owner.hashes)
                if promised:
                    told[pico] = await self._forget(pico, promised, owner.approving)
        return told

    async def forget_others(self, pico: PicoId) -> str | int:
        """Have the log of a pico promise its owners' keys and those of nobody else but guardians: how many
        it promised, or why it still does."""
        known = {digest for one in self._owners.of(pico) for digest in one.hashes}
        others = (await self._promises(pico)).now - known
        why = await self._forget(pico, others, ()) if others else None
        return len(others) if why is None else why

    async def _forget(self, pico: PicoId, hashes: frozenset[str], approving: tuple[str, ...]) -> str | None:
        change = Forget(tuple(sorted(hashes)), approving)
        told = await self._lives.write(
            Eci(pico), lambda pico, kept, now_s: self._succession.change(pico, needed(kept), change, now_s)
        )
        return told.reason if isinstance(told, Refusal) else None


def _done(pico: PicoId) -> str:
    return f"promised to the owners of {pico}"
