"""Which turns of a pico may still be recorded: those of the epoch that its fence names, of no other.

Commits become durable in the order in which they are taken, so it is decided as one is taken, before anything
of it is written: a turn that comes after the commit by which its pico has left is refused as a whole.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.core.model import PicoId
from engine.ports import AppendRecord, Fence, Overtaken, RemovePico, Write


class Fences:
    def __init__(self, kept: Mapping[PicoId, int | None]) -> None:
        self._kept = dict(kept)

    def lets(self, pico: PicoId, epoch: int) -> bool:
        """Where no fence is, all are let through."""
        return pico not in self._kept or self._kept[pico] == epoch

    def pass_through(self, writes: Sequence[Write]) -> None:
        """Raises `Overtaken`, and is as before then."""
        put = dict[PicoId, Fence | None]()
        for write in writes:
            if isinstance(write, AppendRecord):
                self._check(write, put)
            elif isinstance(write, Fence):
                put[write.pico] = write
            elif isinstance(write, RemovePico):
                put[write.pico] = None
        for pico, fence in put.items():
            if fence is None:
                self._kept.pop(pico, None)
            else:
                self._kept[pico] = fence.epoch

    def _check(self, write: AppendRecord, put: Mapping[PicoId, Fence | None]) -> None:
        fence = put.get(write.pico)
        is_let = fence is None or fence.epoch == write.epoch
        if not (is_let if write.pico in put else self.lets(write.pico, write.epoch)):
            raise Overtaken(f"a turn of epoch {write.epoch} of pico {write.pico} comes too late")
