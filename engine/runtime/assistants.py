"""What AI assistants and other programs may do with picos here: nothing but what their owner has granted.

A grant is about one pico, and names what of it is let out: events, queries, state, log. What an assistant is
offered follows from that and from what the pico's rulesets declare, at the moment at which it asks.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Protocol

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, InstalledRuleset, Pico, PicoId, RulesetHash
from engine.plugins.describing import Document
from engine.ports import Journal, SetFact
from engine.runtime.offers import ALL, LOG, OWN, STATE, Offer, grantable, offers_of
from engine.runtime.pictures import name_of, open_channel
from engine.runtime.replies import EventReply, QueryReply
from pico_lang.interface import Interface, describe_interface
from pico_lang.parser import parse
from pico_lang.source import Source
from pico_lang.values import Value, from_json, to_json

FACT = "assistants"
"""Where the journal keeps what was granted: words by pico."""
SCHEME = "picomesh"
FEW = 50
"""Events of a log that are told."""
CAPACITY = 256
"""Texts of which it is remembered what they declare."""
TOLD = (
    "seq",
    "time",
    "eid",
    "event",
    "attrs",
    "outcome",
    "fault",
    "note",
    "rules",
    "changed",
    "lines",
    "steps",
)
"""Of an event in a log. Channels are left out: whoever knows one can use it."""

FindPico = Callable[[str], Awaitable[Pico | Refusal]]


class Picos(Protocol):
    """Those of this engine, as they are used: `engine.runtime.host.Host`."""

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Mapping[str, Value]
    ) -> EventReply | Refusal | Fault: ...

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Mapping[str, Value]
    ) -> QueryReply | Refusal | Fault: ...


class Past(Protocol):
    """`engine.runtime.histories.Histories`."""

    async def pico(self, name: str, seq: int | None = None) -> Pico | Refusal: ...

    async def state(
        self, name: str, seq: int | None = None, rid: str | None = None
    ) -> Document | Refusal: ...

    async def log(self, name: str, count: int, full: bool = False) -> Document | Refusal: ...


class Assistants:
    """What is granted, and what is done with it."""

    def __init__(
        self, journal: Journal, past: Past, text_of: Callable[[RulesetHash], str | None], picos: Picos
    ) -> None:
        self._journal = journal
        self._past = past
        self._text_of = text_of
        self._picos = picos
        self._known: dict[RulesetHash, Interface] = {}

    # --- for owners ---

    async def granted(self) -> Document:
        """All grants, each with the name of its pico."""
        told = []
        for pico, words in self._grants().items():
            found = await self._past.pico(pico)
            name = None if isinstance(found, Refusal) else _title(found)
            told.append({"pico": pico, "name": name, "words": words, "gone": name is None})
        return {"granted": told}

    async def decide(self, name: str, words: Sequence[str], granted: bool) -> Document | Refusal:
        """Grant these words of a pico, or take them back; none stands for everything."""
        pico = await self._past.pico(name)
        if isinstance(pico, Refusal):
            return pico
        known = grantable(await self._interfaces(pico))
        grants = self._grants()
        before = grants.get(pico.id, [])
        if granted:
            for word in words:
                if word not in known:
                    return _not_declared(pico, word, known)
            after = sorted({*before, *(words or (ALL, STATE, LOG))})
        else:
            for word in words:
                if word not in before:
                    has = ", ".join(before) or "nothing"
                    return Refusal("unknown", f"{word} was not granted of this pico", f"it has {has}")
            after = sorted({*before} - {*words}) if words else []
        grants[pico.id] = after
        kept = {one: words for one, words in grants.items() if words}
        await self._journal.commit([SetFact(FACT, json.dumps(kept, sort_keys=True))])
        return {"pico": pico.id, "name": _title(pico), "words": after}

    def _grants(self) -> dict[PicoId, list[str]]:
        found: dict[PicoId, list[str]] = json.loads(self._journal.fact(FACT) or "{}")
        return found

    # --- for assistants ---

    async def tools(self) -> Document:
        """What can be called, with schemas."""
        return {"tools": [offer.tell() for _, offer in await self._offers()]}

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Document | Refusal | Fault:
        """Send an event or ask a query that was offered."""
        for pico, offer in await self._offers():
            if offer.tool == tool:
                return await self._run(pico, offer, arguments)
        return Refusal(
            "unknown", f"nothing is granted that is called {tool}", "the list of tools has what is"
        )

    async def resources(self) -> Document:
        """What can be read."""
        told = []
        for pico, words in await self._granted_picos():
            if STATE in words:
                told.append(_resource(pico, "state", "what it remembers"))
                told += [
                    _resource(pico, f"rulesets/{one.rid}", f"the text of {one.rid}", "text/plain")
                    for one in await self._open_rulesets(pico, words)
                ]
            if LOG in words:
                told.append(_resource(pico, "log", f"its last {FEW} events: which rules fired, what changed"))
        return {"resources": told}

    async def read(self, uri: str) -> Document | Refusal:
        """One of them."""
        for pico, words in await self._granted_picos():
            found = (
                await self._read(uri.removeprefix(_place(pico)), pico, words) if _is_of(pico, uri) else None
            )
            if found is not None:
                return found
        return Refusal("unknown", f"nothing is granted at {uri}", "the list of resources has what is")

    async def _read(self, part: str, pico: Pico, words: Sequence[str]) -> Document | Refusal | None:
        if part == LOG and LOG in words:
            return await self._read_log(pico)
        if STATE not in words:
            return None
        for one in await self._open_rulesets(pico, words):
            if part == f"rulesets/{one.rid}":
                return {"type": "text/plain", "text": self._text_of(one.hash) or ""}
        return await self._read_state(pico, words) if part == STATE else None

    async def _read_state(self, pico: Pico, words: Sequence[str]) -> Document:
        held: dict[str, Any] = {}
        for one in await self._open_rulesets(pico, words):
            share = await self._past.state(pico.id, None, one.rid)
            if not isinstance(share, Refusal):
                held[one.rid] = share["entities"]
        return _json({"pico": pico.id, "name": _title(pico), "seq": pico.seq, "entities": held})

    async def _read_log(self, pico: Pico) -> Document | Refusal:
        found = await self._past.log(pico.id, FEW)
        if isinstance(found, Refusal):
            return found
        events = [{key: one[key] for key in TOLD if key in one} for one in found["events"]]
        return _json({"pico": pico.id, "name": _title(pico), "events": events})

    async def _run(self, pico: Pico, offer: Offer, given: Mapping[str, Any]) -> Document | Refusal | Fault:
        eci = open_channel(pico)
        if eci is None:
            return Refusal("unknown", f"{_title(pico)} has no channel that is open", "its owner can make one")
        attrs = from_json(dict(given))
        if offer.query:
            answer = await self._picos.run_query(eci, offer.rid, offer.query, attrs)
            return answer if not isinstance(answer, QueryReply) else {"value": to_json(answer.value)}
        reply = await self._picos.run_event(eci, offer.domain, offer.name, attrs)
        if not isinstance(reply, EventReply):
            return reply
        return {"eid": reply.eid, "directives": to_json(list(reply.directives))}

    # --- what is declared ---

    async def _offers(self) -> list[tuple[Pico, Offer]]:
        found: list[tuple[Pico, Offer]] = []
        for pico, words in await self._granted_picos():
            taken = {offer.tool for _, offer in found}
            interfaces = await self._interfaces(pico)
            found += [(pico, one) for one in offers_of(pico.id, _title(pico), interfaces, words, taken)]
        return found

    async def _granted_picos(self) -> list[tuple[Pico, list[str]]]:
        """Without those that are gone."""
        found = []
        for id, words in self._grants().items():
            pico = await self._past.pico(id)
            if not isinstance(pico, Refusal):
                found.append((pico, words))
        return found

    async def _open_rulesets(self, pico: Pico, words: Sequence[str]) -> list[InstalledRuleset]:
        """Those of which something is granted; of the engine's own, only whole ones."""
        described = await self._interfaces(pico)
        offered = {one.rid for one in offers_of(pico.id, _title(pico), described, words, set())}
        return [
            one
            for one in pico.rulesets
            if one.rid in words or (one.rid in offered and not one.url.startswith(OWN))
        ]

    async def _interfaces(self, pico: Pico) -> list[tuple[InstalledRuleset, Interface]]:
        return [
            (one, found)
            for one in pico.rulesets
            if one.quarantine is None and (found := await self._interface(one)) is not None
        ]

    async def _interface(self, held: InstalledRuleset) -> Interface | None:
        if held.hash not in self._known:
            text = self._text_of(held.hash)
            if text is None:
                return None
            if len(self._known) >= CAPACITY:
                self._known.clear()
            # In a thread: a long text takes a while to read.
            self._known[held.hash] = await asyncio.to_thread(_describe, text)
        return self._known[held.hash]


def _describe(text: str) -> Interface:
    return describe_interface(parse(Source(text)))


def _title(pico: Pico) -> str:
    """As people call it."""
    return name_of(pico) or ("root" if pico.parent is None else str(pico.id))


def _place(pico: Pico) -> str:
    return f"{SCHEME}://picos/{pico.id}/"


def _is_of(pico: Pico, uri: str) -> bool:
    return uri.startswith(_place(pico))


def _resource(pico: Pico, part: str, about: str, type: str = "application/json") -> Document:
    return {
        "uri": _place(pico) + part,
        "name": f"{_title(pico)} {part}",
        "about": f"{_title(pico)}: {about}",
        "type": type,
    }


def _json(document: Document) -> Document:
    return {"type": "application/json", "text": json.dumps(document, ensure_ascii=False)}


def _not_declared(pico: Pico, word: str, known: Sequence[str]) -> Refusal:
    close = get_close_matches(word, known, n=1)
    rids = [str(one.rid) for one in pico.rulesets if not one.url.startswith(OWN)]
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join([*rids, STATE, LOG])}"
    return Refusal("unknown", f"{_title(pico)} declares no {word}", hint)
