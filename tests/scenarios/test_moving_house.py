"""A pico outlives its home: as a file, as a backup, or from IPFS nodes; engines are real processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.adapters.ipfs.ipns import name_of
from engine.adapters.keys import SeedFile, SeedKeys
from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from engine.runtime.naming_heads import name_purpose
from engine.wiring import SEED_FILE
from tests.engine.commands.sealed_homes import HALF
from tests.scenarios.messages import wait_until
from tests.support.ipfs_node import IpfsNode, connected_nodes

COUNTER = Path(__file__).resolve().parents[2] / "examples" / "counter"
NOT_NAMED = "the name of a pico was not published"
"""What an engine's log says then."""


@pytest.fixture
def processes() -> Iterator[list[EngineProcess]]:
    """Those that are put into it do not outlive the test."""
    started: list[EngineProcess] = []
    yield started
    for one in started:
        one.end()


def begun(processes: list[EngineProcess], home: Path) -> tuple[EngineProcess, EngineClient]:
    process = EngineProcess(home)
    processes.append(process)
    return process, process.start()


def run(*words: object, **environment: str) -> dict[str, Any]:
    result = CliRunner(env=environment).invoke(main, [*map(str, words), "--json"])
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def live(engine: EngineClient) -> None:
    """Until a pattern is matched half and a timer is set."""
    cid = engine.push_ruleset(HALF)["cid"]
    engine.install("root", f"ipfs://{cid}", {})
    for name in ("first", "second", "first", "later"):
        engine.send_event("root", ("half", name), {})


def picture(engine: EngineClient) -> dict[str, Any]:
    """What can be asked of the pico."""
    return {
        "root": engine.root_eci(),
        "state": engine.past("state", eci="root")["state"],
        "count": engine.query("root", ("half", "count"), {}),
        "timers": engine.query("root", ("half", "timers"), {}),
    }


def goes_on(engine: EngineClient) -> None:
    """The event that was missing completes what was matched half before the move."""
    engine.send_event("root", ("half", "second"), {})
    assert engine.query("root", ("half", "count"), {}) == 2
    told = engine.past("replay", eci="root")
    assert (told["refused"], told["departure"]) == (None, None)


def test_a_pico_moves_as_a_file_with_its_owners_key(processes: list[EngineProcess], tmp_path: Path) -> None:
    """Exported while its engine runs; the machine is lost; another engine has it, its log names that one by
    the hand of the owner, and it is sealed there."""
    old, new, car, key = (tmp_path / name for name in ("old", "new", "mine.car", "owner.key"))
    first, engine = begun(processes, old)
    live(engine)
    (sealed,) = run("seal", "--owner", key, "--url", engine.url)["sealed"]
    did = sealed["did"]
    engine.send_event("root", ("half", "nobody_listens"), {})
    told = run("export", "root", "-o", car, "--home", old)
    was = picture(engine)
    first.kill()
    shutil.rmtree(old)

    assert run("verify", car, "--key", key, "--replay", "--home", new)["replay"]["repeated"] == told["turn"]
    found = run("restore", did, "--from", car, "--key", key, "--home", new)
    assert (found["state"], found["root"]) == (was["state"], True)
    second, engine = begun(processes, new)
    assert picture(engine) == was
    goes_on(engine)
    (sealed,) = run("seal", "root", "--url", engine.url)["sealed"]
    assert (sealed["did"], sealed["epoch"] > 1) == (did, True)
    assert second.stop() == 0


