"""The family as people look through it: a piece of the tree, a page of somebody's children, picos by name.

Only what is shown is read, in pieces between which others are served, so that a family of ten thousand can be
looked at as fast as a small one. What is told are documents, ready to be drawn.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from engine.core.codec import Unreadable
from engine.core.messages import Refusal
from engine.core.model import EMPTY, Eci, Pico, PicoId, Rid
from engine.core.relations import MOVED
from engine.ports import Journal
from engine.runtime.pictures import is_here, name_of, open_channel, reasons
from engine.runtime.residents import Residents
from engine.runtime.rota import SLICE_S

Document = dict[str, Any]

MOST_TOGETHER = 60
"""Children that are shown one by one; of more only groups are."""
GROUP = 100
"""Children in a group."""
MOST_GROUPS = 200
"""Of a family that is larger still, groups are larger."""
MOST_SHOWN = 400
"""Picos in one piece of the tree."""
MOST_FOUND = 50
MOST_KIN = 100
"""Relationships of one pico that are told."""
PAGE = 200
"""Picos whose ids are read from the journal at a time."""
SUBSCRIPTIONS = Rid("io.picolabs.subscription")


class Gallery:
    """The picos of one engine, for those who look."""

    def __init__(self, residents: Residents, journal: Journal, root: Callable[[], PicoId]) -> None:
        self._residents = residents
        self._journal = journal
        self._root = root
        self.place_of: Callable[[PicoId], Mapping[str, str] | None] = is_here
        """Where a pico is that has left."""

    # --- pieces of the tree ---

    async def outline(self, name: str | None = None) -> Document | Refusal:
        """The tree from a pico downward, or all of it, until there are enough picos to look at. Those with
        too many children have groups of them instead."""
        top = self._tops() if name is None else self._find(name)
        if isinstance(top, Refusal):
            return top
        told: Document = {"root": self._root(), "picos": [], "groups": []}
        seen = set[PicoId]()
        for one in top:
            await self._show(one, told, seen)
        return told

    async def _show(self, top: PicoId, told: Document, seen: set[PicoId]) -> None:
        """A family, generation by generation, as long as there is room."""
        breath, waiting = _Breath(), deque[tuple[PicoId, PicoId | None]]([(top, None)])
        while waiting and len(told["picos"]) < MOST_SHOWN:
            await breath.take()
            id, parent = waiting.popleft()
            if id in seen:
                continue
            seen.add(id)
            found = self._look(id)
            told["picos"].append({**self._card(id, found), "parent": parent})
            children = _children(found)
            if len(children) > MOST_TOGETHER:
                told["groups"] += [{"parent": id, **one} for one in self._groups(children)]
                seen.update(children)
            else:
                waiting.extend((child, id) for child in children)

    def _tops(self) -> Sequence[PicoId]:
        """The root, and those that are below nobody here. A child may have come before its parent."""
        root = self._root()
        below = set(_children(self._look(root)))
        others = [one for one in self._journal.children(None) if one != root and one not in below]
        others = others[:MOST_TOGETHER]
        below.update(child for one in others for child in _children(self._look(one)))
        return [root, *(one for one in others if one not in below)]

    def _groups(self, children: Sequence[PicoId]) -> Iterator[Document]:
        """Children by the order in which they were born; each group with the names of its first and last."""
        size = max(GROUP, -(-len(children) // MOST_GROUPS))
        for start in range(0, len(children), size):
            group = children[start : start + size]
            names = [self._named(one) for one in (group[0], group[-1])]
            yield {"from": start, "count": len(group), "first": names[0], "last": names[1]}

    def _named(self, id: PicoId) -> str | None:
        found = self._look(id)
        return name_of(found) if isinstance(found, Pico) else None

    async def page(self, name: str, first: int, count: int) -> Document | Refusal:
        """A pico with some of its children, in the order of their births."""
        ids = self._find(name)
        if isinstance(ids, Refusal):
            return ids
        found = self._look(ids[0])
        breath, cards = _Breath(), []
        for child in _children(found)[first : first + count]:
            await breath.take()
            cards.append({**self._card(child, self._look(child)), "parent": ids[0]})
        return {"pico": self._card(ids[0], found), "from": first, "children": cards}

    async def path(self, name: str) -> Document | Refusal:
        """Who a pico is, and from whom it descends: the oldest first."""
        ids = self._find(name)
        if isinstance(ids, Refusal):
            return ids
        found = self._look(ids[0])
        above: list[Document] = []
        parent = self._parent(found)
        while parent is not None and len(above) < MOST_TOGETHER:
            older = self._look(parent)
            above.insert(0, {"id": parent, "name": name_of(older) if isinstance(older, Pico) else None})
            parent = self._parent(older)
        return {"pico": self._card(ids[0], found), "root": self._root(), "above": above}

    def _parent(self, pico: Pico | str | None) -> PicoId | None:
        channel = pico.parent if isinstance(pico, Pico) else None
        return None if channel is None else self._journal.find_channel(channel)

    # --- by name ---

    async def search(self, text: str) -> Document:
        """Picos whose name, id, channel or ruleset is, or has in it, what somebody typed."""
        wanted, found, is_cut = text.strip().casefold(), list[Document](), False
        async for id, pico in self._everybody():
            if _matches(id, pico, wanted):
                if len(found) == MOST_FOUND:
                    is_cut = True
                    break
                found.append({**self._card(id, pico), "parent": self._parent(pico)})
        return {"search": text, "picos": found, "cut": is_cut}

    async def _everybody(self) -> Any:
        breath, after = _Breath(), ""
        while ids := self._journal.picos(after, PAGE):
            for id in ids:
                await breath.take()
                yield id, self._look(id)
            after = ids[-1]

    # --- one of them ---

    def _find(self, name: str) -> Sequence[PicoId] | Refusal:
        """By its id, or by any of its channels."""
        id = self._journal.find_channel(Eci(name)) or PicoId(name)
        if self._look(id) is None and self.place_of(id) is None:
            return Refusal(
                "unknown", f"there is no pico {name} here", "it may have been deleted, or have moved"
            )
        return [id]

    def _look(self, id: PicoId) -> Pico | str | None:
        """The pico, or why it cannot be read."""
        try:
            return self._residents.look(id)
        except Unreadable as problem:
            return str(problem)

    def _card(self, id: PicoId, pico: Pico | str | None) -> Document:
        gone = self.place_of(id)
        told: Document = {
            "id": id,
            "name": None,
            "is_root": id == self._root(),
            "eci": None,
            "rulesets": [],
            "quarantined": {},
            "children": 0,
            "kin": [],
        }
        if gone is not None:
            told["moved"] = dict(gone)
        if isinstance(pico, str):
            return {**told, "damage": pico}
        if pico is None:
            return told if gone is not None else {**told, "damage": "it is gone"}
        return {
            **told,
            "name": name_of(pico),
            "eci": open_channel(pico),
            "seq": pico.seq,
            "rulesets": [one.rid for one in pico.rulesets],
            "quarantined": dict(reasons(pico)),
            "children": len(pico.children),
            "kin": self._kin(pico),
        }

    def _kin(self, pico: Pico) -> list[Document]:
        """Whom it has relationships with; those who are here by their ids."""
        subscribed = [
            {"pico": self._journal.find_channel(Eci(tx)), "them": tx, "role": role}
            for tx, role in _subscribed(pico)
        ]
        known = [
            {"pico": self._by_did(one.state["peer"]), "them": one.state["peer"], "role": one.label}
            for one in pico.relations.values()
            if MOVED not in one.state
        ]
        return [*subscribed, *known][:MOST_KIN]

    def _by_did(self, did: str) -> PicoId | None:
        eci = self._journal.find_did(did)  # type: ignore[arg-type]  # whatever a peer calls itself
        return None if eci is None else self._journal.find_channel(eci)


def _children(pico: Pico | str | None) -> Sequence[PicoId]:
    return [one.pico for one in pico.children] if isinstance(pico, Pico) else ()


def _subscribed(pico: Pico) -> Iterator[tuple[str, str]]:
    """What the subscription ruleset keeps is that ruleset's; others may have one of that name."""
    buses = pico.entities.get(SUBSCRIPTIONS, EMPTY).get("established")
    for bus in buses.values() if isinstance(buses, Mapping) else ():
        if isinstance(bus, Mapping) and isinstance(tx := bus.get("Tx"), str):
            yield tx, str(bus.get("Tx_role") or "")


def _matches(id: PicoId, pico: Pico | str | None, wanted: str) -> bool:
    if id.casefold().startswith(wanted):
        return True
    if not isinstance(pico, Pico):
        return False
    words = (name_of(pico) or "", *(one.rid for one in pico.rulesets))
    return any(wanted in word.casefold() for word in words) or wanted in pico.channels


class _Breath:
    """Lets others have their turn whenever a slice of time is over."""

    def __init__(self) -> None:
        self._end = time.perf_counter() + SLICE_S

    async def take(self) -> None:
        if time.perf_counter() > self._end:
            await asyncio.sleep(0)
            self._end = time.perf_counter() + SLICE_S
