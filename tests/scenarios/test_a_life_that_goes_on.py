"""A machine burns; its pico comes back on another from IPFS, with its owner's key, and its friends find it.

Three engines and two IPFS nodes are processes of their own. The pico has something of everything: a count, a
pattern that is matched half, a timer, blocks it has put for everybody, a friend it knows by DID.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import CODE
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.scenarios.messages import free_port, wait_until
from tests.support.ipfs_node import IpfsNode, connected_nodes

TRAVELLER = """
ruleset traveller {
  meta { shares count, timers, known, heard, put, read, errors }
  global {
    count = function() { ent:count.defaultsTo(0) }
    timers = function() { schedule:list() }
    known = function() { didcomm:relationships() }
    heard = function() { ent:heard.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
    put = function() { ipfs:kept() }
    read = function(cid) { ipfs:get(cid) }
  }
  rule both {
    select when life first before life second
    fired { ent:count := count() + 1 }
  }
  rule later {
    select when life later
    fired { schedule life event "woken" at "2096-01-01T00:00:00Z" }
  }
  rule put {
    select when life put
    ipfs:put(event:attrs{"value"}) setting(cid)
    fired { ent:put := cid }
  }
  rule say {
    select when life say
    didcomm:send(event:attrs{"to"}, "https://example.org/talk/1.0/word", {"said": event:attrs{"said"}})
  }
  rule hear {
    select when didcomm talk_word
    fired { ent:heard := heard().append(event:attrs{["body", "said"]}) }
  }
  rule fail {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""
NOTE = {"note": "for everybody", "n": 1}
KILLED_AFTER_S = (0.05, 0.4, 0.8, 1.1, 1.4, 1.7, 2.0)
"""A restore takes some two seconds, most of which is Python that starts."""


class Machines:
    """Engines of a test, each with a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[EngineProcess] = []

    def home(self, name: str, node: IpfsNode | None = None) -> Path:
        home = self.folder / name
        home.mkdir()
        own = 'http_private = ["127.0.0.1"]\n'
        (home / "picomesh.toml").write_text(own if node is None else f'{own}ipfs_api = "{node.url}"\n')
        return home

    def start(self, home: Path) -> EngineClient:
        process = EngineProcess(home, "--port", str(free_port()))
        self.started.append(process)
        return process.start()

    def burn(self, home: Path) -> None:
        """Without a word; nothing of it is left."""
        (process,) = (one for one in self.started if one.home == home)
        process.kill()
        shutil.rmtree(home)


@pytest.fixture
def machines(tmp_path: Path) -> Iterator[Machines]:
    some = Machines(tmp_path)
    yield some
    for one in some.started:
        one.end()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2) as running:
        yield running


def run(*words: object) -> dict[str, Any]:
    result = CliRunner().invoke(main, [*map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def ask(engine: EngineClient, name: str, **args: Any) -> Any:
    return engine.query("root", ("traveller", name), args)


def send(engine: EngineClient, name: str, **attrs: Any) -> None:
    engine.send_event("root", ("life", name), attrs)


def learn(engine: EngineClient, folder: Path) -> None:
    file = folder / "traveller.krl"
    file.write_text(TRAVELLER)
    engine.grant("root", "ipfs", True)
    install_ruleset(engine, "root", file.as_uri(), {})


def picture(engine: EngineClient) -> dict[str, Any]:
    """What can be asked of the pico, but for who it is to its friends."""
    put = ask(engine, "put")
    return {
        "root": engine.root_eci(),
        "count": ask(engine, "count"),
        "timers": ask(engine, "timers"),
        "put": put,
        "notes": {cid: ask(engine, "read", cid=cid) for cid in put},
        "friends": [(one["eci"], one["them"], one["since"], one["label"]) for one in ask(engine, "known")],
    }


def live(engine: EngineClient, friend: EngineClient, key: Path) -> dict[str, Any]:
    """Until it has something of everything, and is sealed; the head."""
    for name in ("first", "second", "first", "later"):
        send(engine, name)
    send(engine, "put", value=NOTE)
    invited = engine.invite("root", {"label": "traveller"})
    friend.connect("root", invited["url"], None)
    wait_until(lambda: bool(ask(engine, "known")) and len(ask(engine, "put")) == 1)
    say(friend, engine, "before")
    wait_until(lambda: heard(engine) == ["before"])
    (sealed,) = run("seal", "root", "--owner", key, "--url", engine.url)["sealed"]
    wait_until(lambda: not any(one["waiting"] for one in engine.stores()["others"]))
    return dict(sealed)


def say(one: EngineClient, other: EngineClient | None, said: str) -> None:
    """To the only friend."""
    (known,) = ask(one, "known")
    send(one, "say", to=known["them"], said=said)


def heard(engine: EngineClient) -> list[str]:
    return list(ask(engine, "heard"))


def restoring(did: str, head: str, key: Path, home: Path) -> subprocess.Popen[str]:
    words = (
        "restore",
        did,
        "--from",
        "ipfs",
        "--head",
        head,
        "--key",
        str(key),
        "--home",
        str(home),
        "--json",
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PICOMESH_")}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "engine", *words],
        env={**kept, "PYTHONPATH": str(CODE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def restore_and_kill(did: str, head: str, key: Path, home: Path) -> Mapping[str, Any]:
    """Again and again, a little later each time, until it was not killed; what it said then."""
    killed = 0
    for after_s in (*KILLED_AFTER_S, 120.0):
        process = restoring(did, head, key, home)
        try:
            said, problem = process.communicate(timeout=after_s)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            killed += 1
            continue
        if process.returncode != 0:
            assert "here already" in problem, problem
            break
        assert killed
        return dict(json.loads(said.splitlines()[-1]))
    # Killed when it was there, and before it could say so.
    return run("verify", did, "--key", key, "--home", home)


def test_a_pico_outlives_its_machine_with_all_that_it_was(
    nodes: list[IpfsNode], machines: Machines, tmp_path: Path
) -> None:
    """Killed in between as often as one likes, the restore is repeated. Then: the same state id and answers,
    the pattern's other half, what was put, and a friend who wrote while it was nowhere and writes on."""
    key, old, new = tmp_path / "owner.key", machines.home("old", nodes[0]), machines.home("new", nodes[1])
    friend, engine = machines.start(machines.home("friend")), machines.start(old)
    for one in (friend, engine):
        learn(one, tmp_path)
    sealed = live(engine, friend, key)
    was, state = picture(engine), engine.past("state", eci="root")["state"]
    machines.burn(old)
    say(friend, None, "while it was nowhere")

    found = restore_and_kill(sealed["did"], sealed["head"], key, new)
    assert (found["state"], found.get("friends", 1)) == (state, 1)
    engine = machines.start(new)
    assert picture(engine) == was
    assert len(was["notes"]) == 1
    assert list(was["notes"].values()) == [NOTE]
    send(engine, "second")
    assert ask(engine, "count") == was["count"] + 1

    wait_until(lambda: "while it was nowhere" in heard(engine))
    say(friend, engine, "again")
    wait_until(lambda: "again" in heard(engine))
    say(engine, friend, "here I am")
    wait_until(lambda: heard(friend) == ["here I am"])
    assert heard(engine) == ["before", "while it was nowhere", "again"]
    assert (heard(friend), ask(friend, "errors"), ask(engine, "errors")) == (["here I am"], [], [])
    told = engine.past("replay", eci="root")
    assert (told["refused"], told["departure"]) == (None, None)
    (again,) = run("seal", "root", "--url", engine.url)["sealed"]
    assert (again["did"], again["epoch"] > sealed["epoch"]) == (sealed["did"], True)
