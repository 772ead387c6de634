"""The way back from a new text of a ruleset to the one before it, as the engine's owner asks for it.

Where an upgrade block had changed variables, nothing is done before the owner has said what becomes of
them; the answer says what has been written since, so that nothing is lost without a word.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.cids import to_url
from engine.core.codec import Unreadable, from_bytes, to_bytes
from engine.core.differences import Difference, differences
from engine.core.draft import apply
from engine.core.messages import Fault, Refusal
from engine.core.model import EMPTY, Eci, EventId, FormerText, InstalledRuleset, Pico, PicoId, Rid
from engine.core.records import decode_record
from engine.core.rollback import RESTORE
from engine.core.telling import Document, tell_differences
from engine.ports import Journal
from engine.runtime.histories import refuses_broken_records
from engine.runtime.owners import Owners, lacks
from engine.runtime.past import Past
from engine.runtime.programs import LIBRARY
from engine.runtime.replies import EventReply
from engine.runtime.shelf import Shelf
from engine.runtime.upgrades import AT_ONCE, Tend, find_text


class Rollbacks:
    """Of the rulesets of one engine."""

    def __init__(self, journal: Journal, shelf: Shelf, owners: Owners, tend: Tend) -> None:
        self._past = Past(journal)
        self._shelf = shelf
        self._owners = owners
        self._tend = tend

    @refuses_broken_records
    async def roll_back(self, rid: Rid, eci: Eci | None, state: str | None) -> Document | Refusal | Fault:
        """Put the previous text of a ruleset back on a pico, or on all that had another one before; `state`
        says on which variables."""
        picos = await self._owners.of(rid, eci)
        if isinstance(picos, Refusal):
            return picos
        return await (self._on_all(rid, picos, state) if eci is None else self._on_one(rid, picos[0], state))

    async def _on_one(self, rid: Rid, pico: PicoId, state: str | None) -> Document | Refusal | Fault:
        before = self._owners.look(pico)
        held = None if before is None else before.ruleset(rid)
        if before is None or held is None:
            return lacks(rid)
        if not held.former:
            return Refusal(
                "unknown", f"there is nothing to go back to: {rid} has had no other text on this pico"
            )
        return await self._go_back(before, held, held.former[0], state)

    async def _on_all(self, rid: Rid, picos: Sequence[PicoId], state: str | None) -> Document | Refusal:
        """Nothing is done before everything is decided: those that went back already would go back one
        text more when it is asked for again."""
        able = [pico for pico in picos if self._can_go_back(rid, pico)]
        if not able:
            return Refusal(
                "unknown", f"there is nothing to go back to: no pico has had another text of {rid}"
            )
        undecided = [pico for pico in able if state is None and self._has_changed_variables(rid, pico)]
        if undecided:
            return _undecided_on(rid, undecided, len(able))
        told: list[Document] = []
        for begin in range(0, len(able), AT_ONCE):
            some = able[begin : begin + AT_ONCE]
            told += await asyncio.gather(*(self._on_one_of_many(rid, pico, state) for pico in some))
        return {
            "rid": rid,
            "rolled_back": [one for one in told if "reason" not in one],
            "failed": [one for one in told if "reason" in one],
        }

    def _can_go_back(self, rid: Rid, pico: PicoId) -> bool:
        try:
            held = self._owners.held(pico, rid)
        except Unreadable:
            return True  # doing it says what is wrong
        return held is not None and bool(held.former)

    def _has_changed_variables(self, rid: Rid, pico: PicoId) -> bool:
        try:
            held = self._owners.held(pico, rid)
        except Unreadable:
            return False
        return held is not None and any(former.upgraded for former in held.former[:1])

    async def _on_one_of_many(self, rid: Rid, pico: PicoId, state: str | None) -> Document:
        try:
            told = await self._on_one(rid, pico, state)
        except Unreadable as problem:
            return {"pico": pico, "reason": f"its history is damaged: {problem}"}
        match told:
            case Refusal(reason=reason) | Fault(message=reason):
                return {"pico": pico, "reason": reason}
            case _:
                return told

    async def _go_back(
        self, before: Pico, held: InstalledRuleset, former: FormerText, state: str | None
    ) -> Document | Refusal | Fault:
        written = await self._written_since(before, held.rid, former)
        refusal = await self._why_not(former) or _undecided(held.rid, former, state, written)
        if refusal is not None:
            return refusal
        answers = (await self._variables_before(before.id, held.rid, former),) if state == RESTORE else ()
        attrs = {"rid": held.rid, "to": former.hash} | ({} if state is None else {"state": state})
        reply = await self._tend(before.id, "rollback", attrs, answers)
        if not isinstance(reply, EventReply):
            return reply if isinstance(reply, Refusal | Fault) else lacks(held.rid)
        # Others may have been quicker, and what they wrote is to be told as well.
        earlier, later = await self._around(before, reply.eid)
        return {
            "pico": before.id,
            "rid": held.rid,
            "from": await self._owners.describe(held.hash),
            "to": await self._owners.describe(former.hash),
            "state": state,
            "differences": _tell_variables(earlier, later, held.rid),
            "lost": await self._written_since(earlier, held.rid, former) if state == RESTORE else [],
        }

    async def _around(self, seen: Pico, eid: EventId) -> tuple[Pico, Pico]:
        """The pico right before and right after a turn that came after it was seen."""
        head, last = await self._past.state(seen.id, seen.seq), self._past.last(seen.id)
        assert head is not None, "what was the newest state is known"
        async for earlier, body in self._past.heads(head, last):
            record = decode_record(body)
            if record.turn.event.eid == eid:
                return earlier.pico, apply(earlier.pico, record.changes, record.seq)
        raise LookupError(f"pico {seen.id} has no record of {eid}, which was acknowledged")

    async def _why_not(self, former: FormerText) -> Refusal | None:
        """A text may be gone back to if it may be installed."""
        if former.url.startswith(LIBRARY):
            return None
        found = await find_text(self._shelf, to_url(former.hash))
        return found if isinstance(found, Refusal) else None

    async def _variables_before(self, pico: PicoId, rid: Rid, former: FormerText) -> Mapping[str, Any]:
        """The answer to the question what a ruleset had kept before another text took its place."""
        head = await self._past.state(pico, former.seq - 1)
        if head is None:
            return {"error": f"the state before turn {former.seq} is not known here"}
        return {"variables": from_bytes(to_bytes(head.pico.entities.get(rid, EMPTY)))}

    async def _written_since(self, now: Pico, rid: Rid, former: FormerText) -> list[Document]:
        """What has become of the variables since the turn that replaced the text."""
        head = await self._past.state(now.id, former.seq)
        return [] if head is None else _tell_variables(head.pico, now, rid)


def _undecided(rid: Rid, former: FormerText, state: str | None, written: list[Document]) -> Refusal | None:
    if state is not None or not former.upgraded:
        return None
    return Refusal(
        "undecided",
        f"the upgrade changed what {rid} remembers; on which variables shall the old text run?",
        "--keep-state runs it on the variables as they are now; --restore-state puts them back as they were "
        f"before the upgrade, without what was written since ({_count(written)})",
        {"written_since": written},
    )


def _undecided_on(rid: Rid, picos: Sequence[PicoId], of: int) -> Refusal:
    where = f"on {len(picos):,} of {of:,} picos" if len(picos) < of else "everywhere"
    return Refusal(
        "undecided",
        f"the upgrade changed what {rid} remembers {where}; on which variables shall the old text run?",
        "--keep-state runs it on the variables as they are now; --restore-state puts them back as they were "
        "before the upgrade, without what was written since; --on ECI goes back on one pico",
        {"picos": list(picos)},
    )


def _count(written: list[Document]) -> str:
    return "nothing" if not written else "1 change" if len(written) == 1 else f"{len(written):,} changes"


def _tell_variables(before: Pico, after: Pico, rid: Rid) -> list[Document]:
    found = (one for one in differences(before, after) if _is_variable(one, rid))
    return tell_differences(found)


def _is_variable(one: Difference, rid: Rid) -> bool:
    return one.part[:2] == ("entity", rid)
