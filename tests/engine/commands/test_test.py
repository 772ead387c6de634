"""`picomesh test`: which tests it finds, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

RULESET = """ruleset lamp {
  rule light { select when lamp switched always { ent:on := not ent:on } }
  test "it lights up" { send lamp:switched expect ent:on }
  test "it stays dark" { send lamp:switched expect not ent:on }
}
"""
TESTS = """tests for "lamp.krl" {
  test "twice is none" { send lamp:switched send lamp:switched expect not ent:on }
}
"""


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["test", *words])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "lamp.krl").write_text(RULESET)
    (tmp_path / "lamp.test.krl").write_text(TESTS)
    return tmp_path


EXAMPLES = [path for path in sorted(Path("examples").rglob("*.krl")) if "plugin" not in path.parts]
"""Those that need no plugin; tests/scenarios has that one."""


@pytest.mark.parametrize("path", EXAMPLES, ids=str)
def test_the_examples_pass(path: Path) -> None:
    """Rulesets without tests of their own are looked at as well: they have to compile."""
    result = run(str(path))
    assert result.exit_code == 0 or "there are no tests here" in result.output, result.output


def test_the_counter_is_tested() -> None:
    """The example shows what tests look like."""
    result = run("examples/counter")
    assert (result.exit_code, "5 passed, 0 failed" in result.output) == (0, True)


def test_a_folder_is_searched_and_a_failure_shown_with_its_place(folder: Path) -> None:
    """Tests behind rules, and those in files of their own; the exit code is 1 when one fails."""
    result = run(str(folder))
    assert result.exit_code == 1
    assert "✓ it lights up" in result.output
    assert "✗ it stays dark" in result.output
    assert f"{folder}/lamp.krl:4:52: `not ent:on` is false, not true" in result.output
    assert '   4 |   test "it stays dark" { send lamp:switched expect not ent:on }' in result.output
    assert "✓ twice is none" in result.output
    assert "2 passed, 1 failed" in result.output


def test_tests_can_be_chosen_by_name(folder: Path) -> None:
    """Without regard to case."""
    result = run(str(folder), "-k", "LIGHTS")
    assert (result.exit_code, "1 passed, 0 failed" in result.output) == (0, True)


def test_programs_read_json(folder: Path) -> None:
    """One document with every test, how long it took, and what was found."""
    found = json.loads(run(str(folder / "lamp.krl"), "--json").output)
    first, second = found["tests"]
    assert (first["test"], first["passed"], first["findings"]) == ("it lights up", True, [])
    assert second["findings"] == [
        {"line": 4, "column": 52, "message": "`not ent:on` is false, not true", "details": []}
    ]
    assert first["ms"] > 0
    assert found["diagnostics"] == []


def test_no_tests_are_no_success(folder: Path) -> None:
    """A misspelt name must not look like a test that passed."""
    result = run(str(folder), "-k", "nothing of that name")
    assert (result.exit_code, "there are no tests here" in result.output) == (1, True)


def test_mistakes_in_one_file_do_not_hide_the_others(folder: Path) -> None:
    """They are shown as `check` shows them, which says the same about a file of tests."""
    bad = folder / "bad.test.krl"
    bad.write_text('tests for "lamp.krl" { test "x" { expect lihgt == 1 } }')
    result = run(str(folder))
    assert result.exit_code == 1
    assert "2 passed, 1 failed, 1 with mistakes" in result.output
    assert f"{bad}:1:42: error K201: undefined name lihgt" in result.output
    assert "K201" in CliRunner().invoke(main, ["check", str(bad)]).output


@pytest.mark.parametrize(
    ("target", "said"),
    [("nowhere.krl", "nowhere.krl cannot be read"), ("broken.krl", "broken.krl has mistakes of its own")],
)
def test_tests_for_what_is_no_ruleset(folder: Path, target: str, said: str) -> None:
    """Told at the place where it is named."""
    (folder / "broken.krl").write_text("ruleset broken {")
    (folder / "some.test.krl").write_text(f'tests for "{target}" {{}}')
    result = run(str(folder / "some.test.krl"))
    assert result.exit_code == 1
    assert "some.test.krl:1:11: error K604" in result.output
    assert said in result.output


def test_a_test_finds_other_rulesets_beside_it(folder: Path) -> None:
    """As files, and in the library that comes with the engine; nothing is fetched from elsewhere."""
    (folder / "own.test.krl").write_text(
        """tests for "lamp.krl" {
          test "a" { given ruleset "library:io.picolabs.wrangler" expect ctx:rulesets.length() == 2 }
          test "b" { given ruleset "https://example.org/x.krl" expect true }
        }"""
    )
    result = run(str(folder / "own.test.krl"))
    assert "✓ a" in result.output
    assert "a test reads nothing from the network: https://example.org/x.krl" in result.output
