"""Documents that are read with a terminal beside them, and done here as they say.

A block of `krl`, `toml` or `py` is saved as the file that the line above it names. Each line of an `sh` block
is a command; what follows in a `text` block is what it, or they, printed. There `…` stands for anything in a
line, and a line of `…` alone for any lines; in a command for what was printed before. `# refused` is said
of one that is.
"""

from __future__ import annotations

import argparse
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, takewhile, zip_longest
from pathlib import Path

from click.testing import CliRunner

from engine.cli import main
from engine.commands.process import EngineProcess

FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NAMED = re.compile(r"`([\w./-]+)`[^`\n]*:\n\n\Z")
ANYTHING = "…"

Match = re.Match[str]


@dataclass(frozen=True, slots=True)
class File:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Commands:
    """With what they print together, None if the document does not say."""

    lines: tuple[str, ...]
    printed: str | None


def steps(document: str) -> Iterator[File | Commands]:
    """What to do, in the order of the document."""
    blocks = list(FENCE.finditer(document))
    for block, after in zip_longest(blocks, blocks[1:]):
        kind, text = block.groups()
        if kind == "sh":
            follows = (
                after is not None and after[1] == "text" and not document[block.end() : after.start()].strip()
            )
            yield Commands(tuple(text.splitlines()), after[2] if after is not None and follows else None)
        elif named := NAMED.search(document, 0, block.start()):
            yield File(named[1], text)


def _touch(document: str, block: Match, after: Match) -> bool:
    return not document[block.end() : after.start()].strip()


class Reader:
    """Somebody with terminals, in a folder that is theirs alone: commands in one, engines in the others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engines: dict[str, EngineProcess] = {}
        self._addresses: dict[str, str] = {}
        """Where engines really are, by what the document says."""
        self._home = folder / ".picomesh"
        self._runner = CliRunner(env={"PICOMESH_HOME": str(self._home), "COLUMNS": "200"})
        self._seen = ""

    def follow(self, document: str) -> None:
        for step in steps(document):
            if isinstance(step, File):
                path = self._folder / step.name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(step.text, "utf-8")
            else:
                self._type(step)

    def leave(self) -> None:
        for engine in self._engines.values():
            engine.end()

    def _type(self, commands: Commands) -> None:
        printed = "".join(self._run(line) for line in commands.lines)
        assert commands.printed is None or is_like(printed, commands.printed), (commands.lines, printed)

    def _run(self, line: str) -> str:
        line, _, comment = line.partition("  # ")
        words = shlex.split(line)
        settings = list(takewhile(lambda word: word != "picomesh", words))
        command, *rest = words[len(settings) + 1 :]
        if command == "serve":
            self._serve(rest, dict(one.split("=", 1) for one in settings))
            return ""
        result = self._runner.invoke(main, [command, *chain.from_iterable(map(self._meant, rest))])
        assert result.exit_code == (1 if comment == "refused" else 0), (line, result.output)
        self._seen += result.output
        return result.output

    def _serve(self, flags: Sequence[str], settings: Mapping[str, str]) -> None:
        """On a free port. One that is there already has been stopped before."""
        given = argparse.ArgumentParser()
        given.add_argument("--home", type=self._folder.joinpath, default=self._home)
        given.add_argument("--port", default="3000")
        known, others = given.parse_known_args(flags)
        told = f"http://127.0.0.1:{known.port}"
        if told in self._engines:
            self._engines[told].stop()
        engine = self._engines[told] = EngineProcess(known.home, *others, settings=settings)
        self._addresses[told] = engine.start().url

    def _meant(self, word: str) -> list[str]:
        """With the real addresses; what is cut is copied from what was printed, the last that is like it."""
        for told, real in self._addresses.items():
            word = word.replace(told, real)
        if re.fullmatch(r"[\w./-]*\*[\w.]*", word):
            return sorted(path.name for path in self._folder.glob(word))
        if ANYTHING not in word:
            return [word]
        return [str(re.findall(r"[^\s']*".join(map(re.escape, word.split(ANYTHING))), self._seen)[-1])]


def is_like(printed: str, told: str) -> bool:
    """Whether it is what a document shows."""
    pattern = ""
    for line in told.splitlines():
        if line.strip() == ANYTHING:
            pattern += r"(?:.*\n)*?"
        else:
            pattern += ".*".join(map(re.escape, line.split(ANYTHING))) + r"\n"
    return re.fullmatch(pattern, printed) is not None
