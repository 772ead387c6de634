"""A folder with rulesets that somebody works on: which there are, what tests them, and who needs whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.commands.failure import Failure
from engine.commands.texts import read_source
from pico_lang.diagnostics import RulesetRefused
from pico_lang.nodes import Ruleset, TestFile, UseModule
from pico_lang.parser import parse_text
from pico_lang.source import Source

SUFFIX = ".krl"


@dataclass(frozen=True, slots=True)
class Text:
    """A file as it was read, and what it says, if it can be understood."""

    path: Path
    source: Source
    tree: Ruleset | TestFile | None

    @property
    def rid(self) -> str | None:
        return self.tree.rid.id if isinstance(self.tree, Ruleset) else None

    @property
    def needs(self) -> frozenset[str]:
        """The rulesets that it uses as modules."""
        if not isinstance(self.tree, Ruleset):
            return frozenset()
        return frozenset(item.rid.id for item in self.tree.meta if isinstance(item, UseModule))

    @property
    def tested(self) -> Path | None:
        """The file that it has tests for."""
        if not isinstance(self.tree, TestFile):
            return None
        return (self.path.parent / self.tree.target.value).resolve()


@dataclass(frozen=True, slots=True)
class Folder:
    """Everything in it that is written in the language."""

    texts: Mapping[Path, Text]

    @property
    def rulesets(self) -> list[Text]:
        """Each behind those that it needs, as far as that goes; texts that cannot be read come last."""
        named = {one.rid: one for one in self.texts.values() if one.rid is not None}
        ordered: dict[Path, Text] = {}
        for one in named.values():
            _put(one, named, ordered, frozenset())
        broken = [one for one in self.texts.values() if one.tree is None]
        twice = [one for one in self.texts.values() if one.rid is not None and one.path not in ordered]
        return [*ordered.values(), *twice, *broken]

    def tests_of(self, text: Text) -> list[Text]:
        """Its own come with it; those in files of their own."""
        return [one for one in self.texts.values() if one.tested == text.path.resolve()]

    def touched(self, before: Folder) -> list[Text]:
        """The rulesets that are not what they were, whose tests are not, or that need such a one."""
        changed = {path for path in {*self.texts, *before.texts} if self._at(path) != before._at(path)}
        found: list[Text] = []
        rids: set[str] = set()
        for one in self.rulesets:
            around = {one.path, *(test.path for test in self.tests_of(one))}
            if around & changed or one.needs & rids:
                found.append(one)
                rids |= {one.rid} if one.rid is not None else set()
        return found

    def _at(self, path: Path) -> str | None:
        text = self.texts.get(path)
        return None if text is None else text.source.text


NOTHING = Folder({})


def _put(text: Text, named: Mapping[str, Text], ordered: dict[Path, Text], above: frozenset[str]) -> None:
    if text.path in ordered or text.rid in above:
        return  # rulesets that need each other are refused by the engine, in its own words
    for rid in sorted(text.needs & named.keys()):
        _put(named[rid], named, ordered, above | {str(text.rid)})
    ordered[text.path] = text


def read_folder(folder: Path, before: Folder = NOTHING) -> Folder:
    """As it is now; of what it was before only what has changed is read anew. A file that is being replaced
    at this very moment is there the next time."""
    found: dict[Path, Text] = {}
    for path in _files(folder):
        try:
            source = read_source(str(path))
        except Failure:
            if not path.exists():
                continue
            raise
        known = before.texts.get(path)
        is_same = known is not None and known.source.text == source.text
        found[path] = known if known is not None and is_same else Text(path, source, _parse(source))
    return Folder(found)


def _files(folder: Path) -> Iterator[Path]:
    """Without those in hidden folders, such as the home of an engine."""
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        if not any(part.startswith(".") for part in path.relative_to(folder).parts):
            yield path


def _parse(source: Source) -> Ruleset | TestFile | None:
    try:
        return parse_text(source)
    except RulesetRefused:
        return None


def all_sources(folder: Folder) -> Sequence[Source]:
    return [one.source for one in folder.texts.values()]
