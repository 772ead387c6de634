"""`picomesh did guardians`, `guardian approve`, `did recover`: a pico that is taken back by two of three."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from engine.adapters.dids import approvals_from_json, log_from_jsonl, verify_log
from engine.cli import main
from engine.commands.process import EngineProcess
from engine.wiring import SEED_FILE
from tests.engine.adapters.dids.foreign_logs import foreign_verdict_of
from tests.scenarios.messages import neighbour

LATER_S = 4_000_000_000.0


@dataclass
class Somebody:
    """A person at a terminal, with a configuration folder and perhaps an engine of their own."""

    folder: Path
    process: EngineProcess | None = None
    url: str = ""
    env: dict[str, str | None] = field(default_factory=dict)

    def run(self, *words: str) -> Result:
        env = {"PICOMESH_URL": self.url or "http://127.0.0.1:9", "HOME": str(self.folder), "COLUMNS": "200"}
        return CliRunner(env={**env, "XDG_CONFIG_HOME": str(self.folder)}).invoke(main, list(words))

    def done(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout.strip()

    def told(self, *words: str) -> Any:
        return json.loads(self.done(*words, "--json"))

    def refused(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        return result.stderr

    def start(self) -> None:
        assert self.process is not None
        self.url = self.process.start().url

    def approve(self, request: Path, key: str | None = None) -> Path:
        """What this guardian sends back, without any engine."""
        out = self.folder / f"approval-{key}.json"
        words = () if key is None else ("--key", str(self.folder / key))
        self.done("guardian", "approve", str(request), "--yes", "--out", str(out), *words)
        return out


@dataclass
class World:
    """Ann, whose engine hosts a pico, and three guardians, none of whom runs an engine."""

    ann: Somebody
    ben: Somebody
    zoe: Somebody
    dids: list[str]
    """Ben's by his own DID; Zoe's by a key in a file; and somebody's who is lost."""

    def name_guardians(self, *more: str) -> Any:
        return self.ann.told("did", "guardians", "root", *self.dids, "--need", "2", *more)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    people = {name: Somebody(tmp_path / name) for name in ("ann", "ben", "zoe", "lost")}
    for one in people.values():
        one.folder.mkdir()
    ann, ben, zoe, lost = people.values()
    ann.process = neighbour(ann.folder / "home")
    dids = [ben.done("did", "show", "--me"), zoe.done("guardian", "key", str(zoe.folder / "for-ann.key"))]
    dids.append(lost.done("guardian", "key", str(lost.folder / "lost.key")))
    try:
        ann.start()
        yield World(ann, ben, zoe, dids)
    finally:
        ann.process.end()


def lose_keys(ann: Somebody) -> None:
    assert ann.process is not None
    ann.process.stop()
    (ann.process.home / SEED_FILE).unlink()
    ann.start()


def test_two_of_three_guardians_take_a_pico_back(world: World, tmp_path: Path) -> None:
    """Its engine has lost its keys and one guardian is lost too; the name stays, and everybody's verifier
    believes the log."""
    ann, request = world.ann, tmp_path / "recovery.json"
    first = world.name_guardians()
    assert (first["guardians"]["needed"], len(first["guardians"]["of"])) == (2, 3)
    lose_keys(ann)
    assert "picomesh did recover" in ann.refused("did", "rotate", "root", "--log")
    asked = ann.told("did", "recover", "root", "--ask", str(request), "--note", "the laptop is dead")
    assert (asked["did"], asked["ask"]["needed"]) == (first["did"], 2)
    ben, zoe = world.ben.approve(request), world.zoe.approve(request, "for-ann.key")
    words = ("did", "recover", "root", "--request", str(request), "--approval", str(ben))
    assert "2 have to approve it, and 1 of them did" in ann.refused(*words)
    back = ann.told(*words, "--approval", str(zoe))
    assert (back["did"], back["epoch"]) == (first["did"], first["epoch"] + 1)
    assert back["guardians"]["of"] == first["guardians"]["of"]
    assert ann.told("did", "rotate", "root", "--log")["epoch"] == first["epoch"] + 2
    place = f"{ann.url}/picos/{first['pico']}"
    served = [httpx.get(f"{place}/{file}").text for file in ("did.jsonl", "did-witness.json")]
    verdict = foreign_verdict_of(back["webvh"], *served)
    assert verdict["didDocumentMetadata"]["versionNumber"] == first["epoch"] + 2


