"""An engine's first life, which ends with a crash; what is on its disk then is for the test to look at."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from engine.runtime.host import Host
from tests.engine.runtime.shop import Bank, settle, start
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.memory_journal import Disk
from tests.fakes.web import FakeWeb

Work = Callable[[Host], Coroutine[Any, Any, None]]
"""What somebody does with the engine."""


async def live_until_death(life: Coroutine[Any, Any, None], died: asyncio.Event) -> None:
    """It ends with the crash, or with its work."""
    working, dying = asyncio.ensure_future(life), asyncio.ensure_future(died.wait())
    await asyncio.wait([working, dying], return_when=asyncio.FIRST_COMPLETED)
    await settle()
    for task in (working, dying):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def crash_at_commit(disk: Disk, at: int, when: When, work: Work, web: FakeWeb | None = None) -> bool:
    """Live on a disk until that commit; whether there were so many."""
    journal = CrashingJournal(disk, at, when)
    host = await start(journal, web or FakeWeb(Bank()))
    await live_until_death(work(host), journal.crashed)
    return journal.crashed.is_set()
