"""Envelopes for picos that live elsewhere now: passed on unopened, at once or, from the journal, later.

Whose they are stands on them. An answer comes back the same way while the sender's connection is open; what
cannot be passed on at once is durable before its sender hears that it was taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any

import structlog

from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.strict_json import read_object
from engine.core.dids import Did, did_of, scid_in
from engine.core.model import PicoId
from engine.core.protocols.routing import forward
from engine.ports import CannotSend, DropMail, Journal, KeepMail
from engine.runtime.letters import Letters
from engine.runtime.moves.forgetting import mail_of
from engine.runtime.moves.moves import Moves
from engine.runtime.receipts import Receipt

log = structlog.get_logger("picomesh.moves")

KEPT_S = 10 * 365 * 24 * 3600
"""As long as it takes: what was taken is passed on before anything of its recipient is forgotten."""
AT_ONCE = 20


class Relaying:
    def __init__(self, journal: Journal, moves: Moves, letters: Letters, now_ms: Callable[[], int]) -> None:
        self._journal = journal
        self._moves = moves
        self._letters = letters
        self._now_ms = now_ms

    def find(self, envelope: bytes) -> Did | None:
        """The DID of a pico that lives elsewhere, if it is for one."""
        try:
            outside = read_object(envelope, LIMITS)
        except Refused:
            return None
        return next((Did(did) for did in _recipients(outside) if self.is_elsewhere(did)), None)

    def is_elsewhere(self, did: str) -> bool:
        """Whether that is a DID of a pico that has moved away."""
        pico = self._pico(did)
        return pico is not None and self._moves.is_away(pico)

    def _pico(self, did: str) -> PicoId | None:
        scid = scid_in(did)
        if scid is not None:
            found = self._journal.fact(f"pico of {scid}")
            return None if found is None else PicoId(found)
        eci = self._journal.find_did(Did(did))
        return None if eci is None else self._journal.find_channel(eci)

    async def pass_on(self, recipient: Did, envelope: bytes) -> Receipt:
        pico = self._pico(recipient)
        assert pico is not None, "whom it is for was found"
        if self._moves.is_forgotten(pico):
            refusal = self._moves.why_elsewhere(pico)
            return Receipt("moved", more={} if refusal is None else refusal.extra)
        problem = None
        if not self._waits(pico):  # what came before goes before
            try:
                return Receipt("taken", await self._send(pico, recipient, envelope))
            except CannotSend as found:
                problem = found
        if problem is not None and problem.is_final:
            log.info("a message for a pico that has moved is not wanted there", why=str(problem))
            return Receipt("denied")
        now_s = self._now_ms() // 1000
        name = sha256(envelope).hexdigest()
        await self._journal.commit(
            [KeepMail(mail_of(pico), name, recipient, now_s, now_s + KEPT_S, envelope)]
        )
        did = self._moves.cases.did_of(pico)
        if did is not None:
            self._moves.hooks.left(did)
        return Receipt("taken")

    async def _send(self, pico: PicoId, recipient: Did, envelope: bytes) -> bytes | None:
        host = self._moves.new_place(pico)
        if host is None:
            raise CannotSend("nobody knows where the pico is", is_final=False)
        message = forward(sha256(envelope).hexdigest()[:32], envelope, recipient, host)
        return (await self._letters.send(message, host)).reply

    def _waits(self, pico: PicoId) -> bool:
        """Whether anything that came before is still here: envelopes, or what was read here as it left."""
        kept = self._journal.beside(pico)
        return bool(self._journal.mail.last(mail_of(pico))) or (kept is not None and bool(kept.inbox))

    async def deliver(self, pico: PicoId) -> bool:
        """Pass on what waits; whether all of it went. Raises `CannotSend`."""
        waiting = self._journal.mail.after(mail_of(pico), 0, AT_ONCE)
        for one in waiting:
            recipient = self.find(one.envelope)
            if recipient is not None:
                try:
                    await self._send(pico, recipient, one.envelope)
                except CannotSend as problem:
                    if not problem.is_final:
                        raise
            await self._journal.commit([DropMail(mail_of(pico), [one.id])])
        return not waiting


def _recipients(outside: Mapping[str, Any]) -> Iterator[str]:
    listed = outside.get("recipients")
    for one in listed if isinstance(listed, list) else ():
        header = one.get("header") if isinstance(one, Mapping) else None
        kid = header.get("kid") if isinstance(header, Mapping) else None
        if isinstance(kid, str):
            yield did_of(kid)
