"""Files with tests: found, opened, and the rulesets that they name beside them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.adapters.fetch.rulesets import RulesetTexts
from engine.commands.failure import Failure
from engine.commands.known import known_modules
from engine.commands.texts import read_source
from engine.ports import FetchFailed
from pico_lang.diagnostics import RulesetRefused, diagnostic
from pico_lang.nodes import TestFile
from pico_lang.parser import parse_text
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from pico_lang.suites import Suite, suite_of_file, suite_of_ruleset


@dataclass(frozen=True, slots=True)
class Folder:
    """Where the names of rulesets in a test are to be looked for."""

    path: Path
    is_confined: bool = False
    """Whether nothing outside of it is read: whoever wrote the tests may not be who plays them."""

    def url(self, name: str) -> str:
        """A file by its whole path; names with a scheme, such as `library:…`, stay as they are."""
        return name if ":" in name else (self.path / name).resolve().as_uri()

    def find(self, name: str) -> Program | str:
        """The program of a name, or why there is none. Only what is on this machine is looked at."""
        url = self.url(name)
        if not url.startswith(("file:", "library:")):
            return f"a test reads nothing from the network: {url}"
        if self.is_confined and not url.startswith(("library:", f"{self.path.resolve().as_uri()}/")):
            return f"this is outside of the folder of the test: {name}"
        try:
            return compile_ruleset(Source(asyncio.run(RulesetTexts().fetch(url)), name), known_modules())
        except (FetchFailed, RulesetRefused) as problem:
            return str(problem)


def find_files(names: Sequence[str]) -> Iterator[Path]:
    """Files as they are, and the rulesets in and below folders."""
    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from sorted(path.rglob("*.krl"))
        else:
            yield path


def open_suite(source: Source, is_confined: bool = False) -> Suite:
    """The tests of a text, with the ruleset they are for, which if confined is in the same folder. Raises
    `RulesetRefused`."""
    tree = parse_text(source)
    if not isinstance(tree, TestFile):
        return suite_of_ruleset(source, known_modules())
    target = Path(source.name).parent / tree.target.value
    try:
        if is_confined and target.resolve().parent != Path(source.name).resolve().parent:
            raise Failure(f"{target} is outside of the folder of the test")
        return suite_of_file(source, read_source(str(target)), known_modules())
    except Failure as failure:
        problem, hint = failure.message, "name it as seen from this file"
    except RulesetRefused as refused:
        if refused.source is source:
            raise
        problem, hint = f"{target} has mistakes of its own", f"picomesh check {target} shows them"
    raise RulesetRefused([diagnostic("K604", problem, tree.target.span, hint)], source)
