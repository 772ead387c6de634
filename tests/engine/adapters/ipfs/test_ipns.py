"""Names that lead to heads, in several real nodes, of which some may be gone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from engine.adapters.ipfs import BadName, ipns_name, read_ipns_name
from engine.adapters.ipfs.ipns import HeadNames, name_of, open_names, resolve
from engine.config import Settings
from engine.core.cids import cid_text
from engine.core.multiformats import to_multibase
from engine.ipfs_choice import read_nodes
from engine.ports import StoreUnavailable
from tests.engine.in_loop import in_loop_within
from tests.engine.making_blocks import grow
from tests.support.ipfs_node import IpfsNode, connected_nodes

OLD, NEW = grow(1).root, grow(2).root
NOBODY = "http://127.0.0.1:9"
in_time = in_loop_within(60)


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    """Two nodes that tell each other what they know."""
    routing = {"Routing": {"Type": "dhtserver"}}
    with connected_nodes(tmp_path_factory.mktemp("heads"), 2, routing) as nodes:
        yield nodes


def with_nodes(*urls: str) -> Settings:
    return Settings(ipfs_api=read_nodes(list(urls)))


@asynccontextmanager
async def names_in(*urls: str) -> AsyncIterator[HeadNames]:
    names = open_names(with_nodes(*urls))
    try:
        yield names
    finally:
        await names.close()


@in_time
async def test_a_name_leads_to_the_newest_head(naming: list[IpfsNode]) -> None:
    """Published through one node and resolved through the other, in our spelling and in Kubo's."""
    seed = b"a" * 32
    async with names_in(naming[0].url) as names:
        assert await names.publish(seed, OLD, 1 << 40 | 5) == name_of(seed)
        await names.publish(seed, NEW, 2 << 40 | 1)
    assert await resolve(with_nodes(naming[1].url), name_of(seed)) == NEW
    shown = naming[1].run("name", "resolve", name_of(seed)).decode().strip()
    assert shown == f"/ipfs/{cid_text(NEW)}"


@in_time
async def test_one_node_that_takes_it_is_enough(naming: list[IpfsNode]) -> None:
    """Others may be dead; when all of them are, whoever publishes hears why, and nobody knows the name."""
    seed = b"b" * 32
    async with names_in(NOBODY, naming[0].url) as names:
        await names.publish(seed, NEW, 1)
        assert await names.resolve(name_of(seed)) == NEW
    async with names_in(NOBODY) as names:
        with pytest.raises(StoreUnavailable):
            await names.publish(seed, NEW, 2)
        assert await names.resolve(name_of(seed)) is None


@in_time
async def test_who_names_no_node_asks_nobody() -> None:
    assert await resolve(with_nodes(), name_of(b"c" * 32)) is None


def test_a_name_is_read_in_each_of_its_spellings(naming: list[IpfsNode]) -> None:
    """That of Kubo's own is the key that it has."""
    key = b"\x07" * 32
    for text in (ipns_name(key), f"/ipns/{ipns_name(key)}", f"ipns://{ipns_name(key)}"):
        assert read_ipns_name(text) == key
    kubo = naming[0].run("key", "list", "-l", "--ipns-base=base36").decode().split()[0]
    same = naming[0].run("key", "list", "-l", "--ipns-base=b58mh").decode().split()[0]
    assert kubo.startswith("k51")
    assert same.endswith(to_multibase("z", b"\x00\x24\x08\x01\x12\x20" + read_ipns_name(kubo))[1:])


@pytest.mark.parametrize("text", ["", "k", "k51", "k51!", "x", "kü", f"k{'1' * 900}", cid_text(OLD), "z6Mk"])
def test_what_is_no_name_is_told(text: str) -> None:
    with pytest.raises(BadName, match="no name of IPNS"):
        read_ipns_name(text)


def test_asking_for_what_is_no_name_asks_nobody() -> None:
    with pytest.raises(BadName):
        asyncio.run(resolve(with_nodes(NOBODY), "my pico"))
