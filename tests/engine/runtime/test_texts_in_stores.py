"""Rulesets that are installed by a CID which only a store of blocks knows."""

from __future__ import annotations

import pytest

from engine.adapters.blocks import MemoryBlocks
from engine.core.cids import RAW, Cid, to_cid
from engine.core.model import RulesetHash
from engine.ports import FetchFailed
from engine.runtime.programs import text_hash
from engine.runtime.shelf import NotTrusted, Shelf
from engine.runtime.texts_in_stores import TextsInStores
from tests.engine.in_loop import in_loop
from tests.engine.making_blocks import raw_cid
from tests.engine.runtime.test_shelf import MIA, TEXT, author
from tests.fakes.faulty_blocks import FaultyBlocks
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.shelf import memory_shelf

DIGEST = text_hash(TEXT)
CID = to_cid(DIGEST)


async def store_with(*contents: bytes) -> MemoryBlocks:
    store = MemoryBlocks()
    await store.put_many({raw_cid(content): content for content in contents})
    return store


def shelf_over(store: MemoryBlocks | FaultyBlocks, journal: MemoryJournal, nodes: int = 0) -> Shelf:
    shelf = memory_shelf(journal)
    shelf.elsewhere = TextsInStores(store, nodes, lambda pico: pico != "shut", 1_000).find
    return shelf


def digest_of(content: bytes) -> RulesetHash:
    return RulesetHash(raw_cid(content)[len(RAW) :].hex())


@in_loop
async def test_a_text_is_taken_from_a_store_and_kept() -> None:
    """From then on the engine has it, whatever becomes of the store."""
    journal = MemoryJournal()
    found = await shelf_over(await store_with(TEXT.encode()), journal).find(f"ipfs://{CID}", "ann")
    assert (found.program.rid, found.url) == ("shop", f"ipfs://{CID}")
    assert MemoryJournal(journal.crash()).ruleset_text(DIGEST) == TEXT


@in_loop
async def test_it_has_to_be_signed_like_any_other() -> None:
    shelf = memory_shelf(MemoryJournal(), authors=[author(MIA)])
    shelf.elsewhere = TextsInStores(await store_with(TEXT.encode()), 0, lambda pico: True, 1_000).find
    with pytest.raises(NotTrusted):
        await shelf.find(CID)


@pytest.mark.parametrize(
    ("nodes", "why"),
    [
        (0, "no IPFS node is named (ipfs_api)"),
        (1, "its IPFS node has not found it"),
        (2, "no IPFS node of it has found it"),
    ],
)
@in_loop
async def test_what_nobody_has_is_told_with_who_was_asked(nodes: int, why: str) -> None:
    with pytest.raises(FetchFailed) as refusal:
        await shelf_over(MemoryBlocks(), MemoryJournal(), nodes).find(CID)
    assert f"does not keep a ruleset {CID}" in str(refusal.value)
    assert why in str(refusal.value)
    assert "picomesh install ECI FILE" in str(refusal.value)


@in_loop
async def test_a_pico_without_the_web_gets_what_is_kept_and_nothing_else() -> None:
    """Else it could tell others something by what it has them asked for."""
    journal = MemoryJournal()
    shelf = shelf_over(await store_with(TEXT.encode()), journal)
    with pytest.raises(FetchFailed, match="picomesh grant shut http"):
        await shelf.find(CID, "shut")
    await shelf.find(CID, "ann")
    assert (await shelf.find(CID, "shut")).program.rid == "shop"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe", "it is no text in UTF-8"),
        (b"hello", "is no ruleset: it does not begin with `ruleset`"),
        (b"ruleset a {}" + b" " * 1_000, "1,012 bytes; a ruleset may have 1,000 (ruleset_limit)"),
    ],
)
@in_loop
async def test_a_block_that_is_no_ruleset_is_refused_and_not_kept(content: bytes, why: str) -> None:
    journal = MemoryJournal()
    with pytest.raises(FetchFailed) as refusal:
        await shelf_over(await store_with(content), journal).find(to_cid(digest_of(content)))
    assert why in str(refusal.value)
    assert list(journal.kept_rulesets()) == []


class Liar(MemoryBlocks):
    """Gives something else, and has not noticed."""

    async def get_many(self, cids: object) -> dict[Cid, bytes]:
        return {raw_cid(TEXT.encode()): b"ruleset evil {}"}


@in_loop
async def test_other_bytes_are_never_taken_for_it() -> None:
    """Also if a store failed to hash them."""
    with pytest.raises(FetchFailed, match="are other bytes"):
        await shelf_over(Liar(), MemoryJournal()).find(CID)
