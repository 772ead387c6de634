"""Where an engine gets the passphrase of its keys from."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.adapters.keys import SeedFile
from engine.cli import main
from engine.commands.failure import CannotStart, Failure
from engine.commands.passphrase import find_passphrase, passphrase, tell_protection
from engine.config import NEW_PASSPHRASE, PASSPHRASE, Settings, load_settings
from engine.wiring import SEED_FILE


def test_the_environment_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the file; without either there is none, unless somebody sits at a terminal."""
    file = tmp_path / "phrase"
    file.write_text("from the file\n")
    settings = Settings(home=tmp_path, passphrase_file=str(file))
    monkeypatch.setenv(PASSPHRASE, "from outside")
    assert find_passphrase(settings) == "from outside"
    monkeypatch.delenv(PASSPHRASE)
    assert find_passphrase(settings) == "from the file"
    assert find_passphrase(Settings(home=tmp_path)) is None


def test_a_passphrase_is_no_setting() -> None:
    """So nothing that shows settings shows it."""
    for variable in (PASSPHRASE, NEW_PASSPHRASE):
        assert load_settings(environment={variable: "secret"}) == load_settings(environment={})


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot be read"), (b"", "is empty"), (b"\xff", "cannot be read")]
)
def test_a_file_without_a_passphrase_is_an_error(content: bytes | None, said: str, tmp_path: Path) -> None:
    """Not an engine without one."""
    file = tmp_path / "phrase"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CannotStart, match=said):
        find_passphrase(Settings(home=tmp_path, passphrase_file=str(file)))


def run(home: Path, *words: str, text: str = "", **environment: str) -> Result:
    known: dict[str, str | None] = {PASSPHRASE: None, NEW_PASSPHRASE: None, **environment}
    return CliRunner(env=known).invoke(main, ["passphrase", "--home", str(home), *words], input=text)


def test_the_first_passphrase_comes_from_a_file_the_environment_or_a_pipe(tmp_path: Path) -> None:
    """The file that was named comes first; nobody has to sit at a terminal."""
    (tmp_path / "phrase").write_text("filed\n")
    words = ("--new-file", str(tmp_path / "phrase"))
    for home, result, phrase in (
        ("a", run(tmp_path / "a", *words, PICOMESH_NEW_PASSPHRASE="from outside"), "filed"),
        ("b", run(tmp_path / "b", PICOMESH_NEW_PASSPHRASE="from outside"), "from outside"),
        ("c", run(tmp_path / "c", text="piped\n"), "piped"),
    ):
        assert result.exit_code == 0, result.output
        file = SeedFile(tmp_path / home / SEED_FILE)
        assert file.is_sealed()
        file.open(phrase)


def test_a_passphrase_is_changed_without_a_terminal(tmp_path: Path) -> None:
    """The old one comes from where it always does, and the seed stays."""
    seed = SeedFile(tmp_path / SEED_FILE).open("old")
    changed = run(tmp_path, PICOMESH_PASSPHRASE="old", PICOMESH_NEW_PASSPHRASE="new")
    assert changed.exit_code == 0, changed.output
    assert SeedFile(tmp_path / SEED_FILE).open("new") == seed


@pytest.mark.parametrize(
    ("text", "said"), [("", "--new-file FILE"), ("\n", NEW_PASSPHRASE), ("one\ntwo\n", "differ")]
)
def test_an_end_of_input_is_no_passphrase(text: str, said: str, tmp_path: Path) -> None:
    """It is told what to do, and no key is made or changed."""
    result = run(tmp_path, text=text)
    assert (result.exit_code, said in result.stderr) == (1, True), result.output
    assert "nothing was changed" in result.stderr
    assert not (tmp_path / SEED_FILE).exists()


def test_an_input_that_is_closed_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python has no stdin then at all."""
    monkeypatch.delenv(NEW_PASSPHRASE, raising=False)
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(Failure, match="no new passphrase was given"):
        passphrase.main(["--home", str(tmp_path)], standalone_mode=False)


def test_an_empty_file_seals_nothing(tmp_path: Path) -> None:
    """And a passphrase cannot be given and left off at once."""
    (tmp_path / "phrase").write_text("\n")
    words = ("--new-file", str(tmp_path / "phrase"))
    assert "is empty, so it is no passphrase" in run(tmp_path / "home", *words).stderr
    assert not (tmp_path / "home" / SEED_FILE).exists()
    assert run(tmp_path / "home", *words, "--remove").exit_code == 2


def test_it_is_told_what_protects_the_keys(tmp_path: Path) -> None:
    """The file's permissions, or a passphrase too."""
    file = SeedFile(tmp_path / "engine.key")
    file.open(None)
    assert "file permissions alone" in tell_protection(tmp_path)
    file.change_passphrase(None, "secret")
    assert "sealed with a passphrase" in tell_protection(tmp_path)
