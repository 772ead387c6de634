"""What really happened to the picos of a simulation, as their disks say it, turn by turn.

There is one history of each pico, whichever machines wrote it: a turn that does not follow the newest one, or
another one in the place of one that was, is a second life. Only a machine that went back to a backup may take
back what nobody else had.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from engine.core.model import EventId, PicoId
from engine.core.records import record_hash
from engine.ports import AppendRecord, BirthPico, Write
from tests.fakes.memory_journal import Disk


@dataclass(frozen=True)
class Turn:
    seq: int
    eid: EventId | None
    hash: str


@dataclass
class Story:
    """Of one pico."""

    turns: dict[int, Turn] = field(default_factory=dict)
    arrivals: int = 0
    floor: int | None = None
    """Down to this turn it may be taken back, once."""

    @property
    def last(self) -> int:
        return max(self.turns, default=0)

    def end_at(self, last: int) -> None:
        """What was taken back, and nothing has come in its place."""
        if self.floor is not None and self.floor <= last:
            self.turns = {seq: one for seq, one in self.turns.items() if seq <= last}

    def eids(self, until: int) -> set[EventId]:
        return {turn.eid for turn in self.turns.values() if turn.eid is not None and turn.seq <= until}


class Ledger:
    def __init__(self, broken: Callable[[str], None]) -> None:
        self.stories: dict[PicoId, Story] = {}
        self._broken = broken

    def watch(self, pico: PicoId, disk: Disk) -> None:
        story = self.stories[pico] = Story()
        for seq, (eid, body) in disk.records[pico].items():
            story.turns[seq] = Turn(seq, eid, record_hash(body))

    def note(self, machine: str, writes: Sequence[Write]) -> None:
        born = {write.pico for write in writes if isinstance(write, BirthPico)}
        for pico in sorted(born & self.stories.keys()):
            self.stories[pico].arrivals += 1
        for write in writes:
            if isinstance(write, AppendRecord) and write.pico in self.stories:
                turn = Turn(write.seq, write.eid, record_hash(write.body))
                self._append(machine, write.pico, turn, write.pico in born)

    def _append(self, machine: str, pico: PicoId, turn: Turn, is_brought: bool) -> None:
        story = self.stories[pico]
        known = story.turns.get(turn.seq)
        if is_brought and known is not None and known.hash == turn.hash:
            return
        if story.floor is not None and story.floor < turn.seq <= story.last:
            story.turns = {seq: one for seq, one in story.turns.items() if seq < turn.seq}
            story.floor = None
        if known is not None and turn.seq in story.turns:
            self._broken(
                f"{machine} takes turn {turn.seq} of {pico} a second time, and there are {story.last}"
            )
        elif turn.seq != story.last + 1:
            self._broken(f"{machine} takes turn {turn.seq} of {pico}, the one before is {story.last}")
        elif turn.eid is not None and turn.eid in story.eids(story.last):
            self._broken(f"{machine} runs {turn.eid} of {pico} a second time, as turn {turn.seq}")
        else:
            story.turns[turn.seq] = turn
