"""Histories as files: written once for each version, read for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.core.model import RulesetHash
from engine.core.records import Head, decode_snapshot, encode_snapshot
from engine.wiring import compile_text
from pico_lang.program import Program
from pico_lang.source import Source

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class History:
    """One pico from its birth to the end of the recording."""

    name: str
    start: Head
    bodies: Sequence[bytes]
    states: Sequence[str]
    """State ids, one after each record."""
    end: str
    """Hash of the last record."""


def write(folder: Path, history: History) -> None:
    lines = [encode_snapshot(history.start), *history.bodies]
    (folder / f"{history.name}.records").write_bytes(b"".join(line + b"\n" for line in lines))
    told = [*history.states, history.end]
    (folder / f"{history.name}.states").write_text("".join(f"{line}\n" for line in told), "ascii")


def read(records: Path) -> History:
    snapshot, *bodies = records.read_bytes().removesuffix(b"\n").split(b"\n")
    *states, end = records.with_suffix(".states").read_text("ascii").split()
    return History(records.stem, decode_snapshot(snapshot), bodies, states, end)


def all_histories() -> Sequence[Path]:
    """Of every version."""
    return sorted(FOLDER.glob("*/*.records"))


@cache
def programs(folder: Path) -> Mapping[RulesetHash, Program]:
    """Every ruleset of a version, compiled by this one."""
    found = {}
    for path in (folder / "rulesets").glob("*.krl"):
        program = compile_text(Source(path.read_bytes().decode("utf-8"), path.name))
        assert program.hash == path.stem, f"{path} is not the text that it was"
        found[RulesetHash(program.hash)] = program
    return found
