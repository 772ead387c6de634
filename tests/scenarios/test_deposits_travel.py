"""What a pico has put with `ipfs:put` goes where its sealed state goes, and comes back with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.config import Settings
from engine.core.blocks.dag_cbor import Link, encode
from engine.core.cids import cid_of, cid_text
from engine.ipfs_choice import read_nodes
from engine.runtime.deposits import PLACE_BYTES
from tests.engine.commands.sealed_homes import PASSPHRASE, Shell, root_of
from tests.engine.in_loop import in_loop_within
from tests.scenarios.test_ipfs_module import BLOCK, BOOK, BOOK_CID, LONG_S, Library, library
from tests.support.ipfs_node import IpfsNode, connected_nodes

in_time = in_loop_within(LONG_S)
SHELF_BLOCK = encode({"first": Link(cid_of(BLOCK)), "shelf": 1})
SHELF = {"first": {"/": BOOK_CID}, "shelf": 1.0}
SHELF_CID = cid_text(cid_of(SHELF_BLOCK))
HAS = {
    BOOK_CID: len(BLOCK) + PLACE_BYTES,
    SHELF_CID: len(BLOCK) + len(SHELF_BLOCK) + PLACE_BYTES,
}


async def sealed(one: Library) -> str:
    """Its root pico, now; the name for life."""
    host = one.engine.host
    assert host.mail is not None
    assert host.sealing is not None
    host.mail.reached_at("http://127.0.0.1:1")
    return (await host.sealing.seals.seal(root_of(one.engine))).head.pico


async def told(folder: Path, *words: object, **environment: str) -> None:
    """A command that goes well. It has an event loop of its own."""
    await asyncio.to_thread(Shell(folder).told, *words, **environment)


async def fill(one: Library) -> str:
    """A book, and a shelf that leads to it."""
    await one.send("put", book=BOOK)
    await one.send("put", book=SHELF)
    return await sealed(one)


async def in_home(home: Path, *nodes: IpfsNode) -> Library:
    """The engine of a home that a pico was brought into: nothing is installed there, or granted."""
    one = Library(Settings(home=home, workers=0, ipfs_api=read_nodes([node.url for node in nodes])))
    await one.reopen()
    return one


async def check_has_all(one: Library) -> None:
    """The same values by the same CIDs, counted as they were; and they stay when the rubbish goes."""
    assert await one.ask("kept") == HAS
    await (await one.engine.vault.local()).collect()
    assert await one.ask("read", cid=BOOK_CID) == BOOK
    assert await one.ask("read", cid=SHELF_CID) == SHELF


@in_time
async def test_what_was_put_comes_back_on_a_bare_home(tmp_path: Path) -> None:
    """From a file, without any node: it can be had, it is the pico's own, and it is put no second time."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with library(old) as one:
        await fill(one)
    enter = {"PICOMESH_EXPORT_PASSPHRASE": PASSPHRASE}
    await told(tmp_path, "export", "root", "-o", tmp_path / "mine.car", "--with-keys", "--home", old, **enter)
    await told(tmp_path, "import", tmp_path / "mine.car", "--home", new, **enter)
    one = await in_home(new)
    await check_has_all(one)
    await one.send("put", book=BOOK)
    assert await one.ask("newest") == BOOK_CID
    assert await one.ask("kept") == HAS
    await one.engine.close()


@in_time
async def test_what_was_brought_back_is_given_up_like_anything(tmp_path: Path) -> None:
    """Dropped it is held by the state that was sealed before; when that is followed by another, by nobody."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with library(old) as one:
        await fill(one)
    await told(tmp_path, "export", "root", "-o", tmp_path / "mine.car", "--home", old)
    new.mkdir()
    (old / "engine.key").rename(new / "engine.key")  # so that it may be sealed here
    await told(tmp_path, "import", tmp_path / "mine.car", "--home", new)
    one = await in_home(new)
    local = await one.engine.vault.local()
    for cid in (SHELF_CID, BOOK_CID):
        await one.send("drop", cid=cid)
    assert await one.ask("kept") == {}
    await local.collect()
    assert await one.ask("read", cid=SHELF_CID) == SHELF
    await sealed(one)
    local._now_ms = _in_a_year  # type: ignore[attr-defined]
    await local.collect()
    assert "is not here" in str(await one.ask("read", cid=SHELF_CID))
    await one.engine.close()


def _in_a_year() -> int:
    return 1 << 42


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2) as running:
        yield running


@in_time
async def test_what_was_put_is_restored_through_another_node(nodes: list[IpfsNode], tmp_path: Path) -> None:
    """By the name of the pico and a key alone. The home it came from is gone."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with library(old, nodes[0]) as one:
        did = await fill(one)
        await one.settled()
        seals = one.engine.host.sealing
        assert seals is not None
        newest = seals.seals.newest(root_of(one.engine))
        assert newest is not None
    old.rename(tmp_path / "gone")
    words = ("restore", did, "--from", "ipfs", "--head", cid_text(newest.cid), "--home", new)
    key = ("--key", tmp_path / "gone" / "engine.key")
    await told(tmp_path, *words, *key, PICOMESH_IPFS_API=nodes[1].url)
    one = await in_home(new)
    await check_has_all(one)
    await one.engine.close()


@in_time
async def test_who_is_given_a_head_finds_what_was_put_below_it(nodes: list[IpfsNode], tmp_path: Path) -> None:
    """With the tools of IPFS alone, and without a key."""
    async with library(tmp_path, nodes[0]) as one:
        await fill(one)
        await one.settled()
        seals = one.engine.host.sealing
        assert seals is not None
        newest = seals.seals.newest(root_of(one.engine))
        assert newest is not None
        below = nodes[0].run("refs", "--recursive", cid_text(newest.cid)).decode().split()
        assert {BOOK_CID, SHELF_CID} <= set(below)


@in_time
async def test_what_is_still_to_be_put_is_put_where_the_pico_comes_back(tmp_path: Path) -> None:
    """It was sealed after the turn, and before the effect."""
    old, new = tmp_path / "old", tmp_path / "new"
    async with library(old) as one:
        host = one.engine.host
        host._outbox.errands.stop()
        await host.run_event(one.root, "book", "put", {"book": BOOK})
        await sealed(one)
    await told(tmp_path, "export", "root", "-o", tmp_path / "mine.car", "--home", old)
    await told(tmp_path, "import", tmp_path / "mine.car", "--key", old / "engine.key", "--home", new)
    one = await in_home(new)
    await one.engine.host.wait_quiet()
    assert await one.ask("read", cid=BOOK_CID) == BOOK
    await one.engine.close()