def test_its_last_turns_can_be_run_again_elsewhere(processes: list[EngineProcess], tmp_path: Path) -> None:
    """Also those of a text that was rolled back, which nobody there has in force; of the root, and of a child
    that comes alone into a home which has a root."""
    old, new, key = tmp_path / "old", tmp_path / "new", tmp_path / "owner.key"
    _, engine = begun(processes, old)
    engine.send_event("root", ("wrangler", "new_child_request"), {"name": "kid"})
    picos = [one["pico"] for one in run("seal", "--owner", key, "--url", engine.url)["sealed"]]
    states = (engine.past("state", eci=pico) for pico in picos)
    (kid,) = (one for one in states if one["parent"] is not None)
    child = next(one["eci"] for one in kid["channels"] if "ui" in one["tags"])
    first, second = COUNTER / "counter.krl", COUNTER / "counter-2.krl"
    for eci in ("root", child):
        run_plain("install", eci, first, "--url", engine.url)
        engine.send_event(eci, ("counter", "increment"), {"ticket": "a"})
        run_plain("upgrade", "counter", second, "--on", eci, "--url", engine.url)
        engine.send_event(eci, ("counter", "increment"), {"ticket": "a"})
        run_plain("rollback", "counter", "--on", eci, "--restore-state", "--url", engine.url)
        engine.send_event(eci, ("counter", "increment"), {"ticket": "b"})
    files = {eci: tmp_path / f"{eci}.car" for eci in ("root", child)}
    turns = {eci: run("export", eci, "-o", file, "--home", old)["turns"] for eci, file in files.items()}
    processes[-1].kill()
    shutil.rmtree(old)

    came = {eci: run("import", file, "--key", key, "--home", new)["pico"] for eci, file in files.items()}
    moved, engine = begun(processes, new)
    for eci, pico in came.items():
        told = engine.past("replay", eci=pico)
        assert (told["refused"], told["departure"], told["lacking"]) == (None, None, {})
        assert told["repeated"] >= turns[eci] > 5
        assert "note" not in str(engine.past("log", eci=pico, n=100))
        assert "as recorded" in run_plain("replay", pico, "--url", engine.url)
    assert "[error" not in moved.log.read_text()
    assert "is not in the journal" not in moved.log.read_text()


def run_plain(*words: object) -> str:
    result = CliRunner().invoke(main, [*map(str, words)])
    assert result.exit_code == 0, result.output
    return result.output


def test_a_pico_outlives_its_second_machine_and_its_third(
    processes: list[EngineProcess], tmp_path: Path
) -> None:
    """With the file of its owner's key and nothing else: what it promised on the first machine it promises on
    each, for the pico and for what is born below it there."""
    key, name, eci = tmp_path / "owner.key", "", "root"
    _, engine = begun(processes, tmp_path / "home 1")
    live(engine)
    (sealed,) = run("seal", "--owner", key, "--url", engine.url)["sealed"]
    name, head = sealed["did"], sealed["head"]
    assert [one["promised"] for one in sealed["owners"]] == [True]
    for machine in (1, 2, 3):
        home, following = (tmp_path / f"home {number}" for number in (machine, machine + 1))
        car = tmp_path / f"{machine}.car"
        run("export", eci, "-o", car, "--home", home)
        was = picture(engine)
        processes[-1].kill()
        shutil.rmtree(home)
        told = run("restore", name, "--from", car, "--key", key, "--home", following)
        assert (told["state"], told["taken_up"], told["not_taken_up"]) == (was["state"], True, None)
        _, engine = begun(processes, following)
        assert picture(engine) == was
        engine.send_event("root", ("wrangler", "new_child_request"), {"name": f"kid {machine}"})
        told = run("seal", "--url", engine.url)["sealed"]
        assert len(told) == 2
        assert all(one["owners"] == sealed["owners"] for one in told), "also of the child"
        (again,) = (one for one in told if one["did"] == name)
        assert (again["other_keys"], again["head"] != head) == (0, True)
        head = again["head"]
    goes_on(engine)


