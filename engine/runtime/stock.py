"""The kept rulesets as people ask for them: what there is, who has it, what it says; and new ones.

A text that is sent here is compiled and kept before anybody is told; that changes no pico. Signatures
are sent after the text that they are for. What is answered are documents, ready to be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from engine.core.cids import NotACid, from_cid, to_cid
from engine.core.messages import Refusal
from engine.core.model import InstalledRuleset, Pico, RulesetHash
from engine.core.signatures import BadSignature
from engine.core.timekeeping import to_iso
from engine.ports import Journal, JournalFailed, KeptRuleset, Place
from engine.runtime.shelf import Shelf
from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.source import Source

Document = dict[str, Any]
FindPico = Callable[[str], Awaitable[Pico | Refusal]]
"""Finds a pico by the name of a channel."""

FEW = 20
"""Holders of a ruleset that are named; all are counted."""


class Stock:
    """What one engine has in store."""

    def __init__(self, journal: Journal, shelf: Shelf, find_pico: FindPico) -> None:
        self._journal = journal
        self._shelf = shelf
        self._find_pico = find_pico

    async def push(self, text: str) -> Document | Refusal:
        """Keep a text; it can be installed by its CID from now on."""
        try:
            found = await self._shelf.push(text)
        except RulesetRefused as refused:
            return refuse_text(refused, "mend it and send it again; nothing was kept")
        except JournalFailed as problem:
            return _not_kept(problem)
        program = found.program
        return {
            "rid": program.rid,
            "version": program.version,
            "cid": to_cid(found.hash),
            "hash": found.hash,
            "signedBy": list(found.signed_by),
            "warnings": [tell_diagnostic(one, program.source) for one in program.warnings],
        }

    async def check(self, text: str) -> Document:
        """What is wrong with a text, or doubtful. Nothing is kept, so it may be one that is being written."""
        try:
            program = await self._shelf.attempt(text)
        except RulesetRefused as refused:
            told = [_tell_severely(one, refused.source) for one in refused.diagnostics]
            return {"ok": False, "rid": None, "version": None, "diagnostics": told}
        told = [_tell_severely(one, program.source) for one in program.warnings]
        return {"ok": True, "rid": program.rid, "version": program.version, "diagnostics": told}

    async def sign(self, name: str, signature: str) -> Document | Refusal:
        """Keep an author's signature of a kept text."""
        digest = self._find_text(name)
        if isinstance(digest, Refusal):
            return digest
        try:
            kept = await self._shelf.keep_signature(digest, signature)
        except BadSignature as problem:
            return Refusal("malformed", str(problem), "`picomesh sign FILE` makes one")
        except JournalFailed as problem:
            return _not_kept(problem)
        return {"cid": to_cid(digest), "author": kept.author, "signedBy": list(self._shelf.signed_by(digest))}

    def text(self, name: str) -> str | Refusal:
        """A kept text, by its CID."""
        digest = self._find_text(name)
        return digest if isinstance(digest, Refusal) else self._shelf.text(digest) or ""

    def signatures(self, name: str) -> Document | Refusal:
        """The signatures of a kept text, as they were written."""
        digest = self._find_text(name)
        if isinstance(digest, Refusal):
            return digest
        return {"cid": to_cid(digest), "signatures": [body for _, body in self._journal.signatures(digest)]}

    def _find_text(self, name: str) -> RulesetHash | Refusal:
        try:
            digest = from_cid(name)
        except NotACid as problem:
            return Refusal("malformed", str(problem))
        if self._shelf.text(digest) is None:
            return Refusal(
                "unknown", f"this engine keeps no ruleset {name}", "`picomesh rulesets` lists them"
            )
        return digest

    # --- lists ---

    async def everything(self) -> Document:
        """All kept texts, and who has them."""
        await self._shelf.note_unknown()
        places: dict[RulesetHash, list[Place]] = defaultdict(list)
        for place in self._journal.places():
            places[place.hash].append(place)
        return {"rulesets": [self._show(kept, places[kept.hash]) for kept in self._journal.kept_rulesets()]}

    def _show(self, kept: KeptRuleset, places: Sequence[Place]) -> Document:
        return {
            "rid": kept.rid,
            "version": kept.version,
            "cid": to_cid(kept.hash),
            "hash": kept.hash,
            "kept": None if kept.kept_ms is None else to_iso(kept.kept_ms),
            "signedBy": list(self._shelf.signed_by(kept.hash)),
            "from": [place.url for place in places],
            "picos": sum(place.picos for place in places),
            "holders": self._some_holders(places),
        }

    def _some_holders(self, places: Sequence[Place]) -> list[str]:
        found: list[str] = []
        for place in places:
            if len(found) < FEW:
                found += self._journal.holders(place.url, place.hash, FEW - len(found))
        return found

    async def of_pico(self, name: str) -> Document | Refusal:
        """The rulesets of one pico, in the order in which they were installed."""
        pico = await self._find_pico(name)
        if isinstance(pico, Refusal):
            return pico
        notes = {kept.hash: kept for kept in self._journal.kept_rulesets()}
        return {"pico": pico.id, "rulesets": [self._show_held(one, notes) for one in pico.rulesets]}

    def _show_held(self, held: InstalledRuleset, notes: Mapping[RulesetHash, KeptRuleset]) -> Document:
        note = notes.get(held.hash)
        return {
            "rid": held.rid,
            "version": None if note is None else note.version,
            "cid": to_cid(held.hash),
            "hash": held.hash,
            "from": held.url,
            "since": to_iso(held.inputs.time_ms),
            "signedBy": list(self._shelf.signed_by(held.hash)),
        }


def refuse_text(refused: RulesetRefused, hint: str) -> Refusal:
    """A text with mistakes, each of them told for people and for programs."""
    told = [tell_diagnostic(one, refused.source) for one in refused.diagnostics]
    return Refusal("uncompilable", str(refused), hint, {"diagnostics": told})


def tell_diagnostic(found: Diagnostic, source: Source) -> Document:
    """Where in a text something is wrong or doubtful, and what."""
    place = {"start": _position(source, found.span.start), "end": _position(source, found.span.end)}
    return {"loc": place, "code": found.code, "message": found.message, "hint": found.hint}


def _tell_severely(found: Diagnostic, source: Source) -> Document:
    return {**tell_diagnostic(found, source), "severity": found.severity.value}


def _position(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column}


def _not_kept(problem: JournalFailed) -> Refusal:
    return Refusal("draining", f"nothing was kept: {problem}", "send it again when the engine is back")
