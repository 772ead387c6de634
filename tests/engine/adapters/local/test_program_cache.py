"""Compiled rulesets kept in the home: a cache that is never trusted further than it can be checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.adapters.local.program_cache import KEPT, SUFFIX, ProgramCache
from pico_lang.diagnostics import RulesetRefused
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from tests.fakes.recording_host import MODULES, RecordingHost
from tests.pico_lang.running import open_instance

TEXT = """ruleset kept {
  meta { name "Kept" shares seven }
  global { seven = function(){ 7 } pattern = re#a(.)# }
  rule r { select when a b n re#(.)# setting(n) before c d always { log info n } }
}"""


class Compiling:
    """The real compiler, counting."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, source: Source) -> Program:
        self.count += 1
        return compile_ruleset(source, MODULES)


def cached(folder: Path, compiling: Compiling) -> ProgramCache:
    """A cache as a start of the engine opens it."""
    return ProgramCache(folder, compiling, MODULES)


def test_a_text_is_compiled_once(tmp_path: Path) -> None:
    """The program of the second start is read, and is the same ruleset in every respect."""
    compiling = Compiling()
    made = cached(tmp_path, compiling)(Source(TEXT))
    read = cached(tmp_path, compiling)(Source(TEXT))
    assert compiling.count == 1
    assert read.facts == made.facts
    assert read.meta == made.meta == {"name": "Kept"}
    assert open_instance(read, RecordingHost()).query("seven", {}) == 7.0


@pytest.mark.parametrize("place", [0, 40, 200, -1])
def test_a_damaged_file_is_made_again(tmp_path: Path, place: int) -> None:
    compiling = Compiling()
    cached(tmp_path, compiling)(Source(TEXT))
    (path,) = tmp_path.iterdir()
    frozen = bytearray(path.read_bytes())
    frozen[place] ^= 1
    path.write_bytes(frozen)
    assert cached(tmp_path, compiling)(Source(TEXT)).rid == "kept"
    assert compiling.count == 2


def test_a_file_of_another_text_is_not_taken_for_this_one(tmp_path: Path) -> None:
    compiling = Compiling()
    cache = cached(tmp_path, compiling)
    cache(Source(TEXT))
    (other,) = tmp_path.iterdir()
    changed = Source(TEXT.replace("7", "8"))
    cache(changed)
    for path in tmp_path.iterdir():
        path.write_bytes(other.read_bytes())
    assert open_instance(cache(changed), RecordingHost()).query("seven", {}) == 8.0


def test_other_modules_are_another_compilation(tmp_path: Path) -> None:
    """A program checked against modules that are no longer there must be checked again."""
    compiling = Compiling()
    cached(tmp_path, compiling)(Source(TEXT))
    ProgramCache(tmp_path, compiling, {})(Source(TEXT))
    assert compiling.count == 2


def test_a_home_that_cannot_be_written_costs_time_and_nothing_else(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    compiling = Compiling()
    assert cached(blocked / "programs", compiling)(Source(TEXT)).rid == "kept"


def test_a_ruleset_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RulesetRefused):
        cached(tmp_path, Compiling())(Source("ruleset broken { global { x = y } }"))
    assert list(tmp_path.iterdir()) == []


def test_the_newest_files_stay(tmp_path: Path) -> None:
    for number in range(KEPT + 5):
        (tmp_path / f"{number}{SUFFIX}").touch()
    cached(tmp_path, Compiling())
    assert len(list(tmp_path.iterdir())) == KEPT
