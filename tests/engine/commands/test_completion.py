"""`picomesh completion`: shells complete our commands by what it prints."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.cli import main

ASK = """
COMP_WORDS=(picomesh {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_picomesh_completion picomesh
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def script(shell: str) -> str:
    return CliRunner().invoke(main, ["completion", shell]).output


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder with the command `picomesh`, as an installation makes it."""
    command = tmp_path / "picomesh"
    command.write_text(f"#!{sys.executable}\nfrom engine.cli import main\n\nmain(prog_name='picomesh')\n")
    command.chmod(0o755)
    return tmp_path


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ins", ["install"]),
        ("engines tr", ["trust"]),
        ("send --no", ["--no-wait"]),
        ("completion f", ["fish"]),
    ],
)
def test_bash_completes(words: str, found: list[str], installed: Path) -> None:
    """Commands, those below them, options and choices."""
    asked = script("bash") + ASK.format(words=words)
    path = f"{installed}:/usr/bin:/bin"
    environment = {"PATH": path, "PYTHONPATH": str(Path.cwd())}
    said = subprocess.run(
        ["bash", "--norc", "-c", asked], capture_output=True, text=True, env=environment, check=True
    )
    assert said.stdout.split() == found


def test_zsh_and_fish_ask_the_same_command() -> None:
    """By the variable that makes it answer."""
    assert "#compdef picomesh" in script("zsh")
    assert "_PICOMESH_COMPLETE=zsh_complete picomesh" in script("zsh")
    assert "_PICOMESH_COMPLETE=fish_complete" in script("fish")
    printed = CliRunner().invoke(main, ["completion", "zsh", "--json"]).output
    assert json.loads(printed)["script"] == script("zsh").removesuffix("\n")
