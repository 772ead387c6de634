"""The README is true: its commands run, and what it lists is what there is."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")

ELSEWHERE = {"serve", "demo"}
"""Commands of the README that have tests of their own: below and in tests/scenarios."""


def shell_lines() -> list[str]:
    """Every line of the README that stands in a shell block."""
    blocks = re.findall(r"^```sh\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def test_what_ci_runs_is_what_the_readme_says() -> None:
    """`.ci/run` is the README's test command, from the top of the repository, and nothing else."""
    told = [line for line in shell_lines() if "pytest" in line]
    script = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    commands = [line for line in script if line and not line.startswith("#")]
    assert commands == ["set -eu", 'cd "$(dirname "$0")/.."', *told]
    assert len(told) == 1


def test_the_demo_proves_what_the_readme_says() -> None:
    """It ends well, and shows that nothing was lost or doubled."""
    command = [sys.executable, "-m", "engine", "demo"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 0, shown.stderr
    assert re.search(r"acknowledged \d+, lost 0, doubled 0\n", shown.stdout)
    sent, counted = re.search(r"sent (\d+), counted (\d+)", shown.stdout).groups()  # type: ignore[union-attr]
    assert sent == counted


def test_the_commands_of_the_readme_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the README's order, against one engine."""
    lines = [shlex.split(line) for line in shell_lines() if line.startswith("picomesh ")]
    words = [line[1:] for line in lines if line[1] not in ELSEWHERE]
    process = EngineProcess(tmp_path / "home")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    try:
        url = process.start().url
        runner = CliRunner(env={"PICOMESH_URL": url, "PICOMESH_HOME": str(process.home)})
        results = [(line, runner.invoke(main, line)) for line in words]
    finally:
        process.end()
    taken_out = {"seal", "export", "verify", "import", "backup", "restore-home"}
    used = {"install", "send", "query", "rulesets", "tree", "log", "state", "replay", "check"}
    assert {line[0] for line, _ in results} == used | {"upgrade", "rollback"} | taken_out
    assert [(line, result.output) for line, result in results if result.exit_code != 0] == []


def test_the_requests_of_the_readme_are_answered(tmp_path: Path) -> None:
    """The same lines, sent to an engine on another port and to a pico that exists."""
    lines = [shlex.split(line) for line in shell_lines() if line.startswith("curl ")]
    process = EngineProcess(tmp_path / "home")
    try:
        engine = process.start()
        root = engine.root_eci()
        install_ruleset(engine, root, counter_ruleset().as_uri(), {})
        token = engine.create_token("readme", "send", None)["token"]
        answers = [send_like_curl(line, engine.url, root, token) for line in lines]
    finally:
        process.end()
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[0].json()["eci"] == root
    assert answers[1].json()["eid"] == "42"
    assert answers[2].json() == 5


def send_like_curl(words: list[str], url: str, eci: str, token: str) -> httpx.Response:
    """A `curl -s URL [-H HEADER]` without curl."""
    address = words[2].replace("http://127.0.0.1:3000", url).replace("/ECI/", f"/{eci}/")
    headers = dict(word.replace("$PICOMESH_TOKEN", token).split(": ", 1) for word in words[4::2])
    return httpx.get(address, headers=headers)


def test_every_command_is_in_the_readme() -> None:
    """And every command of the README exists."""
    assert set(re.findall(r"^\| `picomesh ([\w-]+)", README, re.MULTILINE)) == set(main.commands)


def test_the_rule_in_the_readme_is_the_one_in_the_example() -> None:
    """Copied word for word."""
    (shown,) = re.findall(r"^```krl\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
    example = (ROOT / "examples" / "counter" / "counter.krl").read_text("utf-8")
    assert "".join("  " + line for line in shown.splitlines(keepends=True)) in example


def test_links_lead_somewhere() -> None:
    """In every README of the repository."""
    for readme in [ROOT / "README.md", *ROOT.glob("[!.]*/**/README.md")]:
        targets = re.findall(r"\]\((?!https?:)([^)#]+)\)", readme.read_text("utf-8"))
        assert [target for target in targets if not (readme.parent / target).exists()] == [], readme
