"""What of a pico's rulesets is offered to assistants: by the words that were granted, under tools' names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from engine.core.model import InstalledRuleset, PicoId, Rid
from engine.plugins.describing import Document
from pico_lang.interface import Interface, Schema

ALL, STATE, LOG = "*", "state", "log"
"""Words that are no names: all events and queries of rulesets that did not come with the engine; what those
remember; what happened."""
OWN = "library:"
"""Rulesets from there are the engine's own. Who may use Wrangler can do anything with a pico, so what they
declare is granted only by its name."""
LONGEST = 64
"""Characters of a tool's name that assistants take."""

Described = Sequence[tuple[InstalledRuleset, Interface]]


@dataclass(frozen=True, slots=True)
class Offer:
    """An event or a query, as a tool."""

    tool: str
    title: str
    about: str
    schema: Schema
    rid: Rid
    domain: str = ""
    name: str = ""
    query: str = ""

    def tell(self) -> Document:
        return {
            "name": self.tool,
            "title": self.title,
            "about": self.about,
            "schema": self.schema,
            "reads": bool(self.query),
        }


def grantable(described: Described) -> list[str]:
    """The words that mean something for a pico."""
    found = [ALL, STATE, LOG]
    for held, interface in described:
        found.append(str(held.rid))
        found += [f"{one.domain}:{one.name}" for one in interface.events]
        found += [f"{held.rid}/{one.name}" for one in interface.queries]
    return list(dict.fromkeys(found))


def offers_of(
    pico: PicoId, title: str, described: Described, words: Collection[str], taken: Collection[str]
) -> Iterator[Offer]:
    """One for each event and query. Names that are taken already get an ending that tells them apart."""
    used = {*taken}
    for held, interface in described:
        whole = held.rid in words or (ALL in words and not held.url.startswith(OWN))
        for word, offer in _all(held.rid, title, interface):
            if whole or word in words:
                tool = _free(offer.tool, used, pico)
                used.add(tool)
                yield replace(offer, tool=tool)


def _all(rid: Rid, title: str, interface: Interface) -> Iterator[tuple[str, Offer]]:
    """Each with the word by which it is granted."""
    what = f"{rid}: {interface.description}" if interface.description else rid
    for event in interface.events:
        word = f"{event.domain}:{event.name}"
        about = f"Sends the event {word} to the pico {title}, for its rules {', '.join(event.about)}. {what}"
        tool, schema = f"{title}_{event.domain}_{event.name}", event.schema()
        yield word, Offer(tool, f"{title}: {word}", about, schema, rid, domain=event.domain, name=event.name)
    for query in interface.queries:
        word = f"{rid}/{query.name}"
        about = f"Asks the pico {title} for {query.name}, and changes nothing. {what}"
        tool, schema = f"{title}_ask_{rid}_{query.name}", query.schema()
        yield word, Offer(tool, f"{title}: {word}", about, schema, rid, query=query.name)


def _free(wanted: str, used: Collection[str], pico: PicoId) -> str:
    """A name of letters, digits, _ and -, that no other tool has: the same each time, as far as that goes."""
    plain = re.sub(r"[^A-Za-z0-9_-]+", "_", wanted).strip("_")
    if len(plain) <= LONGEST and plain not in used:
        return plain
    ending = sha256(f"{pico} {wanted}".encode()).hexdigest()[:8]
    return f"{plain[: LONGEST - len(ending) - 1]}_{ending}"
