"""A machine of the simulation goes back to its backup, and what of the past nobody else has is gone with it.

The home is made of the backup as `picomesh restore` makes one: its journal says so, and the count of starts
beside it is not there.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.adapters.local.starts import FILE
from engine.core.model import EventId, PicoId
from engine.runtime.restored import RESTORED, Restored, read_restored, write_restored
from tests.fakes.memory_journal import Disk
from tests.simulation.whole.ledger import Story
from tests.simulation.whole.machine import Machine


def restore(machine: Machine, now_ms: int) -> Disk:
    """What it had. Its process has to be dead."""
    before = machine.disks.journal
    machine.take_backup_back()
    facts = machine.disks.journal.facts
    past = read_restored(facts.get(RESTORED))
    facts[RESTORED] = write_restored((*past, Restored(now_ms, now_ms)))
    (machine.home / FILE).unlink(missing_ok=True)
    return before


def gone(
    pico: PicoId, story: Story, before: Disk, machines: Sequence[Machine], restored: Machine
) -> set[EventId]:
    """Events that only the restored machine had in its hands. The story may go on from the newest state that
    anybody has, which is noted there."""
    floor = max(last_of(one.disks.journal, pico) for one in machines)
    if floor < story.last:
        story.floor = floor if story.floor is None else min(floor, story.floor)
    held = {eid for owner, eid in before.inbox if owner == pico}
    held |= {turn.eid for turn in story.turns.values() if turn.seq > floor and turn.eid is not None}
    kept = {eid for owner, eid in restored.disks.journal.inbox if owner == pico}
    return held - kept - story.eids(floor)


def last_of(disk: Disk, pico: PicoId) -> int:
    return disk.ends[pico][0] if pico in disk.snapshots and pico in disk.ends else 0
