"""The signed heads of picos, as the journal keeps them: the newest ones, and evidence of two for one turn.

Each is verified when it is read, against the log of its pico: who has changed the journal by hand gets no
head past that. The very bytes that were good lately by the very same log are so still.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence

import structlog

from engine.core.blocks.errors import ForgedHead
from engine.core.blocks.heads import (
    Evidence,
    SignedHead,
    StateHead,
    equivocation,
    read_evidence,
    read_head,
    refuse_old,
    write_evidence,
)
from engine.core.cids import cid_text
from engine.core.model import PicoId
from engine.core.multiformats import from_multibase, to_multibase
from engine.core.signatures import Verify
from engine.ports import Acting, BadLog, Journal, KeptLog, LifelongLogs, SetFact

log = structlog.get_logger("picomesh.heads")

REMEMBERED = 256
"""Heads of one pico that can be told; those before are overwritten."""
MOST_EVIDENCE = 16
MOST_LOGS = 1_024
"""Logs whose keys are remembered: to verify one takes milliseconds."""
MOST_CHECKED = 1_024
"""Heads that are known to be good; a seal reads the one before it three times."""


class KeptHeads:
    def __init__(
        self,
        journal: Journal,
        logs: LifelongLogs,
        log_of: Callable[[PicoId], KeptLog | None],
        verify: Verify,
        now_ms: Callable[[], int],
    ) -> None:
        self._journal = journal
        self._logs = logs
        self._log_of = log_of
        self._verify = verify
        self._now_ms = now_ms
        self._acting: dict[KeptLog, Acting] = {}
        self._checked: dict[tuple[bytes, KeptLog | None], SignedHead] = {}

    # --- who may sign ---

    def acting(self, log: KeptLog) -> Acting:
        """Who a log says was to act as its pico. Raises `BadLog`."""
        if log not in self._acting:
            if len(self._acting) >= MOST_LOGS:
                self._acting.clear()
            self._acting[log] = self._logs.acting(log, self._now_ms() / 1000)
        return self._acting[log]

    def check(self, block: bytes, log: KeptLog | None) -> SignedHead:
        """A head as this log lets it be believed. Raises `BlockError`."""
        if log is None:
            raise ForgedHead("there is no log of the pico, so nobody knows who may sign its heads")
        try:
            acting = self.acting(log)
        except BadLog as problem:
            raise ForgedHead(f"the log of the pico is not to be believed: {problem}") from None

        def may_sign(head: StateHead) -> bool:
            return head.pico == acting.name and acting.may(head.epoch, head.by)

        return read_head(block, self._verify, may_sign)

    # --- what is kept ---

    def newest(self, pico: PicoId) -> SignedHead | None:
        """Raises `ForgedHead` when what is kept is no head of that pico."""
        _, block = self._newest(pico)
        return None if block is None else self._check_once(block, self._log_of(pico))

    def _check_once(self, block: bytes, log: KeptLog | None) -> SignedHead:
        signed = self._checked.get((block, log))
        if signed is None:
            signed = self.check(block, log)
            if len(self._checked) >= MOST_CHECKED:
                self._checked.clear()
            self._checked[block, log] = signed
        return signed

    async def history(self, pico: PicoId) -> list[SignedHead]:
        """Those that are remembered, the oldest first. Raises as `newest` does."""
        count, _ = self._newest(pico)
        found = [self._journal.fact(_remembered(pico, n)) for n in range(max(0, count - REMEMBERED), count)]
        blocks = [from_multibase(text) for text in found if text is not None]
        log = self._log_of(pico)
        return await asyncio.to_thread(lambda: [self.check(block, log) for block in blocks])

    def writes(self, pico: PicoId, signed: SignedHead) -> list[SetFact]:
        """By which it is the newest one. Raises `OldHead` if a newer one is known."""
        if (newest := self.newest(pico)) is not None:
            refuse_old(newest, signed)
        count, _ = self._newest(pico)
        text = to_multibase("u", signed.block)
        return [
            SetFact(_fact(pico), json.dumps({"count": count + 1, "head": text})),
            SetFact(_remembered(pico, count), text),
        ]

    def is_newest(self, pico: PicoId, block: bytes) -> bool:
        """Whether it is the very head that is kept; by its bytes, so that many are looked at soon."""
        return self._newest(pico)[1] == block

    async def contradiction(self, pico: PicoId, offered: SignedHead) -> Evidence | None:
        """What a head that came from elsewhere and was checked proves, together with one that is kept."""
        found = (equivocation(known, offered) for known in await self.history(pico))
        return next((evidence for evidence in found if evidence is not None), None)

    async def see(self, pico: PicoId, offered: SignedHead) -> Evidence | None:
        """A head that came from elsewhere and was checked. If one is known that says something else of its
        turn, both are kept as evidence."""
        evidence = await self.contradiction(pico, offered)
        if evidence is not None:
            await self.keep(pico, evidence)
        return evidence

    def evidence(self, pico: PicoId) -> list[Evidence]:
        """All that is kept against whoever signed two heads for one turn."""
        log = self._log_of(pico)
        acting = None if log is None else self.acting(log)
        return [
            read_evidence(
                from_multibase(text),
                self._verify,
                lambda head: acting is not None and acting.may(head.epoch, head.by),
            )
            for text in self._evidence(pico)
        ]

    def _newest(self, pico: PicoId) -> tuple[int, bytes | None]:
        kept = json.loads(self._journal.fact(_fact(pico)) or '{"count": 0}')
        head = kept.get("head")
        return kept["count"], None if head is None else from_multibase(head)

    def _evidence(self, pico: PicoId) -> Sequence[str]:
        kept: Sequence[str] = json.loads(self._journal.fact(_evidence(pico)) or "[]")
        return kept

    async def keep(self, pico: PicoId, evidence: Evidence) -> None:
        """As many as show what is going on; more would let whoever signs them fill the disk."""
        text = to_multibase("u", write_evidence(evidence))
        kept = [*self._evidence(pico)]
        if text not in kept and len(kept) < MOST_EVIDENCE:
            await self._journal.commit([SetFact(_evidence(pico), json.dumps([*kept, text]))])
            says = evidence.heads[0].head
            log.warning(
                "two heads for one turn of a pico; both are kept as evidence",
                pico=pico,
                epoch=says.epoch,
                turn=says.sequence,
                by=list(evidence.by),
                heads=[cid_text(one.cid) for one in evidence.heads],
            )

    def count_evidence(self) -> dict[PicoId, int]:
        """How often it was found that somebody has signed two heads for one turn."""
        names = self._journal.fact_names(EVIDENCE)
        return {pico: len(self._evidence(pico)) for pico in (PicoId(one[len(EVIDENCE) :]) for one in names)}


def _fact(pico: PicoId) -> str:
    return f"newest head of {pico}"


def _remembered(pico: PicoId, number: int) -> str:
    return f"head {number % REMEMBERED} of {pico}"


EVIDENCE = "evidence of two heads of "


def _evidence(pico: PicoId) -> str:
    return f"{EVIDENCE}{pico}"
