"""An engine that knows thousands of others starts, finds, tells and looks at them without being kept busy."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from engine.adapters.signing.ed25519 import verify
from engine.core.mesh.acquaintances import Acquaintance, pack
from engine.core.mesh.adverts import LONGEST_LIFE_S
from engine.core.mesh.gossip import news_for
from engine.core.mesh.offers import offers
from engine.runtime.mesh.acquaintances import FACT, Acquaintances
from engine.runtime.mesh.survey import AT_ONCE, MOST_IN_A_SECOND, SHORTEST_LIFE_S, life_s, round_ms
from tests.engine.core.mesh.people import NOW_S, Party
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.test_engines_that_know_each_other import engines, start
from tests.fakes.memory_journal import Disk, MemoryJournal

COUNT = 5_000
ME = Party("me")


def many(count: int) -> list[Acquaintance]:
    return [Party(f"engine-{n}").known(expires_s=NOW_S + 900) for n in range(count)]


@in_loop
async def test_they_are_found_and_told_in_no_time() -> None:
    """To read what is kept of all is most of it, and happens once."""
    disk = Disk()
    disk.facts = {FACT + one.engine: json.dumps(pack(one)) for one in many(COUNT)}
    began = time.process_time()
    known = Acquaintances(MemoryJournal(disk), ME.engine, verify, lambda: NOW_S * 1000)
    assert len(known.met()) == COUNT
    assert known.named("engine-4711").name == "engine-4711"
    assert len(offers(known.all(), {"trust": "known"}, NOW_S)) == COUNT
    assert len(news_for(ME.engine, known.all(), {}, NOW_S).adverts) == 63
    assert time.process_time() - began < 3


@in_loop
async def test_what_was_measured_of_all_is_one_commit() -> None:
    """However many there are; what was not noted is not written."""
    disk = Disk()
    disk.facts = {FACT + one.engine: json.dumps(pack(one)) for one in many(50)}
    journal = MemoryJournal(disk)
    known = Acquaintances(journal, ME.engine, verify, lambda: NOW_S * 1000)
    commits: list[int] = []
    original = journal.commit

    def commit(writes: Any) -> Any:
        commits.append(len(writes))
        return original(writes)

    journal.commit = commit  # type: ignore[method-assign]
    for one in known.met()[:20]:
        known.note(one.engine, lambda one: replace(one, left_s=7))
    await known.flush()
    await known.flush()
    assert commits == [20]


def test_rounds_take_longer_the_more_there_are() -> None:
    """So many in a second and no more; and adverts live longer, so that nobody's expires in between."""
    assert round_ms(300_000, 600) == 300_000
    assert round_ms(300_000, COUNT) == COUNT * 1000 // MOST_IN_A_SECOND
    for count in (0, 1, COUNT, 10_000):
        whole = round_ms(300_000, count)
        assert min(2 * whole, LONGEST_LIFE_S * 1000) <= life_s(whole) * 1000 <= LONGEST_LIFE_S * 1000
    assert life_s(1000) == SHORTEST_LIFE_S


@in_loop
async def test_only_so_many_are_asked_at_a_time() -> None:
    """The others wait for their turn, and one that is gone keeps none of them."""
    mesh = Mesh()
    (ann,) = await start(mesh, "ann")
    ann.crash()
    for n in range(100):
        one = Party(f"engine-{n}", f"http://e{n}.example/didcomm").known()
        ann.disk.facts[FACT + one.engine] = json.dumps(pack(one))
    await ann.start()
    under_way = most = 0
    original = mesh.wire.send

    async def send(request: Any) -> Any:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        try:
            return await original(request)
        finally:
            under_way -= 1

    mesh.wire.send = send  # type: ignore[method-assign]
    await engines(ann).look()
    told = engines(ann).list()["engines"]
    assert 1 <= most <= AT_ONCE
    assert all(one["problem"] for one in told)
    assert {one["tries"] for one in told} <= {1, 2}
