"""Beside a real node: the same CIDs, the same bytes, the same CARs, and blocks that go from node to node."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.ipfs import IpfsBlocks, NodeLimits
from engine.core.blocks.dag_cbor import Link, encode
from engine.core.cars import car_of, read_car
from engine.core.cids import Cid, cid_of, cid_text
from engine.ports import MissingBlocks, StoreUnavailable, WrongBytes
from tests.engine.in_loop import in_loop_within
from tests.engine.making_blocks import Tree, above, grow, leaf
from tests.support.ipfs_bench import IMPATIENT, blocks_in, spoil_block
from tests.support.ipfs_node import IpfsNode

in_time = in_loop_within(60)


@asynccontextmanager
async def opened(*nodes: IpfsNode, limits: NodeLimits = IMPATIENT) -> AsyncIterator[list[IpfsBlocks]]:
    stores = [blocks_in(node, limits) for node in nodes]
    try:
        yield stores
    finally:
        for store in stores:
            await store.close()


async def tree_of(store: IpfsBlocks, root: Cid) -> dict[Cid, bytes]:
    return {cid: data async for blocks in store.get_tree(root) for cid, data in blocks.items()}


def fresh(leaves: int = 8, size: int = 40) -> Tree:
    """A tree that no node has."""
    return grow(random.SystemRandom().getrandbits(64), leaves, size=size)


# --- the same names and bytes ----------------------------------------------------------------------


@in_time
async def test_the_node_has_the_very_bytes_that_were_put(node: IpfsNode) -> None:
    """Under the very CIDs, as its own commands give them out."""
    tree = fresh()
    async with opened(node) as (store,):
        await store.put_many(tree.blocks)
    for cid, data in tree.blocks.items():
        assert node.run("block", "get", cid_text(cid)) == data
        assert f"Size: {len(data)}" in node.run("block", "stat", cid_text(cid)).decode()


def test_the_node_gives_bytes_the_cids_that_we_give_them(node: IpfsNode) -> None:
    """Raw ones of any size, from none to the largest block."""
    for size in (0, 1, 55, 56, 64, 1_000, 1 << 20):
        data = random.Random(size).randbytes(size)
        told = node.run("block", "put", "--cid-codec=raw", stdin=data).decode().strip()
        assert told == cid_text(cid_of(data, "raw"))


NODES: list[tuple[str, Any]] = [
    ('{"b": [1, -1, 255, 65536], "a": {"": null, "aa": true, "ab": false}}', None),
    ('{"bbb": "ø 🐝", "c": 1.5, "aaaa": 9007199254740993, "x": -9223372036854775808}', None),
    ('{"/": {"bytes": "AQIDBP8"}}', b"\x01\x02\x03\x04\xff"),
    (f'[{{"/": "{cid_text(leaf(b"x").root)}"}}, "x"]', [Link(leaf(b"x").root), "x"]),
    ('"just a text"', None),
    ("[]", None),
]
"""As the node reads them in DAG-JSON, and what they are here where JSON does not say it."""


@pytest.mark.parametrize(("text", "value"), NODES)
def test_the_node_encodes_nodes_as_we_do(text: str, value: Any, node: IpfsNode) -> None:
    """DAG-CBOR, byte for byte, so that a state has one CID wherever it is made."""
    ours = encode(json.loads(text) if value is None else value)
    told = node.run("dag", "put", "--pin=false", stdin=text.encode()).decode().strip()
    assert told == cid_text(cid_of(ours))
    assert node.run("block", "get", told) == ours


@in_time
async def test_the_node_reads_our_nodes(node: IpfsNode) -> None:
    """What is a link to us is one to it, and so it finds the whole tree."""
    tree = fresh()
    async with opened(node) as (store,):
        await store.put_many(tree.blocks)
    told = json.loads(node.run("dag", "stat", "--progress=false", "--enc=json", cid_text(tree.root)))
    assert told["UniqueBlocks"] == len(tree.blocks)
    assert told["TotalSize"] == sum(map(len, tree.blocks.values()))
    links, content = json.loads(node.run("dag", "get", cid_text(tree.root)))
    assert {link["/"] for link in links} < {cid_text(cid) for cid in tree.blocks}
    assert content.keys() == {"/"}


# --- CARs ------------------------------------------------------------------------------------------


def test_our_car_is_one_to_the_node(node: IpfsNode, tmp_path: Path) -> None:
    """`ipfs dag import` takes it, all of it, and pins its root."""
    tree = fresh()
    file = tmp_path / "ours.car"
    file.write_bytes(car_of([tree.root], tree.blocks))
    told = node.run("dag", "import", "--stats", str(file)).decode()
    assert f"Imported {len(tree.blocks)} blocks" in told
    assert cid_text(tree.root) in node.run("pin", "ls", "--type=recursive").decode()


def test_the_nodes_car_is_one_to_us(node: IpfsNode) -> None:
    """And one that we write in its order has the same bytes."""
    tree = fresh()
    node.run("dag", "import", stdin=car_of([tree.root], tree.blocks))
    theirs = node.run("dag", "export", cid_text(tree.root))
    sections = {section.cid: section.data for section in read_car([theirs])}
    assert sections == tree.blocks
    assert car_of([tree.root], sections) == theirs


# --- from node to node -----------------------------------------------------------------------------


@in_time
async def test_what_is_put_through_one_node_is_fetched_through_the_other(nodes: list[IpfsNode]) -> None:
    """Block by block, as it may come when only some are wanted."""
    tree = fresh()
    async with opened(*nodes, limits=NodeLimits()) as (one, other):
        await one.put_many(tree.blocks)
        assert await other.has_many(tree.blocks) == set()
        assert await other.get_many(tree.blocks) == tree.blocks
        assert await other.has_many(tree.blocks) == tree.blocks.keys()


@in_time
async def test_a_whole_tree_is_fetched_through_the_other_node(nodes: list[IpfsNode]) -> None:
    """In one call; links come before what they lead to."""
    tree = fresh(leaves=600, size=2_000)
    async with opened(*nodes, limits=NodeLimits()) as (one, other):
        await one.put_many(tree.blocks)
        found = await tree_of(other, tree.root)
        assert found == tree.blocks
        assert next(iter(found)) == tree.root
        assert await tree_of(one, tree.root) == tree.blocks


@in_time
async def test_a_hole_in_a_tree_is_named_by_both_nodes(nodes: list[IpfsNode]) -> None:
    """None of them waits until somebody brings the block."""
    hole = leaf(random.randbytes(20))
    tree = above(fresh(), above(hole))
    there = {cid: data for cid, data in tree.blocks.items() if cid != hole.root}
    limits = NodeLimits(get_s=1, ask_again_s=0.5, stall_s=1)
    async with opened(*nodes, limits=limits) as (one, other):
        await one.put_many(there)
        for store in (one, other):
            with pytest.raises(MissingBlocks) as caught:
                await tree_of(store, tree.root)
            assert caught.value.cids == {hole.root}
        with pytest.raises(MissingBlocks) as refused:
            await one.pin(tree.root)
        assert refused.value.cids == {hole.root}


# --- what only a real node does --------------------------------------------------------------------


@in_time
async def test_what_is_pinned_survives_the_nodes_own_collection(node: IpfsNode) -> None:
    """And what is unpinned goes with the next one, but for what another root leads to."""
    shared = fresh()
    old, new = above(shared, fresh()), above(shared, fresh())
    async with opened(node) as (store,):
        await store.put_many({**old.blocks, **new.blocks})
        await store.pin(old.root)
        await store.pin(new.root)
        await store.unpin(old.root)
        node.run("repo", "gc")
        assert await store.has_many({**old.blocks, **new.blocks}) == new.blocks.keys()
        assert new.root in await store.roots()


@in_time
async def test_pins_that_the_owner_made_are_not_ours(node: IpfsNode) -> None:
    """They are neither listed nor taken away."""
    tree = fresh()
    async with opened(node) as (store,):
        await store.put_many(tree.blocks)
        node.run("pin", "add", "--name=holiday pictures", cid_text(tree.root))
        assert tree.root not in await store.roots()
        await store.unpin(tree.root)
    assert cid_text(tree.root) in node.run("pin", "ls", "--type=recursive").decode()


@in_time
async def test_bytes_that_rot_on_the_nodes_disk_are_noticed(node: IpfsNode) -> None:
    """It gives them out without a word; nobody takes them from us."""
    good, bad = leaf(random.randbytes(30)), leaf(random.randbytes(30))
    async with opened(node) as (store,):
        await store.put_many({**good.blocks, **bad.blocks})
        spoil_block(node, bad.root, b"rotten")
        with pytest.raises(WrongBytes) as caught:
            await store.get_many([good.root, bad.root])
        assert caught.value.cids == {bad.root}
        assert caught.value.found == good.blocks


@in_time
async def test_a_node_says_how_it_is(node: IpfsNode) -> None:
    """As it says it to its owner."""
    async with opened(node) as (store,):
        told = await store.status()
    identity = json.loads(node.run("id"))
    assert f"kubo/{told.version}" in identity["AgentVersion"]
    assert (told.peer_id, told.peers) == (identity["ID"], 1)
    assert 0 < told.bytes < told.most_bytes
    assert told.blocks > 0


@pytest.mark.usefixtures("ipfs_program")
@in_time
async def test_a_node_that_ends_is_unavailable_and_has_all_when_it_is_back(tmp_path: Path) -> None:
    """Blocks and pins are on its disk when they are acknowledged."""
    tree = fresh()
    with IpfsNode(tmp_path / "node") as node:
        async with opened(node) as (store,):
            await store.put_many(tree.blocks)
            await store.pin(tree.root)
            node.kill()
            with pytest.raises(StoreUnavailable):
                await store.get_many([tree.root])
        node.start()
        async with opened(node) as (store,):
            assert await store.get_many(tree.blocks) == tree.blocks
            assert await store.roots() == {tree.root}


# --- the nodes themselves --------------------------------------------------------------------------


def test_the_nodes_of_these_tests_are_alone(nodes: list[IpfsNode]) -> None:
    """On loopback, with each other and nobody else; they look for nobody and tell nobody anything."""
    for node in nodes:
        addresses = json.loads(node.run("id"))["Addresses"]
        assert addresses
        assert all(address.startswith("/ip4/127.0.0.1/tcp/") for address in addresses)
        (peer,) = node.run("swarm", "peers").decode().split()
        assert peer.startswith("/ip4/127.0.0.1/tcp/")
        assert node.run("bootstrap", "list") == b""
        settings = json.loads(node.run("config", "show"))
        assert settings["Routing"]["Type"] == "none"
        assert settings["AutoConf"]["Enabled"] is False
        assert settings["Discovery"]["MDNS"]["Enabled"] is False
        assert settings["Plugins"]["Plugins"]["telemetry"]["Disabled"] is True
