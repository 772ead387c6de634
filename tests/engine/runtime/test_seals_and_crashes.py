"""The engine dies before and after every durable write of sealing, and no head is without its blocks."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from engine.adapters.keys import BlockCipher, KeyBoxes
from engine.adapters.signing.ed25519 import verify
from engine.core.blocks.dag_cbor import decode
from engine.core.blocks.heads import KIND, SignedHead, equivocation
from engine.core.records import state_id
from engine.ports import BlockStore
from engine.runtime.block_walks import walk
from engine.runtime.sealed_states import Trust, believe, open_state
from engine.runtime.state_keys import OPENING, opened_with
from tests.engine.in_loop import in_loop_within
from tests.engine.runtime.sealed_house import KEYS, House, opened
from tests.fakes.crashing_database import NEVER
from tests.fakes.crashing_journal import CrashingJournal, When
from tests.fakes.inline_database import InlineDatabase
from tests.fakes.memory_journal import Disk

LATEST = 200
"""More writes than the life below has."""


async def prepared() -> Disk:
    """A pico with a diary, which nobody has sealed."""
    house = await opened()
    await house.close()
    return house.disk


async def life(house: House, seen: list[SignedHead]) -> None:
    """Two days, each sealed, and what the engine has said of it."""
    for day in ("monday", "tuesday"):
        await house.write(day)
        seen.append(await house.seals.seal(house.root))


async def live_until_death(work: Coroutine[Any, Any, None], *ends: asyncio.Event) -> bool:
    """Whether it died before its work was done."""
    working = asyncio.ensure_future(work)
    dying = [asyncio.ensure_future(end.wait()) for end in ends]
    await asyncio.wait([working, *dying], return_when=asyncio.FIRST_COMPLETED)
    for _ in range(50):
        await asyncio.sleep(0)
    died = any(end.is_set() for end in ends)
    for task in (working, *dying):
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
    return died


async def check_next_life(disk: Disk, blocks: InlineDatabase, seen: list[SignedHead]) -> None:
    """It knows every head that was told, seals what is left, and contradicts none of them."""
    blocks.revive()
    house = await House(disk, blocks, settings={"seal": "on", "seal_after_s": 0.0}).open()
    stores = await house.vault.stores()
    kept = house.seals.newest(house.root)
    assert kept is not None or not seen
    for told in seen:
        assert told in await house.seals.history(house.root)
    if kept is not None:
        await check_whole(house, stores, kept)
    house.sealing.start()
    await asyncio.wait_for(_sealed(house), 10)
    newest = house.seals.newest(house.root)
    assert newest is not None
    assert newest.head.sequence == house.pico().seq
    assert newest.cid in await stores.roots()
    heads = await house.seals.history(house.root)
    published = heads_among(blocks, house)
    assert not any(equivocation(one, other) for one in published for other in published)
    assert {one.cid for one in published} <= {one.cid for one in heads}
    assert [one.head.previous for one in heads[1:]] == [one.cid for one in heads[:-1]]
    assert state_id((await read(house, newest)).head.pico) == state_id(house.pico())
    await house.close()
    check_pins(blocks, newest)


async def _sealed(house: House) -> None:
    while True:
        newest = house.seals.newest(house.root)
        stores = await house.vault.stores()
        if (
            newest is not None
            and newest.head.sequence == house.pico().seq
            and newest.cid in await stores.roots()
        ):
            return
        await asyncio.sleep(0.001)


async def check_whole(house: House, store: BlockStore, signed: SignedHead) -> None:
    """All that a head that is kept leads to is there."""
    async for _ in walk(store, [signed.head.root, signed.head.keys]):
        pass
    assert (await read(house, signed)).head.pico.seq == signed.head.sequence


def heads_among(blocks: InlineDatabase, house: House) -> list[SignedHead]:
    """All that ever left the journal."""
    assert house.host.mail is not None
    log = house.host.mail.lives.kept(house.root)
    bodies = [body for (body,) in blocks._connection.execute("SELECT body FROM blocks").fetchall()]
    heads = [body for body in bodies if isinstance(node := decode(body), dict) and node.get("kind") == KIND]
    return [house.seals.heads.check(body, log) for body in heads]


def check_pins(blocks: InlineDatabase, newest: SignedHead) -> None:
    """One head is pinned, and nothing else."""
    rows = blocks._connection.execute("SELECT cid FROM roots").fetchall()
    assert [cid for (cid,) in rows] == [newest.cid]


async def read(house: House, signed: SignedHead) -> Any:
    stores = await house.vault.stores()
    await stores.put_many({signed.cid: signed.block})
    believed = await believe(stores, signed.cid, Trust(verify, house.seals.heads.acting))
    opens = opened_with([KEYS.derive(OPENING)], KeyBoxes(lambda count: bytes(count)))
    return await open_state(stores, believed, opens, BlockCipher())


Crash = Callable[[Disk, int, When], Coroutine[Any, Any, bool]]


async def crash_of_the_journal(disk: Disk, at: int, when: When) -> bool:
    blocks, seen = InlineDatabase(), list[SignedHead]()
    journal = CrashingJournal(disk, NEVER, when)
    house = await House(disk, blocks).open(journal)
    journal._at = journal.commits + at
    died = await live_until_death(life(house, seen), journal.crashed)
    await check_next_life(disk, blocks, seen)
    return died


async def crash_of_the_store(disk: Disk, at: int, when: When) -> bool:
    blocks, seen = InlineDatabase(), list[SignedHead]()
    house = await House(disk, blocks).open()
    blocks.revive(at, when)
    died = await live_until_death(life(house, seen), blocks.crashed)
    house.journal.crash()
    await check_next_life(disk, blocks, seen)
    return died


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("crash", [crash_of_the_journal, crash_of_the_store])
def test_a_crash_at_any_write_leaves_no_head_without_its_blocks(crash: Crash, when: When) -> None:
    """Nor one that was told of and is forgotten, nor two for one turn, nor a pin that nobody knows of."""

    @in_loop_within(300)
    async def story() -> None:
        disk = await prepared()
        for at in range(1, LATEST):
            if not await crash(copy.deepcopy(disk), at, when):
                assert at > 5, "there were writes at which it could die"
                return
        raise AssertionError("there is no end to the writes")

    story()
