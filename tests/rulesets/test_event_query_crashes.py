"""A crash at every commit of an event with a query: the other pico runs it once, and all is finished."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import pytest

from engine.core.model import Eci, EventId
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from tests.compatibility.engine import Engine
from tests.engine.in_loop import in_loop
from tests.engine.runtime.first_life import crash_at_commit
from tests.engine.runtime.shop import Bank, start, until_done
from tests.fakes.crashing_journal import When
from tests.fakes.memory_journal import Disk, MemoryJournal
from tests.fakes.web import FakeWeb
from tests.rulesets.neighbour import make_family

MOST_COMMITS = 100


@dataclass(frozen=True)
class Home:
    """A disk with two picos, and channels to them."""

    disk: Disk
    ann: Eci
    bob: Eci

    def another(self) -> Home:
        return Home(copy.deepcopy(self.disk), self.ann, self.bob)


@pytest.fixture(scope="module")
def home() -> Home:
    engine = Engine()
    family = make_family(engine)
    engine.close()
    return Home(engine.disk, Eci(family.ann), Eci(family.bob))


async def change(host: Host, home: Home, eid: EventId | None) -> None:
    """Ann has Bob count one, asks how far he is, and counts ten for herself."""
    attrs = {"eci": home.bob, "event": "add", "name": "count"}
    reply = await host.run_event(home.ann, "n", "change", attrs, eid)
    assert isinstance(reply, EventReply), reply
    assert reply.directives[0]["options"] == {"value": 1.0}


async def count(host: Host, eci: Eci) -> float:
    reply = await host.run_query(eci, "n", "count", {})
    assert isinstance(reply, QueryReply), reply
    n: float = reply.value
    return n


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_what_another_pico_did_is_not_done_for_nothing(home: Home, when: When) -> None:
    """Though nobody asks again: if Bob has counted Ann has, and neither more than once."""
    done: list[float] = []
    for at in range(1, MOST_COMMITS):
        mine = home.another()
        if not await crash_at_commit(mine.disk, at, when, lambda host: change(host, home, None)):
            break
        host = await start(MemoryJournal(mine.disk), FakeWeb(Bank()))
        await until_done(mine.disk)
        counts = (await count(host, mine.ann), await count(host, mine.bob))
        assert counts in ((0.0, 0.0), (10.0, 1.0)), f"{when} commit {at}"
        done.append(counts[1])
    # The intent, what Bob did, the answer, what Ann did: from the intent on all of it happens.
    assert done == ([0.0, 1.0, 1.0, 1.0] if when == "before" else [1.0, 1.0, 1.0, 1.0])


@pytest.mark.parametrize("when", ["before", "after"])
@in_loop
async def test_a_sender_who_repeats_the_event_finds_it_done_once(home: Home, when: When) -> None:
    """With the answer of the first time."""
    for at in range(1, MOST_COMMITS):
        mine = home.another()
        if not await crash_at_commit(mine.disk, at, when, lambda host: change(host, home, EventId("once"))):
            assert at > 4
            break
        host = await start(MemoryJournal(mine.disk), FakeWeb(Bank()))
        await change(host, mine, EventId("once"))
        await until_done(mine.disk)
        assert (await count(host, mine.ann), await count(host, mine.bob)) == (10.0, 1.0), f"{when} {at}"
