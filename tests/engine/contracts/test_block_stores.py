"""What every store of blocks promises, held against all of them, alone and together."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import wraps
from pathlib import Path

import pytest

from engine.core.cids import Cid
from engine.ports import LARGEST_BLOCK, MissingBlocks, StoreReadOnly, StoreUnavailable, WrongBytes
from tests.engine.contracts.block_stores import BENCHES, NEEDS, Bench
from tests.engine.in_loop import in_loop_within
from tests.engine.making_blocks import above, grow, leaf, node_cid, raw_cid

LONG_S = 60
"""A real node on a busy machine may need some of it."""


Test = Callable[[Bench], Awaitable[None]]


def on_each_store(test: Test, writable: bool = False) -> Callable[[str, Path], None]:
    """Run an `async def` test on a fresh store of each kind, or of each that can be written."""

    @pytest.mark.parametrize("kind", BENCHES)
    @wraps(test, assigned=("__module__", "__name__", "__qualname__", "__doc__"), updated=())
    def run(kind: str, tmp_path: Path) -> None:
        @in_loop_within(LONG_S)
        async def in_bench() -> None:
            async with BENCHES[kind](tmp_path) as bench:
                if writable and not bench.is_writable:
                    pytest.skip("nothing can be put into it")
                await test(bench)

        if kind in NEEDS:
            NEEDS[kind]()
        in_bench()

    del run.__wrapped__  # pytest would take its parameter for a fixture
    return run


def on_each_writable_store(test: Test) -> Callable[[str, Path], None]:
    return on_each_store(test, writable=True)


@on_each_store
async def test_what_was_put_is_found(bench: Bench) -> None:
    """With the bytes it has, whatever its codec; nothing else is."""
    tree, other = grow(1), leaf(b"never put")
    store = await bench.fill(tree.blocks, [tree.root])
    assert await store.get_many([*tree.blocks, other.root]) == tree.blocks
    assert await store.has_many([*tree.blocks, other.root]) == set(tree.blocks)
    await store.close()


@on_each_writable_store
async def test_asking_for_nothing_is_answered(bench: Bench) -> None:
    """With nothing; putting nothing is no fault either, and naming a block twice gives it once."""
    store = await bench.open()
    await store.put_many({})
    assert (await store.get_many([]), await store.has_many([]), await store.roots()) == (
        {},
        set(),
        frozenset(),
    )
    tree = leaf(b"once")
    await store.put_many(tree.blocks)
    assert await store.get_many([tree.root, tree.root]) == tree.blocks
    await store.close()


@on_each_writable_store
async def test_putting_again_changes_nothing(bench: Bench) -> None:
    """Blocks that are there already are no fault, alone or among new ones."""
    store = await bench.open()
    tree = grow(2)
    half = dict(list(tree.blocks.items())[::2])
    await store.put_many(half)
    await store.put_many(tree.blocks)
    await store.put_many(half)
    assert await store.get_many(tree.blocks) == tree.blocks
    await store.close()


@on_each_writable_store
async def test_the_smallest_and_the_largest_block(bench: Bench) -> None:
    """No byte at all and a MiB are kept; one more is refused, and nothing that came with it is stored."""
    store = await bench.open()
    empty, large, other = leaf(b""), leaf(bytes(LARGEST_BLOCK)), leaf(b"beside it")
    await store.put_many({**empty.blocks, **large.blocks})
    assert await store.get_many([empty.root, large.root]) == {**empty.blocks, **large.blocks}
    with pytest.raises(ValueError, match="1048577 bytes"):
        await store.put_many({**other.blocks, **leaf(bytes(LARGEST_BLOCK + 1)).blocks})
    assert await store.has_many([other.root]) == set()
    await store.close()


@on_each_writable_store
async def test_wrong_bytes_are_not_taken(bench: Bench) -> None:
    """They are named, and nothing that came with them is stored."""
    store = await bench.open()
    good, named = leaf(b"good"), raw_cid(b"named")
    with pytest.raises(WrongBytes) as refused:
        await store.put_many({**good.blocks, named: b"other"})
    assert refused.value.cids == {named}
    assert await store.has_many([good.root, named]) == set()
    await store.close()


@on_each_writable_store
async def test_what_is_no_dag_cbor_is_not_taken(bench: Bench) -> None:
    """Its links could not be followed; as raw bytes it can be kept."""
    store = await bench.open()
    broken = b"\x82\x01"
    with pytest.raises(ValueError, match="ends"):
        await store.put_many({node_cid(broken): broken})
    await store.put_many(leaf(broken).blocks)
    await store.close()


@on_each_store
async def test_cids_of_other_kinds_are_not_taken(bench: Bench) -> None:
    """dag-pb, or another hash, or no CID: a mistake of whoever calls."""
    store = await bench.fill(leaf(b"one").blocks, [leaf(b"one").root])
    for cid in (b"\x01\x70\x12\x20" + bytes(32), b"\x01\x55\x1b\x20" + bytes(32), b"", bytes(36)):
        with pytest.raises(ValueError, match="CID"):
            await store.get_many([Cid(cid)])
        with pytest.raises(ValueError, match="CID"):
            await store.has_many([Cid(cid)])
        with pytest.raises(ValueError, match="CID"):
            await store.pin(Cid(cid))
        with pytest.raises(ValueError, match="CID"):
            await store.put_many({Cid(cid): b"x"})
    await store.close()


@on_each_store
async def test_bytes_that_changed_are_noticed(bench: Bench) -> None:
    """Whoever reads hears which ones, gets the good ones, and putting the right ones mends it."""
    bad, good = leaf(b"as it was put"), leaf(b"as it is")
    store = await bench.fill({**bad.blocks, **good.blocks}, [bad.root])
    if not await bench.spoil(bad.root, b"as it was pat"):
        pytest.skip("nothing in this store can be spoiled from here")
    with pytest.raises(WrongBytes) as caught:
        await store.get_many([bad.root, good.root])
    assert caught.value.cids == {bad.root}
    assert caught.value.found == good.blocks
    if bench.is_writable:
        await store.put_many(bad.blocks)
        assert await store.get_many([bad.root]) == bad.blocks
    await store.close()


@on_each_writable_store
async def test_a_root_is_pinned_until_it_is_unpinned(bench: Bench) -> None:
    """Once, however often that is said; and what was never pinned may be unpinned."""
    store = await bench.open()
    tree, other = grow(3), leaf(b"a root of one block")
    await store.put_many({**tree.blocks, **other.blocks})
    for root in (tree.root, tree.root, other.root):
        await store.pin(root)
    assert await store.roots() == {tree.root, other.root}
    await store.unpin(tree.root)
    await store.unpin(tree.root)
    assert await store.roots() == {other.root}
    await store.close()


@on_each_writable_store
async def test_a_root_with_a_hole_below_it_is_not_pinned(bench: Bench) -> None:
    """Nor one that is not there itself. Once the hole is filled it is."""
    store = await bench.open()
    hole = leaf(b"missing")
    tree = above(grow(4), above(hole))
    await store.put_many({cid: data for cid, data in tree.blocks.items() if cid != hole.root})
    with pytest.raises(MissingBlocks) as refused:
        await store.pin(tree.root)
    assert refused.value.cids in ({hole.root}, {tree.root})
    assert await store.roots() == frozenset()
    with pytest.raises(MissingBlocks):
        await store.pin(hole.root)
    await store.put_many(hole.blocks)
    await store.pin(tree.root)
    assert await store.roots() == {tree.root}
    await store.close()


@on_each_store
async def test_what_was_acknowledged_is_there_after_opening_again(bench: Bench) -> None:
    """Blocks and roots, without a word between the answer and the end."""
    if not bench.is_durable:
        pytest.skip("it forgets everything with its process")
    tree = grow(5)
    await (await bench.fill(tree.blocks, [tree.root])).close()
    store = await bench.open()
    assert await store.get_many(tree.blocks) == tree.blocks
    assert await store.roots() == {tree.root}
    await store.close()


@on_each_writable_store
async def test_a_store_may_be_asked_many_things_at_a_time(bench: Bench) -> None:
    """By those who put, get and pin trees that share blocks; each gets what it would get alone."""
    store = await bench.open()
    shared = grow(6)
    trees = [above(shared, grow(seed)) for seed in range(10, 18)]

    async def use(number: int) -> None:
        tree = trees[number]
        await store.put_many(tree.blocks)
        await store.pin(tree.root)
        assert await store.get_many(tree.blocks) == tree.blocks
        if number % 2:
            await store.unpin(tree.root)

    await asyncio.gather(*map(use, range(len(trees))))
    assert await store.roots() == {tree.root for tree in trees[::2]}
    assert await store.get_many(trees[0].blocks) == trees[0].blocks
    await store.close()


@on_each_store
async def test_many_blocks_in_one_call(bench: Bench) -> None:
    """More than a request, a statement or a piece has room for."""
    tree = grow(7, leaves=1_500, width=40, size=3_000)
    store = await bench.fill(tree.blocks, [tree.root])
    assert await store.has_many(tree.blocks) == set(tree.blocks)
    assert await store.get_many(tree.blocks) == tree.blocks
    await store.close()


@on_each_store
async def test_a_closed_store_says_so(bench: Bench) -> None:
    """To whatever is asked; closing it twice is no fault."""
    tree = leaf(b"late")
    store = await bench.fill(tree.blocks, [tree.root])
    await store.close()
    await store.close()
    for call in (
        store.put_many(tree.blocks),
        store.get_many([tree.root]),
        store.has_many([tree.root]),
        store.pin(tree.root),
        store.unpin(tree.root),
        store.roots(),
    ):
        with pytest.raises(StoreUnavailable, match="closed"):
            await call


@on_each_store
async def test_what_cannot_be_written_says_so(bench: Bench) -> None:
    """By a name of its own, since trying again never helps."""
    if bench.is_writable:
        pytest.skip("it can be written")
    tree, other = grow(8), leaf(b"other")
    store = await bench.fill(tree.blocks, [tree.root])
    for call in (store.put_many(other.blocks), store.pin(tree.root), store.unpin(tree.root)):
        with pytest.raises(StoreReadOnly):
            await call
    assert await store.roots() == {tree.root}
    await store.close()
