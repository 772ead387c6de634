"""Two real engines whose owners make them known to each other, by commands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from tests.scenarios.messages import free_port, neighbour, wait_until


@dataclass
class Owner:
    """Somebody with an engine."""

    home: Path
    process: EngineProcess
    url: str = ""

    def start(self) -> None:
        self.url = self.process.start().url

    def come_back(self) -> None:
        """At another port: it is the same engine."""
        self.process = EngineProcess(self.home, "--port", str(free_port()))
        self.start()

    def end(self) -> None:
        """Whichever process it runs in by then."""
        self.process.end()

    def run(self, *words: str) -> Result:
        return self.run_main("engines", *words)

    def run_main(self, *words: str) -> Result:
        environment = {"PICOMESH_URL": self.url, "COLUMNS": "200"}
        return CliRunner(env=environment).invoke(main, list(words))

    def does(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def told(self, *words: str) -> Any:
        return json.loads(self.does(*words, "--json"))

    def fails(self, *words: str) -> str:
        """What is said to whoever typed that."""
        result = self.run(*words)
        assert result.exit_code == 1, result.output
        return result.stderr


@pytest.fixture
def owners(tmp_path: Path) -> Iterator[tuple[Owner, Owner]]:
    with ExitStack() as stack:
        both = []
        for name in ("attic", "cellar"):
            home = tmp_path / name
            process = neighbour(home)
            with (home / "picomesh.toml").open("a", encoding="utf-8") as file:
                file.write(f'engine_name = "{name}"\nfault_domain = "home"\n')
            owner = Owner(home, process)
            stack.callback(owner.end)
            owner.start()
            both.append(owner)
        yield both[0], both[1]


def test_two_engines_meet_and_part(owners: tuple[Owner, Owner]) -> None:
    """Each step says what came of it, on both sides."""
    attic, cellar = owners
    assert "it knows no other engine" in attic.does("list")
    url = attic.does("invite", "--trust").splitlines()[0]
    assert "know each other now" in cellar.does("add", url, "--name", "upstairs")
    (upstairs,) = cellar.told("list")["engines"]
    (below,) = attic.told("list")["engines"]
    assert (upstairs["name"], upstairs["trust"]) == ("upstairs", "known")
    assert (below["name"], below["trust"], below["fault_domain"]) == ("cellar", "trusted", "home")
    assert 0 < upstairs["round_trip_ms"] < 10_000
    assert (upstairs["success"], upstairs["problem"]) == (1.0, None)

    policy = attic.told("accept", "--who", "trusted", "--picos", "5", "--bytes", "10 MiB")
    assert (policy["who"], policy["most_bytes"], policy["free"]["picos"]) == ("trusted", 10 << 20, 5)
    (upstairs,) = cellar.told("list", "--now")["engines"]
    assert upstairs["free"]["picos"] == 5
    examined = cellar.run_main("doctor", "--home", str(cellar.home))
    assert "1 known, each reached when it was last tried" in examined.stdout, examined.output
    shown = cellar.does("list").splitlines()
    assert any("upstairs" in line and "5 picos" in line and "100%" in line for line in shown)

    cellar.process.stop()
    (below,) = attic.told("list", "--now")["engines"]
    assert below["success"] < 1
    assert "was not reached" in attic.does("list")
    examined = attic.run_main("doctor", "--home", str(attic.home))
    assert "cellar was not reached, last heard" in examined.stdout, examined.output
    cellar.come_back()
    cellar.does("list", "--now")
    (again,) = attic.told("list", "--now")["engines"]
    assert again["endpoints"] == [f"{cellar.url}/didcomm"]
    assert again["problem"] is None
    assert "and it has heard so" in attic.does("remove", "cellar")
    assert attic.told("list")["engines"] == []
    assert "does not know this engine any more" in cellar.does("list")


def test_what_goes_wrong_says_what_to_do(owners: tuple[Owner, Owner]) -> None:
    """An invitation that was used, an unknown name, a policy without sense."""
    attic, cellar = owners
    url = attic.does("invite").splitlines()[0]
    assert "this engine itself" in attic.fails("add", url)
    assert "picomesh engines invite" in cellar.fails("add", "http://example.com")
    cellar.does("add", url)
    cellar.does("remove", "attic")
    assert "try: " in cellar.fails("trust", "attic")
    assert "not an Ed25519 key" in attic.fails("accept", "--ruleset", "did:key:z6")
    assert attic.told("accept")["who"] == "nobody"


def test_an_engine_is_emptied_before_it_is_stopped(owners: tuple[Owner, Owner]) -> None:
    """Its picos live on at the other one; the exit code says whether one stays."""
    attic, cellar = owners
    cellar.does("add", attic.does("invite").splitlines()[0])
    with EngineClient(cellar.url) as engine:
        for name in ("one", "two"):
            engine.send_event("root", ("wrangler", "new_child_request"), {"name": name})
        wait_until(lambda: len(engine.tree()["children"]) == 2)
    nobody = cellar.run_main("drain")
    assert (nobody.exit_code, "no engine that is trusted here" in nobody.stderr) == (1, True), nobody.output
    refused = cellar.run_main("drain", "attic")
    assert (refused.exit_code, "2 picos stay here" in refused.stderr) == (1, True), refused.output
    assert "this engine takes in no picos from elsewhere" in refused.stdout
    attic.does("accept", "--who", "known")
    drained = cellar.run_main("drain", "attic")
    assert (drained.exit_code, "2 picos are at attic now" in drained.stdout) == (0, True), drained.output
    assert "the engine can be stopped" in drained.stdout
    shown = cellar.run_main("moves").stdout
    assert [line.split()[1:4] for line in shown.splitlines()[1:]] == [["gone", "cellar", "attic"]] * 2
    pico = next(iter(json.loads(cellar.run_main("moves", "--json").stdout)["moves"]))["pico"]
    back = attic.run_main("move", pico, "cellar")
    assert (back.exit_code, "this engine is about to stop" in back.stderr) == (1, True), back.output
    lost = attic.run_main("move", pico, "cellars")
    assert (lost.exit_code, "no engine is called 'cellars'; there are cellar" in lost.stderr) == (1, True)
    cellar.process.stop()
    assert attic.told("accept")["guests"]["count"] == 2
