"""What people see of rulesets that cannot be run any more, on an engine of its own."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess

WRANGLER = "io.picolabs.wrangler"


def break_texts(home: Path) -> None:
    """Have this version take none of the texts that are kept, as if it were another one."""
    with sqlite3.connect(home / "journal.sqlite") as journal:
        journal.execute("UPDATE rulesets SET text = 'ruleless ' || text")
    journal.close()


def run(engine: EngineClient, *words: str) -> Result:
    return CliRunner(env={"PICOMESH_URL": engine.url, "COLUMNS": "300"}).invoke(main, list(words))


def test_an_engine_starts_with_nothing_but_broken_rulesets_and_can_be_mended(process: EngineProcess) -> None:
    """The tree says what is wrong; `picomesh install` goes past the Wrangler that does not run."""
    process.start()
    process.end()
    break_texts(process.home)
    engine = process.start()
    assert run(engine, "send", "root", "some:event").exit_code == 0
    shown = run(engine, "tree").output
    assert f"quarantined {WRANGLER}: its text does not compile any more: " in shown
    refused = run(engine, "query", "root", f"{WRANGLER}/name")
    assert refused.exit_code == 1
    assert "install or flush a mended text, or uninstall it [R615]" in refused.output
    installed = run(engine, "install", "root", f"library:{WRANGLER}")
    assert installed.exit_code == 0
    assert "Wrangler is quarantined here, so the engine itself installs it" in installed.output
    assert f"quarantined {WRANGLER}" not in run(engine, "tree").output
    assert run(engine, "query", "root", f"{WRANGLER}/name").output == "Pico\n"
