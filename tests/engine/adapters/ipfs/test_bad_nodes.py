"""Nodes that are slow, full, dead, lying or something else: each costs a failure with a name, and no more."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.adapters.ipfs import IpfsBlocks, NodeLimits, NodeRefused, Rpc
from engine.adapters.ipfs.trees import TreeFetch
from engine.core.cars import car_header, car_of, car_section
from engine.core.cids import Cid, cid_text
from engine.ipfs_choice import read_address
from engine.ports import LARGEST_BLOCK, MissingBlocks, StoreFailed, StoreFull, StoreUnavailable, WrongBytes
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import Tree, above, grow, leaf
from tests.engine.runtime.store_machine import virtually
from tests.fakes.ipfs_rpc import Asked, FakeIpfsRpc, Held, Wire, missing, refuse, reply, serving

TREE = grow(1)
LEAF = leaf(b"a leaf")
QUICK = NodeLimits(answer_s=0.1, put_s=0.1, pin_s=0.1, get_s=0.3, ask_again_s=0.1, stall_s=0.1)
EVERY = (
    *("dag/import", "dag/export", "dag/stat", "block/get", "block/stat"),
    *("pin/add", "pin/ls", "pin/rm", "version", "id", "repo/stat", "swarm/peers"),
)
KEYS = (
    "Stats",
    "BlockCount",
    "Pins",
    "Keys",
    "Cid",
    "Name",
    "Message",
    "Type",
    "Peers",
    "NumObjects",
    "Version",
)


@asynccontextmanager
async def opened(
    node: FakeIpfsRpc, limits: NodeLimits | None = None, url: str = ""
) -> AsyncIterator[IpfsBlocks]:
    limits = limits or NodeLimits()
    async with serving(node) as here:
        store = IpfsBlocks(Rpc(read_address(url or here), limits), limits)
        try:
            yield store
        finally:
            await store.close()


def every_call(store: IpfsBlocks) -> Iterator[Coroutine[Any, Any, object]]:
    """All that can be asked of it, one after the other."""
    yield store.put_many(LEAF.blocks)
    yield store.get_many([LEAF.root])
    yield store.has_many([LEAF.root])
    yield store.pin(LEAF.root)
    yield store.unpin(LEAF.root)
    yield store.roots()
    yield store.status()
    yield tree_of(store, LEAF.root)


async def all_calls(store: IpfsBlocks, expected: type[Exception], match: str) -> None:
    """Each of them fails like this."""
    for call in every_call(store):
        with pytest.raises(expected, match=match):
            await call


async def tree_of(store: IpfsBlocks, root: Cid) -> dict[Cid, bytes]:
    return {cid: data async for blocks in store.get_tree(root) for cid, data in blocks.items()}


def always(wire: Wire, *commands: str) -> FakeIpfsRpc:
    """A node that says this and nothing else."""
    return FakeIpfsRpc(answers={command: lambda _: wire for command in commands or EVERY})


def test_the_fake_node_is_as_good_as_a_real_one() -> None:
    """Unless it is told otherwise; or the tests here would show nothing."""

    @in_loop
    async def run() -> None:
        async with opened(FakeIpfsRpc()) as store:
            await store.put_many(TREE.blocks)
            await store.pin(TREE.root)
            assert await store.get_many(TREE.blocks) == TREE.blocks
            assert await store.has_many([*TREE.blocks, LEAF.root]) == TREE.blocks.keys()
            assert await tree_of(store, TREE.root) == TREE.blocks
            assert await store.roots() == {TREE.root}
            await store.unpin(TREE.root)
            assert await store.roots() == frozenset()

    run()


# --- dead and slow ---------------------------------------------------------------------------------


@in_loop
async def test_a_dead_node_is_named() -> None:
    """With the question that helps."""
    async with serving(FakeIpfsRpc()) as url:
        gone = url
    async with opened(FakeIpfsRpc(), url=gone) as store:
        await all_calls(
            store, StoreUnavailable, f"ipfs {gone[7:]}: nothing answers there .* does the node run"
        )


@in_loop
async def test_a_node_that_never_answers_is_given_up() -> None:
    """After as many seconds as the limits say."""
    async with opened(always(None), QUICK) as store:
        await all_calls(store, StoreUnavailable, "not done within|nothing came for")


@in_loop
async def test_an_answer_that_breaks_off_is_none() -> None:
    """A block is whole or not there."""
    async with opened(always(reply(b"a le", length=6), "block/get")) as store:
        with pytest.raises(StoreUnavailable, match="broke off"):
            await store.get_many([LEAF.root])


@in_loop
async def test_a_block_that_stalls_is_asked_for_again() -> None:
    """What did not come from another node in time often comes when it is wanted again."""
    node, times = FakeIpfsRpc(blocks=dict(LEAF.blocks)), 0

    def stall_twice(asked: Asked) -> bytes:
        nonlocal times
        times += 1
        return refuse("context deadline exceeded") if times < 3 else reply(node.blocks[asked.cid])

    node.answers["block/get"] = stall_twice
    async with opened(node, QUICK) as store:
        assert await store.get_many([LEAF.root]) == LEAF.blocks
    assert [one.options["timeout"] for one in node.asked] == ["0.1s"] * 3


@in_loop
async def test_a_block_that_nobody_has_is_not_found() -> None:
    """After all the times that it is asked for; others that were asked for with it are."""
    node = FakeIpfsRpc(blocks=dict(TREE.blocks))
    async with opened(node, QUICK) as store:
        assert await store.get_many([*TREE.blocks, LEAF.root]) == TREE.blocks
    asks = [one for one in node.asked if one.cid == LEAF.root]
    assert len(asks) == QUICK.asks == 3


@in_loop
async def test_so_much_is_asked_at_a_time_and_no_more() -> None:
    """A thousand blocks do not become a thousand connections."""
    tree = grow(2, leaves=200)
    node = FakeIpfsRpc(blocks=dict(tree.blocks))
    async with opened(node, NodeLimits(at_once=5)) as store:
        assert await store.get_many(tree.blocks) == tree.blocks
    assert 1 < node.most_under_way <= 5 + 1  # one may be on its way out


@in_loop
async def test_closing_ends_what_is_under_way() -> None:
    """Nobody waits for an answer that cannot come."""
    node = always(None)
    async with opened(node) as store:
        call = asyncio.ensure_future(store.has_many([LEAF.root]))
        while not node.asked:
            await asyncio.sleep(0)
        await store.close()
        with pytest.raises(StoreUnavailable, match="closed"):
            await call


# --- lying -----------------------------------------------------------------------------------------


@in_loop
async def test_wrong_bytes_are_named_and_good_ones_kept() -> None:
    """One lie among many blocks costs that block."""
    node = FakeIpfsRpc(blocks={**TREE.blocks, **LEAF.blocks, LEAF.root: b"a lie"})
    async with opened(node) as store:
        with pytest.raises(WrongBytes) as caught:
            await store.get_many([*TREE.blocks, LEAF.root])
    assert caught.value.cids == {LEAF.root}
    assert caught.value.found == TREE.blocks


@in_loop
async def test_a_block_without_end_is_not_read_to_its_end() -> None:
    """Nothing has more bytes than a block can have; it counts as a lie."""
    async with opened(always(reply(bytes(3 * LARGEST_BLOCK)), "block/get")) as store:
        with pytest.raises(WrongBytes):
            await store.get_many([LEAF.root])


@in_loop
async def test_an_answer_without_end_is_not_read_to_its_end() -> None:
    """A list of pins is cut off where the limits say."""
    async with opened(always(reply(b"\n" * 9_000), "pin/ls"), NodeLimits(answer_bytes=8_000)) as store:
        with pytest.raises(StoreUnavailable, match="more than 8,000 bytes"):
            await store.roots()


@in_loop
async def test_nothing_is_unpacked() -> None:
    """What is compressed could be larger than any limit; nobody asked for it."""
    packed = reply(gzip.compress(b"a leaf"), content_encoding="gzip")
    node = always(packed, "block/get")
    async with opened(node) as store:
        with pytest.raises(WrongBytes):
            await store.get_many([LEAF.root])
    assert node.asked[0].headers["accept-encoding"] == "identity"


@in_loop
async def test_a_node_sends_us_nowhere_else() -> None:
    """Blocks go to the node that the operator named."""
    other = FakeIpfsRpc()
    async with serving(other) as elsewhere:
        node = always(reply(b"", 307, location=f"{elsewhere}/api/v0/dag/import"), "dag/import")
        async with opened(node) as store:
            with pytest.raises(NodeRefused, match="307"):
                await store.put_many(LEAF.blocks)
    assert other.asked == []


@pytest.mark.parametrize(
    ("said", "match"),
    [
        (reply(b'{"Stats":{"BlockCount":3}}'), "of 1 blocks it says that it took 3"),
        (reply(b""), "took none"),
        (reply(b"<html>"), "not answered with JSON, but '<html>'"),
        (reply(b"[" * 100_000), "not answered with JSON"),
        (reply(b'{"Message":"disk on fire","Code":0,"Type":"error"}'), "disk on fire"),
        (reply(b"<h1>hello\x1b[31m\n" + b"!" * 5_000, 502), "502: <h1>hello.\\[31m !"),
        (reply("404 page not found\n", 404), "8080 is the gateway"),
        (reply("", 403), "API.Authorizations"),
        (reply("", 401), "name and password"),
        (b"220 mail.example ESMTP\r\n\r\n", "broke off"),
        (b"", "broke off"),
    ],
)
def test_what_a_node_says_instead_is_told(said: bytes, match: str) -> None:
    """In one short line without control characters, with a hint where there is one."""

    @in_loop
    async def run() -> None:
        async with opened(always(said, "dag/import")) as store:
            with pytest.raises(StoreUnavailable, match=match) as caught:
                await store.put_many(LEAF.blocks)
        assert len(str(caught.value)) < 500
        assert str(caught.value).isprintable()

    run()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("\ud800\x1b"),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.sampled_from(KEYS), values, max_size=4),
    max_leaves=8,
)


@given(JSON_VALUES, st.sampled_from((200, 500)))
def test_whatever_a_node_says_is_no_accident_here(said: object, status: int) -> None:
    """It is taken for what it is, or refused by name."""

    problems: list[str] = []

    @in_loop
    async def run() -> None:
        async with opened(always(reply(json.dumps(said), status), *EVERY), QUICK) as store:
            for call in every_call(store):
                try:
                    await call
                except StoreFailed as problem:
                    problems.append(str(problem))

    run()
    assert all(problem.isprintable() for problem in problems)


@in_loop
async def test_what_is_no_node_is_not_one_that_has_nothing() -> None:
    """A gateway says of every command that it is not found; that is said of no block, tree or pin."""
    async with opened(always(reply("404 page not found\n", 404))) as store:
        await all_calls(store, NodeRefused, "404")


@in_loop
async def test_a_name_and_password_go_to_the_proxy_that_wants_them() -> None:
    """And to nobody else."""
    node = FakeIpfsRpc()
    async with serving(node) as url:
        for given in (url, url.replace("//", "//me:p%40ss:word@")):
            store = IpfsBlocks(Rpc(read_address(given), NodeLimits()), NodeLimits())
            await store.roots()
            await store.close()
    basic = "Basic " + base64.b64encode(b"me:p@ss:word").decode()
    assert [one.headers.get("authorization") for one in node.asked] == [None, basic]


# --- full ------------------------------------------------------------------------------------------


@in_loop
async def test_a_full_node_is_named() -> None:
    """Whoever put the blocks does not try again at once, but makes room."""
    full = refuse("write /data/blocks/X: no space left on device")
    node = always(full, "dag/import", "pin/add")
    node.blocks.update(LEAF.blocks)
    async with opened(node) as store:
        with pytest.raises(StoreFull, match="no space left"):
            await store.put_many(LEAF.blocks)
        with pytest.raises(StoreFull, match="no space left"):
            await store.pin(LEAF.root)
        assert await store.get_many([LEAF.root]) == LEAF.blocks


# --- pins ------------------------------------------------------------------------------------------


@in_loop
async def test_pins_of_others_are_left_alone() -> None:
    """Also when they are called much like ours."""
    theirs: dict[str, str] = {cid_text(TREE.root): "", cid_text(LEAF.root): "picomesh-of-another"}
    node = FakeIpfsRpc(blocks={**TREE.blocks, **LEAF.blocks}, pins=dict(theirs))
    async with opened(node) as store:
        assert await store.roots() == frozenset()
        await store.unpin(TREE.root)
        await store.unpin(LEAF.root)
    assert node.pins == theirs
    assert "pin/rm" not in node.commands()


@in_loop
async def test_a_pin_that_was_not_made_is_noticed() -> None:
    """An empty yes is no yes."""
    node = always(reply(b'{"Pins":[]}'), "pin/add")
    node.blocks.update(LEAF.blocks)
    async with opened(node) as store:
        with pytest.raises(StoreUnavailable, match="does not say that it is"):
            await store.pin(LEAF.root)


# --- trees -----------------------------------------------------------------------------------------


def whole(tree: Tree) -> dict[Cid, bytes]:
    """Those that link before those that are linked to, as a CAR of Kubo's has them."""
    return dict(reversed(list(tree.blocks.items())))