def test_a_guardian_sees_what_it_is_about(world: World, tmp_path: Path) -> None:
    """Who would host it, who the guardians are, and why; and nothing is approved without a yes."""
    request = tmp_path / "recovery.json"
    name = world.name_guardians()["did"]
    lose_keys(world.ann)
    world.ann.done("did", "recover", "root", "--ask", str(request), "--note", "the laptop \x1b[2J is dead")
    asked = world.ben.run("guardian", "approve", str(request))
    assert (asked.exit_code, asked.stdout) == (1, "")
    for said in (name, "hosted by: did:peer:2.", "until now", "guardians: 2 of did:key:", "is dead"):
        assert said in asked.stderr, asked.stderr
    assert "\x1b" not in asked.stderr
    assert "is no guardian" in world.ann.refused("guardian", "approve", str(request), "--yes")


def test_what_comes_too_late_or_is_of_another_request_is_told(world: World, tmp_path: Path) -> None:
    """And the log stays as it is."""
    ann, old, new = world.ann, tmp_path / "old.json", tmp_path / "new.json"
    world.name_guardians()
    lose_keys(ann)
    ann.done("did", "recover", "root", "--ask", str(old))
    approved = world.ben.approve(old), world.zoe.approve(old, "for-ann.key")
    ann.done("did", "recover", "root", "--ask", str(new), "--new-key", str(tmp_path / "owner.key"))
    words = [word for file in approved for word in ("--approval", str(file))]
    assert "is of another entry" in ann.refused("did", "recover", "root", "--request", str(new), *words)
    ann.done("did", "recover", "root", "--request", str(old), *words)
    before = ann.told("did", "log", "root")["log"]
    again = ann.refused("did", "recover", "root", "--request", str(old), *words)
    assert "this very entry 3 is in the log already" in again
    approved = world.ben.approve(new), world.zoe.approve(new, "for-ann.key")
    late = [word for file in approved for word in ("--approval", str(file))]
    assert "came too late" in ann.refused("did", "recover", "root", "--request", str(new), *late)
    nonsense = tmp_path / "nonsense.json"
    nonsense.write_text("{}")
    for words, said in (
        (["--request", str(nonsense)], "no request"),
        (["--request", str(old), "--approval", str(nonsense)], "is no approval"),
        (["--request", str(tmp_path / "none")], "cannot be read"),
        (["--ask", str(old)], "there already"),
    ):
        assert said in ann.refused("did", "recover", "root", *words)
    assert ann.told("did", "log", "root")["log"] == before


def test_another_engine_takes_the_name_over(world: World, tmp_path: Path) -> None:
    """The one that had it is gone; what is left is the log that its owner kept."""
    first, kept, request = world.name_guardians(), tmp_path / "kept.json", tmp_path / "recovery.json"
    kept.write_text(world.ann.done("did", "log", "root", "--json"), "utf-8")
    assert world.ann.process is not None
    world.ann.process.end()
    home = tmp_path / "new home"
    other = Somebody(world.ann.folder, neighbour(home))
    try:
        other.start()
        other.done("did", "recover", "root", "--log", str(kept), "--ask", str(request))
        approved = world.ben.approve(request), world.zoe.approve(request, "for-ann.key")
        words = [word for file in approved for word in ("--approval", str(file))]
        back = other.told("did", "recover", "root", "--request", str(request), *words)
        assert (back["did"], back["epoch"]) == (first["did"], first["epoch"] + 1)
        document = verify_log(
            log_from_jsonl(back["log"]), LATER_S, approvals_from_json(back["approvals"])
        ).document()
        assert other.done("did", "show") in json.dumps(document)
        again = other.refused("did", "recover", "root", "--log", str(kept), "--ask", str(tmp_path / "more"))
        assert "has a log here already" in again
    finally:
        assert other.process is not None
        other.process.end()


