"""What picos write to DIDs, and ask of them: over DIDComm, or at once if the channel is of this engine.

The sender is the DID of a channel of the pico in either case, so whoever gets it cannot tell, and policies
hold alike. An event is tried again for as long as the engine is told to keep it: see `runtime.errands`. If
its recipient has told the pico of another DID by then, it goes there.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.rotation import read_own
from engine.core.dids import Did, did_of, same_did, show_did
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, PicoId
from engine.core.protocols import picomesh
from engine.core.protocols.report_problem import interpolate, is_report_of
from engine.core.protocols.table import is_answer_to
from engine.ports import CannotSend, Entropy, Envelopes
from engine.runtime.away import away
from engine.runtime.callers import Caller
from engine.runtime.equipment import AnswerKind
from engine.runtime.gate import Gate, event_id
from engine.runtime.identities import CLOSED, Identities, Owner
from engine.runtime.lanes import Lanes
from engine.runtime.letters import Letters
from engine.runtime.neighbours import LONGEST_CHAIN
from pico_lang.values import from_json, to_json

logger = logging.getLogger(__name__)

Content = Mapping[str, Any]
Answer = Mapping[str, Any]

Newest = Callable[[PicoId, Eci, str], Did]
"""By which DID somebody goes today whom a pico knows by that one on a channel."""

BUSY = picomesh.REFUSALS["busy"]


class Correspondence:
    def __init__(
        self,
        gate: Gate,
        identities: Identities,
        envelopes: Envelopes,
        letters: Letters,
        lanes: Lanes,
        now_ms: Callable[[], int],
        entropy: Entropy,
        keep_ms: int,
        find_pico: Callable[[Eci], PicoId | None],
        newest: Newest,
    ) -> None:
        self._gate = gate
        self._identities = identities
        self._envelopes = envelopes
        self._letters = letters
        self._lanes = lanes
        self._now_ms = now_ms
        self._entropy = entropy
        self._keep_ms = keep_ms
        self._find_pico = find_pico
        self._newest = newest
        self.kinds: Mapping[str, AnswerKind] = {
            "message": self._answer_message,
            "did_query": self._answer_query,
            "did": self._answer_did,
        }

    async def _answer_did(self, pico: PicoId, content: Content) -> Answer:
        identities, page = self._identities, self._identities.page
        is_life = content.get("life", False)
        did = await (identities.name_for_life(pico) if is_life else identities.name(content["eci"]))
        return {"did": did} if page is None else {"did": did, "page": page}

    # --- events ------------------------------------------------------------------------------------

    async def _answer_message(self, pico: PicoId, content: Content) -> Answer:
        eci = Eci(content["from"])
        sender = await self._identities.writing_as(eci, content.get("me"))
        to = self._newest(pico, eci, content["did"])
        content = {**content, "did": to}
        own = self._identities.find(did_of(to))
        if own is not None:
            return self._unless_late(content, await self._deliver(own, sender, content))
        body = {"domain": content["domain"], "type": content["name"], "attributes": to_json(content["attrs"])}
        async with self._lanes.of(pico):
            answer = await self._exchange(
                sender, to, picomesh.EVENT, body, content["key"], content.get("from_prior")
            )
        return self._unless_late(content, answer if isinstance(answer, dict) else {})

    async def _deliver(self, own: Owner, sender: Did, content: Content) -> Answer:
        """To a channel of this engine."""
        if own.eci is None:
            return _error("the DID is that of an engine, which has no rules")
        if own.is_closed:
            return _error(CLOSED)
        event = own.eci, content["domain"], content["name"], content["attrs"]
        caller = Caller(sender, proven=self._proven(own.eci, content))
        kept = await self._gate.accept_event(*event, event_id(sender, content["key"]), caller)
        if not isinstance(kept, Refusal):
            return {}
        return _error(kept.reason, again=kept.kind in ("quota", "draining"))

    def _proven(self, eci: Eci, content: Content) -> Mapping[str, Any] | None:
        """What an envelope would have, had there been one."""
        told: dict[str, Any] = {}
        to = Did(did_of(content.get("did", content.get("eci"))))
        if not self._identities.is_first(eci, to):
            told["to"] = to
        if content.get("from_prior") is not None:
            told["rotation"] = read_own(content["from_prior"])
        return told or None

    def _unless_late(self, content: Content, answer: Answer) -> Answer:
        """What may be tried again is, until it was kept for long enough."""
        if not answer.get("again") or self._now_ms() < content["since"] + self._keep_ms:
            return answer
        return _error(
            f"{show_did(content['did'])} took no message in all that time; the last: {answer['error']}"
        )

    # --- queries -----------------------------------------------------------------------------------

    async def _answer_query(self, pico: PicoId, content: Content) -> Answer:
        asking = Eci(content.get("from", content["via"][-1]))
        sender = await self._identities.writing_as(asking, content.get("me"))
        to = self._newest(pico, asking, content["eci"])
        content = {**content, "eci": to}
        own = self._identities.find(did_of(to))
        if own is not None:
            return await self._ask_here(own, sender, content)
        body = {"rid": content["rid"], "function": content["name"], "args": to_json(content["args"])}
        async with self._lanes.of(pico):
            answer = await self._exchange(
                sender, to, picomesh.QUERY, body, self._entropy.seed(), content.get("from_prior")
            )
        if not isinstance(answer, Message):
            problem = answer or _error("no answer came back")
            return {"error": problem["error"], "code": problem["code"]}
        return {"value": from_json(answer.body["value"])}

    async def _ask_here(self, own: Owner, sender: Did, content: Content) -> Answer:
        if own.eci is None:
            return _error("the DID is that of an engine, which shares nothing")
        if own.is_closed:
            return _error(CLOSED)
        via = tuple(map(PicoId, content["via"]))
        if self._find_pico(own.eci) in via or len(via) >= LONGEST_CHAIN:
            return _error("the DID leads back to a pico that waits for the answer, or too many wait already")
        caller = Caller(sender, waiting=via, proven=self._proven(own.eci, content))
        reply = await self._gate.run_query(own.eci, content["rid"], content["name"], content["args"], caller)
        match reply:
            case Refusal():
                return _error(reply.reason)
            case Fault(code, text):
                asked = f"{content['rid']}/{content['name']}"
                return {"error": f"{asked}: {text}", "code": code if code == "R610" else "R608"}
        return {"value": reply.value}

    # --- over the wire -----------------------------------------------------------------------------

    async def _exchange(
        self,
        sender: Did,
        to: Did,
        type: str,
        body: Mapping[str, Any],
        id: str,
        from_prior: str | None = None,
    ) -> Message | dict[str, Any]:
        """The answer that came back over the connection; empty if it was taken and none did, or `error`."""
        headers = {"return_route": "all"}
        now_s = self._now_ms() // 1000
        message = Message(
            id,
            type,
            body,
            sender,
            (did_of(to),),
            created_time=now_s,
            from_prior=from_prior,
            headers=headers,
        )
        try:
            posted = await self._letters.send(message, to)
        except CannotSend as problem:
            return {**_error(str(problem), again=not problem.is_final), **away(problem)}
        if posted.reply is None:
            return {}
        return await self._read(posted.reply, to, message)

    async def _read(self, envelope: bytes, expected: Did, asked: Message) -> Message | dict[str, Any]:
        try:
            letter = await self._envelopes.open(envelope, self._now_ms() // 1000)
        except Refused as refused:
            return _error(f"what came back cannot be read: {refused.reason}", again=True)
        answer = letter.message
        if letter.sender is None or not same_did(letter.sender, did_of(expected)):
            return _error("what came back is from somebody else", again=True)
        if is_report_of(answer, asked):
            return _tell_problem(answer)
        if is_answer_to(answer, asked):
            return answer
        return _error("what came back answers something else", again=True)


def _tell_problem(report: Message) -> dict[str, Any]:
    code = str(report.body.get("code"))
    args = report.body.get("args")
    said = interpolate(str(report.body.get("comment", "")), args if isinstance(args, list) else [])
    return _error(f"it was refused: {said} [{code}]", again=code == BUSY)


def _error(reason: str, again: bool = False) -> dict[str, Any]:
    return {"error": reason, "code": "R608", **({"again": True} if again else {})}
