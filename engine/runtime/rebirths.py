"""What a journal is told by which a pico lives that was read out of blocks."""

from __future__ import annotations

from collections.abc import Iterator

from engine.core.blocks.state import State
from engine.core.model import RulesetHash
from engine.ports import BirthPico, Journal, KeepRuleset, Write
from engine.runtime.besides import Unpacked
from engine.runtime.outbox import NOTHING_YET, differences


def births(journal: Journal, state: State, snapshot: bytes, beside: Unpacked) -> Iterator[Write]:
    """The pico, where it is reached, its texts, and what an engine keeps for it."""
    pico = state.head.pico
    parent = None if pico.parent is None else journal.find_channel(pico.parent)
    yield BirthPico(pico.id, parent, pico.seq, snapshot)
    yield from beside.records
    yield from around(journal, state, beside)


def around(journal: Journal, state: State, beside: Unpacked) -> Iterator[Write]:
    """All but the pico itself and its records."""
    yield from differences(NOTHING_YET, state.head.pico)
    yield from _texts(journal, state)
    yield from beside.writes


def _texts(journal: Journal, state: State) -> Iterator[Write]:
    """The texts that are not kept here. What is known by a URL stays what it is."""
    places = {ruleset.hash: ruleset.url for ruleset in state.head.pico.rulesets}
    for ruleset in state.head.pico.rulesets:
        places = {**{former.hash: former.url for former in ruleset.former}, **places}
    for digest, text in state.texts.items():
        if journal.ruleset_text(digest) is None:
            yield from _text(journal, digest, places[digest], text)


def _text(journal: Journal, digest: RulesetHash, url: str, text: str) -> Iterator[Write]:
    yield KeepRuleset(digest, url, text)
    before = journal.ruleset_at(url)
    kept = None if before is None else journal.ruleset_text(before)
    if before is not None and kept is not None:
        yield KeepRuleset(before, url, kept)