def test_an_owner_who_is_removed_opens_nothing_new(processes: list[EngineProcess], tmp_path: Path) -> None:
    """And cannot take the pico up; what was sealed before stays open to that key, as is said."""
    home, key, lost = (tmp_path / name for name in ("home", "owner.key", "lost.key"))
    _, engine = begun(processes, home)
    live(engine)
    for one in (key, lost):
        run("seal", "--owner", one, "--url", engine.url)
    old, new = tmp_path / "old.car", tmp_path / "new.car"
    run("export", "root", "-o", old, "--home", home)
    assert len(run("owners", "--url", engine.url)["owners"]) == 2
    told = run("owners", "--remove", lost, "--url", engine.url)
    assert (len(told["withdrawn"]), told["promised_still"], len(told["owners"])) == (1, [], 1)
    engine.send_event("root", ("half", "nobody_listens"), {})
    did = run("export", "root", "-o", new, "--home", home)["did"]
    assert run("verify", old, "--key", lost)["state"] is not None
    assert run("verify", new, "--key", key)["state"] is not None
    result = CliRunner().invoke(main, ["verify", str(new), "--key", str(lost)])
    assert (result.exit_code, "error: wrong key:" in result.stderr) == (1, True)
    words = ("did", "recover", "root", "--key", str(lost), "--url", engine.url)
    assert "does not promise this key" in CliRunner().invoke(main, words).stderr
    assert run("owners", "root", "--url", engine.url)["other_keys"] == 0
    # Who has the old file and the log of today gets nowhere either.
    log = tmp_path / "log.json"
    log.write_text(json.dumps(run("did", "log", "root", "--url", engine.url)))
    told = run("restore", did, "--from", old, "--key", lost, "--log", log, "--home", tmp_path / "thief")
    assert (told["taken_up"], "does not promise" in told["not_taken_up"]) == (False, True)


def test_a_home_is_made_of_a_backup_of_an_engine_at_work(
    processes: list[EngineProcess], tmp_path: Path
) -> None:
    """It has all that was acknowledged before the backup began, and it knows what it is."""
    old, new, backup = tmp_path / "old", tmp_path / "new", tmp_path / "home.backup"
    first, engine = begun(processes, old)
    live(engine)
    for _ in range(50):
        engine.accept_event("root", ("half", "first"), {})
    was = engine.past("log", eci="root", n=1)
    run("backup", backup, "--home", old)
    first.kill()
    shutil.rmtree(old)
    run("restore-home", backup, "--home", new)
    second, engine = begun(processes, new)
    assert engine.query("root", ("half", "count"), {}) == 1
    wait_until(lambda: engine.past("log", eci="root", n=1)["events"][-1]["seq"] == 59)  # of its inbox
    assert engine.past("replay", eci="root")["repeated"] == 59 >= was["events"][-1]["seq"]
    goes_on(engine)
    assert "this home was made of a backup of" in second.log.read_text()


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    routing = {"Routing": {"Type": "dhtserver"}}  # which names of IPNS need
    with connected_nodes(tmp_path_factory.mktemp("ipfs"), 2, routing) as running:
        yield running


def test_a_pico_comes_back_from_ipfs_on_a_bare_machine(
    nodes: list[IpfsNode], processes: list[EngineProcess], tmp_path: Path
) -> None:
    """Sealed through one node; its home is deleted; restored through that one by its name alone, and through
    another by the CID of its head, or where a name of IPNS leads. All that was kept is the owner's key."""
    old, key = tmp_path / "old", tmp_path / "owner.key"
    old.mkdir()
    (old / "picomesh.toml").write_text(f'ipfs_api = ["{nodes[0].url}"]\nipns = true\n')
    first, engine = begun(processes, old)
    live(engine)
    (sealed,) = run("seal", "root", "--owner", key, "--wait", "--url", engine.url)["sealed"]
    did = sealed["did"]
    assert len(sealed["replication"]["held"]) == 1
    was = picture(engine)
    while not run("history", "root", "--url", engine.url)["ipns_leads_there"]:
        assert NOT_NAMED not in first.log.read_text()
        assert not any(one["problem"] for one in engine.stores()["others"])
    name = name_of(SeedKeys(SeedFile(old / SEED_FILE).open(None)).derive(name_purpose(sealed["pico"])))
    assert first.stop() == 0
    shutil.rmtree(old)

    same, named, other = tmp_path / "same", tmp_path / "named", tmp_path / "other"
    words = ("restore", did, "--from", "ipfs", "--key", key)
    found = run(*words, "--home", same, PICOMESH_IPFS_API=nodes[0].url)
    assert found["state"] == was["state"]
    words_by_name = ("restore", did, "--from", f"ipns://{name}", "--key", key)
    found = run(*words_by_name, "--home", named, PICOMESH_IPFS_API=nodes[0].url)
    assert found["head"] == sealed["head"]
    found = run(*words, "--head", sealed["head"], "--home", other, PICOMESH_IPFS_API=nodes[1].url)
    assert found["state"] == was["state"]
    _, engine = begun(processes, other)
    assert picture(engine) == was
    goes_on(engine)
