"""Messages of any kind that picos write to DIDs, and the DIDs that their channels are given for it.

An answer that comes back over the connection is received like any other message. One for a DID of this engine
never leaves it, though it is sealed and opened as if it did: what is checked elsewhere is checked here.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.core.correspondence import ENVELOPE, KEEP_DID, LETTER, extras
from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.dids import Did, did_of, show_did
from engine.core.model import EMPTY, Eci, PicoId
from engine.core.protocols import picomesh
from engine.core.protocols.report_problem import is_report_of
from engine.ports import CannotSend, Envelopes
from engine.runtime.away import away
from engine.runtime.correspondence import Newest
from engine.runtime.equipment import AnswerKind
from engine.runtime.identities import Identities, NoSuchName
from engine.runtime.lanes import Lanes
from engine.runtime.letters import Letters
from engine.runtime.receipts import Verdict
from engine.runtime.reception import Reception
from pico_lang.values import from_json, to_json

logger = logging.getLogger(__name__)

Fetch = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""The document of a DID, if it can be had."""
Content = Mapping[str, Any]
Answer = Mapping[str, Any]

MAY_PASS: frozenset[Verdict] = frozenset(("busy", "unknown"))
"""A channel may be there again once its pico is restored."""
BUSY = picomesh.REFUSALS["busy"]
A_MOMENT_S = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
"""Waits for a channel to have the DID of its last rotation, when that is to be rotated again at once."""


class Writing:
    def __init__(
        self,
        identities: Identities,
        envelopes: Envelopes,
        letters: Letters,
        reception: Reception,
        lanes: Lanes,
        now_ms: Callable[[], int],
        keep_ms: int,
        fetch: Fetch,
        newest: Newest,
    ) -> None:
        self._identities = identities
        self._envelopes = envelopes
        self._letters = letters
        self._reception = reception
        self._lanes = lanes
        self._now_ms = now_ms
        self._keep_ms = keep_ms
        self._fetch = fetch
        self._newest = newest
        self.kinds: Mapping[str, AnswerKind] = {
            LETTER: self._answer_letter,
            KEEP_DID: self._answer_keep,
            ENVELOPE: self._answer_envelope,
            "next_did": self._answer_next,
            "did_document": self._answer_document,
        }

    # --- names -------------------------------------------------------------------------------------

    async def _answer_next(self, pico: PicoId, content: Content) -> Answer:
        for wait_s in A_MOMENT_S:
            try:
                return self._next_name(content)
            except NoSuchName:
                await asyncio.sleep(wait_s)  # it has the DID of its last rotation a moment after that turn
        try:
            return self._next_name(content)
        except NoSuchName as problem:
            return _error(f"{problem}, or not yet: what was rotated can be rotated again in a moment")

    def _next_name(self, content: Content) -> Answer:
        eci, issued_s, names = content["eci"], content["iat"], self._identities
        new, from_prior = names.next_name(eci, Did(content["prior"]), issued_s)
        others = {one: names.from_prior(eci, one, new, issued_s) for one in content.get("others", ())}
        return {"did": new, "from_prior": from_prior, **({"others": others} if others else {})}

    async def _answer_keep(self, pico: PicoId, content: Content) -> Answer:
        try:
            await self._identities.keep(content["eci"], Did(content["did"]))
        except NoSuchName as problem:
            return _error(str(problem))
        return {}

    async def _answer_document(self, pico: PicoId, content: Content) -> Answer:
        async with self._lanes.of(pico):
            document = await self._fetch(content["did"])
        return {"document": None if document is None else from_json(dict(document))}

    # --- messages ----------------------------------------------------------------------------------

    async def _answer_letter(self, pico: PicoId, content: Content) -> Answer:
        to = self._newest(pico, Eci(content["from"]), content["did"])
        try:
            me = await self._identities.writing_as(Eci(content["from"]), content.get("me"))
            message = self._message(content, me, to)
            async with self._lanes.of(pico):
                reply = await self._bring(message, to)
        except NoSuchName as problem:
            return _error(str(problem))
        except CannotSend as problem:
            return self._unless_late(content, str(problem), problem.is_final, away(problem))
        if reply is None:
            return {}
        if await self._is_busy(reply, message):
            return self._unless_late(content, "too much is waiting there", is_final=False)
        receipt = await self._reception.receive(reply)
        if receipt.verdict != "taken":
            logger.info("what %s answered was not taken: %s", show_did(to), receipt.verdict)
        return {}

    async def _answer_envelope(self, pico: PicoId, content: Content) -> Answer:
        """What becomes of it is for the log to say: it may be from anybody."""
        receipt = await self._reception.receive(json.dumps(to_json(content["envelope"])).encode())
        logger.info("an envelope that a ruleset of pico %s took in: %s", pico, receipt.verdict)
        return {}

    def _message(self, content: Content, me: Did, to: Did) -> Message:
        expires_s = content.get("expires")
        if expires_s is not None and self._now_ms() // 1000 >= expires_s:
            raise CannotSend("the message expired before anybody took it")
        return Message(
            content["id"],
            content["type"],
            to_json(content["body"]),
            from_=me,
            to=(did_of(to),),
            thid=content.get("thid"),
            pthid=content.get("pthid"),
            created_time=content["since"] // 1000,
            expires_time=expires_s,
            from_prior=content.get("from_prior"),
            **extras(content),
        )

    async def _bring(self, message: Message, to: Did) -> bytes | None:
        """The envelope that came back, if one did."""
        if self._identities.find(did_of(to)) is None:
            return (await self._letters.send(message, to)).reply
        receipt = await self._reception.receive(await self._envelopes.close(message, to))
        if receipt.reply is None and receipt.verdict != "taken":
            raise CannotSend(f"it was refused: {receipt.verdict}", receipt.verdict not in MAY_PASS)
        return receipt.reply

    async def _is_busy(self, envelope: bytes, asked: Message) -> bool:
        try:
            answer = (await self._envelopes.open(envelope, self._now_ms() // 1000)).message
        except Refused:
            return False
        return is_report_of(answer, asked) and answer.body.get("code") == BUSY

    def _unless_late(
        self, content: Content, reason: str, is_final: bool, away: Mapping[str, str] = EMPTY
    ) -> Answer:
        """What may be tried again is, until it was kept for long enough."""
        if is_final:
            return _error(reason)
        if self._now_ms() < content["since"] + self._keep_ms:
            return {**_error(reason), "again": True, **away}
        return _error(f"{show_did(content['did'])} took no message in all that time; the last: {reason}")


def _error(reason: str) -> dict[str, Any]:
    return {"error": reason, "code": "R608"}
