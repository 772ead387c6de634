"""Names that lead to picos' newest heads: published after a seal, one at a time, and nothing waits for it.

Of what could not be published nothing is remembered: the next seal publishes again.
"""

from __future__ import annotations

import asyncio
from asyncio import Task
from contextlib import suppress
from typing import Protocol

import structlog

from engine.core.blocks.heads import SignedHead, StateHead
from engine.core.cids import Cid
from engine.core.model import PicoId
from engine.ports import Keys, StoreFailed

log = structlog.get_logger("picomesh.names")

EPOCH_BITS = 40
"""Of a record's number, the bits below those for the epoch: turns of one epoch. Records of a later epoch are
newer than all of the one before."""


PATIENCE_S = 5.0
"""For names that are still to be published when an engine stops: the last seals were a moment ago."""


class Names(Protocol):
    """See `engine.adapters.ipfs.ipns`."""

    def name(self, seed: bytes) -> str: ...

    async def publish(self, seed: bytes, head: Cid, sequence: int) -> str: ...


class NamingHeads:
    def __init__(self, names: Names, keys: Keys, patience_s: float = PATIENCE_S) -> None:
        self._names = names
        self._keys = keys
        self._patience_s = patience_s
        self._due: dict[PicoId, SignedHead] = {}
        self._published: dict[PicoId, Cid] = {}
        """Where names were seen to lead, since the engine was started."""
        self._task: Task[None] | None = None

    def note(self, pico: PicoId, signed: SignedHead) -> None:
        """That is its newest head."""
        self._due[pico] = signed
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def wait_rested(self) -> None:
        if self._task is not None:
            await asyncio.wait([self._task])

    def name(self, pico: PicoId) -> str:
        """That leads, or will lead, to its newest head."""
        return self._names.name(self._seed(pico))

    def leads_to(self, pico: PicoId) -> Cid | None:
        """The head that it was published for last; None if that is not known."""
        return self._published.get(pico)

    def _seed(self, pico: PicoId) -> bytes:
        return self._keys.derive(name_purpose(pico))

    async def close(self) -> None:
        """Leave to the next seals what cannot be published soon."""
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._patience_s)
        self._due.clear()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _work(self) -> None:
        try:
            while self._due:
                pico = next(iter(self._due))
                await self._publish(pico, self._due.pop(pico))
        finally:
            self._task = None

    async def _publish(self, pico: PicoId, signed: SignedHead) -> None:
        try:
            name = await self._names.publish(self._seed(pico), signed.cid, record_number(signed.head))
        except (StoreFailed, ValueError) as problem:
            log.warning("the name of a pico was not published; its next seal is", pico=pico, why=str(problem))
        else:
            self._published[pico] = signed.cid
            log.info("a name leads to the newest head of a pico", pico=pico, name=name)


def name_purpose(pico: PicoId) -> str:
    """What the key is derived for that a pico's name is."""
    return f"ipns name of {pico}"


def record_number(head: StateHead) -> int:
    return head.epoch << EPOCH_BITS | min(head.sequence, (1 << EPOCH_BITS) - 1)
