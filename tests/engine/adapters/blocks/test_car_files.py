"""CAR files: whole or not there at all, and refused by name when they are damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from engine.adapters.blocks.car_files import CarFile, write_car
from engine.adapters.blocks.memory import MemoryBlocks
from engine.core.cars import AlteredCar, CarCut, car_of
from engine.core.cids import Cid
from engine.ports import MissingBlocks
from engine.runtime.block_walks import walk
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import Tree, above, grow, leaf


async def kept(tree: Tree) -> MemoryBlocks:
    store = MemoryBlocks()
    await store.put_many(tree.blocks)
    return store


@in_loop
async def test_what_roots_lead_to_is_exported(tmp_path: Path) -> None:
    """All of it, each block once, and nothing else; the file says how large it is, and is for its owner."""
    shared, other = grow(1, leaves=400), grow(2)
    tree = above(shared, above(shared))
    store = await kept(above(tree, other))
    path = tmp_path / "tree.car"
    size = await write_car(path, [tree.root], walk(store, [tree.root]))
    assert size == path.stat().st_size == len(car_of([tree.root], tree.blocks))
    assert path.stat().st_mode & 0o077 == 0
    car = await CarFile.open(path)
    assert await car.roots() == {tree.root}
    assert await car.get_many(tree.blocks) == tree.blocks
    assert await car.has_many(other.blocks) == set()
    await car.close()


@in_loop
async def test_an_export_that_fails_leaves_what_was_there(tmp_path: Path) -> None:
    """The earlier file, and no part of the new one."""
    hole = leaf(b"missing")
    tree = above(grow(3, leaves=300), hole)
    store = await kept(tree)
    path = tmp_path / "tree.car"
    await write_car(path, [tree.root], walk(store, [tree.root]))
    before = path.read_bytes()
    del store.blocks[hole.root]
    with pytest.raises(MissingBlocks):
        await write_car(path, [tree.root], walk(store, [tree.root]))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@in_loop
async def test_a_damaged_file_is_not_opened(tmp_path: Path) -> None:
    """Truncated or altered, it says which, and where."""
    tree = grow(4, leaves=300, size=2_000)
    path, whole = tmp_path / "tree.car", car_of([tree.root], tree.blocks)
    path.write_bytes(whole[:-7])
    with pytest.raises(CarCut, match="the rest is missing"):
        await CarFile.open(path)
    path.write_bytes(whole[:-7] + b"!" + whole[-6:])
    with pytest.raises(AlteredCar) as caught:
        await CarFile.open(path)
    assert caught.value.cid == list(tree.blocks)[-1]


@in_loop
async def test_the_same_export_twice_is_the_same_file(tmp_path: Path) -> None:
    """The order follows from the blocks, whatever order they were put in."""
    tree = grow(5, leaves=500)
    backwards = MemoryBlocks()
    await backwards.put_many(dict(reversed(list(tree.blocks.items()))))
    for name, store in (("one", await kept(tree)), ("two", backwards)):
        await write_car(tmp_path / name, [tree.root], walk(store, [tree.root]))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


@in_loop
async def test_a_file_that_cannot_be_made_is_named_at_once(tmp_path: Path) -> None:
    """Before any block is fetched for it."""
    asked = []

    async def blocks() -> AsyncIterator[Mapping[Cid, bytes]]:
        asked.append(1)
        yield {}

    with pytest.raises(FileNotFoundError):
        await write_car(tmp_path / "missing" / "x.car", [grow(7).root], blocks())
    assert not asked
