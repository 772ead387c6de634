"""Most of a large state is carried while its pico still acts, and nothing depends on that."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.core.cars import MEDIA_TYPE
from engine.core.model import PicoId
from engine.core.protocols import migration_goods
from engine.core.records import decode_snapshot, fold, state_id
from engine.runtime.moves.fetching import Held
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh, Stranger
from tests.engine.runtime.test_moves_of_large_states import ENTRIES, large, setting
from tests.engine.runtime.travelling import Traveller, settle

Step = Callable[[], Awaitable[None]]


def just_before_leaving(ann: Traveller, step: Step) -> None:
    """What happens when all that goes ahead is there, and before the pico stands still; once."""
    tell, steps = ann.moves.hooks.tell, [step]

    async def told(pico: PicoId, what: str, attrs: Mapping[str, str]) -> None:
        if what == "leaving" and steps:
            await steps.pop()()
        await tell(pico, what, attrs)

    ann.moves.hooks.tell = told


def carried(mesh: Mesh) -> int:
    return sum(size for kind, size in mesh.wire.streamed if kind == MEDIA_TYPE)


def held(bob: Traveller, ann: Traveller, pico: PicoId) -> Held | None:
    did = ann.moves.cases.did_of(pico)
    assert did is not None
    return bob.moves._office.freight.fetching.held(did)


def name_on_disk(one: Traveller, pico: PicoId) -> str:
    """The id of the state that an engine would find after a start."""
    stored = one.journal.load(pico)
    assert stored is not None
    return state_id(fold(decode_snapshot(stored.snapshot), stored.records).pico)


def name_in_memory(one: Traveller, pico: PicoId) -> str:
    mailbox = one.host.wake(pico)
    assert mailbox is not None
    return state_id(mailbox.head.pico)


@in_loop
async def test_the_pause_carries_only_what_has_changed_since(tmp_path: Path) -> None:
    """An event that comes when the rest is there already goes with the handoff itself."""
    mesh, ann, bob, pico = await setting(tmp_path)
    before: list[int] = []

    async def change() -> None:
        before.append(carried(mesh))
        assert isinstance(await ann.run(pico, "far:hello", n="the last"), EventReply)

    just_before_leaving(ann, change)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    assert before[0] > ENTRIES * 1_500
    assert carried(mesh) == before[0]
    assert (await bob.seen(pico))[1:] == ["the last"]


@pytest.mark.parametrize("visits", [1, 3])
@in_loop
async def test_what_is_on_the_disk_is_what_is_in_memory(tmp_path: Path, visits: int) -> None:
    """The snapshot that came ahead with the records since is the state that was handed over; also where the
    pico is as it was when it left."""
    _, ann, bob, pico = await setting(tmp_path)
    engines = [ann, bob]
    for visit in range(visits):
        here, there = engines[visit % 2], engines[1 - visit % 2]

        async def change(one: Traveller = here, n: int = visit) -> None:
            await one.run(pico, "far:hello", n=n)

        just_before_leaving(here, change)
        assert isinstance(await here.moves.wanted(pico, there.did), str)
        await settle(ann, bob)
        assert name_on_disk(there, pico) == name_in_memory(there, pico)
        assert there.journal.loose_parts() == 0
    assert (await bob.seen(pico))[1:] == list(range(visits))
    await bob.crash_and_start()
    await settle(ann, bob)
    assert (await bob.seen(pico))[1:] == list(range(visits))
    assert isinstance(await bob.run(pico, "far:hello", n="more"), EventReply)


@in_loop
async def test_a_target_that_has_lost_what_came_ahead_gets_it_with_the_pico(tmp_path: Path) -> None:
    """Nothing of it is promised: after a crash it is as if nothing had been sent."""
    mesh, ann, bob, pico = await setting(tmp_path)

    async def crash() -> None:
        assert held(bob, ann, pico) is not None
        await bob.crash_and_start()

    just_before_leaving(ann, crash)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    for _ in range(4):
        await settle(ann, bob)
        mesh.clock.move_to(mesh.clock.now_ms() + 5_000)
    assert pico in bob.disk.snapshots
    assert len((await bob.seen(pico))[0]) == ENTRIES
    assert name_on_disk(bob, pico) == name_in_memory(bob, pico)


@in_loop
async def test_what_came_ahead_is_not_believed(tmp_path: Path) -> None:
    """If the records do not make of it what was handed over, it was none of its earlier states; what counts
    is what was handed over."""
    _, ann, bob, pico = await setting(tmp_path)

    async def forge() -> None:
        ahead = held(bob, ann, pico)
        assert ahead is not None
        assert ahead.base is not None
        other: dict[Any, Any] = {**ahead.base.pico.entities, "count": {"seen": ["forged"]}}
        ahead.base = replace(ahead.base, pico=replace(ahead.base.pico, entities=other))

    just_before_leaving(ann, forge)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    assert len((await bob.seen(pico))[0]) == ENTRIES
    assert name_on_disk(bob, pico) == name_in_memory(bob, pico)


@in_loop
async def test_what_came_ahead_of_one_that_does_not_come_is_forgotten(tmp_path: Path) -> None:
    """In memory and on the disk; and when it comes after all, it comes whole."""
    mesh, ann, bob, pico = await setting(tmp_path)

    async def break_off() -> None:
        assert bob.journal.loose_parts() > 0
        mesh.wire.tamper = lambda body: b""
        await ann.run(pico, "far:hello", n={f"{n}": "w" * 1_500 for n in range(400)})

    just_before_leaving(ann, break_off)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    mesh.clock.move_to(mesh.clock.now_ms() + 200_000)
    for _ in range(10):
        await settle(ann, bob)
        mesh.clock.move_to(mesh.clock.now_ms() + 30_000)
    assert ann.moves.standing(pico)["phase"] == "live"
    assert (bob.journal.loose_parts(), held(bob, ann, pico)) == (0, None)
    mesh.wire.tamper = lambda body: body
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    assert len(await bob.seen(pico)) == 2


@in_loop
async def test_nobody_else_can_send_anything_ahead(tmp_path: Path) -> None:
    """Only the engine from which the pico is about to come, in the attempt that was accepted."""
    mesh, ann, bob, pico = await setting(tmp_path)
    answers: list[int] = []

    async def meddle() -> None:
        case = ann.moves.cases.of(pico)
        assert case is not None
        assert case.seat.source is not None
        assert case.seat.source.attempt is not None
        epoch, attempt = case.seat.source.attempt.order
        body: dict[str, Any] = {"did": ann.moves.cases.did_of(pico), "epoch": epoch, "attempt": attempt}
        eve, kind = Stranger("eve", mesh), migration_goods.type_of(migration_goods.AHEAD)
        told = await eve.write(bob, bob.did, kind, {**body, "cid": "bafy", "keys": "u"})
        answers.append(told.status_code)

    just_before_leaving(ann, meddle)
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert answers == [403]
    assert pico in bob.disk.snapshots


@in_loop
async def test_a_small_pico_goes_by_its_handoff_alone(tmp_path: Path) -> None:
    """To ask first would take longer than to carry it."""
    mesh, ann, bob, _ = await setting(tmp_path)
    small = await ann.counter(tmp_path)
    await ann.run(small, "far:hello", n=1)
    assert isinstance(await ann.moves.wanted(small, bob.did), str)
    await settle(ann, bob)
    assert await bob.seen(small) == [1]
    assert carried(mesh) == 0


@in_loop
async def test_two_large_picos_go_ahead_at_once(tmp_path: Path) -> None:
    """Each by itself, whatever comes of the other."""
    _, ann, bob, pico = await setting(tmp_path)
    other = await large(ann, tmp_path, " of the other")
    for one in (pico, other):
        assert isinstance(await ann.moves.wanted(one, bob.did), str)
    await settle(ann, bob)
    for one in (pico, other):
        assert len((await bob.seen(one))[0]) == ENTRIES
        assert name_on_disk(bob, one) == name_in_memory(bob, one)