@in_loop
async def test_a_tree_that_just_ends_is_gone_on_with() -> None:
    """A CAR says nothing of blocks that were left out, so links are followed, and those are asked for."""
    blocks = whole(TREE)
    for count in range(len(blocks)):
        part = dict(list(blocks.items())[:count])
        node = always(reply(car_of([TREE.root], part)) if part else missing(TREE.root), "dag/export")
        node.blocks.update(blocks)
        async with opened(node) as store:
            assert await tree_of(store, TREE.root) == TREE.blocks
        assert node.commands() == ["dag/export", "refs"] + ["block/get"] * (len(blocks) - count)


@in_loop
async def test_a_node_that_has_nothing_of_a_tree_fetches_it_first() -> None:
    """Then it gives it as one CAR; block by block it would take several times as long."""
    replies = iter([missing(TREE.root), reply(car_of([TREE.root], whole(TREE)))])
    node = FakeIpfsRpc(
        answers={"dag/export": lambda _: next(replies), "refs": lambda _: reply(b'{"Ref":""}')}
    )
    async with opened(node) as store:
        assert await tree_of(store, TREE.root) == TREE.blocks
    assert node.commands() == ["dag/export", "refs", "dag/export"]


@in_loop
async def test_references_without_end_are_not_listened_to() -> None:
    """What is wanted is asked for by itself."""
    node = always(missing(TREE.root), "dag/export")
    node.answers["refs"] = lambda _: reply(b"x" * 5_000)
    node.blocks.update(whole(TREE))
    async with opened(node, NodeLimits(answer_bytes=1_000)) as store:
        assert await tree_of(store, TREE.root) == TREE.blocks
    assert node.commands().count("dag/export") == 1


