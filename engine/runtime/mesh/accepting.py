"""Whom this engine takes in: its policy, which is durable, over what is known of newcomers and guests.

The decision itself is `engine.core.acceptance`. Here is found out what a newcomer is: how far the engine that
it comes from is trusted, who has really signed its rulesets, and which of them come with this engine.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core import signatures
from engine.core.acceptance import (
    BadPolicy,
    Brought,
    Guests,
    Newcomer,
    Policy,
    Refused,
    Standing,
    changed,
    pack,
    refusal,
    room,
    unpack,
)
from engine.core.cids import NotACid, from_cid
from engine.core.mesh.adverts import Room, engine_of
from engine.core.signatures import BadSignature, Verify, read_signature
from engine.ports import Journal, SetFact
from engine.runtime.mesh.acquaintances import Acquaintances

logger = logging.getLogger(__name__)

FACT = "acceptance"
MOST_SIGNATURES = 16
"""Of one ruleset that are looked at."""

Came = tuple[str, str, Sequence[str]]
"""A ruleset of a newcomer: rid, CID and signatures, as documents."""


def no_guests() -> Guests:
    return Guests()


class Accepting:
    def __init__(
        self,
        journal: Journal,
        acquaintances: Acquaintances,
        verify: Verify,
        is_ours: Callable[[str], bool],
    ) -> None:
        """`is_ours` says whether the text with a CID comes with this engine."""
        self._journal = journal
        self._acquaintances = acquaintances
        self._verify = verify
        self._is_ours = is_ours
        self.closed: str | None = None
        """Why nobody is taken in at the moment, whatever the policy says."""
        self.guests: Callable[[], Guests] = no_guests
        self._policy = self._read()

    def _read(self) -> Policy:
        kept = self._journal.fact(FACT)
        if kept is None:
            return Policy()
        try:
            return unpack(json.loads(kept))
        except BadPolicy as problem:
            logger.warning("nobody is taken in, because %s", problem)
            return Policy()

    @property
    def policy(self) -> Policy:
        return self._policy

    async def change(self, wishes: Mapping[str, Any]) -> Policy:
        """Durable when this returns. Raises `BadPolicy`."""
        policy = changed(self._policy, wishes)
        await self._journal.commit([SetFact(FACT, json.dumps(pack(policy)))])
        self._policy = policy
        return policy

    def room(self) -> Room:
        return Room() if self.closed is not None else room(self._policy, self.guests())

    def standing(self, did: str) -> Standing:
        """Of an engine, by any DID of it."""
        engine = engine_of(did)
        known = None if engine is None else self._acquaintances.find(engine)
        return "stranger" if known is None else known.trust

    def consider(
        self,
        pico: str,
        engine: str,
        bytes: int,
        rulesets: Sequence[Came],
        price: int = 0,
        owners: Sequence[str] = (),
    ) -> Refused | None:
        """What is against taking in a pico of that engine, now."""
        if self.closed is not None:
            return Refused("no-room", self.closed)
        brought = tuple(self._brought(*one) for one in rulesets)
        newcomer = Newcomer(pico, engine, self.standing(engine), bytes, tuple(owners), brought, price)
        return refusal(self._policy, newcomer, self.guests())

    def _brought(self, rid: str, cid: str, documents: Sequence[str]) -> Brought:
        authors = (self._author(cid, one) for one in documents[:MOST_SIGNATURES])
        return Brought(rid, cid, tuple(one for one in authors if one is not None), self._is_ours(cid))

    def _author(self, cid: str, document: str) -> str | None:
        """Whose good signature it is."""
        try:
            signature = read_signature(document)
            signatures.check(signature, from_cid(cid), self._verify)
        except (BadSignature, NotACid) as problem:
            logger.info("a signature of a ruleset that would come here does not count: %s", problem)
            return None
        return signature.author
