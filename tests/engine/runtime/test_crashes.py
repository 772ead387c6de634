"""A crash at every commit, before it is durable and after: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import asyncio

import pytest

from engine.core.messages import Refusal
from engine.core.model import Eci, EventId, PicoId
from engine.core.records import decode_snapshot, fold
from tests.engine.in_loop import in_loop
from tests.engine.runtime.first_life import live_until_death
from tests.engine.runtime.shell import ROOT, ROOT_ID, Shell, prepared_disk, start_shell
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.tally_kernel import DOMAIN, total

NEVER = 10**9
SENT = 6
"""Events of each kind that the scenario sends to the root."""


class Client:
    """Somebody who sends events with ids, and knows which were acknowledged."""

    def __init__(self) -> None:
        self.acknowledged: set[EventId] = set()

    async def work(self, shell: Shell) -> None:
        """Waited events, accepted ones, and events for a neighbour, several at a time."""
        for number in range(SENT):
            await asyncio.gather(
                self._send(shell, f"run-{number}", "add", {}, waits=True),
                self._send(shell, f"accept-{number}", "add", {}, waits=False),
                self._send(shell, f"tell-{number}", "tell", {"to": "ann", "event": "add"}, waits=True),
            )

    async def _send(self, shell: Shell, eid: str, event: str, attrs: dict[str, str], waits: bool) -> None:
        send = shell.host.run_event if waits else shell.host.accept_event
        reply = await send(ROOT, DOMAIN, event, attrs, EventId(eid))
        assert not isinstance(reply, Refusal), reply
        self.acknowledged.add(EventId(eid))


async def run_until_crash(journal: CrashingJournal, client: Client) -> None:
    """The engine's first life. It ends with the crash, or with its work."""
    shell = await start_shell(journal=journal)
    await live_until_death(client.work(shell), journal.crashed)


def counted(disk: Disk, pico: PicoId) -> float:
    """What a pico has counted, read from the disk alone."""
    stored = MemoryJournal(disk).load(pico)
    assert stored is not None
    return total(fold(decode_snapshot(stored.snapshot), stored.records).pico)


async def commits_of_a_quiet_life() -> int:
    journal = CrashingJournal(prepared_disk("ann"), NEVER, "before")
    await run_until_crash(journal, Client())
    return journal.commits


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_every_acknowledged_event_counts_exactly_once(when: When) -> None:
    """For every commit of a busy life: crash there, start again, look, send everything again, look."""
    commits = await commits_of_a_quiet_life()
    assert commits > 3 * SENT
    for at in range(1, commits + 1):
        disk = prepared_disk("ann")
        client = Client()
        journal = CrashingJournal(disk, at, when)
        await run_until_crash(journal, client)
        assert journal.crashed.is_set()
        await check_second_life(disk, client, f"crash {when} commit {at}")


async def check_second_life(disk: Disk, client: Client, crash: str) -> None:
    shell = await start_shell(disk)
    await shell.settle()
    kept = {eid for eid, _ in disk.records[ROOT_ID].values()} if ROOT_ID in disk.records else set()
    assert client.acknowledged <= kept, crash
    counting = [eid for eid in kept if eid is not None and not eid.startswith("tell")]
    assert counted(disk, ROOT_ID) == len(counting), crash
    assert counted(disk, PicoId("ann")) == len(kept) - len(counting), crash

    await Client().work(shell)  # somebody who got no answer sends everything again
    await shell.settle()
    assert await shell.total(ROOT) == 2 * SENT, crash
    assert await shell.total("ann") == SENT, crash
    assert not disk.inbox, crash


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_a_birth_happens_whole_or_not_at_all(when: When) -> None:
    """After a crash at the parent's commit the child is there with its channel and its first event, or
    nothing of it is."""
    disk = prepared_disk()
    journal = CrashingJournal(disk, 1, when)
    shell = await start_shell(journal=journal)
    spawning = asyncio.ensure_future(shell.do(ROOT, "spawn", name="kid"))
    await journal.crashed.wait()
    spawning.cancel()

    again = await start_shell(disk)
    await again.settle()
    if when == "after":
        assert await again.total("kid") == 1.0
    else:
        assert isinstance(await again.host.run_query(Eci("kid"), DOMAIN, "total", {}), Refusal)
        assert PicoId("kid") not in disk.snapshots
        assert not disk.inbox
