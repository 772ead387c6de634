"""The snapshots of one pico that is awake: when one is due, and whether the pico may grow as it is about to.

A small one goes to the journal together with a turn. A large one is written while turns go on; then it comes
later than it could, which is no matter: all records are kept, and waking reads those after it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from engine.core.messages import Done, Failed, Fault, Turn
from engine.core.model import Pico
from engine.core.policy import UPKEEP
from engine.core.records import Head, encode_snapshot
from engine.core.weight import growth
from engine.ports import Journal, JournalFailed, SaveSnapshot, Write
from engine.runtime.courtesy import Dues, beside
from engine.runtime.preparation import LARGE, write_snapshot
from engine.runtime.unsaved import Unsaved

FREE_PER_TURN_S = 0.0005
"""That writing a snapshot may take for each turn since the last: a family of thousands that grows by one at a
time is not to wait for it, a pico that grows by a megabyte each time is."""


class Snapshots:
    __slots__ = ("_is_writing", "_journal", "_saved", "_unsaved")

    def __init__(self, unsaved: Unsaved, journal: Journal, seq: int) -> None:
        """Of a pico that has woken, or was born, after the turn of that number."""
        self._unsaved = unsaved
        self._journal = journal
        self._saved = seq
        """The number of the last turn whose state was saved here; what was before it woke counts as such."""
        self._is_writing = False

    @property
    def held(self) -> int:
        """Bytes that the pico holds, at the most."""
        return self._unsaved.held

    def growth(self, pico: Pico, turn: Turn, outcome: Done | Failed) -> int | None:
        """By how much the pico grows, or None when nobody has to know: it is small, or this is upkeep, which
        may mend one that is too large."""
        if self._unsaved.is_light or turn.event.domain == UPKEEP:
            return None
        return growth(pico, outcome.changes)

    def why_too_large(self, head: Head, grown: int | None, writes: list[Write]) -> Fault | None:
        """Why a pico may not grow by that much, or None. To find out it may have to be saved first."""
        unsaved = self._unsaved
        if grown is None or grown <= 0 or unsaved.held + grown <= unsaved.most:
            return None
        if unsaved.guessed:
            self._save(head, writes)  # only now is it worth knowing
        held = unsaved.held + grown
        return _too_large(held, unsaved.most) if held > unsaved.most else None

    def note(self, head: Head, size: int, grown: int | None, writes: list[Write]) -> int | None:
        """There is a record of that many bytes more: save the pico, if that is due. A large one is left to
        `save_aside`, for which this is about how many bytes it has."""
        self._unsaved.add(size, grown)
        if not self._unsaved.is_due or self._is_writing:
            return None
        guess = self._unsaved.held
        if guess <= LARGE:
            self._save(head, writes)
            return None
        self._unsaved.save(guess)
        self._is_writing = True
        return guess

    async def save_aside(self, head: Head, guess: int, dues: Dues, is_gone: Callable[[], bool]) -> None:
        """Write a snapshot beside the loop. The pico must stay awake meanwhile."""
        try:
            free_s = (head.pico.seq - self._saved) * FREE_PER_TURN_S
            body = await beside(dues, write_snapshot, head, free_s=free_s)
            if not is_gone() and head.pico.seq > self._saved:
                self._saved = head.pico.seq
                self._unsaved.snapshot += len(body) - guess
                with suppress(JournalFailed):  # those who wait for their turns are told
                    await self._journal.commit([SaveSnapshot(head.pico.id, head.pico.seq, body)])
        finally:
            self._is_writing = False

    def _save(self, head: Head, writes: list[Write]) -> None:
        body = encode_snapshot(head)
        writes.append(SaveSnapshot(head.pico.id, head.pico.seq, body))
        self._unsaved.save(len(body))
        self._saved = head.pico.seq


def _too_large(size: int, most: int) -> Fault:
    about = f"the pico would hold {size:,} bytes, and its engine gives it {most:,} (pico_bytes)"
    return Fault("R708", f"{about}; turns that have it hold less still go through")
