"""`picomesh doctor` says what protects an engine's keys, what is wrong with a home, and how to mend it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.adapters.http.run_file import RunFile, write_run_file
from engine.adapters.keys import SeedFile
from engine.adapters.local.backups import restore_backup, write_backup
from engine.adapters.local.schema import open_writer
from engine.cli import main
from engine.commands import doctor as module

Look = Callable[..., dict[str, Any]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def look(tmp_path: Path, home: Path) -> Look:
    """What it finds, by subject, and `exit`."""

    def look_at(**environment: str) -> dict[str, Any]:
        known = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "conf"), **environment}
        result = CliRunner(env=known).invoke(main, ["doctor", "--home", str(home), "--json"])
        found = json.loads(result.stdout.splitlines()[0])
        return {one["subject"]: one for one in found} | {"exit": result.exit_code}

    return look_at


def test_it_says_that_permissions_alone_protect_the_keys(look: Look, home: Path) -> None:
    """Until a passphrase does; neither is an error."""
    file = SeedFile(home / "engine.key")
    file.open(None)
    found = look()
    assert (found["keys"]["state"], found["exit"]) == ("note", 0)
    assert "permissions alone (0600)" in found["keys"]["text"]
    assert "picomesh passphrase" in found["keys"]["hint"]
    file.change_passphrase(None, "secret")
    found = look()
    assert (found["keys"]["state"], found["exit"]) == ("good", 0)
    assert "sealed with a passphrase" in found["keys"]["text"]


@pytest.mark.parametrize("name", ["engine.key", "phrase", "."])
def test_what_others_can_read_is_wrong(name: str, look: Look, home: Path) -> None:
    """Keys, a passphrase, the home itself; it says how to end that."""
    SeedFile(home / "engine.key").open(None)
    (home / "phrase").write_text("secret\n")
    (home / "phrase").chmod(0o600)
    phrase = str(home / "phrase")
    assert look(PICOMESH_PASSPHRASE_FILE=phrase)["exit"] == 0
    (home / name).chmod((home / name).stat().st_mode | 0o044)
    found = look(PICOMESH_PASSPHRASE_FILE=phrase)
    wrong = [one for one in found.values() if isinstance(one, dict) and one["state"] == "wrong"]
    assert len(wrong) == 1
    assert "others can read" in wrong[0]["text"]
    assert "chmod" in f"{wrong[0]['text']} {wrong[0]['hint']}"
    assert found["exit"] == 1


def test_damaged_keys_are_wrong(look: Look, home: Path) -> None:
    """And nothing is made in their place."""
    (home / "engine.key").write_text("{}")
    (home / "engine.key").chmod(0o600)
    found = look()
    assert (found["keys"]["state"], found["exit"]) == ("wrong", 1)
    assert "damaged" in found["keys"]["text"]
    assert (home / "engine.key").read_text() == "{}"


def test_it_changes_nothing(look: Look, home: Path, tmp_path: Path) -> None:
    """There is nothing afterwards that was not there before."""
    assert look()["exit"] == 0
    assert list(tmp_path.iterdir()) == [home]
    assert list(home.iterdir()) == []


def test_an_engine_that_is_gone_is_noted(look: Look, home: Path) -> None:
    """A note that it left behind is no engine."""
    write_run_file(home, RunFile("http://127.0.0.1:9", 1, "root"))
    found = look()
    assert found["engine"]["state"] == "note"
    assert "127.0.0.1:9" in found["engine"]["text"]


@pytest.mark.parametrize(
    ("environment", "state"),
    [
        ({}, "note"),
        ({"PICOMESH_PUBLIC_URL": "http://localhost:1"}, "note"),
        ({"PICOMESH_PUBLIC_URL": "https://home.example"}, "good"),
        ({"PICOMESH_HOST": "192.0.2.7"}, "good"),
    ],
)
def test_it_says_whether_others_reach_the_engine(environment: dict[str, str], state: str, look: Look) -> None:
    """By what its DIDs say."""
    assert look(**environment)["reached at"]["state"] == state


def test_credentials_that_this_python_has_not_are_noted(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no wheel of didkit for every Python."""
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    assert look()["credentials"]["state"] == "note"


def test_people_read_it(home: Path, tmp_path: Path) -> None:
    """A line for each thing, and what to do below it."""
    SeedFile(home / "engine.key").open(None)
    environment = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "conf")}
    shown = CliRunner(env=environment).invoke(main, ["doctor", "--home", str(home)]).stdout.splitlines()
    assert shown[1].startswith("note   keys")
    assert "picomesh passphrase" in shown[2]


def test_a_node_whose_commands_others_could_read_is_noted(look: Look) -> None:
    """On loopback and with TLS they cannot; without nodes there is nothing to say."""
    assert "IPFS node" not in look()
    for url, state in (
        ("http://127.0.0.1:5001", "good"),
        ("http://[::1]:5001", "good"),
        ("https://me:secret@node.example", "good"),
        ("http://me:secret@node.example:5001", "note"),
    ):
        found = look(PICOMESH_IPFS_API=url)
        assert (found["IPFS node"]["state"], found["exit"]) == (state, 0)
        assert "secret" not in found["IPFS node"]["text"]


def test_it_says_that_a_home_was_made_of_a_backup(look: Look, home: Path, tmp_path: Path) -> None:
    """And of when the backup was, for as long as the home is there."""
    original = tmp_path / "original"
    original.mkdir()
    open_writer(original / "journal.sqlite").close()
    write_backup(original, tmp_path / "one.backup", 1_700_000_000_000, "0.1")
    assert "restored" not in look()
    restore_backup(tmp_path / "one.backup", home, 1_700_000_100_000)
    found = look()["restored"]
    assert found["state"] == "note"
    assert "made at 2023-11-14T22:15:00.000Z of a backup of 2023-11-14T22:13:20.000Z" in found["text"]
