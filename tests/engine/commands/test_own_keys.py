"""Keys of people's own are sealed with a passphrase like those of engines, and stay what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.adapters.keys import SeedFile
from engine.cli import main
from engine.commands.own_keys import open_keys
from engine.config import OWN_PASSPHRASE, load_settings

Run = Any


@pytest.fixture
def run(tmp_path: Path) -> Run:
    def run_it(*words: str, text: str | None = None, **environment: str) -> Result:
        known: dict[str, str | None] = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "conf")}
        known |= {OWN_PASSPHRASE: None, **environment}
        return CliRunner(env=known).invoke(main, words, input=text)

    return run_it


def test_the_did_stays_when_its_keys_are_sealed(run: Run, tmp_path: Path) -> None:
    """Whoever has the passphrase goes by it, and nobody else."""
    before = run("did", "show", "--me").stdout
    assert run("passphrase", "--me", text="sesame\nsesame\n").exit_code == 0
    assert SeedFile(tmp_path / "conf" / "picomesh" / "identity.key").is_sealed()
    without = run("did", "show", "--me")
    assert (without.exit_code, without.stdout) == (1, "")
    assert OWN_PASSPHRASE in without.stderr
    assert run("did", "show", "--me", **{OWN_PASSPHRASE: "sesame"}).stdout == before
    assert "not the passphrase" in run("did", "show", "--me", **{OWN_PASSPHRASE: "simsim"}).stderr


def test_a_seal_is_taken_off_by_whoever_can_open_it(run: Run) -> None:
    """The old passphrase first."""
    before = run("did", "show", "--me").stdout
    run("passphrase", "--me", text="sesame\nsesame\n")
    assert run("passphrase", "--me", "--remove").exit_code == 1
    assert run("passphrase", "--me", "--remove", **{OWN_PASSPHRASE: "sesame"}).exit_code == 0
    assert run("did", "show", "--me").stdout == before


def test_an_owners_key_is_sealed(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It recovers the same picos as before."""
    file = tmp_path / "owner.key"
    key = open_keys(file).derive("recovery")
    assert run("passphrase", "--file", str(file), text="sesame\nsesame\n").exit_code == 0
    assert json.loads(file.read_text())["sealed"]["kdf"] == "argon2id"
    monkeypatch.setenv(OWN_PASSPHRASE, "sesame")
    assert open_keys(file).derive("recovery") == key


def test_the_passphrase_is_for_what_is_sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that are open are opened all the same, and those of an engine are none of its business."""
    monkeypatch.setenv(OWN_PASSPHRASE, "sesame")
    made = open_keys(tmp_path / "a.key").derive("x")
    assert not SeedFile(tmp_path / "a.key").is_sealed()
    assert open_keys(tmp_path / "a.key").derive("x") == made
    assert load_settings(environment={OWN_PASSPHRASE: "sesame"}) == load_settings(environment={})


def test_a_guardians_key_is_sealed(run: Run, tmp_path: Path) -> None:
    """Their DID is what it was, for whoever has the passphrase."""
    file = str(tmp_path / "for-ann.key")
    before = run("guardian", "key", file).stdout
    assert run("passphrase", "--file", file, text="sesame\nsesame\n").exit_code == 0
    assert run("guardian", "key", file).exit_code == 1
    assert run("guardian", "key", file, **{OWN_PASSPHRASE: "sesame"}).stdout == before
