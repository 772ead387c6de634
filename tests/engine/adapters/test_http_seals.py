"""Seals over HTTP, of an engine that is real but for its disks."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from httpx import ASGITransport, AsyncClient, Response

from engine.adapters.http import Limits, make_app
from engine.adapters.keys import KeyBoxes
from tests.engine.adapters.browser import URL
from tests.engine.in_loop import in_loop
from tests.engine.runtime.sealed_house import House
from tests.fakes.access import AS_OWNER
from tests.fakes.fake_host import FakeHost
from tests.fakes.faulty_blocks import FaultyBlocks

OWNER, SECOND = (KeyBoxes(bytes).name(seed * 32) for seed in (b"o", b"s"))


@asynccontextmanager
async def face(house: House) -> AsyncIterator[AsyncClient]:
    transport = ASGITransport(make_app(house.host, Limits(1 << 20, 64, 1 << 20)))
    headers = {"authorization": f"Bearer {house.host.access.admit_owner()}"}
    async with AsyncClient(transport=transport, base_url=URL, headers=headers) as client:
        yield client


async def post(client: AsyncClient, path: str, **given: Any) -> Response:
    return await client.post(path, json=given)


@in_loop
async def test_a_pico_is_sealed_and_its_history_told() -> None:
    """The head that is answered is the newest of its history."""
    house = await House().open()
    async with face(house) as client:
        (sealed,) = (await post(client, "/api/seal", eci=house.root)).json()["sealed"]
        told = (await client.get("/api/seal/history", params={"eci": house.root})).json()
        assert [one["head"] for one in told["heads"]] == [sealed["head"]]
        assert (told["evidence"], told["trouble"]) == ([], None)
        assert sealed["replication"] == {
            **{"copies": 1, "stores": None, "known": 0, "chosen": [], "held": [], "problems": {}}
        }
    await house.close()


@in_loop
async def test_all_are_sealed_where_none_is_named() -> None:
    """And each that cannot be is told with the reason."""
    house = await House().open()
    async with face(house) as client:
        told = (await post(client, "/api/seal")).json()
        assert [one["pico"] for one in told["sealed"]] == [house.root]
        house.disk.facts[f"state keys of {house.root}"] = (
            '{"format": 1, "did": "x", "keys": "u", "boxes": {}}'
        )
        told = (await post(client, "/api/seal")).json()
        assert [one["pico"] for one in told["failed"]] == [house.root]
        alone = await post(client, "/api/seal", eci=house.root)
        assert (alone.status_code, alone.json()["code"]) == (409, "unsealed")
    await house.close()


@in_loop
async def test_owners_are_named_and_removed() -> None:
    """By the names of their keys; others stay. Who was never one is not removed."""
    house = await House().open()
    async with face(house) as client:

        async def keys() -> list[str]:
            return [one["key"] for one in (await client.get("/api/seal/owners")).json()["owners"]]

        assert await keys() == []
        for owner in (OWNER, SECOND):
            assert (await post(client, "/api/seal/owners", owners=[owner])).status_code == 200
        wrong = await post(client, "/api/seal/owners", owners=["did:web:example.org"])
        assert (wrong.status_code, wrong.json()["code"]) == (400, "malformed")
        assert await keys() == [OWNER, SECOND]
        told = (await post(client, "/api/seal/owners", remove=OWNER)).json()
        assert (told["removed"], told["hashes"], await keys()) == (OWNER, 0, [SECOND])
        gone = await post(client, "/api/seal/owners", remove=OWNER)
        assert (gone.status_code, gone.json()["code"]) == (404, "unknown")
    await house.close()


@in_loop
async def test_there_are_no_more_owners_than_have_room() -> None:
    """Nor is anything taken for one that names none."""
    house = await House().open()
    async with face(house) as client:
        many = [KeyBoxes(bytes).name(bytes([one]) * 32) for one in range(17)]
        for wrong in (many, [7], [{"key": OWNER, "hashes": [7]}], [{"key": OWNER, "approving": ["x"] * 65}]):
            refused = await post(client, "/api/seal/owners", owners=wrong)
            assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
        assert (await client.get("/api/seal/owners")).json() == {"owners": []}
    await house.close()


@in_loop
async def test_stores_are_told_and_collected() -> None:
    """What a newer seal has superseded goes when it is old enough."""
    house = await House().open()
    async with face(house) as client:
        await post(client, "/api/seal")
        told = (await client.get("/api/stores")).json()
        assert told["local"]["roots"] == 1
        assert (told["others"], told["seal"], told["waiting"], told["troubles"]) == ([], False, 0, {})
        collected = (await post(client, "/api/stores/collect")).json()
        assert collected["removed"] == 0
        assert collected["kept"] == told["local"]["blocks"]
    await house.close()


@in_loop
async def test_a_head_that_a_crash_left_unpinned_is_no_garbage() -> None:
    """It is pinned before anything is collected."""
    house = await House().open()
    async with face(house) as client:
        (sealed,) = (await post(client, "/api/seal")).json()["sealed"]
        stores = await house.vault.stores()
        await stores.release(sealed["did"])
        assert not await stores.roots()
        await post(client, "/api/stores/collect")
        assert len(await stores.roots()) == 1
    await house.close()


@pytest.mark.parametrize(
    ("path", "given", "status"),
    [
        ("/api/seal", {"eci": "nobody"}, 404),
        ("/api/seal", {"eci": 7}, 400),
        ("/api/seal", {"copies": 2}, 400),
        ("/api/seal", {"eci": "ROOT", "copies": -1}, 400),
        ("/api/seal", {"eci": "ROOT", "copies": 1.5}, 400),
        ("/api/seal", {"eci": "ROOT", "stores": "a"}, 400),
        ("/api/seal", {"eci": "ROOT", "stores": ["nowhere"]}, 404),
        ("/api/seal/owners", {"owners": [1]}, 400),
        ("/api/seal/history", {}, 405),
    ],
)
def test_nonsense_is_answered_with_what_would_be_sense(path: str, given: dict[str, Any], status: int) -> None:
    """And changes nothing."""

    @in_loop
    async def story() -> None:
        house = await House().open()
        named = {key: house.root if value == "ROOT" else value for key, value in given.items()}
        async with face(house) as client:
            answer = await post(client, path, **named)
        assert answer.status_code == status, answer.text
        assert answer.json()["hint"]
        assert house.seals.newest(house.root) is None
        await house.close()

    story()


@in_loop
async def test_nothing_is_changed_by_looking() -> None:
    """A GET of what changes something is refused."""
    house = await House().open()
    async with face(house) as client:
        for path in ("/api/seal", "/api/stores/collect", f"/api/seal/owners?owners={OWNER}"):
            assert (await client.get(path)).status_code in (400, 405)
    await house.close()


@in_loop
async def test_an_engine_without_stores_says_so() -> None:
    """As one has that is put together without a home."""
    transport = ASGITransport(make_app(FakeHost(), Limits(1 << 20, 64, 1 << 20)))
    async with AsyncClient(transport=transport, base_url=URL, headers=AS_OWNER) as client:
        answer = await client.get("/api/stores")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown")


@in_loop
async def test_copies_are_told_when_they_are_made_and_no_sooner() -> None:
    """Whoever waits comes back when the store has all; its history says so from then on."""
    house = await House(others=[FaultyBlocks("node", random.Random(1), "hanging")]).open()
    async with face(house) as client:

        async def copies() -> tuple[list[str], list[str]]:
            told = (await client.get("/api/seal/history", params={"eci": house.root})).json()["replication"]
            return told["chosen"], told["held"]

        (sealed,) = (await post(client, "/api/seal", eci=house.root)).json()["sealed"]
        assert (sealed["replication"]["chosen"], sealed["replication"]["held"]) == (["node"], [])
        assert await copies() == (["node"], [])
        await house.close()
    store = FaultyBlocks("node", random.Random(1))
    house = await House(house.disk, house.blocks, others=[store]).open()
    async with face(house) as client:
        (sealed,) = (await post(client, "/api/seal", eci=house.root, wait=60)).json()["sealed"]
        assert sealed["replication"]["held"] == ["node"]
        assert await copies() == (["node"], ["node"])
        assert len(await store.inner.roots()) == 1
        await house.write("monday")
        told = (await client.get("/api/seal/history", params={"eci": house.root})).json()
        assert told["unsealed"] == 1
    await house.close()


@in_loop
async def test_whoever_waits_for_a_store_that_fails_is_told_why() -> None:
    """After as long as they wanted to wait; and not for ever, or no time at all."""
    house = await House(others=[FaultyBlocks("node", random.Random(1), "dead")]).open()
    async with face(house) as client:
        (sealed,) = (await post(client, "/api/seal", eci=house.root, wait=0.05)).json()["sealed"]
        told = sealed["replication"]
        assert (told["chosen"], told["held"], list(told["problems"])) == (["node"], [], ["node"])
        for wrong in (-1, 3601, "long", True):
            refused = await post(client, "/api/seal", eci=house.root, wait=wrong)
            assert (refused.status_code, refused.json()["code"]) == (400, "malformed")
    await house.close()
