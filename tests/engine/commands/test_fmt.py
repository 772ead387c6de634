"""`picomesh fmt`: what it changes, what it leaves alone, and what it says."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

UNTIDY = """ruleset a{rule b{select when c d
always{ent:x:=1;// why
}}}"""
TIDY = """\
ruleset a {
  rule b {
    select when c:d
    always {
      ent:x := 1 // why
    }
  }
}
"""
BROKEN = "ruleset a { rule }"


def run(*words: str, text: str | None = None) -> Result:
    return CliRunner().invoke(main, ["fmt", *words], input=text)


@pytest.fixture
def untidy(tmp_path: Path) -> Path:
    file = tmp_path / "untidy.krl"
    file.write_text(UNTIDY)
    return file


def test_a_file_is_laid_out_in_place(untidy: Path) -> None:
    """Its name is told; a second time there is nothing to do or to tell."""
    assert run(str(untidy)).output == f"changed {untidy}\n"
    assert untidy.read_text() == TIDY
    assert (run(str(untidy)).output, untidy.read_text()) == ("", TIDY)


def test_checking_writes_nothing(untidy: Path) -> None:
    """Exit code 1 lists what is laid out otherwise, 0 says that all is well."""
    result = run("--check", str(untidy))
    assert (result.exit_code, result.output) == (1, f"would change {untidy}\n")
    assert untidy.read_text() == UNTIDY
    untidy.write_text(TIDY)
    assert (run("--check", str(untidy)).exit_code, run("--check", str(untidy)).output) == (0, "")


def test_a_difference_is_shown_as_patches_are(untidy: Path) -> None:
    """And nothing is written; with --check the exit code tells as well."""
    result = run("--diff", str(untidy))
    assert result.exit_code == 0
    assert result.output.startswith(f"--- {untidy}\n+++ {untidy} (formatted)\n@@ -1,3 +1,8 @@\n-ruleset a{{")
    assert "\\ No newline at end of file\n" in result.output
    assert untidy.read_text() == UNTIDY
    assert run("--diff", "--check", str(untidy)).exit_code == 1


def test_standard_input_is_printed() -> None:
    """For editors that can pass a text through a program."""
    assert run("-", text=UNTIDY).output == TIDY
    checked = run("--check", "-", text=UNTIDY)
    assert (checked.exit_code, checked.output) == (1, "would change <stdin>\n")


def test_a_broken_file_is_left_alone_and_the_others_are_not(untidy: Path) -> None:
    """Its mistakes are shown on standard error; the exit code is 1."""
    broken = untidy.with_name("broken.krl")
    broken.write_text(BROKEN)
    result = run(str(broken), str(untidy))
    assert result.exit_code == 1
    assert f"{broken}:1:18: error K103" in result.stderr
    assert result.stdout == f"changed {untidy}\n"
    assert (broken.read_text(), untidy.read_text()) == (BROKEN, TIDY)


def test_broken_input_gives_no_output() -> None:
    """An editor must not replace a text by half of it."""
    result = run("-", text=BROKEN)
    assert (result.exit_code, result.stdout) == (1, "")


def test_a_file_stays_what_it_was_otherwise(untidy: Path) -> None:
    """Its permissions, and being reached through a link; no scratch file is left behind."""
    untidy.chmod(0o640)
    link = untidy.with_name("link.krl")
    link.symlink_to(untidy)
    run(str(link))
    assert link.is_symlink()
    assert untidy.read_text() == TIDY
    assert stat.S_IMODE(untidy.stat().st_mode) == 0o640
    assert sorted(os.listdir(untidy.parent)) == ["link.krl", "untidy.krl"]
