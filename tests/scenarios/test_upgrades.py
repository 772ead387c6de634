"""A ruleset through its versions on a real engine, by the commands that people type."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "counter"
FIRST, SECOND = EXAMPLES / "counter.krl", EXAMPLES / "counter-2.krl"


@pytest.fixture
def engine(process: EngineProcess) -> EngineClient:
    """An engine whose counter has counted a ticket twice and another once."""
    client = process.start()
    run(client, "install", "root", str(FIRST))
    for ticket in ("a", "b", "a"):
        run(client, "send", "root", "counter:increment", f"ticket={ticket}")
    return client


def run(engine: EngineClient, *words: str, code: int = 0) -> Result:
    """A command for this engine."""
    result = CliRunner(env={"PICOMESH_URL": engine.url}).invoke(main, list(words))
    assert result.exit_code == code, result.output
    return result


def query(engine: EngineClient, name: str) -> Any:
    return json.loads(run(engine, "query", "root", f"counter/{name}").output)


def newer(folder: Path, old: str, new: str) -> str:
    """The second version with something else in it."""
    file = folder / "counter.krl"
    text = SECOND.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new))
    return str(file)


def test_an_upgrade_is_tried_done_and_taken_back(engine: EngineClient, process: EngineProcess) -> None:
    """Also when the engine is killed in between."""
    tried = run(engine, "upgrade", "counter", str(SECOND), "--try").output
    assert 'counter ent:tickets: {"a": 2, "b": 1} → {"a": {"times": 2}, "b": {"times": 1}}' in tried
    assert re.search(
        r"3 events from turn \d+ on, run again with the new text: all come out as they did", tried
    )
    assert query(engine, "tickets") == {"a": 2, "b": 1}
    done = run(engine, "upgrade", "counter", str(SECOND)).output
    assert "→ 2.0" in done
    assert "on 1 pico" in done
    assert query(engine, "tickets") == {"a": {"times": 2}, "b": {"times": 1}}
    run(engine, "send", "root", "counter:increment", "ticket=b")
    process.kill()
    again = process.start()
    assert query(again, "tickets")["b"]["times"] == 2
    refused = run(again, "rollback", "counter", "--on", "root", code=1).output
    assert "--keep-state" in refused
    assert "--restore-state" in refused
    back = run(again, "rollback", "counter", "--on", "root", "--restore-state").output
    assert "lost to the ruleset" in back
    assert (query(again, "tickets"), query(again, "count")) == ({"a": 2, "b": 1}, 3)
    assert "as recorded" in run(again, "replay", "root").output


def test_a_trial_that_shows_a_failure_ends_with_1(engine: EngineClient, tmp_path: Path) -> None:
    """A block that fails, and an event that would."""
    block = newer(tmp_path, 'function(times) { {"times": times} }', 'function(times) { times - "x" }')
    shown = run(engine, "upgrade", "counter", block, "--try", code=1).output
    assert "upgrading now would fail" in shown
    rule = newer(tmp_path, "total = count() + by", "total = count() - by.typeof()")
    shown = run(engine, "upgrade", "counter", rule, "--try", "--events", "1", code=1).output
    assert "now   failed with R601" in shown
    assert re.search(r"1 event from turn \d+ on, run again with the new text: 0 come out as they did", shown)


def test_what_would_be_told_otherwise_is_shown_side_by_side(engine: EngineClient, tmp_path: Path) -> None:
    file = newer(tmp_path, 'send_directive("counted"', 'send_directive("added"')
    shown = run(engine, "upgrade", "counter", file, "--try", "--events", "1").output
    assert 'then  directive counted {"count": 3}' in shown
    assert 'now   directive added {"count": 3}' in shown


def test_where_an_upgrade_fails_the_pico_is_named(engine: EngineClient, tmp_path: Path) -> None:
    """And what it remembers is as it was."""
    block = newer(tmp_path, 'function(times) { {"times": times} }', 'function(times) { times - "x" }')
    shown = run(engine, "upgrade", "counter", block, code=1).output
    assert "failed on pico" in shown
    assert "[R601], in line 8 column" in shown
    assert query(engine, "tickets") == {"a": 2, "b": 1}


def test_the_source_may_be_read_anew(engine: EngineClient, tmp_path: Path) -> None:
    """Where it was installed from; a CID has nothing new to say."""
    shown = run(engine, "upgrade", "counter").output
    assert "had this text already" in shown
    assert "picomesh upgrade counter FILE" in shown
    file = tmp_path / "counter.krl"
    file.write_text(FIRST.read_text("utf-8"))
    run(engine, "install", "root", file.as_uri())
    file.write_text(SECOND.read_text("utf-8"))
    told = json.loads(run(engine, "upgrade", "counter", "--on", "root", "--json").output)
    assert (told["upgraded"][0]["to"]["version"], told["failed"]) == ("2.0", [])


def test_a_rollback_of_all_picos_counts_them(engine: EngineClient, tmp_path: Path) -> None:
    """And asks for a decision first where there is one to be made."""
    run(engine, "upgrade", "counter", str(SECOND))
    assert "everywhere" in run(engine, "rollback", "counter", code=1).output
    back = run(engine, "rollback", "counter", "--restore-state").output
    assert re.search(r"rolled back counter 2\.0 .* on 1 pico", back)
    assert "no pico has had another text" in run(engine, "rollback", "counter", code=1).output


def test_a_rollback_needs_something_to_go_back_to(engine: EngineClient) -> None:
    refused = run(engine, "rollback", "counter", "--on", "root", code=1).output
    assert "no other text on this pico" in refused
    assert "does not have other" in run(engine, "rollback", "other", "--on", "root", code=1).output
