"""The cache of the parse tables: fast when it is there, harmless when it is not."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from pico_lang import tables
from pico_lang.productions import NODES, SHAPES


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Notes every time Lark builds the tables."""
    noted: list[str] = []
    build = tables._build

    def noting(grammar: str) -> dict[str, Any]:
        noted.append("built")
        return build(grammar)

    monkeypatch.setattr(tables, "_build", noting)
    return noted


def test_tables_are_built_once(tmp_path: Path, builds: list[str]) -> None:
    """The second process finds what the first one left."""
    first = tables.load_tables(tmp_path / "cache")
    second = tables.load_tables(tmp_path / "cache")
    assert builds == ["built"]
    assert first == second
    assert len(list((tmp_path / "cache").iterdir())) == 1


@pytest.mark.parametrize("content", ["", "{", "[]", '{"actions": []}', "\x00", "[" * 100_000])
def test_a_damaged_cache_is_made_anew(tmp_path: Path, builds: list[str], content: str) -> None:
    """Half a file, or another program's, is as good as none, and is replaced."""
    tables.load_tables(tmp_path)
    next(tmp_path.iterdir()).write_text(content)
    replaced = tables.load_tables(tmp_path)
    assert tables.load_tables(tmp_path) == replaced
    assert builds == ["built", "built"]


def test_a_place_that_cannot_be_written_is_no_obstacle(tmp_path: Path, builds: list[str]) -> None:
    """A file where the directory should be stands for every way in which writing fails."""
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert tables.load_tables(blocked).starts
    assert tables.load_tables(blocked / "below").starts
    assert tables.load_tables(None).starts
    assert builds == ["built"] * 3


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scratch file goes when it cannot take its place."""

    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "replace", refuse)
    assert tables.load_tables(tmp_path).starts
    assert list(tmp_path.iterdir()) == []


def test_several_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    """Whoever comes first, everybody gets whole tables, and one file is left."""
    with ThreadPoolExecutor(4) as pool:
        loaded = list(pool.map(tables.load_tables, [tmp_path] * 4))
    assert len({len(each.actions) for each in loaded}) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_the_cache_follows_the_users_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """XDG_CACHE_HOME says where; without it, the home directory's cache."""
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert tables.cache_directory() == Path("/caches/picomesh")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert tables.cache_directory() == Path("/home/somebody/.cache/picomesh")


def test_another_grammar_has_another_cache() -> None:
    """The name of the file depends on the grammar's text."""
    assert tables._fingerprint("a: B") != tables._fingerprint("a: C")


def test_grammar_and_productions_agree() -> None:
    """Every function is used by the grammar, and the grammar uses no other."""
    used = {reduction.production for reduction in tables.tables().reductions} - {None}
    assert used == NODES.keys() | SHAPES.keys()
