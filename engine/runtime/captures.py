"""A pico as it is at one moment, with all that the journal has beside it: what is sealed of it.

Its state is the newest committed one, as the very objects that its next state will share, so that what does
not change need not be looked at again. For a moment the disk may be ahead of what is known here; then whoever
captures waits until both are the same.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from engine.core.model import PicoId
from engine.core.records import Head, begin, decode_snapshot, fold
from engine.ports import Beside, Journal, Stored
from engine.runtime.mailbox import Mailbox
from engine.runtime.sealed_trees import CannotSeal

ATTEMPTS = 1_000
LOOK_AGAIN_S = 0.001


class Awake(Protocol):
    """See `engine.runtime.residents`."""

    def find_mailbox(self, pico: PicoId) -> Mailbox | None:
        """That of a pico which does not sleep."""


@dataclass(frozen=True, slots=True)
class Capture:
    head: Head
    beside: Beside
    is_awake: bool


class Captures:
    def __init__(self, journal: Journal, picos: Awake) -> None:
        self._journal = journal
        self._picos = picos

    async def take(self, pico: PicoId) -> Capture:
        """Raises `CannotSeal` when there is no such pico, `Unreadable` when its history is damaged."""
        for _ in range(ATTEMPTS):
            beside = self._journal.beside(pico)
            if beside is None:
                raise CannotSeal(f"there is no pico {pico}")
            mailbox = self._picos.find_mailbox(pico)
            if mailbox is None:
                stored = self._journal.load(pico)
                if stored is not None:
                    return Capture(await asyncio.to_thread(_fold, stored), beside, is_awake=False)
            elif (head := _committed(mailbox, beside)) is not None:
                return Capture(head, beside, is_awake=True)
            await asyncio.sleep(LOOK_AGAIN_S)
        raise CannotSeal(f"pico {pico} never stood still for a moment; it is tried again later")


def _committed(mailbox: Mailbox, beside: Beside) -> Head | None:
    """What is committed, if the disk has nothing newer."""
    pico = mailbox.committed
    if beside.end is not None and beside.end[0] != pico.seq:
        return None
    if mailbox.head.pico is pico:
        return mailbox.head
    if beside.end is not None:
        return Head(pico, beside.end[1])
    return begin(pico) if pico.seq == 0 else None


def _fold(stored: Stored) -> Head:
    return fold(decode_snapshot(stored.snapshot), stored.records)
