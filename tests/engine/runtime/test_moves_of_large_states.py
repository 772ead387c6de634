"""A state that is larger than a message comes as a stream of blocks, whatever happens to the stream."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.cars import MEDIA_TYPE
from engine.core.cids import Cid, cid_of, cid_text
from engine.core.dids import Did
from engine.core.model import PicoId
from engine.core.protocols import migration_goods
from engine.ports import CannotSend
from engine.runtime.moves.streams import READ_AT_ONCE, blocks_of_car, car_of_store
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh, Stranger
from tests.engine.runtime.travelling import Traveller, settle, traveller

ENTRIES, VALUE = 600, "v" * 1_500


async def setting(folder: Path) -> tuple[Mesh, Traveller, Traveller, PicoId]:
    """Two engines, and a pico of about a megabyte on the first."""
    mesh = Mesh()
    ann, bob = await traveller(mesh, "ann"), await traveller(mesh, "bob")
    return mesh, ann, bob, await large(ann, folder)


async def large(ann: Traveller, folder: Path, mark: str = "") -> PicoId:
    pico = await ann.counter(folder)
    filling = {f"entry {n}{mark}": f"{n}{mark} {VALUE}" for n in range(ENTRIES)}
    assert isinstance(await ann.run(pico, "far:hello", n=filling), EventReply)
    return pico


def streamed(mesh: Mesh) -> list[int]:
    """How many bytes of each stream of blocks came through."""
    return [size for kind, size in mesh.wire.streamed if kind == MEDIA_TYPE]


async def has_arrived(bob: Traveller, pico: PicoId) -> bool:
    return pico in bob.disk.snapshots and len((await bob.seen(pico))[0]) == ENTRIES


@in_loop
async def test_what_goes_over_the_wire_is_little_more_than_the_state(tmp_path: Path) -> None:
    """The blocks are sealed and name themselves, so they travel as the bytes that they are."""
    mesh, ann, bob, pico = await setting(tmp_path)
    before = len(mesh.wire.requests)
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    assert await has_arrived(bob, pico)
    said = sum(len(request.body or "") for request in mesh.wire.requests[before:])
    state = sum(map(len, bob.blocks.blocks.values()))
    assert ENTRIES * len(VALUE) < sum(streamed(mesh)) < 1.1 * state
    assert said < 0.2 * state


@in_loop
async def test_a_stream_that_is_cut_goes_on_where_it_was_cut(tmp_path: Path) -> None:
    """What came is kept, and nothing of it is asked for again."""
    mesh, ann, bob, pico = await setting(tmp_path)
    mesh.wire.tamper = lambda body: body[:300_000]
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert await has_arrived(bob, pico)
    cut, state = streamed(mesh), sum(map(len, bob.blocks.blocks.values()))
    assert cut.count(300_000) >= 3
    assert sum(cut) < state + len(cut) * 70_000, "more than the block in which each was cut came twice"


@in_loop
async def test_bytes_that_are_not_what_they_are_called_are_refused(tmp_path: Path) -> None:
    """The pico hears that it cannot go, and goes on where it is."""
    mesh, ann, bob, pico = await setting(tmp_path)
    mesh.wire.tamper = lambda body: body[:-9] + bytes([body[-9] ^ 1]) + body[-8:]
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    await ann.host.wait_quiet()
    assert await ann.seen(pico, "told") == ["leaving", "departed_failed"]
    assert not any(cid_of(block) != cid for cid, block in bob.blocks.blocks.items())
    mesh.wire.tamper = lambda body: body
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert await has_arrived(bob, pico)


@in_loop
async def test_an_engine_that_knows_no_streams_gives_its_blocks_in_messages(tmp_path: Path) -> None:
    """One after the other, as many blocks in each as fit."""
    mesh, ann, bob, pico = await setting(tmp_path)
    mesh.wire.has_old_engines = True
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert await has_arrived(bob, pico)
    assert not streamed(mesh)
    assert len(mesh.wire.streamed) > 3


@pytest.mark.parametrize("who", ["source", "target"])
@in_loop
async def test_after_a_crash_in_the_middle_only_the_rest_is_asked_for(tmp_path: Path, who: str) -> None:
    """What came before is on the target's disk; and the source knows what it may give, though it has only
    the blocks themselves to tell by."""
    mesh, ann, bob, pico = await setting(tmp_path)
    left = 400_000

    def die(body: bytes) -> bytes:
        nonlocal left
        came, left = body[:left], max(0, left - len(body))
        return came

    mesh.wire.tamper = die
    await ann.moves.wanted(pico, bob.did)
    await settle(ann, bob)
    assert pico not in bob.disk.snapshots
    had = sum(map(len, bob.blocks.blocks.values()))
    assert had > 300_000
    await (ann if who == "source" else bob).crash_and_start()
    mesh.wire.tamper = lambda body: body
    mesh.wire.streamed.clear()
    for _ in range(4):
        mesh.clock.move_to(mesh.clock.now_ms() + 5_000)
        await settle(ann, bob)
    assert await has_arrived(bob, pico)
    assert sum(streamed(mesh)) < 1.1 * (sum(map(len, bob.blocks.blocks.values())) - had)


# --- who may ask ------------------------------------------------------------------------------------


async def asks(one: Traveller, whom: str, cids: list[Cid], **body: Any) -> list[Cid]:
    """What an engine gets that asks for blocks."""
    wish = {"epoch": 1, "attempt": 1, "cids": migration_goods.write_cids(cids), **body}
    got: list[Cid] = []
    async for part in one.moves._office.post.ask_for_blocks(Did(whom), wish, frozenset(cids)):
        got += part
    return got


@in_loop
async def test_only_the_engine_to_which_it_goes_gets_blocks(tmp_path: Path) -> None:
    """And not of other picos, nor by another attempt, whatever it knows of their names."""
    mesh, ann, bob, pico = await setting(tmp_path)
    cyd = await traveller(mesh, "cyd")
    other = await large(ann, tmp_path, "of another")
    bob.moves.hooks.why_not = lambda one: None
    assert isinstance(await ann.moves.wanted(other, bob.did), str)
    await settle(ann, bob)
    others = [cid for cid in ann.blocks.blocks if cid in bob.blocks.blocks]
    mesh.wire.tamper = lambda body: b""
    assert isinstance(await ann.moves.wanted(pico, bob.did), str)
    await settle(ann, bob)
    mesh.wire.tamper = lambda body: body
    did = ann.moves.cases.did_of(pico)
    case = ann.moves.cases.of(pico)
    assert case is not None
    assert case.seat.source is not None
    assert case.seat.source.attempt is not None
    assert case.seat.source.head is not None
    order = dict(zip(("epoch", "attempt"), case.seat.source.attempt.order, strict=True))
    his = [cid for cid in ann.blocks.blocks if cid not in others]
    assert await asks(bob, ann.did, his[:5], did=did, **order) == his[:5]
    for who, cids, wrong in (
        (cyd, his[:5], {}),
        (bob, others[:1], {}),
        (bob, [his[0], others[0]], {}),
        (bob, his[:5], {"attempt": 99}),
    ):
        with pytest.raises(CannotSend, match="403"):
            await asks(who, ann.did, cids, **{"did": did, **order, **wrong})
    stranger = Stranger("eve", mesh)
    body = {"did": did, **order, "cids": [cid_text(his[0])]}
    answer = await stranger.write(ann, ann.did, migration_goods.type_of(migration_goods.WANT), body)
    assert answer.status_code == 403


# --- how much is held -------------------------------------------------------------------------------


@in_loop
async def test_a_stream_reads_no_further_than_it_is_taken() -> None:
    """However many blocks there are, a piece has a few of them, and the next is made when it is wanted."""
    blocks = {cid_of(data): data for data in (b"%d " % n * 100 for n in range(100))}
    read: list[int] = []

    class Store:
        async def get_many(self, cids: list[Cid]) -> dict[Cid, bytes]:
            read.append(len(cids))
            return {cid: blocks[cid] for cid in cids}

    pieces = car_of_store(Store(), list(blocks))  # type: ignore[arg-type]
    await anext(pieces)
    assert read == []
    await anext(pieces)
    await anext(pieces)
    assert read == [READ_AT_ONCE, READ_AT_ONCE]
    await pieces.aclose()


@in_loop
async def test_what_comes_is_handed_on_before_much_of_it_is_held() -> None:
    """Whoever takes it puts it away, and then takes the next."""
    blocks = {cid_of(data): data for data in (b"%d " % n * 10_000 for n in range(100))}
    given = 0

    class Store:
        async def get_many(self, cids: list[Cid]) -> dict[Cid, bytes]:
            return {cid: blocks[cid] for cid in cids}

    async def pieces() -> Any:
        nonlocal given
        async for piece in car_of_store(Store(), list(blocks)):  # type: ignore[arg-type]
            given += len(piece)
            yield piece

    taken = 0
    async for part in blocks_of_car(pieces(), frozenset(blocks)):
        taken += sum(map(len, part.values()))
        assert given - taken < 1 << 20
    assert taken == sum(map(len, blocks.values()))
