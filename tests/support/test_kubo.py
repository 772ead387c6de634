"""Where the program comes from that real nodes are made of; without any, tests say why they are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import kubo


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only one on the PATH; nothing is in the cache."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(kubo, "CACHE", tmp_path / "cache")
    return tmp_path


def put(folder: Path, name: str, script: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    return program


def test_one_on_the_path_is_taken_first(folder: Path) -> None:
    """Nothing is built then, nor looked for."""
    installed = put(folder, "ipfs", "exit 1")
    put(folder, "go", "exit 1")
    assert kubo.program() == installed


def test_without_a_program_and_a_compiler_tests_are_skipped(folder: Path) -> None:
    with pytest.raises(pytest.skip.Exception, match="no ipfs on the PATH, and no go to build it"):
        kubo.program()


def test_a_build_that_fails_says_why(folder: Path) -> None:
    """In one line, as far as it is of use."""
    put(folder, "go", "echo 'no such module' >&2; exit 1")
    with pytest.raises(pytest.skip.Exception, match=r"go could not build .* no such module"):
        kubo.program()
    assert not (folder / "cache" / "ipfs").exists()


def test_a_build_that_failed_is_not_tried_for_every_test(folder: Path) -> None:
    """Only after a while; it may take long to fail."""
    put(folder, "go", f"echo once >> {folder}/tries; exit 1")
    for _ in range(3):
        with pytest.raises(pytest.skip.Exception, match="go could not build"):
            kubo.program()
    assert (folder / "tries").read_text() == "once\n"
    os.utime(folder / "cache" / "failed", (0, 0))
    with pytest.raises(pytest.skip.Exception):
        kubo.program()
    assert (folder / "tries").read_text() == "once\n" * 2


def test_what_was_built_once_is_not_built_again(folder: Path) -> None:
    (folder / "cache").mkdir()
    put(folder, "go", "exit 1")
    built = put(folder / "cache", "ipfs", "exit 0")
    assert kubo.program() == built