def test_guardians_who_watch_approve_every_entry(world: World, tmp_path: Path) -> None:
    """Also that they are guardians; the engine writes nothing alone from then on."""
    ann = world.ann
    assert "--ask FILE" in ann.refused("did", "guardians", "root", *world.dids, "--need", "2", "--watch")

    def with_approvals(*words: str) -> Any:
        request = tmp_path / f"{words[1]}.json"
        ann.done("did", *words, "--ask", str(request))
        approved = world.ben.approve(request), world.zoe.approve(request, "for-ann.key")
        given = [word for file in approved for word in ("--approval", str(file))]
        return ann.told(
            "did", *(words[:2] if words[0] == "guardians" else words), "--request", str(request), *given
        )

    named = with_approvals("guardians", "root", *world.dids, "--need", "2", "--watch")
    assert named["guardians"]["alone"] == 0
    assert "have to approve each entry" in ann.refused("did", "rotate", "root", "--log")
    shutil.rmtree(tmp_path / "lost")
    (tmp_path / "root.json").unlink()
    assert with_approvals("rotate", "root", "--log")["epoch"] == named["epoch"] + 1


def test_guardians_go_on_watching_when_an_owner_recovers(world: World, tmp_path: Path) -> None:
    """He acts alone; the engine that he recovers with does not."""
    ann, key, request = world.ann, tmp_path / "owner.key", tmp_path / "naming.json"
    watch = ("--need", "2", "--watch", "--recovery-key", str(key))
    ann.done("did", "guardians", "root", *world.dids, *watch, "--ask", str(request))
    approved = world.ben.approve(request), world.zoe.approve(request, "for-ann.key")
    given = [word for file in approved for word in ("--approval", str(file))]
    named = ann.told("did", "guardians", "root", "--request", str(request), *given)
    lose_keys(ann)
    back = ann.told("did", "recover", "root", "--key", str(key))
    assert (named["guardians"]["alone"], back["guardians"]["alone"]) == (1, 1)
    assert "have to approve each entry" in ann.refused("did", "rotate", "root", "--log")


def test_an_owner_goes_on_alone_beside_guardians(world: World, tmp_path: Path) -> None:
    """If his key was named with them; it is not dropped by mistake."""
    ann, key = world.ann, tmp_path / "owner.key"
    ann.done("did", "log", "root", "--recovery-key", str(key))
    said = ann.refused("did", "guardians", "root", *world.dids, "--need", "2")
    assert "--recovery-key FILE" in said
    named = world.name_guardians("--recovery-key", str(key))
    lose_keys(ann)
    for epoch in (1, 2):
        back = ann.told("did", "recover", "root", "--key", str(key))
        assert back["epoch"] == named["epoch"] + epoch
    assert back["guardians"] == named["guardians"]
    assert ann.told("did", "guardians", "root", "--none")["guardians"] is None


def test_an_owner_comes_beside_guardians_who_are_there(world: World, tmp_path: Path) -> None:
    """And goes on alone, as the host does."""
    ann, key = world.ann, tmp_path / "owner.key"
    named = world.name_guardians()
    assert named["guardians"]["alone"] == 1
    beside = ann.told("did", "log", "root", "--recovery-key", str(key))
    assert beside["guardians"] == {**named["guardians"], "alone": 2}
    lose_keys(ann)
    assert ann.told("did", "recover", "root", "--key", str(key))["epoch"] == beside["epoch"] + 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--need", "2"), "name the guardians"),
        (("did:key:z6Mk",), "--need M"),
        (("--none", "--need", "2"), "--none leaves nobody"),
    ],
)
def test_command_lines_that_make_no_sense_are_told(words: tuple[str, ...], said: str) -> None:
    """Before any engine is asked."""
    result = CliRunner(env={"COLUMNS": "200"}).invoke(main, ["did", "guardians", "root", *words])
    assert (result.exit_code, said in result.stderr) == (2, True), result.output


def test_who_cannot_be_a_guardian_is_told(world: World) -> None:
    """With what a guardian is named by; and that there are none is said too."""
    assert "no guardians are named" in world.ann.done("did", "guardians", "root")
    for dids, said in (
        (("did:web:guardian.example", world.dids[0]), "does not carry its key"),
        ((world.dids[0], world.dids[0]), "the same key"),
        ((world.dids[0],), "2 of 1 guardians"),
    ):
        assert said in world.ann.refused("did", "guardians", "root", *dids, "--need", "2")
    too_few = world.ann.refused("did", "guardians", "root", world.dids[0], "--need", "2")
    assert "try: name more, or need fewer" in too_few