@in_loop
async def test_a_tree_with_a_hole_is_given_up() -> None:
    """After what is there has come; the hole has a name."""
    hole = leaf(b"missing")
    tree = above(grow(4), above(hole))
    there = {cid: data for cid, data in whole(tree).items() if cid != hole.root}
    found: dict[Cid, bytes] = {}
    node = always(reply(car_of([tree.root], there)), "dag/export")
    async with opened(node, QUICK) as store:
        pieces = store.get_tree(tree.root)
        found |= await anext(pieces)
        with pytest.raises(MissingBlocks) as caught:
            await anext(pieces)
    assert found == there
    assert caught.value.cids == {hole.root}


@in_loop
async def test_a_node_that_has_nothing_of_a_tree_is_not_asked_for_all_of_it() -> None:
    """When of many blocks none comes, the others will not come either."""
    leaves = [leaf(bytes([number, 1])) for number in range(200)] + [leaf(bytes([n, 2])) for n in range(200)]
    tree = above(*leaves)
    node = FakeIpfsRpc(blocks={tree.root: tree.blocks[tree.root]})
    node.answers["block/get"] = lambda asked: missing(asked.cid)
    async with opened(node) as store:
        with pytest.raises(MissingBlocks):
            await tree_of(store, tree.root)
    assert node.commands().count("block/get") == 256


