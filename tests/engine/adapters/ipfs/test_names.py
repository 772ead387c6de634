"""Names of IPNS: only their owner's records count, here as in a real node."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from engine.adapters.ipfs import BadRecord, IpnsNames, NodeLimits, Pointer, Rpc, ipns_name
from engine.adapters.ipfs.names import make_record, read_record
from engine.core.cids import cid_text
from engine.ipfs_choice import read_address
from engine.ports import StoreUnavailable
from tests.engine.in_loop import in_loop_within
from tests.engine.making_blocks import grow
from tests.fakes.ipfs_rpc import FakeIpfsRpc, reply, serving
from tests.support.ipfs_node import IpfsNode, connected_nodes

NOW = datetime.now(UTC).replace(microsecond=0)
"""A real node looks at its own clock."""
ROOT = grow(1).root
POINTER = Pointer(ROOT, 7, NOW + timedelta(days=1))
KEY = SigningKey(b"1" * 32)
NAME = bytes(KEY.verify_key)
PATIENT = NodeLimits()

in_time = in_loop_within(60)


def signing(key: SigningKey, message: bytes) -> bytes:
    return bytes(key.sign(message).signature)


def sign(message: bytes) -> bytes:
    return signing(KEY, message)


RECORD = make_record(POINTER, sign)


# --- records ---------------------------------------------------------------------------------------


def test_a_record_says_what_was_put_into_it() -> None:
    """To whoever knows the name, until it is over."""
    assert read_record(RECORD, NAME, NOW) == POINTER
    with pytest.raises(BadRecord, match="good until"):
        read_record(RECORD, NAME, NOW + timedelta(days=2))


def test_a_record_of_somebody_else_does_not_count() -> None:
    """Whatever it says."""
    with pytest.raises(BadRecord, match="not signed with the key"):
        read_record(RECORD, bytes(SigningKey(b"2" * 32).verify_key), NOW)


def test_no_bit_of_a_record_can_be_changed() -> None:
    """Each of them is signed, or says where something signed is."""
    for place in range(8 * len(RECORD)):
        changed = bytearray(RECORD)
        changed[place // 8] ^= 1 << place % 8
        with pytest.raises(BadRecord):
            read_record(bytes(changed), NAME, NOW)


def test_a_record_that_is_cut_short_does_not_count() -> None:
    """Wherever it is cut."""
    for length in range(len(RECORD)):
        with pytest.raises(BadRecord):
            read_record(RECORD[:length], NAME, NOW)


@given(st.binary(max_size=300))
def test_what_is_no_record_is_called_so(data: bytes) -> None:
    """By one name, whatever it is."""
    with pytest.raises(BadRecord):
        read_record(data, NAME, NOW)


def test_too_long_a_record_is_not_looked_at() -> None:
    with pytest.raises(BadRecord, match="the largest has 10,240"):
        read_record(RECORD + bytes(10 << 10), NAME, NOW)


# --- beside a real node ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def naming(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    """Two nodes that tell each other what they know, as the public network does; alone as ever."""
    routing = {"Routing": {"Type": "dhtserver"}}
    with connected_nodes(tmp_path_factory.mktemp("naming"), 2, routing) as nodes:
        yield nodes


@asynccontextmanager
async def names_in(url: str, limits: NodeLimits = PATIENT) -> AsyncIterator[IpnsNames]:
    rpc = Rpc(read_address(url), limits)
    try:
        yield IpnsNames(rpc, limits)
    finally:
        await rpc.close()


def test_the_node_takes_our_record_for_one(node: IpfsNode, tmp_path: Path) -> None:
    """With the same name, value and sequence, and a good signature."""
    file = tmp_path / "record"
    file.write_bytes(RECORD)
    told = json.loads(node.run("name", "inspect", "--enc=json", f"--verify={ipns_name(NAME)}", str(file)))
    assert told["Validation"]["Valid"] is True
    assert told["Entry"]["Value"] == f"/ipfs/{cid_text(ROOT)}"
    assert told["Entry"]["Sequence"] == 7


@in_time
async def test_the_nodes_record_is_one_to_us(naming: list[IpfsNode]) -> None:
    """One that it made itself, with a key of its own."""
    one, other = naming
    own = base64.b64decode(json.loads(one.run("id"))["PublicKey"])[-32:]
    one.run("name", "publish", "--resolve=false", "--lifetime=24h", f"/ipfs/{cid_text(ROOT)}")
    async with names_in(other.url) as names:
        found = await names.resolve(own, NOW)
    assert found is not None
    assert found.cid == ROOT


@in_time
async def test_what_is_published_through_one_node_is_found_through_the_other(naming: list[IpfsNode]) -> None:
    """The newest of it; and the node's own command finds it under that name."""
    key = SigningKey.generate()
    name = bytes(key.verify_key)
    async with names_in(naming[0].url) as here, names_in(naming[1].url) as there:
        assert await there.resolve(name, NOW) is None
        for sequence in (1, 2):
            pointer = replace(POINTER, sequence=sequence)
            await here.publish(name, pointer, lambda message: signing(key, message), NOW)
        found = await there.resolve(name, NOW)
    assert found == replace(POINTER, sequence=2)
    assert naming[1].run("name", "resolve", ipns_name(name)).decode().strip() == f"/ipfs/{cid_text(ROOT)}"


@in_time
async def test_an_older_record_does_not_take_the_place_of_a_newer_one(naming: list[IpfsNode]) -> None:
    """The node says yes and keeps the newer one; whoever published hears the truth."""
    key = SigningKey.generate()
    name = bytes(key.verify_key)
    async with names_in(naming[0].url) as names:
        await names.publish(name, POINTER, lambda message: signing(key, message), NOW)
        with pytest.raises(StoreUnavailable, match="it has record 7"):
            await names.publish(name, replace(POINTER, sequence=6), lambda m: signing(key, m), NOW)


@in_time
async def test_a_node_that_keeps_no_names_is_no_place_to_publish(node: IpfsNode) -> None:
    """It says yes, too."""
    async with names_in(node.url) as names:
        with pytest.raises(StoreUnavailable, match="Routing"):
            await names.publish(NAME, POINTER, sign, NOW)


# --- nodes that lie --------------------------------------------------------------------------------


@pytest.mark.parametrize("record", [make_record(POINTER, lambda _: bytes(64)), b"", b"\xff"])
def test_a_record_that_a_node_made_up_is_refused(record: bytes) -> None:
    """A name is its owner's."""
    answer = json.dumps({"Extra": base64.b64encode(record).decode() or "=", "Type": 5})

    @in_time
    async def run() -> None:
        node = FakeIpfsRpc(answers={"routing/get": lambda _: reply(answer)})
        async with serving(node) as url, names_in(url) as names:
            with pytest.raises((BadRecord, StoreUnavailable)):
                await names.resolve(NAME, NOW)

    run()
