"""New texts for rulesets that picos have: put in force, or tried, as the engine's owner asks for it.

Each pico is upgraded in a turn of its own, and one that cannot run the new text keeps the old one. What
is answered are documents, ready to be shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from engine.core.codec import Unreadable
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, PicoId, Rid
from engine.core.telling import Document, tell_fault
from engine.ports import FetchFailed
from engine.runtime.equipment import Equipment
from engine.runtime.histories import refuses_broken_records
from engine.runtime.owners import Owners, lacks
from engine.runtime.replies import EventReply, Reply
from engine.runtime.shelf import Found, NotTrusted, Shelf
from engine.runtime.stock import refuse_text
from engine.runtime.trials import Trials
from pico_lang.diagnostics import RulesetRefused

AT_ONCE = 32
"""Picos upgraded at the same time; their turns share what is written to disk."""

MOST_TRIED = 10
"""Picos on which a text is tried when nobody says on which. Each has its turns run again."""


class Tend(Protocol):
    """Have upkeep run on a pico, with answers to its first questions: see `engine.runtime.host`."""

    def __call__(
        self,
        pico: PicoId,
        upkeep: str,
        attrs: Mapping[str, Any],
        answers: tuple[Mapping[str, Any], ...],
        /,
    ) -> Awaitable[Reply | None]: ...


class Upgrades:
    """Of the rulesets of one engine."""

    def __init__(self, equipment: Equipment, shelf: Shelf, owners: Owners, tend: Tend) -> None:
        self._shelf = shelf
        self._owners = owners
        self._tend = tend
        self._trials = Trials(equipment)

    @refuses_broken_records
    async def upgrade(self, rid: Rid, source: str | None, eci: Eci | None) -> Document | Refusal:
        """Bring the text behind a URL or CID into force on a pico, or on all that have the ruleset. Without
        a source, what is now where each of them has it from."""
        picos = await self._owners.of(rid, eci)
        if isinstance(picos, Refusal):
            return picos
        texts = Texts(self._shelf, rid, source)
        told: list[Document] = []
        for begin in range(0, len(picos), AT_ONCE):
            some = picos[begin : begin + AT_ONCE]
            told += await asyncio.gather(*(self._upgrade_if_whole(pico, rid, texts) for pico in some))
        if (refusal := texts.why_none()) is not None:
            return refusal
        sorted_out: dict[str, list[Document]] = {"upgraded": [], "unchanged": [], "failed": []}
        for one in told:
            sorted_out[one.pop("outcome")].append(one)
        return {"rid": rid, **sorted_out}

    async def _upgrade_if_whole(self, pico: PicoId, rid: Rid, texts: Texts) -> Document:
        try:
            return await self._upgrade_one(pico, rid, texts)
        except Unreadable as problem:
            return {"pico": pico, "outcome": "failed", "reason": f"its history is damaged: {problem}"}

    async def _upgrade_one(self, pico: PicoId, rid: Rid, texts: Texts) -> Document:
        held = self._owners.held(pico, rid)
        if held is None:
            return {"pico": pico, "outcome": "failed", "reason": f"it does not have {rid} any more"}
        told: Document = {"pico": pico, "from": await self._owners.describe(held.hash)}
        found = await texts.find(held.url)
        if isinstance(found, Refusal):
            return {**told, "outcome": "failed", "reason": found.reason}
        if held.hash == found.hash and held.quarantine is None:
            return {**told, "outcome": "unchanged"}
        told["to"] = await self._owners.describe(found.hash)
        attrs = {"url": found.url, "config": held.config}
        reply = await self._tend(pico, "install", attrs, (found.to_answer(),))
        if isinstance(reply, EventReply):
            return {**told, "outcome": "upgraded"}
        return {**told, "outcome": "failed", **_tell_failure(reply)}

    @refuses_broken_records
    async def attempt(self, rid: Rid, source: str | None, eci: Eci | None, events: int) -> Document | Refusal:
        """Try the text on copies of picos as they were so many turns ago. Nothing comes of it."""
        picos = await self._owners.of(rid, eci)
        if isinstance(picos, Refusal):
            return picos
        texts = Texts(self._shelf, rid, source)
        trials: list[Document] = []
        for pico in picos[:MOST_TRIED]:
            tried = await self._attempt_on(pico, rid, texts, events)
            if isinstance(tried, Refusal):
                return tried
            trials.append(tried)
        return {"rid": rid, "trials": trials, "not_tried": max(0, len(picos) - MOST_TRIED)}

    async def _attempt_on(self, pico: PicoId, rid: Rid, texts: Texts, events: int) -> Document | Refusal:
        held = self._owners.held(pico, rid)
        if held is None:
            return lacks(rid)
        found = await texts.find(held.url)
        if isinstance(found, Refusal):
            return found
        told = {
            "from": await self._owners.describe(held.hash),
            "to": await self._owners.describe(found.hash),
        }
        if held.hash == found.hash:
            return {"pico": pico, "rid": rid, **told, "unchanged": True}
        tried = await self._trials.attempt(pico, rid, found.to_answer(), events)
        return tried if isinstance(tried, Refusal) else {**tried, **told, "unchanged": False}


class Texts:
    """Where the new texts come from: one source for all, or for each pico the one it has its own from.
    Each is read once."""

    def __init__(self, shelf: Shelf, rid: Rid, source: str | None) -> None:
        self._shelf = shelf
        self._rid = rid
        self._source = source
        self._found: dict[str, asyncio.Task[Found | Refusal]] = {}

    async def find(self, installed_from: str) -> Found | Refusal:
        """The text for a pico that has its ruleset from there."""
        url = installed_from if self._source is None else self._source
        if url not in self._found:
            self._found[url] = asyncio.get_running_loop().create_task(self._read(url))
        return await asyncio.shield(self._found[url])

    async def _read(self, url: str) -> Found | Refusal:
        found = await find_text(self._shelf, url)
        if isinstance(found, Found) and found.program.rid != self._rid:
            reason = f"what is at {url} is the ruleset {found.program.rid}, not {self._rid}"
            return Refusal(
                "malformed", reason, "an upgrade replaces a ruleset by a newer text of the same name"
            )
        return found

    def why_none(self) -> Refusal | None:
        """If no text at all was to be had, why."""
        found = [task.result() for task in self._found.values()]
        refusals = [one for one in found if isinstance(one, Refusal)]
        return refusals[0] if refusals and len(refusals) == len(found) else None


async def find_text(shelf: Shelf, url: str) -> Found | Refusal:
    """The ruleset behind a URL or CID, or why it may not or cannot be installed."""
    try:
        return await shelf.find(url)
    except NotTrusted as problem:
        return Refusal("denied", str(problem))
    except FetchFailed as problem:
        return Refusal("malformed", str(problem))
    except RulesetRefused as refused:
        return refuse_text(refused, "mend the ruleset; the old text stays in force")


def _tell_failure(reply: Reply | None) -> Document:
    match reply:
        case Fault(message=message):
            return {"reason": message, "fault": tell_fault(reply)}
        case Refusal(reason=reason):
            return {"reason": reason}
    return {"reason": "the pico is gone"}