@in_loop
async def test_a_tree_cut_in_the_middle_of_a_block_is_not_whole() -> None:
    """However the node is asked."""
    car = car_of([TREE.root], whole(TREE))
    async with opened(always(reply(car[:-5]), "dag/export"), QUICK) as store:
        with pytest.raises(MissingBlocks) as caught:
            await tree_of(store, TREE.root)
    assert caught.value.cids == {list(whole(TREE))[-1]}


@in_loop
async def test_wrong_bytes_in_a_tree_are_named() -> None:
    """None of them is given on."""
    wrong = {**whole(TREE), list(whole(TREE))[3]: b"a lie"}
    async with opened(always(reply(car_of([TREE.root], wrong)), "dag/export")) as store:
        with pytest.raises(WrongBytes) as caught:
            await tree_of(store, TREE.root)
    assert caught.value.cids == {list(whole(TREE))[3]}


@in_loop
async def test_what_is_no_car_is_told() -> None:
    """With where it stops being one."""
    async with opened(always(reply("<html>" * 50), "dag/export")) as store:
        with pytest.raises(StoreUnavailable, match="CAR"):
            await tree_of(store, TREE.root)


@in_loop
async def test_blocks_of_other_trees_are_passed_over() -> None:
    """However many a node sends along."""
    other = grow(9)
    car = car_of([TREE.root], {**whole(other), **whole(TREE)})
    async with opened(always(reply(car), "dag/export")) as store:
        assert await tree_of(store, TREE.root) == TREE.blocks


