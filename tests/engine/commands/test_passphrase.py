"""Where an engine gets the passphrase of its keys from."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.keys import SeedFile
from engine.commands.failure import CannotStart
from engine.commands.passphrase import find_passphrase, tell_protection
from engine.config import PASSPHRASE, Settings, load_settings


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
    assert load_settings(environment={PASSPHRASE: "secret"}) == load_settings(environment={})


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


def test_it_is_told_what_protects_the_keys(tmp_path: Path) -> None:
    """The file's permissions, or a passphrase too."""
    file = SeedFile(tmp_path / "engine.key")
    file.open(None)
    assert "file permissions alone" in tell_protection(tmp_path)
    file.change_passphrase(None, "secret")
    assert "sealed with a passphrase" in tell_protection(tmp_path)
