"""Invitations of this engine to others: out-of-band messages of its own DID, and which still count."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from engine.core.didcomm.messages import Message
from engine.core.mesh.acquaintances import Trust
from engine.core.protocols import out_of_band
from engine.core.protocols.engines import GOAL
from engine.core.protocols.out_of_band import LONGEST_URL, BadInvitation, Short
from engine.core.protocols.reactions import Facts, Trouble
from engine.core.protocols.remembering import Records
from engine.ports import Journal, SetFact, Write

FACT = "engine invitations"
WHAT_FOR = "meet another Picomesh engine"


@dataclass(frozen=True, slots=True)
class Accepted:
    """An invitation that somebody has accepted."""

    trust: Trust
    write: Write
    """To be committed with what comes of it."""


class Invitations:
    def __init__(self, journal: Journal, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._now_ms = now_ms

    async def offer(self, id: str, me: str, page: str, until_s: int | None, once: bool, trust: Trust) -> str:
        """The URL of a new one, which is durable."""
        body = {"goal_code": GOAL, "goal": WHAT_FOR}
        invitation = out_of_band.invite(id, me, body, expires_s=until_s)
        offered = out_of_band.offer(self._open(), invitation, once)
        offered = {**offered, id.lower(): {**offered[id.lower()], "trust": trust}}
        await self._journal.commit([SetFact(FACT, json.dumps(offered))])
        return out_of_band.to_url(invitation, page)

    def accept(self, message: Message, facts: Facts) -> Accepted | Trouble:
        offered = self._offered()
        taken = out_of_band.accept(offered, message, facts)
        if isinstance(taken, Trouble):
            return taken
        records, _ = taken
        trust = offered[(message.pthid or "").lower()].get("trust", "known")
        return Accepted(trust, SetFact(FACT, json.dumps(records)))

    def _offered(self) -> Records:
        kept = json.loads(self._journal.fact(FACT) or "{}")
        return kept if isinstance(kept, dict) else {}

    def _open(self) -> Records:
        """Those that can still be accepted, or that whoever accepted them may have to accept again."""
        now_s = self._now_ms() // 1000
        return {
            id: one for id, one in self._offered().items() if one["until_s"] is None or one["until_s"] > now_s
        }


def read_invitation(text: str) -> Message:
    """As people paste it: a URL, or what stands in one behind `_oob=`, or the message itself. Raises
    `BadInvitation`."""
    words = text.strip()
    if not words or len(words) > LONGEST_URL:
        raise BadInvitation(f"an invitation has at most {LONGEST_URL:,} characters, and some")
    if words.startswith("{"):
        return out_of_band.read_plain(words)
    found = out_of_band.from_url(words) if "://" in words else out_of_band.read_invitation(words)
    if isinstance(found, Short):
        raise BadInvitation("the URL is a short one; open it in a browser, and take the long URL it leads to")
    return found
