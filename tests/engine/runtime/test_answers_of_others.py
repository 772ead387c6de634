"""What comes back over a connection: an answer if it answers that question, however it is written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.dids.own import make_own_did
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.dids import Did
from engine.core.messages import Fault
from engine.core.protocols import picomesh
from engine.core.protocols.report_problem import REPORT
from engine.ports import Letter, WebRequest, WebResponse
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh, Stranger, Wire
from tests.engine.runtime.test_relations import WORD, ask, connect, heard, pals

PLACE = "http://zoe.example/didcomm"


class Reached(Stranger):
    """Somebody who answers over the connection, with whatever they like."""

    def __init__(self, name: str, mesh: Mesh) -> None:
        super().__init__(name, mesh)
        self.did = make_own_did(self._keys.derive("key-1"), self._keys.derive("key-2"), PLACE)

    async def open(self, request: WebRequest) -> Letter:
        assert isinstance(request.body, str)
        return await self.envelopes.open(request.body.encode(), self._now_s())


@dataclass
class WireToZoe(Wire):
    zoe: Reached | None = None
    kind: str = ""
    body: Any = None
    thread: str = "{}"

    async def send(self, request: WebRequest) -> WebResponse:
        assert self.zoe is not None
        if request.url != PLACE:
            return await super().send(request)
        asked = await self.zoe.open(request)
        assert asked.sender is not None
        thid = self.thread.format(asked.message.id)
        named = {"pthid": thid} if self.kind == REPORT else {"thid": thid}
        answer = self.zoe.message(asked.sender, self.kind, self.body, headers={}, **named)
        envelope = await self.zoe.envelopes.close(answer, Did(asked.sender))
        return WebResponse(200, "OK", {"content-type": ENCRYPTED}, envelope.decode())


VALUE = {"value": 5}
OTHER = picomesh.ANSWER.replace("1.0", "1.7")


@pytest.mark.parametrize(
    ("kind", "body", "thread", "said"),
    [
        (picomesh.ANSWER, VALUE, "{}", None),
        (OTHER, VALUE, "{}", None),
        (picomesh.ANSWER, VALUE, "{}x", "answers something else"),
        (picomesh.ANSWER, {}, "{}", "answers something else"),
        (picomesh.ACCEPTED, {"eid": "e"}, "{}", "answers something else"),
        (picomesh.OUTCOME, {"eid": "e", "directives": []}, "{}", "answers something else"),
        (REPORT, {"code": "e.p.msg", "comment": "Bad message."}, "{}", "Bad message."),
        (REPORT, {"code": "e.p.msg", "comment": "Bad message."}, "x", "answers something else"),
    ],
)
@in_loop
async def test_a_query_is_answered_by_an_answer_to_a_query(
    kind: str, body: Any, thread: str, said: str | None, tmp_path: Path
) -> None:
    """Of a type that answers queries, with a value, in its thread; a report says why there is none."""
    wire = WireToZoe(kind=kind, body=body, thread=thread)
    mesh = Mesh(wire=wire)
    ann = await mesh.add("ann", tmp_path)
    wire.zoe = Reached("zoe", mesh)
    reply = await ann.host.run_query(ann.host.root_eci(), "friend", "ask", {"did": wire.zoe.did})
    if said is None:
        assert isinstance(reply, QueryReply)
        assert reply.value == VALUE["value"]
    else:
        assert isinstance(reply, Fault)
        assert said in reply.message


@in_loop
async def test_a_message_in_a_thread_of_others_waits_for_who_is_busy(tmp_path: Path) -> None:
    """The report names that thread and not the message; it is sent again all the same, and arrives."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ann, "known")
    await ben.host.drain()
    await ann.send("pal:send", did=known["them"], type=WORD, body={}, options={"thid": "of-others"})
    with pytest.raises(AssertionError):
        await mesh.settle(ann, tries=3)
    await ben.crash_and_start()
    await mesh.settle(ann, ben)
    (word,) = await heard(ben, "talk_word")
    assert word["thid"] == "of-others"
