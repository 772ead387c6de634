"""`picomesh new`: what it makes, and what it leaves alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.new import MODEL


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def test_a_project_is_sound_and_tested(tmp_path: Path) -> None:
    """Laid out as `fmt` does it, without mistakes, and its tests pass."""
    folder = tmp_path / "rulesets" / "shop_2"
    made = json.loads(run("new", str(folder), "--json").output)
    assert made["files"] == ["README.md", "shop_2.krl", "shop_2.test.krl"]
    texts = [str(path) for path in sorted(folder.glob("*.krl"))]
    assert run("fmt", "--check", *texts).exit_code == 0
    assert run("check", *texts).output == "0 errors, 0 warnings in 2 files\n"
    tests = json.loads(run("test", str(folder), "--json").output)["tests"]
    assert [one["passed"] for one in tests] == [True, True, True]
    assert not any(MODEL in path.read_text() for path in folder.iterdir())


@pytest.mark.parametrize("name", ["Shop", "my-shop", "2shop", "shop.krl", "x" * 65, "läden"])
def test_a_name_that_no_event_can_have_makes_nothing(name: str, tmp_path: Path) -> None:
    """It is told which one would do."""
    result = run("new", str(tmp_path / name))
    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "did you mean `picomesh new" in result.output


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    """Even an empty folder: somebody has made it for something."""
    (tmp_path / "shop").mkdir()
    result = run("new", str(tmp_path / "shop"))
    assert (result.exit_code, list((tmp_path / "shop").iterdir())) == (1, [])
    assert "is there already" in result.output


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    """Below a file there can be none."""
    (tmp_path / "file").write_text("")
    result = run("new", str(tmp_path / "file" / "shop"))
    assert result.exit_code == 1
    assert "cannot be made" in result.output
