"""Seals as people ask for them: of one pico or of all, their history, how many copies, for whom, and room.

What is answered are documents, ready to be shown.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from engine.core.blocks.errors import BlockError
from engine.core.blocks.heads import Evidence, SignedHead
from engine.core.cids import Cid, cid_text
from engine.core.codec import Unreadable
from engine.core.did_keys import NotADidKey
from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.core.replicas import choose
from engine.core.telling import Document
from engine.core.timekeeping import to_iso
from engine.ports import BadLog, Journal, JournalFailed, StoreFailed
from engine.runtime.admission import unknown_channel
from engine.runtime.many_stores import StoreStanding
from engine.runtime.meeting_heads import MeetingHeads
from engine.runtime.other_stores import Condition
from engine.runtime.pico_owners import PicoOwner, TooManyOwners, read_owner
from engine.runtime.replication_policies import tell as tell_replication
from engine.runtime.sealed_trees import CannotSeal
from engine.runtime.sealing import PAGE, Sealing
from engine.runtime.vault import Vault

TROUBLE = (CannotSeal, BlockError, StoreFailed, JournalFailed, Unreadable)


class Naming(Protocol):
    """See `engine.runtime.naming_heads`."""

    def name(self, pico: PicoId) -> str: ...

    def leads_to(self, pico: PicoId) -> Cid | None: ...


class SealDesk:
    """`naming` knows which names of IPNS lead to picos' newest heads, where there are names."""

    def __init__(self, sealing: Sealing, journal: Journal, vault: Vault, meeting: MeetingHeads) -> None:
        self._sealing = sealing
        self._seals = sealing.seals
        self._journal = journal
        self._vault = vault
        self._meeting = meeting
        self.naming: Naming | None = None

    async def seal(self, eci: Eci | None, wait_s: float = 0.0) -> Document | Refusal:
        """Seal the pico with that channel, or all, now; and wait so long for the copies that are wanted. Of
        one pico it raises what `Seals.seal` raises."""
        if eci is None:
            return await self._seal_all(wait_s)
        pico = self._journal.find_channel(eci)
        return unknown_channel(eci) if pico is None else await self._seal(pico, wait_s)

    async def _seal_all(self, wait_s: float) -> Document:
        sealed: dict[PicoId, SignedHead] = {}
        failed: list[Document] = []
        for pico in self._everybody():
            try:
                sealed[pico] = await self._seals.seal(pico)
            except TROUBLE as problem:
                failed.append({"pico": pico, "reason": str(problem)})
        await self._wait_copied(sealed, wait_s)
        return {"sealed": [await self._tell(*one) for one in sealed.items()], "failed": failed}

    async def _seal(self, pico: PicoId, wait_s: float) -> Document:
        signed = await self._seals.seal(pico)
        await self._wait_copied({pico: signed}, wait_s)
        return {"sealed": [await self._tell(pico, signed)], "failed": []}

    async def _wait_copied(self, sealed: Mapping[PicoId, SignedHead], wait_s: float) -> None:
        stores = await self._vault.stores()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                for pico, signed in sealed.items() if wait_s > 0 else ():
                    name = signed.head.pico
                    chosen = choose(self._seals.policies.of(pico), name, await self._others())
                    await stores.wait_held(name, signed.cid, chosen)

    async def _tell(self, pico: PicoId, signed: SignedHead) -> Document:
        told = {"pico": pico, **tell_head(signed), **self._ipns(pico, signed), **await self._owners(pico)}
        return {**told, **await self._copies(pico, signed)}

    def _ipns(self, pico: PicoId, signed: SignedHead | None) -> Document:
        if self.naming is None:
            return {}
        leads = signed is not None and self.naming.leads_to(pico) == signed.cid
        return {"ipns": self.naming.name(pico), "ipns_leads_there": leads}

    def _everybody(self) -> Iterable[PicoId]:
        after = ""
        while page := self._journal.picos(after, PAGE):
            yield from page
            after = page[-1]

    async def replicate(
        self, eci: Eci, copies: int | None, stores: Sequence[str] | None, wait_s: float = 0.0
    ) -> Document | Refusal:
        """Say in how many stores, or in which, a pico is to be; and seal it there. Raises as `seal`."""
        pico = self._journal.find_channel(eci)
        if pico is None:
            return unknown_channel(eci)
        there = await self._others()
        if unknown := [name for name in stores or () if name not in there]:
            hint = f"there are: {', '.join(there)}" if there else "ipfs_api in picomesh.toml names IPFS nodes"
            return Refusal("unknown", f"this engine has no store {unknown[0]!r}", hint)
        await self._seals.policies.say(pico, copies, stores)
        return await self._seal(pico, wait_s)

    async def history(self, eci: Eci) -> Document | Refusal:
        """The heads of a pico that are remembered, and evidence against whoever signed two for one turn."""
        pico = self._journal.find_channel(eci)
        if pico is None:
            return unknown_channel(eci)
        try:
            found = await self._seals.history(pico)
            evidence = [tell_evidence(one) for one in self._seals.heads.evidence(pico)]
        except BlockError as problem:
            reason = f"what is kept of the heads of this pico is not to be believed: {problem}"
            return Refusal("unknown", reason, "a copy of the journal has to take its place")
        heads, trouble = [tell_head(one) for one in found], self._sealing.troubles.get(pico)
        newest, end = found[-1] if found else None, self._journal.end(pico)
        since = 0 if end is None else end[0] - (0 if newest is None else newest.head.sequence)
        told = {"pico": pico, "heads": heads, "evidence": evidence, "trouble": trouble, "unsealed": since}
        told |= self._ipns(pico, newest)
        return {**told, **await self._owners(pico), **await self._copies(pico, found[-1])} if found else told

    async def see(self, head: bytes) -> Document:
        """A head that somebody found elsewhere: evidence that is kept, if it contradicts one of ours. Raises
        `BlockError` for one that nobody is to believe."""
        evidence = await self._meeting.meet(head)
        known = self._meeting.pico_of(head)
        return {"pico": known, "evidence": None if evidence is None else tell_evidence(evidence)}

    async def owners(self) -> Document:
        """Who opens what is sealed here, besides this engine."""
        return {"owners": [self._tell_owner(one) for one in self._seals.state_keys.owners.everybody()]}

    async def owners_of(self, eci: Eci) -> Document | Refusal:
        """Who opens that pico's states, and what its log promises."""
        pico = self._journal.find_channel(eci)
        return unknown_channel(eci) if pico is None else {"pico": pico, **await self._owners(pico)}

    async def name_owners(self, owners: Sequence[object]) -> Document | Refusal:
        """From now on these do too, and logs are to promise them what is said of their keys."""
        try:
            await self._seals.promises.name(owners)
        except NotADidKey as problem:
            return Refusal("malformed", str(problem), "`picomesh seal --owner FILE` takes it out of a file")
        except TooManyOwners as problem:
            return Refusal("malformed", str(problem), "`picomesh owners --remove` makes room")
        return await self.owners()

    async def remove_owner(self, given: object) -> Document | Refusal:
        """What is sealed from now on is not for that one any more, and no log promises them anything."""
        try:
            owner = read_owner(given, 0)
        except NotADidKey as problem:
            return Refusal("malformed", str(problem), "`picomesh owners` lists them")
        owners = self._seals.state_keys.owners
        if owner.key not in {one.key for one in owners.everybody()}:
            return Refusal("unknown", f"{owner.key} is no owner here", "`picomesh owners` lists them")
        await owners.remove(owner.key)
        known = owners.known(owner.key)
        hashes = tuple(dict.fromkeys((*known.hashes, *owner.hashes)))
        approving = tuple(dict.fromkeys((*known.approving, *owner.approving)))
        told = await self._seals.promises.withdraw(PicoOwner(owner.key, hashes, approving))
        kept = [{"pico": pico, "reason": why} for pico, why in told.items() if why is not None]
        return {
            "removed": owner.key,
            "withdrawn": [pico for pico, why in told.items() if why is None],
            "promised_still": kept,
            "hashes": len(hashes),
            **await self.owners(),
        }

    async def forget_others(self, eci: Eci) -> Document | Refusal:
        """Have the log of a pico promise its owners' keys, and nobody else's but the guardians'."""
        pico = self._journal.find_channel(eci)
        if pico is None:
            return unknown_channel(eci)
        try:
            found = await self._seals.promises.forget_others(pico)
        except BadLog as problem:
            found = str(problem)
        if isinstance(found, str):
            return Refusal("malformed", found, "`picomesh did log ECI` shows the log")
        return {"pico": pico, "forgotten": found, **await self._owners(pico)}

    def _tell_owner(self, owner: PicoOwner) -> Document:
        owners = self._seals.state_keys.owners
        is_everywhere = owner.key in {one.key for one in owners.everywhere()}
        return {
            "key": owner.key,
            "named": to_iso(owner.named_ms) if owner.named_ms else None,
            "picos": None if is_everywhere else owners.picos_of(owner.key),
            "takes_up": bool(owner.hashes),
        }

    async def _owners(self, pico: PicoId) -> Document:
        """Who opens a pico's state, and whether its log promises that they go on as it elsewhere."""
        try:
            standings, others = await self._seals.promises.standings(pico)
        except BadLog:
            return {"owners": [], "other_keys": 0}
        told = [{"key": one.owner.key, "promised": one.is_promised, "why": one.why} for one in standings]
        return {"owners": told, "other_keys": others}

    async def collect(self) -> Document:
        """Remove blocks that nothing needs any more. Raises `StoreFailed`."""
        await self._sealing.publish_left()
        found = await (await self._vault.local()).collect()
        return {"kept": found.kept, "removed": found.removed, "bytes": found.removed_bytes}

    async def stores(self) -> Document:
        """What there is here, and how it is with the others. Raises `StoreFailed`."""
        local = await (await self._vault.local()).statistics()
        standings = await (await self._vault.stores()).standings()
        here = {
            name: getattr(local, name) for name in ("blocks", "bytes", "roots", "file_bytes", "free_bytes")
        }
        others = [_tell_store(one) for one in standings]
        waiting = {"waiting": self._sealing.waiting, "troubles": self._sealing.troubles}
        evidence = {"evidence": self._seals.heads.count_evidence()}
        return {"local": here, "others": others, "seal": self._sealing.is_on, **waiting, **evidence}

    async def _copies(self, pico: PicoId, signed: SignedHead) -> Document:
        """What was said of copies, the stores that it comes to today, those of them that have it by now, and
        what keeps the others from it."""
        policy, name, stores = self._seals.policies.of(pico), signed.head.pico, await self._vault.stores()
        standings = {one.standing.name: one.standing for one in await stores.standings()}
        chosen = choose(policy, name, standings)
        held = [one for one in await stores.holders(name, signed.cid) if one in chosen]
        problems = {one: _problem(standings[one].writing) for one in chosen if one not in held}
        told = {**tell_replication(policy), "known": len(standings), "chosen": list(chosen), "held": held}
        return {"replication": {**told, "problems": {one: why for one, why in problems.items() if why}}}

    async def _others(self) -> list[str]:
        return [one.standing.name for one in await (await self._vault.stores()).standings()]


def tell_head(signed: SignedHead) -> Document:
    """A head, for people and programs."""
    head = signed.head
    return {
        "did": head.pico,
        "head": cid_text(signed.cid),
        "root": cid_text(head.root),
        "previous": None if head.previous is None else cid_text(head.previous),
        "epoch": head.epoch,
        "sequence": head.sequence,
        "time": to_iso(head.time_ms),
        "by": head.by,
    }


def tell_evidence(evidence: Evidence) -> Document:
    return {"by": list(evidence.by), "heads": [tell_head(one) for one in evidence.heads]}


def _tell_store(one: StoreStanding) -> dict[str, Any]:
    standing = one.standing
    latency_ms = None if standing.latency_s is None else round(standing.latency_s * 1000, 1)
    return {
        "name": standing.name,
        "waiting": one.waiting,
        "problem": _problem(standing.writing) or _problem(standing.reading),
        "failed": dict(standing.failed),
        "latency_ms": latency_ms,
        "blocks_sent": standing.blocks_sent,
        "bytes_sent": standing.bytes_sent,
        "blocks_got": standing.blocks_got,
    }


def _problem(condition: Condition) -> str | None:
    return condition.problem