def test_guardians_bring_a_pico_back_from_a_dead_machine(world: World, tmp_path: Path) -> None:
    """They open its state together, and none alone; then they have its log go on there, and what was left of
    the old machine is out of it."""
    ann, file, share = world.ann, tmp_path / "pico.car", tmp_path / "open.json"
    did = world.name_guardians()["did"]
    ann.done("send", "root", "wrangler:new_child_request", "name=kept")
    ann.done("export", "root", "-o", str(file), "--home", str(ann.folder / "home"))
    assert ann.process is not None
    ann.process.end()
    rita = Somebody(tmp_path / "rita", neighbour(tmp_path / "rita" / "home"))
    assert rita.process is not None
    words = ("restore", did, "--from", str(file), "--home", str(rita.process.home))
    asked = rita.told(*words, "--ask", str(share), "--note", "the laptop is dead")
    assert asked["ask"] == {"needed": 2, "of": world_members(asked["ask"]["of"], world)}
    ben, zoe = world.ben.approve(share), world.zoe.approve(share, "for-ann.key")
    request = (*words, "--request", str(share), "--approval")
    assert "2 guardians" in rita.refused(*request, str(ben))
    assert "2 guardians" in rita.refused(*request, str(ben), "--approval", str(ben))
    told = rita.told(*request, str(ben), "--approval", str(zoe))
    assert (told["did"], told["opened_with"], told["root"]) == (did, "2 of its guardians", True)
    rita.start()
    try:
        children = rita.told("query", "root", "io.picolabs.wrangler/children")
        assert [child["name"] for child in children] == ["kept"]
        again = tmp_path / "recovery.json"
        rita.done("did", "recover", "root", "--ask", str(again))
        approvals = [world.ben.approve(again), world.zoe.approve(again, "for-ann.key")]
        given = [word for one in approvals for word in ("--approval", str(one))]
        back = rita.told("did", "recover", "root", "--request", str(again), *given)
        assert (back["did"], back["guardians"]["needed"]) == (did, 2)
        assert "sealed" in rita.done("seal", "root")
    finally:
        rita.process.end()


def world_members(members: list[str], world: World) -> list[str]:
    """Guardians go by the did:keys of what they were named by."""
    assert set(world.dids[1:]) < set(members)
    return members


def test_nobody_else_opens_a_state_for_others(world: World, tmp_path: Path) -> None:
    """Whoever is no guardian has no share; what one gave is of use to one home, for one head, and only
    unchanged."""
    ann, file, asking = world.ann, tmp_path / "pico.car", tmp_path / "open.json"
    did = world.name_guardians()["did"]
    ann.done("export", "root", "-o", str(file), "--home", str(ann.folder / "home"))
    rita, eve = Somebody(tmp_path / "rita"), Somebody(tmp_path / "eve")
    for one in (rita, eve):
        one.folder.mkdir()
    words = ("restore", did, "--from", str(file))
    rita.done(*words, "--ask", str(asking), "--home", str(rita.folder / "home"))
    assert "has no share" in eve.refused("guardian", "approve", str(asking), "--yes")
    given = [world.ben.approve(asking), world.zoe.approve(asking, "for-ann.key")]
    approvals = [word for one in given for word in ("--approval", str(one))]
    request = ("--request", str(asking), *approvals)
    assert "another home" in eve.refused(*words, "--home", str(eve.folder / "home"), *request)
    text = json.loads(given[1].read_text())
    given[1].write_text(json.dumps({**text, "share": "u" + "A" * len(text["share"][1:])}))
    assert "was changed" in rita.refused(*words, "--home", str(rita.folder / "home"), *request)
    given[1].write_text(json.dumps({**text, "head": "bafy"}))
    assert "another request" in rita.refused(*words, "--home", str(rita.folder / "home"), *request)
    given[1].write_text("nothing")
    assert "is no share" in rita.refused(*words, "--home", str(rita.folder / "home"), *request)
