"""Picos of whole engines that put blocks of IPFS and get them, with real nodes and with none."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.ipfs import IpfsBlocks
from engine.config import Settings
from engine.core.blocks.dag_cbor import encode
from engine.core.cids import cid_of, cid_text
from engine.core.model import Eci
from engine.ipfs_choice import read_nodes
from engine.runtime.deposits import PLACE_BYTES
from engine.runtime.replies import EventReply, QueryReply
from engine.wiring import Engine, open_engine
from tests.engine.in_loop import in_loop_within
from tests.support.ipfs_bench import blocks_in
from tests.support.ipfs_node import IpfsNode, connected_nodes

LIBRARIAN = """
ruleset librarian {
  meta { shares newest, kept, read, errors, stored }
  global {
    newest = function() { ent:newest }
    stored = function() { ent:stored }
    errors = function() { ent:errors.defaultsTo([]) }
    kept = function() { ipfs:kept() }
    read = function(cid, form) { ipfs:get(cid, form) }
  }
  rule put {
    select when book put
    ipfs:put(event:attrs{"book"}, {"eci": event:eci, "domain": "book", "name": "stored"}) setting(cid)
    fired { ent:newest := cid }
  }
  rule stored { select when book stored fired { ent:stored := event:attrs{"value"} } }
  rule read {
    select when book read
    pre { found = ipfs:get(event:attrs{"cid"}) }
    fired { ent:newest := found }
  }
  rule drop { select when book drop ipfs:drop(event:attrs{"cid"}) }
  rule complain {
    select when system error
    fired { ent:errors := ent:errors.defaultsTo([]).append(event:attrs{"data"}) }
  }
}
"""
BOOK = {"title": "Walden", "pages": 352.0, "price": 9.5}
BLOCK = encode({"title": "Walden", "pages": 352, "price": 9.5})
BOOK_CID = cid_text(cid_of(BLOCK))
LONG_S = 120


class Library:
    """An engine whose root pico is a librarian; `reopen` is another run of it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.engine: Engine

    async def open(self, is_granted: bool = True) -> Library:
        await self.reopen()
        if is_granted:
            await self.engine.host.grant(self.root, "ipfs", True)
        text = self.settings.home / "librarian.krl"
        text.write_text(LIBRARIAN)
        await self.install(self.root, text.as_uri())
        return self

    async def reopen(self) -> None:
        self.engine = await open_engine(self.settings)

    async def install(self, eci: Eci, url: str) -> EventReply:
        reply = await self.engine.host.install(eci, url, {})
        assert isinstance(reply, EventReply), reply
        return reply

    @property
    def root(self) -> Eci:
        return self.engine.host.root_eci()

    async def send(self, name: str, eci: Eci | None = None, **attrs: Any) -> Any:
        reply = await self.engine.host.run_event(eci or self.root, "book", name, attrs)
        await self.engine.host.wait_quiet()
        return reply

    async def ask(self, name: str, eci: Eci | None = None, **args: Any) -> Any:
        reply = await self.engine.host.run_query(eci or self.root, "librarian", name, args)
        return reply.value if isinstance(reply, QueryReply) else reply

    async def roots(self) -> set[str]:
        return {cid_text(root) for root in await (await self.engine.vault.stores()).roots()}

    async def settled(self) -> None:
        while any(one.waiting for one in await (await self.engine.vault.stores()).standings()):
            await asyncio.sleep(0.02)


@asynccontextmanager
async def library(
    home: Path, *nodes: IpfsNode, is_granted: bool = True, **more: Any
) -> AsyncIterator[Library]:
    settings = replace(
        Settings(home=home, workers=0, ipfs_api=read_nodes([one.url for one in nodes])), **more
    )
    one = await Library(settings).open(is_granted)
    try:
        yield one
    finally:
        await one.engine.close()


in_time = in_loop_within(LONG_S)


@in_time
async def test_a_pico_that_was_not_granted_it_puts_nothing(tmp_path: Path) -> None:
    """And an engine of whose picos none does has no stores open."""
    async with library(tmp_path, is_granted=False) as one:
        reply = await one.send("put", book=BOOK)
        assert "picomesh grant" in str(reply)
        assert not (tmp_path / "blocks.db").exists()


@in_time
async def test_what_is_put_is_kept_and_can_be_got(tmp_path: Path) -> None:
    """Without any node: in the engine's own store, and after a restart too."""
    async with library(tmp_path) as one:
        await one.send("put", book=BOOK)
        assert await one.ask("newest") == BOOK_CID
        assert await one.ask("kept") == {BOOK_CID: len(BLOCK) + PLACE_BYTES}
        assert await one.ask("stored") == {"cid": BOOK_CID, "bytes": len(BLOCK) + PLACE_BYTES}
        await one.engine.close()
        await one.reopen()
        assert await one.ask("read", cid=BOOK_CID) == BOOK
        assert await one.roots() == {BOOK_CID}


@in_time
async def test_a_history_with_blocks_is_replayed_without_them(tmp_path: Path) -> None:
    """What was got is in the record."""
    async with library(tmp_path) as one:
        await one.send("put", book=BOOK)
        await one.send("read", cid=BOOK_CID)
        assert await one.ask("newest") == BOOK
        await one.send("drop", cid=BOOK_CID)
        assert await one.ask("kept") == {}
        told = await one.engine.host.histories.replay(one.root)
        assert isinstance(told, dict)
        assert (told["refused"], told["departure"]) == (None, None)


