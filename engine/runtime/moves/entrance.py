"""Whether a pico that comes is what it is said to be, and whether there is a place for it.

Policies are asked before: see `engine.core.acceptance`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

from engine.core.cids import Cid
from engine.core.did_keys import from_did_key, read_did_key
from engine.core.dids import Did
from engine.core.migration.messages import (
    Attempt,
    Head,
)
from engine.core.model import Eci, PicoId
from engine.core.multiformats import NotEncoded, from_multibase
from engine.core.protocols import migration_goods
from engine.core.protocols.migration import NotAMove
from engine.ports import (
    KeptLog,
)
from engine.runtime.moves.cases import Cases
from engine.runtime.moves.fetching import Ask
from engine.runtime.moves.loads import Arrived
from engine.runtime.moves.office import (
    Office,
)
from engine.runtime.moves.post import proven_text


class Entrance:
    def __init__(self, office: Office, cases: Cases) -> None:
        self._office = office
        self._cases = cases
        self._journal = office.journal
        self._post = office.post

    def why_no_place(self, did: str, pico: str) -> str | None:
        """Two picos cannot have one id."""
        if self._journal.find_channel(Eci(pico)) is None:
            return None
        return None if self._cases.did_of(PicoId(pico)) == did else "unknown"

    def asking(self, did: str, attempt: Attempt, whom: Did) -> Ask:
        """Gets blocks of what was handed over from whoever did."""

        def ask(cids: list[Cid]) -> AsyncGenerator[dict[Cid, bytes], None]:
            body = {
                "did": did,
                "epoch": attempt.epoch,
                "attempt": attempt.number,
                "cids": migration_goods.write_cids(cids),
            }
            return self._post.ask_for_blocks(whom, body, frozenset(cids))

        return ask

    def check_proof(self, did: str, attempt: Attempt, head: Head, proof: str, kept: KeptLog | None) -> None:
        """Raises `NotAMove`."""
        if kept is None:
            raise NotAMove("its log is not known")
        acting = self._office.logs.acting(kept, self._post.now_s())
        try:
            signature = from_multibase(proof)
        except NotEncoded as problem:
            raise NotAMove("the proof is no signature") from problem
        keys = acting.keys[attempt.epoch - 1] if attempt.epoch <= acting.epoch else frozenset()
        said = proven_text(did, attempt, head)
        if not any(self._office.verify(from_did_key(read_did_key(key)), said, signature) for key in keys):
            raise NotAMove("the handoff is not signed by who hosted it")

    def check_free(self, did: str, arrived: Arrived) -> None:
        """That its channels are nobody's here. Raises `NotAMove`."""
        pico = arrived.state.head.pico
        for eci in (Eci(pico.id), *pico.channels):
            holder = self._journal.find_channel(eci)
            if holder is not None and (holder != pico.id or self._cases.did_of(holder) != did):
                raise NotAMove(f"the channel {eci} is one of {holder}, which lives here")
