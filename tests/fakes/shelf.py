"""A shelf of rulesets over a journal in memory, with a place that texts are fetched from."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from engine.adapters.signing.ed25519 import verify
from engine.core.did_keys import DidKey
from engine.ports import FetchFailed, Journal
from engine.runtime.programs import Compile, CompiledPrograms
from engine.runtime.shelf import Shelf
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source


class Site:
    """`engine.ports.RulesetSource` with whatever stands there at the moment."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self.texts = dict(texts or {})

    async def fetch(self, url: str) -> str:
        if url not in self.texts:
            raise FetchFailed(f"there is nothing at {url}")
        return self.texts[url]


def memory_shelf(
    journal: Journal,
    site: Site | None = None,
    authors: Collection[DidKey] = (),
    compiler: Compile | None = None,
    now_ms: int = 1_000,
) -> Shelf:
    """A shelf whose clock stands still."""
    programs = CompiledPrograms(journal, compiler or _compile)
    return Shelf(journal, programs, site or Site(), lambda: now_ms, verify, authors)


def _compile(source: Source) -> Program:
    return compile_ruleset(source, {})