@in_loop
async def test_a_tree_without_end_is_given_up() -> None:
    """Somebody can make blocks that lead to ever more blocks."""
    most = sum(map(len, TREE.blocks.values())) - 1
    async with opened(FakeIpfsRpc(blocks=whole(TREE)), NodeLimits(tree_bytes=most)) as store:
        with pytest.raises(StoreUnavailable, match=f"more than {most:,} bytes"):
            await tree_of(store, TREE.root)


class KnowsNothing(Rpc):
    """A node that refuses whatever it is asked."""

    def __init__(self) -> None:
        self.name = "node"

    @asynccontextmanager
    async def open(self, command: str, *_: object, **__: object) -> AsyncIterator[AsyncIterator[bytes]]:
        raise NodeRefused(self.name, command, 500, "merkledag: not found")
        yield


@virtually
async def test_a_tree_that_comes_too_slowly_is_given_up() -> None:
    """Each block in time, and all of them never: whoever waits would wait for ever."""
    chain, given = leaf(b"the last"), list[Cid]()
    for _ in range(9):
        chain = above(chain)

    async def get_many(cids: Iterable[Cid]) -> dict[Cid, bytes]:
        await asyncio.sleep(10.0)  # of a clock that does not wait
        given.extend(cids)
        return {given[-1]: chain.blocks[given[-1]]}

    fetch = TreeFetch(KnowsNothing(), NodeLimits(tree_s=25.0), get_many, chain.root)
    with pytest.raises(StoreUnavailable, match="no whole tree within 25 seconds"):
        async for _ in fetch.run():
            pass
    assert len(given) == 3 < len(chain.blocks)


@in_loop
async def test_a_tree_of_what_is_no_dag_cbor_is_refused() -> None:
    """Its links cannot be followed, so nobody could say that it is whole."""
    bad = Tree(Cid(b"\x01\x71" + leaf(b"\xff").root[2:]), {})
    car = car_header([bad.root]) + car_section(bad.root, b"\xff")
    async with opened(always(reply(car), "dag/export")) as store:
        with pytest.raises(WrongBytes, match="no DAG-CBOR"):
            await tree_of(store, bad.root)


@pytest.mark.parametrize("limits", [NodeLimits(tree_s=0.2), NodeLimits(stall_s=0.2)])
def test_a_tree_that_stops_in_the_middle_is_not_waited_for(limits: NodeLimits) -> None:
    """For longer than its pieces or the whole may take, even if each piece is asked for by another task."""
    car = car_of([TREE.root], whole(TREE))

    @in_loop
    async def run() -> None:
        stuck = Held(reply(car[:400], length=len(car)))
        async with opened(always(stuck, "dag/export"), limits) as store:
            pieces = store.get_tree(TREE.root)
            assert await asyncio.ensure_future(anext(pieces))
            with pytest.raises(StoreUnavailable, match=r"0\.2 seconds"):
                await asyncio.ensure_future(anext(pieces))

    run()
