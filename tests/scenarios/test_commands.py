"""The commands against a running engine, as a person and as a program uses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient

COUNTER = "examples/counter/counter.krl"


def run(engine: EngineClient, *words: str) -> Result:
    """A command for this engine."""
    return CliRunner(env={"PICOMESH_URL": engine.url, "COLUMNS": "200"}).invoke(main, list(words))


def read(engine: EngineClient, *words: str) -> Any:
    """What a command that succeeds prints as JSON."""
    result = run(engine, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_a_ruleset_is_installed_used_and_asked(engine: EngineClient) -> None:
    """install, send, query: what the README shows."""
    installed = run(engine, "install", "root", COUNTER)
    assert "installed" in installed.output
    assert run(engine, "send", "root", "counter:reset").exit_code == 0
    sent = run(engine, "send", "root", "counter:increment", "by=5")
    assert 'counted {"count": 5}' in sent.output
    assert run(engine, "query", "root", "counter/count").output == "5\n"


def test_programs_read_json(engine: EngineClient) -> None:
    """Each command with --json prints one document."""
    assert "counter" in read(engine, "install", "root", COUNTER)["installed"]
    reply = read(engine, "send", "root", "counter:increment", "--eid", "one")
    assert reply["eid"] == "one"
    assert reply["directives"][0]["meta"]["rule_name"] == "increment"
    assert isinstance(read(engine, "query", "root", "counter/count"), int)
    assert read(engine, "tree")["eci"] == engine.root_eci()


def test_an_event_sent_twice_under_one_id_runs_once(engine: EngineClient) -> None:
    """--eid makes a repetition safe."""
    first, second = (
        read(engine, "send", "root", "counter:increment", "ticket=t1", "--eid", "twice") for _ in range(2)
    )
    assert first == second
    assert read(engine, "query", "root", "counter/tickets")["t1"] == 1


def test_an_event_need_not_be_waited_for(engine: EngineClient) -> None:
    """--no-wait returns the id; the pico gets to it."""
    eid = read(engine, "send", "root", "counter:increment", "ticket=later", "--no-wait")
    assert isinstance(eid, str)
    read(engine, "send", "root", "counter:nothing")
    assert read(engine, "query", "root", "counter/tickets")["later"] == 1


def test_the_tree_shows_children_and_rulesets(engine: EngineClient) -> None:
    """Names and channels that can be used in the next command."""
    run(engine, "send", "root", "wrangler:new_child_request", "name=lamp")
    run(engine, "send", "root", "wrangler:nothing")
    shown = run(engine, "tree").output
    assert "lamp" in shown
    assert engine.root_eci() in shown
    assert "io.picolabs.wrangler" in shown


def test_a_file_with_mistakes_is_not_sent(engine: EngineClient, tmp_path: Path) -> None:
    """The mistakes are shown with their places; the pico's rulesets stay as they are."""
    before = read(engine, "query", "root", "io.picolabs.wrangler/installedRIDs")
    (tmp_path / "bad.krl").write_text("ruleset bad { rule r { select when a b send_directive(nothing) } }")
    result = run(engine, "install", "root", str(tmp_path / "bad.krl"))
    assert result.exit_code == 1
    assert "K201" in result.output
    assert "cannot be installed" in result.output
    assert read(engine, "query", "root", "io.picolabs.wrangler/installedRIDs") == before


def test_a_ruleset_that_is_not_there_is_told(engine: EngineClient) -> None:
    """A file that does not exist, and a URL behind which there is none."""
    assert "there is no file nowhere.krl" in run(engine, "install", "root", "nowhere.krl").output
    result = run(engine, "install", "root", "file:///nowhere.krl")
    assert result.exit_code == 1
    assert "/nowhere.krl" in result.output


def test_refusals_say_why(engine: EngineClient) -> None:
    """An unknown channel, ruleset and query: exit code 1 and a sentence."""
    for words in (
        ("send", "nobody", "a:b"),
        ("query", "nobody", "counter/count"),
        ("query", "root", "nothing/count"),
        ("query", "root", "counter/nothing"),
    ):
        result = run(engine, *words)
        assert result.exit_code == 1
        assert result.output.startswith("error: ")
