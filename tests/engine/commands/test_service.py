"""`picomesh service`: the unit that it writes, and what it tells systemd."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.adapters.keys import SeedFile
from engine.cli import main
from engine.commands.service_unit import Unit, quote
from engine.wiring import SEED_FILE

SYSTEMCTL = """#!/bin/sh
echo "$@" >> "{log}"
case "$2" in
  show) printf '%s\\n' LoadState=loaded UnitFileState=enabled ActiveState={state} SubState=x \\
    MainPID=17 NRestarts=2;;
  {refused}) echo "it says no" >&2; exit 1;;
esac
"""
"""A stand-in that keeps what it was told."""


class Person:
    """Somebody with a home, and a systemd that keeps what it was told."""

    def __init__(self, folder: Path, state: str = "active", refused: str = "nothing") -> None:
        self.home = folder / "person"
        self.log = folder / "told"
        programs = folder / "programs"
        for each in (self.home, programs):
            each.mkdir(exist_ok=True)
        program = programs / "systemctl"
        program.write_text(SYSTEMCTL.format(log=self.log, state=state, refused=refused))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        self.environment: dict[str, str | None] = {
            "HOME": str(self.home),
            "PATH": f"{programs}:/usr/bin:/bin",
            "XDG_CONFIG_HOME": None,
        }

    def run(self, *words: str) -> Result:
        return CliRunner(env=self.environment).invoke(main, ["service", *words])

    @property
    def unit(self) -> Path:
        return self.home / ".config" / "systemd" / "user" / "picomesh.service"

    def told(self) -> list[str]:
        return self.log.read_text().splitlines() if self.log.exists() else []


def test_it_is_installed_and_started_step_by_step(tmp_path: Path) -> None:
    """Each step is told; the unit runs this program on that home."""
    person = Person(tmp_path)
    result = person.run("install", "--home", str(tmp_path / "my engine"), "--port", "4000")
    assert result.exit_code == 0, result.output
    assert person.told() == [
        "--user daemon-reload",
        "--user enable picomesh.service",
        "--user restart picomesh.service",
    ]
    assert [line for line in result.output.splitlines() if line.startswith("✓")] == [
        f"✓ wrote {person.unit}",
        *(f"✓ systemctl {words}" for words in person.told()),
    ]
    home = tmp_path / "my engine"
    command = f'"{sys.executable}" "-P" "-m" "engine" "serve" "--home" "{home}" "--port" "4000"'
    assert f"ExecStart={command}\n" in person.unit.read_text()


def test_it_can_be_looked_at_first(tmp_path: Path) -> None:
    """--print changes nothing, and needs no systemd."""
    person = Person(tmp_path)
    shown = person.run("install", "--print")
    assert (shown.exit_code, person.told(), person.unit.exists()) == (0, [], False)
    assert person.run("install").exit_code == 0
    assert person.unit.read_text() == shown.output


def test_it_goes_without_a_trace(tmp_path: Path) -> None:
    """The home of the engine stays; a second time there is nothing to remove."""
    person = Person(tmp_path)
    person.run("install")
    result = person.run("uninstall", "--json")
    assert json.loads(result.output)["steps"] == [
        "systemctl --user disable --now picomesh.service",
        f"removed {person.unit}",
        "systemctl --user daemon-reload",
    ]
    assert not person.unit.exists()
    again = person.run("uninstall")
    assert (again.exit_code, "no-service" in again.output) == (1, True)


@pytest.mark.parametrize(("state", "exit_code"), [("active", 0), ("failed", 1)])
def test_its_state_is_told(state: str, exit_code: int, tmp_path: Path) -> None:
    """For people and programs; the exit code says whether it runs."""
    person = Person(tmp_path, state)
    assert person.run("status").exit_code == 1
    person.run("install")
    assert person.run("status").exit_code == exit_code
    assert f"picomesh is {state}/x" in person.run("status").output
    told = json.loads(person.run("status", "--json").output)
    assert (told["running"], told["pid"], told["restarts"]) == (state == "active", 17, 2)


def test_what_systemd_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    """And so is that there is none."""
    result = Person(tmp_path, refused="enable").run("install")
    assert (result.exit_code, "it says no" in result.output) == (1, True)
    nowhere = Person(tmp_path)
    nowhere.environment["PATH"] = str(tmp_path)
    result = nowhere.run("install")
    assert (result.exit_code, "no-systemd" in result.output) == (1, True)


def test_sealed_keys_need_a_passphrase_that_nobody_types(tmp_path: Path) -> None:
    """It is told before anything is written."""
    person, home = Person(tmp_path), tmp_path / "home"
    home.mkdir()
    SeedFile(home / SEED_FILE).change_passphrase(None, "a long enough passphrase")
    result = person.run("install", "--home", str(home))
    assert (result.exit_code, "[sealed]" in result.output, person.unit.exists()) == (1, True, False)
    (home / "picomesh.toml").write_text('passphrase_file = "/somewhere"\n')
    assert person.run("install", "--home", str(home)).exit_code == 0


def test_words_mean_nothing_to_systemd_but_themselves() -> None:
    """Its specifiers, variables and quotation marks are written as it wants them."""
    assert quote('a "b" 100% $HOME \\') == '"a \\"b\\" 100%% $$HOME \\\\"'


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    """Its own checker has nothing to say."""
    file = tmp_path / "picomesh.service"
    file.write_text(Unit("picomesh", tmp_path / 'a "home" at 100%').text())
    said = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(file)],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        check=False,
    )
    assert (said.returncode, said.stderr) == (0, "")
