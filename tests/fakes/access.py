"""The real `Access`, over a disk in memory, with an owner whose token every test knows."""

from __future__ import annotations

from engine.runtime.access import Access
from tests.fakes.clock import SetClock
from tests.fakes.entropy import CountedEntropy
from tests.fakes.memory_journal import MemoryJournal


def new_access() -> tuple[Access, str]:
    """And the token of its owner, which is the same each time: secrets are counted here, not drawn."""
    access = Access(MemoryJournal(), SetClock().now_ms, CountedEntropy())
    return access, access.admit_owner()


def owned_access() -> Access:
    return new_access()[0]


OWNER: str = new_access()[1]
AS_OWNER = {"authorization": f"Bearer {OWNER}"}