@in_time
async def test_what_does_not_fit_is_told_to_the_pico(tmp_path: Path) -> None:
    """After its turn, which has gone well, as `system:error`."""
    async with library(tmp_path, ipfs_pico_bytes=5_000) as one:
        await one.send("put", book={"text": "x" * 3_000})
        (said,) = await one.ask("errors")
        assert "ipfs_pico_bytes" in said
        assert await one.ask("kept") == {}


@in_time
async def test_what_a_deleted_pico_had_put_is_kept_no_more(tmp_path: Path) -> None:
    async with library(tmp_path) as one:
        host = one.engine.host
        await host.run_event(one.root, "wrangler", "new_child_request", {"name": "kid"})
        await host.wait_quiet()
        kid = Eci(host.tree().children[0].eci or "")
        await host.grant(kid, "ipfs", True)
        await one.install(kid, (tmp_path / "librarian.krl").as_uri())
        await host.run_event(kid, "book", "put", {"book": BOOK})
        await host.wait_quiet()
        assert await one.roots() == {BOOK_CID}
        reply = await host.run_query(one.root, "io.picolabs.wrangler", "children", {})
        assert isinstance(reply, QueryReply)
        gone = {"eci": reply.value[0]["eci"]}
        await host.run_event(one.root, "wrangler", "child_deletion_request", gone)
        await host.wait_quiet()
        await one.engine.in_the_open.deposits.wait_rested()
        assert await one.roots() == set()


# --- with real nodes -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2) as running:
        yield running


@asynccontextmanager
async def store_of(node: IpfsNode) -> AsyncIterator[IpfsBlocks]:
    blocks = blocks_in(node)
    try:
        yield blocks
    finally:
        await blocks.close()


@in_time
async def test_what_one_pico_put_another_one_gets_through_another_node(
    nodes: list[IpfsNode], tmp_path: Path
) -> None:
    """The node has it pinned, and says of it what the ruleset said."""
    async with library(tmp_path / "one", nodes[0]) as one, library(tmp_path / "two", nodes[1]) as two:
        await one.send("put", book=BOOK)
        await one.settled()
        assert json.loads(nodes[0].run("dag", "get", BOOK_CID)) == BOOK
        async with store_of(nodes[0]) as there:
            assert cid_of(BLOCK) in await there.roots()
        assert await two.ask("read", cid=BOOK_CID) == BOOK
        await one.send("drop", cid=BOOK_CID)
        await one.settled()
        async with store_of(nodes[0]) as there:
            assert await there.roots() == frozenset()


@in_time
async def test_what_others_have_put_with_their_own_tools_is_read(
    nodes: list[IpfsNode], tmp_path: Path
) -> None:
    """Links, bytes and raw blocks as the documentation says."""
    leaf = nodes[1].run("add", "--cid-version=1", "--raw-leaves", "-Q", stdin=b"hello").decode().strip()
    node = json.dumps({"leaf": {"/": leaf}, "image": {"/": {"bytes": "/wBo"}}, "n": 3})
    cid = nodes[1].run("dag", "put", stdin=node.encode()).decode().strip()
    async with library(tmp_path, nodes[0]) as one:
        got = await one.ask("read", cid=cid)
        assert got == {"leaf": {"/": leaf}, "image": {"/": {"bytes": "/wBo"}}, "n": 3.0}
        assert await one.ask("read", cid=got["leaf"]) == {"/": {"bytes": "aGVsbG8"}}
        assert await one.ask("read", cid=leaf, form="text") == "hello"


@in_time
async def test_what_nobody_has_is_a_fault_and_not_for_ever(nodes: list[IpfsNode], tmp_path: Path) -> None:
    async with library(tmp_path, nodes[0], ipfs_get_s=0.5) as one:
        nobody = cid_text(cid_of(b"\x63" + b"noo"))
        reply = await one.ask("read", cid=nobody)
        assert nobody in str(reply)
        assert "R608" in str(reply)


@in_time
async def test_a_ruleset_that_was_added_to_ipfs_is_installed_by_its_cid(
    nodes: list[IpfsNode], tmp_path: Path
) -> None:
    """From a node that another one has it from; kept from then on, so that the node may go."""
    text = 'ruleset shop { meta { shares open } global { open = function() { "yes" } } }'
    added = nodes[1].run("add", "--cid-version=1", "--raw-leaves", "-Q", stdin=text.encode())
    cid = added.decode().strip()
    async with library(tmp_path, nodes[0]) as one:
        await one.install(one.root, f"ipfs://{cid}")
        reply = await one.engine.host.run_query(one.root, "shop", "open", {})
        assert isinstance(reply, QueryReply)
        assert reply.value == "yes"
        assert one.engine.host.stock.text(cid) == text


@in_time
async def test_a_ruleset_that_no_node_has_is_refused_with_what_would_help(
    nodes: list[IpfsNode], tmp_path: Path
) -> None:
    async with library(tmp_path, nodes[0], ipfs_get_s=0.5) as one:
        nobody = cid_text(cid_of(b"nobody has this", "raw"))
        reply = await one.engine.host.install(one.root, f"ipfs://{nobody}", {})
        assert "has not found it" in str(reply)
        assert "picomesh install ECI FILE" in str(reply)
