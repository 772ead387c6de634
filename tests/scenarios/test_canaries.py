"""Nothing of what a pico is can be read in what leaves its engine: not in blocks, nor files, nor messages.

Words that stand nowhere else are put into every part of a state. Then all bytes are looked through that went
to a real IPFS node, that the node has on its disk, that are in a CAR file and in the engine's own file of
blocks, or that went from one engine to another, for the words in any usual spelling. That they were there to
be found is seen by opening what was sealed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from engine.adapters.blocks import write_car
from engine.adapters.keys import BlockCipher
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from engine.config import Settings
from engine.core.blocks.heads import SignedHead
from engine.core.blocks.sealing import Keyring
from engine.core.blocks.state import State
from engine.core.codec import to_bytes
from engine.core.model import PicoId
from engine.core.records import encode_snapshot
from engine.host_patterns import read_patterns
from engine.ipfs_choice import read_nodes
from engine.runtime.block_walks import walk
from engine.runtime.host import Host
from engine.runtime.replies import EventReply
from engine.runtime.sealed_states import open_tree
from engine.wiring import Engine, open_engine
from tests.engine.in_loop import in_loop_within
from tests.engine.loopback_site import serving
from tests.scenarios.messages import befriend, free_port, wait_until
from tests.support.ear import Ear, found_in
from tests.support.ipfs_node import IpfsNode

KEEPER = """
ruleset io.canary-rid.keeper {
  // canary-comment
  meta { shares nothing  name "canary-meta" }
  global { nothing = function() { "canary-literal" } }
  rule keep {
    select when zoo keep
    foreach event:attrs{"large"} setting(value, key)
    fired { ent:large{key} := value }
  }
  rule small {
    select when zoo keep
    every {
      send_directive("canary-directive", {"x": "canary-option"})
      ctx:newChannel(["canary-tag"], {"allow": [{"domain": "canary-domain", "name": "*"}], "deny": []},
                     {"allow": [], "deny": []}) setting(channel)
      ctx:setWill("canary-will", meta:eci, "zoo", "die", {"said": "canary-last-words"})
      didcomm:invite(channel{"id"}, {"label": "canary-invitation"})
    }
    fired {
      ent:name := event:attrs{"said"};
      ent:map := {"canary-key": {"deep": ["canary-item"]}};
      log info "canary-log";
      schedule zoo event "later" at time:add(time:now(), {"hours": 5}) attributes {"said": "canary-timer"}
    }
  }
  rule half {
    select when zoo first said re#(.*)# setting(found) before zoo second
    fired { ent:found := found }
  }
  rule write {
    select when zoo write
    http:post(event:attrs{"url"}, {"said": "canary-post"}, autosend =
      {"eci": meta:eci, "domain": "zoo", "name": "posted", "attrs": {"said": "canary-reply"}})
  }
  rule wait { select when zoo wait http:get(event:attrs{"url"}) }
  rule err { select when zoo err fired { error info "canary-error" } }
  rule bear { select when zoo bear ctx:newPico(["library:io.picolabs.pds"]) }
}
"""
IN_TEXT = {
    "canary-comment",
    "canary-meta",
    "canary-literal",
    "canary-rid",
}
IN_STATE = {
    "canary-directive",
    "canary-option",
    "canary-tag",
    "canary-domain",
    "canary-will",
    "canary-last-words",
    "canary-invitation",
    "canary-entity",
    "canary-key",
    "canary-item",
    "canary-log",
    "canary-timer",
    "canary-story",
    "canary-person",
    "canary-half",
    "canary-post",
    "canary-reply",
    "canary-error",
    "canary-inbox",
    "canary-config",
    "canary-attribute",
}
CANARIES = IN_TEXT | IN_STATE
LARGE = {
    "story": "once upon a canary-story time, " * 9_000,
    "people": {f"canary-person {number}": {"age": number, "of": "canary-person"} for number in range(2_000)},
}
LONG_S = 120


@asynccontextmanager
async def zoo(home: Path, node: Ear) -> AsyncIterator[Engine]:
    settings = Settings(
        home=home,
        workers=0,
        drain_s=0.1,
        ipfs_api=read_nodes([f"http://127.0.0.1:{node.port}"]),
        http_private=read_patterns(True),
    )
    engine = await open_engine(settings)
    try:
        yield engine
    finally:
        await engine.close()


async def fill(host: Host, folder: Path, url: str) -> PicoId:
    """Put a canary into everything that the root pico has, and events into its inbox."""
    text = folder / "keeper.krl"
    text.write_text(KEEPER)
    root = host.root_eci()
    installed = await host.install(root, text.as_uri(), {"secret": "canary-config"})
    assert isinstance(installed, EventReply), installed

    async def send(name: str, **attrs: Any) -> None:
        reply = await host.run_event(root, "zoo", name, attrs)
        assert isinstance(reply, EventReply), reply

    await send("keep", large=LARGE, said="canary-entity", more="canary-attribute")
    await send("first", said="canary-half")
    await send("err")
    await send("write", url=url)
    # It waits for a site that never answers; what comes meanwhile is in the inbox.
    await host.accept_event(root, "zoo", "wait", {"url": url})
    await host.accept_event(root, "zoo", "later", {"said": "canary-inbox"})
    return host.tree().id


async def opened(engine: Engine, pico: PicoId, signed: SignedHead) -> bytes:
    """What somebody has who has the key."""
    sealing = engine.host.sealing
    assert sealing is not None
    ring = await sealing.seals.state_keys.ring(pico, signed.head.pico, signed.head.epoch)
    stores = await engine.vault.stores()
    state: State = await open_tree(stores, signed.head.root, Keyring(ring.keys), BlockCipher())
    texts = "\n".join(state.texts.values())
    return b"\n".join([encode_snapshot(state.head), to_bytes(dict(state.beside)), texts.encode()])


def bytes_below(folder: Path) -> bytes:
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    with IpfsNode(tmp_path_factory.mktemp("ipfs") / "node") as running:
        yield running


@in_loop_within(LONG_S)
async def test_no_part_of_a_sealed_state_can_be_read(node: IpfsNode, tmp_path: Path) -> None:
    """Not on the way to a node, on the node's disk, in a CAR or in the local store. Whoever has the key
    finds every word."""
    port = urlsplit(node.url).port
    assert port is not None
    async with serving(lambda request: None) as silent:
        with Ear(port) as ear:
            async with zoo(tmp_path / "home", ear) as engine:
                pico = await fill(engine.host, tmp_path, f"http://127.0.0.1:{silent}/")
                assert engine.host.sealing is not None
                signed = await engine.host.sealing.seals.seal(pico)
                stores = await engine.vault.stores()
                while any(one.waiting for one in await stores.standings()):
                    await asyncio.sleep(0.02)
                car = tmp_path / "pico.car"
                await write_car(car, [signed.cid], walk(stores, [signed.cid]))
                assert found_in(await opened(engine, pico, signed), CANARIES) == CANARIES
            heard = ear.heard
    left = {
        "to the node": heard,
        "in the node": bytes_below(node.folder / "blocks"),
        "in the CAR": car.read_bytes(),
        "in the store": (tmp_path / "home" / "blocks.db").read_bytes(),
    }
    for where, data in left.items():
        assert signed.block in data, f"what was looked for {where} is not all that was sealed"
        assert found_in(data, CANARIES) == set(), where


# --- messages --------------------------------------------------------------------------------------


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[tuple[EngineProcess, EngineProcess, Ear, Ear]]:
    """Two engines that reach each other through an ear each."""
    ears, engines = [Ear(), Ear()], []
    for number, ear in enumerate(ears):
        ear.target = free_port()
        home = tmp_path / f"engine {number}" / "home"
        home.mkdir(parents=True)
        own = f'http_private = ["127.0.0.1"]\npublic_url = "http://127.0.0.1:{ear.port}"\n'
        (home / "picomesh.toml").write_text(own)
        engines.append(EngineProcess(home, "--port", str(ear.target)))
    yield engines[0], engines[1], ears[0], ears[1]
    for engine in engines:
        engine.end()
    for ear in ears:
        ear.__exit__()


def test_no_part_of_a_message_can_be_read(
    pair: tuple[EngineProcess, EngineProcess, Ear, Ear], tmp_path: Path
) -> None:
    """Neither of an event between two picos nor of its answer, from one engine to another."""
    ann, ben, anns_ear, bens_ear = pair
    here, there = ann.start(), ben.start()
    channel, _ = befriend(here, tmp_path)
    _, did = befriend(there, tmp_path)
    letter = {"did": did, "from": channel, "n": "canary-letter", "answer": True}
    here.accept_event("root", ("pen", "post"), letter, "letter-1")
    wait_until(lambda: "re: canary-letter" in seen(here))
    assert seen(there) == ["canary-letter"]
    assert seen(here) == ["re: canary-letter"]
    words = {"canary-letter", "penpal"}
    for ear in (anns_ear, bens_ear):
        assert b"POST /didcomm" in ear.heard
        assert found_in(ear.heard, words) == set()
    # The same ear hears whoever asks without encryption, as local programs do.
    with Ear(int(str(urlsplit(there.url).port))) as at_the_door:
        with EngineClient(f"http://127.0.0.1:{at_the_door.port}") as client:
            client.query(there.root_eci(), ("penpal", "seen"), {})
        assert found_in(at_the_door.heard, words) == words


def seen(client: EngineClient) -> list[str]:
    found: list[str] = client.query("root", ("penpal", "seen"), {})
    return found
