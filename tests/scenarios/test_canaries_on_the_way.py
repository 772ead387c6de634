"""Nothing of a pico can be read in anything that leaves its engines while it lives, is lost and comes back.

All that goes between the engines and the IPFS nodes is heard, both ways and with the headers of every
request; so is all between an engine and its friend's. Then what lies about is read: the nodes' disks, the
files of export, what the engines wrote to their logs. Words and keys are looked for however they may be
spelled.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner

from engine.adapters.keys import SeedFile, SeedKeys
from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from engine.core.blocks.dag_cbor import encode
from engine.wiring import SEED_FILE
from tests.engine.commands.sealed_homes import PASSPHRASE
from tests.scenarios.messages import free_port, wait_until
from tests.scenarios.test_a_life_that_goes_on import ask, heard, learn, run, say, send
from tests.scenarios.test_canaries import bytes_below
from tests.support.ear import Ear, secrets_in
from tests.support.ipfs_node import IpfsNode, connected_nodes

IN_A_RECORD = "canary-later"
"""An attribute of an event, of which nothing else is kept."""
OPEN = "canary-for-everybody"
"""Was put for everybody, and has to be where everybody can read it."""


WORDS = ("canary-said", "canary-label", "canary-friend", "canary-policy", "traveller", IN_A_RECORD)


@dataclass
class Place:
    """An engine, an ear at its door, and one at the door of the node that it uses."""

    process: EngineProcess
    door: Ear
    node: Ear

    def said(self) -> dict[str, bytes]:
        return {
            f"to and from {self.process.home.name}": self.door.heard,
            f"between {self.process.home.name} and its node": self.node.heard,
            f"in the log of {self.process.home.name}": self.process.log.read_bytes(),
        }


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    routing = {"Routing": {"Type": "dhtserver"}}  # which names of IPNS need
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2, routing) as running:
        yield running


@pytest.fixture
def places(nodes: list[IpfsNode], tmp_path: Path) -> Iterator[dict[str, Place]]:
    """Three, of which two have an IPFS node each."""
    found = {
        name: _place(tmp_path / name, node)
        for name, node in (("old", nodes[0]), ("new", nodes[1]), ("friend", None))
    }
    yield found
    for one in found.values():
        one.process.end()
        one.door.__exit__()
        one.node.__exit__()


def _place(home: Path, node: IpfsNode | None) -> Place:
    home.mkdir()
    door, at_node = Ear(free_port()), Ear(0 if node is None else int(str(urlsplit(node.url).port)))
    settings = [
        'http_private = ["127.0.0.1"]',
        f'public_url = "http://127.0.0.1:{door.port}"',
        'log_level = "debug"',
    ]
    if node is not None:
        settings += [f'ipfs_api = "http://127.0.0.1:{at_node.port}"', "ipns = true"]
    (home / "picomesh.toml").write_text("\n".join(settings) + "\n")
    return Place(EngineProcess(home, "--port", str(door.target)), door, at_node)


def live(engine: EngineClient, friend: EngineClient) -> None:
    """A word in everything, among it what is put for everybody."""
    policy = {"allow": [{"domain": "canary-policy", "name": "*"}], "deny": []}
    attrs = {"tags": ["x"], "eventPolicy": policy, "queryPolicy": {"allow": [], "deny": []}}
    engine.send_event("root", ("wrangler", "new_channel_request"), attrs)
    for name in ("first", "second", "first", "later"):
        send(engine, name, said=IN_A_RECORD)
    send(engine, "put", value={"note": OPEN})
    invited = engine.invite("root", {"label": "canary-label"})
    friend.connect("root", invited["url"], "canary-friend")
    wait_until(lambda: bool(ask(engine, "known")) and len(ask(engine, "put")) == 1)
    say(friend, engine, "canary-said before")
    wait_until(lambda: heard(engine) == ["canary-said before"])
    say(engine, friend, "canary-said back")
    wait_until(lambda: heard(friend) == ["canary-said back"])


def keys_of(home: Path, *purposes: str) -> dict[str, bytes]:
    """The seed of an engine, and what it makes of it."""
    seed = SeedFile(home / SEED_FILE).open(None)
    keys = SeedKeys(seed)
    return {f"seed of {home.name}": seed, **{f"{home.name}: {one}": keys.derive(one) for one in purposes}}


def channel_purposes(eci: str) -> list[str]:
    return [f"channel/{eci}/{number}/{key}" for number in (0, 1) for key in ("key-1", "key-2")]


def settled(engine: EngineClient) -> bool:
    return not any(one["waiting"] for one in engine.stores()["others"])


def export(car: Path, home: Path, *more: str) -> None:
    words = ["export", "root", "-o", str(car), "--home", str(home), *more]
    result = CliRunner(env={"PICOMESH_EXPORT_PASSPHRASE": PASSPHRASE}).invoke(main, words)
    assert result.exit_code == 0, result.output


def test_nothing_can_be_read_on_the_way(
    places: dict[str, Place], nodes: list[IpfsNode], tmp_path: Path
) -> None:
    """Neither a word of the state nor a key, anywhere; and what was put for everybody can be."""
    key, cars, old, new = tmp_path / "owner.key", tmp_path / "cars", places["old"], places["new"]
    cars.mkdir()
    engine, friend = old.process.start(), places["friend"].process.start()
    for one in (engine, friend):
        learn(one, tmp_path)
    live(engine, friend)
    (sealed,) = run("seal", "root", "--owner", key, "--url", engine.url)["sealed"]
    wait_until(lambda: settled(engine) and "a name leads to" in old.process.log.read_text())
    export(cars / "old.car", old.process.home, "--with-keys")
    (channel,) = (one["eci"] for one in ask(engine, "known"))
    secrets = {word: word.encode() for word in WORDS}
    secrets |= keys_of(old.process.home, "engine/key-1", "engine/key-2", *channel_purposes(channel))
    secrets |= {"owner": SeedFile(key).open(None), "passphrase": PASSPHRASE.encode()}
    old.process.kill()
    shutil.move(old.process.home, tmp_path / "lost")

    home = new.process.home
    run("restore", sealed["did"], "--from", "ipfs", "--head", sealed["head"], "--key", key, "--home", home)
    engine = new.process.start()
    say(friend, engine, "canary-said again")
    wait_until(lambda: "canary-said again" in heard(engine))
    assert heard(engine) == ["canary-said before", "canary-said again"]
    states = json.dumps([one.past("state", eci="root") for one in (engine, friend)]).encode()
    assert secrets_in(states, secrets) == {*WORDS} - {IN_A_RECORD}, "whoever may ask finds words, and no key"
    run("seal", "root", "--url", engine.url)
    wait_until(lambda: settled(engine) and "a name leads to" in new.process.log.read_text())
    export(cars / "new.car", home)
    secrets |= keys_of(home, "engine/key-1", "engine/key-2", *channel_purposes(channel))
    for place in places.values():
        place.process.stop()

    left = {name: data for place in places.values() for name, data in place.said().items()}
    left |= {f"on the disk of node {number}": bytes_below(node.folder) for number, node in enumerate(nodes)}
    left |= {f"in {car.name}": car.read_bytes() for car in cars.iterdir()}
    readable = {where: found for where, data in left.items() if (found := secrets_in(data, secrets))}
    assert readable == {}
    check_that_it_was_all(left, secrets, tmp_path, sealed["head"])


def check_that_it_was_all(left: dict[str, bytes], secrets: dict[str, bytes], folder: Path, head: str) -> None:
    """What was looked through are really the requests, blocks and logs of these lives; and in a home, which
    nobody else sees, things are found."""
    note = encode({"note": OPEN})
    for where in ("between old and its node", "in old.car", "in new.car", "on the disk of node 0"):
        assert note in left[where], where
    for where in ("between old and its node", "between new and its node"):
        for header in (b"POST /api/v0/", b"User-Agent:", b"/api/v0/routing/put"):
            assert header.lower() in left[where].lower(), (where, header)
    for where in ("to and from old", "to and from new", "to and from friend"):
        assert b"POST /didcomm" in left[where], where
    assert head.encode() in left["between new and its node"]
    assert b"state written" in left["in the log of old"]
    assert len(secrets) > 20
    at_home = secrets_in(bytes_below(folder / "lost"), secrets)
    assert {"traveller", "seed of old"} <= at_home
