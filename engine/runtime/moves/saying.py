"""What engines say of a pico beside the messages of the tables: its log, keys, rulesets and blocks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from engine.core.blocks.state import texts_of
from engine.core.migration.messages import (
    Accept,
    Attempt,
    Handoff,
    Head,
    Moved,
    Offer,
    Ready,
    Release,
    Resend,
    Sent,
    Taken,
)
from engine.core.multiformats import to_multibase
from engine.core.protocols.migration import MOST_RULESETS
from engine.ports import (
    KeptLog,
)
from engine.runtime.identities import SIGNING, life_purpose
from engine.runtime.moves.cases import Case, Has
from engine.runtime.moves.loads import Blocks
from engine.runtime.moves.office import (
    Office,
)
from engine.runtime.moves.post import proven_text


class Saying:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._journal = office.journal
        self._lives = office.lives

    async def blocks_for(self, did: str, case: Case, message: Sent) -> list[bytes]:
        """Of a handoff, if they are few."""
        if not isinstance(message, Handoff):
            return []
        if (small := self._office.loads.find(did, message.head.cid)) is not None:
            return self._all_of_it(case, message, small)
            return []
        return await self._office.freight.loading.at_hand(did, message.head.cid, case.had, case.size)

    def _all_of_it(self, case: Case, handoff: Handoff, small: Blocks) -> list[bytes]:
        """Also the texts that the target had, where it may have lost them."""
        if handoff.entry is None or not case.has.texts:
            return list(small.values())
        texts = self._office.freight.small.texts(self._office.locker.unwrap(case.key), case.has.texts)
        return [*small.values(), *texts.values()]

    def more(self, did: str, case: Case, message: Sent) -> Mapping[str, Any] | None:
        """What goes along that the tables do not know; None if it cannot be said now."""
        match message:
            case Offer():
                return self._offered(case)
            case Accept() if case.to is not None:
                return {"keys": {**asdict(case.to), "box": case.opens}, "has": case.root, **_told(case.has)}
            case Handoff(attempt, head) if case.box:
                proof = to_multibase("u", self._prove(case, did, attempt, head))
                told = {"proof": proof, "keys": case.box}
                return told if message.entry is None else {**told, **self._logged(case)}
            case Ready():
                keys = {} if case.to is None else {"keys": {**asdict(case.to), "box": case.opens}}
                return {"proof": case.proof, **keys}
            case Release() | Moved():
                # Its id too, for an engine that was restored to before the pico had this name.
                return {**logged, "pico": case.pico} if (logged := self._logged(case)) else None
            case Resend() | Taken():
                return self._logged(case) or None
            case Accept() | Handoff():
                return None
            case _:
                return {}

    def _logged(self, case: Case) -> dict[str, Any]:
        kept = self.log_of(case)
        if kept is None:
            return {}
        return {"log": kept.lines, **({"approvals": kept.approvals} if kept.approvals else {})}

    def log_of(self, case: Case) -> KeptLog | None:
        """The newest log of a pico that is known here."""
        kept = self._lives.kept(case.pico) if case.pico and case.seat.source is not None else None
        if kept is None or (case.log is not None and kept.lines in case.log.lines):
            return case.log or kept
        return kept

    def _offered(self, case: Case) -> Mapping[str, Any]:
        mailbox = self._office.picos.wake(case.pico)
        size = 0 if mailbox is None else mailbox.held_bytes
        rulesets = () if mailbox is None else mailbox.head.pico.rulesets
        texts = [] if mailbox is None else texts_of(mailbox.head.pico)[:MOST_RULESETS]
        told = [
            {
                "rid": one.rid,
                "hash": one.hash,
                "url": one.url,
                "signatures": [list(two) for two in self._journal.signatures(one.hash)],
            }
            for one in rulesets
        ]
        return {
            **self._logged(case),
            "pico": case.pico,
            "reason": case.reason,
            "price": case.price,
            "size": size,
            "rulesets": [one.hash for one in rulesets],
            "formats": {"state": 1, "records": 1},
            "needs": {"rulesets": told, "texts": texts},
        }

    def _prove(self, case: Case, did: str, attempt: Attempt, head: Head) -> bytes:
        purpose = life_purpose(case.pico, self._lives.stay(case.pico))
        return self._office.sign(
            self._office.keys.derive(f"{purpose}/{SIGNING}"), proven_text(did, attempt, head)
        )


def _told(has: Has) -> dict[str, Any]:
    told: dict[str, Any] = {"texts": list(has.texts)} if has.texts else {}
    return told if has.past is None else {**told, "past": list(has.past)}
