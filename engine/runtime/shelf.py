"""The texts of rulesets that this engine keeps: how they come here, and which of them may be installed.

A text is kept for ever, by its hash, before anybody may have it; so a CID names it from then on, and
what is behind a URL is read anew each time. With the setting `ruleset_authors` only what one of them has
signed may be installed; the rulesets that come with the engine always may, and those that picos have
already go on.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from engine.core.cids import NotACid, named_text, to_cid, to_url
from engine.core.did_keys import DidKey
from engine.core.model import Rid, RulesetHash
from engine.core.signatures import (
    SUFFIX,
    BadSignature,
    Signature,
    Verify,
    check,
    read_signature,
    write_signature,
)
from engine.ports import (
    FetchFailed,
    Journal,
    KeepRuleset,
    KeepSignature,
    NoteRuleset,
    RulesetSource,
    Write,
)
from engine.runtime.programs import LIBRARY, CompiledPrograms, text_hash
from pico_lang.program import Program

SIGNED_PLACES = ("file:", "http:", "https:")
"""Where a signature can stand beside a text."""


FORMER_TEXTS = 5
"""Texts of each ruleset that a pico remembers, to be rolled back to."""

LATELY_MS = 1_000
UNFINISHED = "unfinished.krl"
"""What a text is called that somebody is still writing."""
MOST_LATELY = 1_000
"""For how long, and of how many URLs, it is not looked up again whether what is behind them is kept."""

BEGINS_LIKE_A_RULESET = re.compile(r"(?:\s+|//[^\n]*(?:\n|$)|/\*(?s:.*?)\*/)*+ruleset\s+[\w.-]")
"""After white space and comments."""


class NotTrusted(FetchFailed):
    """A text that none of the authors has signed of whom this engine installs rulesets."""


@dataclass(frozen=True, slots=True)
class Found:
    """A ruleset that may be installed: its program, its URL, and who has signed it."""

    program: Program
    url: str
    signed_by: tuple[DidKey, ...] = ()

    @property
    def hash(self) -> RulesetHash:
        return RulesetHash(self.program.hash)

    def to_answer(self) -> dict[str, Any]:
        """The answer to a question of kind `ruleset`: see `engine.core.messages.Question`."""
        answer: dict[str, Any] = {
            "rid": self.program.rid,
            "hash": self.program.hash,
            "url": self.url,
            "keeps": FORMER_TEXTS,
        }
        return answer | {"signedBy": list(self.signed_by)} if self.signed_by else answer


class Version(NamedTuple):
    """What a text says of itself; it need not say anything."""

    version: str | None


class Shelf:
    """The kept texts of one engine."""

    def __init__(
        self,
        journal: Journal,
        programs: CompiledPrograms,
        source: RulesetSource,
        now_ms: Callable[[], int],
        verify: Verify,
        authors: Iterable[DidKey] = (),
    ) -> None:
        """With `authors`, only what one of them has signed is given to picos."""
        self._journal = journal
        self._programs = programs
        self._source = source
        self._now_ms = now_ms
        self._verify = verify
        self._authors = frozenset(authors)
        self.elsewhere: Callable[[RulesetHash, str], Awaitable[str]] | None = None
        """Finds a text that is not kept here, for that pico, in stores of blocks. Raises `FetchFailed`."""
        self._lately: dict[str, tuple[RulesetHash, int]] = {}
        """What was behind a URL lately and is known to be kept, and when that was: thousands of picos may be
        made with the same rulesets."""

    async def find(self, url: str, who: str = "") -> Found:
        """The ruleset behind a URL or a CID, as it is there now, kept; for a pico, if one asks.

        Raises `FetchFailed`, `NotTrusted` or `RulesetRefused`.
        """
        digest = _named_text(url)
        if digest is None:
            program = await self._keep(_look_over(await self._source.fetch(url), url), url, who)
        else:
            url = to_url(digest)
            program = await self._keep(await self._take(digest, who), url, who)
        await self._check_author(RulesetHash(program.hash), url)
        return Found(program, url, self.signed_by(RulesetHash(program.hash)))

    async def push(self, text: str) -> Found:
        """Keep a text that somebody has sent. Whether it may be installed is asked later, since signatures
        come after it. Raises `RulesetRefused`."""
        url = to_url(text_hash(text))
        program = await self._keep(text, url, "")
        return Found(program, url, self.signed_by(RulesetHash(program.hash)))

    async def attempt(self, text: str) -> Program:
        """What a text would come to; nothing is kept of it. Raises `RulesetRefused`."""
        return await self._programs.attempt(text, UNFINISHED, UNFINISHED)

    async def reopen(self, digest: RulesetHash) -> Program | str:
        """The program of a kept text, or why this version has none of it."""
        await self._programs.prepare(self._programs.missing([digest]))
        program = self._programs.get(digest)
        return self._programs.trouble(digest) or "its text is not at hand" if program is None else program

    async def version(self, digest: RulesetHash) -> Version | None:
        """Which version a kept text is, also if it cannot be compiled any more; None if nobody knows."""
        program = await self.reopen(digest)
        if not isinstance(program, str):
            return Version(program.version)
        notes = [kept for kept in self._journal.kept_rulesets() if kept.hash == digest and kept.rid]
        return Version(notes[0].version) if notes else None

    def text(self, digest: RulesetHash) -> str | None:
        return self._journal.ruleset_text(digest)

    async def _take(self, digest: RulesetHash, who: str) -> str:
        text = self._journal.ruleset_text(digest)
        if text is None and self.elsewhere is not None:
            return _look_over(await self.elsewhere(digest, who), to_url(digest))
        if text is None:
            raise FetchFailed(
                f"this engine does not keep a ruleset {to_cid(digest)}; give it the text first, with "
                "`picomesh install ECI FILE` or POST /api/rulesets"
            )
        if text_hash(text) != digest:
            raise FetchFailed(
                f"what is kept as {to_cid(digest)} is another text: the journal is damaged; sending the "
                "right one mends it, with `picomesh install ECI FILE` or POST /api/rulesets"
            )
        return text

    async def _keep(self, text: str, url: str, who: str) -> Program:
        """Compile a text and keep it, durably."""
        digest = text_hash(text)
        program = await self._programs.learn(text, url, who)
        now = digest, self._now_ms() // LATELY_MS
        if self._lately.get(url) == now:
            return program
        writes: list[Write] = []
        kept = self._journal.ruleset_text(digest)
        if kept is None:
            writes.append(_note(program, self._now_ms()))
        # A text that somebody has altered under its hash is mended by whoever brings the right one.
        if self._journal.ruleset_at(url) != digest or kept != text:
            writes.append(KeepRuleset(digest, url, text))
        if writes:
            await self._journal.commit(writes)
        if len(self._lately) >= MOST_LATELY:
            self._lately.clear()
        self._lately[url] = now
        return program

    async def note_unknown(self) -> None:
        """Note of texts that were kept by an older version what they are; those that do not compile any
        more stay unknown."""
        for kept in self._journal.kept_rulesets():
            program = await self._open_at_leisure(kept.hash) if kept.rid is None else None
            if program is not None:
                await self._journal.commit([_note(program, None)])

    async def _open_at_leisure(self, digest: RulesetHash) -> Program | None:
        """The program of a kept text, unless that does not compile, or takes longer than it may."""
        await self._programs.prepare(self._programs.missing([digest]))
        return None if self._programs.missing([digest]) else self._programs.get(digest)

    # --- authors ---

    def signed_by(self, digest: RulesetHash) -> tuple[DidKey, ...]:
        return tuple(author for author, _ in self._journal.signatures(digest))

    async def keep_signature(self, digest: RulesetHash, text: str) -> Signature:
        """Keep a signature of a kept text, if it is good. Raises `BadSignature`."""
        signature = read_signature(text)
        check(signature, digest, self._verify)
        written = write_signature(signature)
        if (signature.author, written) not in self._journal.signatures(digest):
            await self._journal.commit([KeepSignature(digest, signature.author, written)])
        return signature

    async def _check_author(self, digest: RulesetHash, url: str) -> None:
        if not self._authors or url.startswith(LIBRARY) or self._is_trusted(digest):
            return
        problem = await self._look_beside(digest, url)
        if not self._is_trusted(digest):
            raise NotTrusted(self._refuse(digest, problem))

    def _is_trusted(self, digest: RulesetHash) -> bool:
        return not self._authors.isdisjoint(self.signed_by(digest))

    async def _look_beside(self, digest: RulesetHash, url: str) -> str | None:
        """Keep the signature beside a text, if there is one; what is wrong with it, if anything is."""
        if not url.startswith(SIGNED_PLACES):
            return None
        try:
            await self.keep_signature(digest, await self._source.fetch(url + SUFFIX))
        except FetchFailed:
            return None
        except BadSignature as problem:
            return str(problem)
        return None

    def _refuse(self, digest: RulesetHash, problem: str | None) -> str:
        signers = ", ".join(self.signed_by(digest))
        signed = f"is signed by {signers} only" if signers else "is not signed"
        flaw = "" if problem is None else f" ({problem})"
        return (
            f"the ruleset {to_cid(digest)} {signed}{flaw}, and this engine installs what "
            f"{' or '.join(sorted(self._authors))} has signed (setting ruleset_authors). With the key of one "
            "of them, `picomesh sign FILE` makes a signature, and `picomesh install` sends it along"
        )


def _look_over(text: str, url: str) -> str:
    """The text, if it begins like a ruleset. A pico can have any file or page read as one, and what is told
    of mistakes quotes the text: of what was never meant as a ruleset nothing is quoted."""
    if not BEGINS_LIKE_A_RULESET.match(text):
        raise FetchFailed(f"what is at {url} is no ruleset: it does not begin with `ruleset` and a name")
    return text


def _named_text(url: str) -> RulesetHash | None:
    try:
        return named_text(url)
    except NotACid as problem:
        raise FetchFailed(str(problem)) from None


def _note(program: Program, kept_ms: int | None) -> NoteRuleset:
    return NoteRuleset(RulesetHash(program.hash), Rid(program.rid), program.version, kept_ms)
