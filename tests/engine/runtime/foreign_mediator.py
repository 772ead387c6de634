"""A mediator that is none of ours: it keeps mail for one client, and changes its DID when a test says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.dids.own import make_own_did
from engine.adapters.keys import SeedKeys
from engine.core.didcomm.attachments import Attachment
from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.didcomm.rotation import Rotation
from engine.core.dids import Did, did_of, fragment_of
from engine.core.protocols import messagepickup as pickup
from engine.core.protocols import routing
from engine.core.protocols.mediation import V3
from engine.core.protocols.payloads import as_base64, payloads
from engine.ports import Letter, WebRequest, WebResponse
from engine.runtime.identities import CURVES
from engine.wiring_of_mail import sign_rotation
from tests.engine.runtime.mesh import Mesh, Stranger, Wire

HOST = "mediator.example"


class ForeignMediator(Stranger):
    def __init__(self, mesh: Mesh, name: str = "first") -> None:
        super().__init__(name, mesh)
        self.mesh = mesh
        self._all: dict[Did, SeedKeys] = {}
        self.did = self._become(name)
        self.news: str | None = None
        """What it says of its former DID, in every answer."""
        self.client: str | None = None
        self.recipients: list[str] = []
        self.waiting: dict[str, bytes] = {}
        self.asked: list[str] = []

    def _become(self, name: str) -> Did:
        self._keys = SeedKeys(name.encode().ljust(32, b"-"))
        did = make_own_did(self._keys.derive("key-1"), self._keys.derive("key-2"), f"http://{HOST}/didcomm")
        self._all[did] = self._keys
        return did

    def rotate(self, name: str, issued_s: int) -> None:
        """From now on it is somebody else; what is for its former DID it reads all the same."""
        prior, keys = self.did, self._keys
        self.did = self._become(name)
        rotation = Rotation(prior, self.did, issued_s, f"{prior}#key-1")
        self.news = sign_rotation(rotation, keys.derive("key-1"))

    def secret(self, kid: str) -> tuple[str, bytes] | None:
        keys, fragment = self._all.get(Did(did_of(kid))), fragment_of(kid)
        return None if keys is None else (CURVES[fragment], keys.derive(fragment))

    async def take(self, request: WebRequest) -> WebResponse:
        letter = await self.envelopes.open((request.body or "").encode(), self._now_s())
        if letter.message.type == routing.FORWARD:
            assert letter.message.body["next"] in self.recipients, "it takes in what it was asked to"
            self.waiting |= {f"m{len(self.waiting)}": one for one in payloads(letter.message)}
            return WebResponse(202, "Accepted", {}, "")
        reply = await self._answer(letter)
        return WebResponse(200, "OK", {"content-type": ENCRYPTED}, reply.decode())

    async def _answer(self, letter: Letter) -> bytes:
        assert letter.sender is not None
        self.asked.append(f"{letter.recipient}")
        self.client = self.client or letter.sender
        assert letter.sender == self.client, "it knows nobody else"
        type, body, attached = self._heed(letter.message)
        message = Message(
            f"answer to {letter.message.id}".replace(" ", "-"),
            type,
            body,
            self.did,
            (letter.sender,),
            thid=letter.message.id,
            created_time=self._now_s(),
            from_prior=self.news,
            attachments=attached,
        )
        return await self.envelopes.close(message, letter.sender)

    def _heed(self, message: Message) -> tuple[str, Mapping[str, Any], tuple[Attachment, ...]]:
        if message.type == V3.type("mediate-request"):
            return V3.type("mediate-grant"), {"routing_did": [self.did]}, ()
        if message.type == V3.type(V3.update):
            named = [one["recipient_did"] for one in message.body["updates"]]
            self.recipients = list(dict.fromkeys([*self.recipients, *named]))
            updated = [{**one, "result": "success"} for one in message.body["updates"]]
            return V3.type(V3.updated), {"updated": updated}, ()
        if message.type == pickup.DELIVERY_REQUEST and self.waiting:
            attached = tuple(as_base64(one, id) for id, one in self.waiting.items())
            return pickup.DELIVERY, {}, attached
        for id in message.body.get("message_id_list", ()):
            self.waiting.pop(id, None)
        return pickup.STATUS, {"message_count": len(self.waiting)}, ()


class WireWithMediator(Wire):
    """A wire at which one is there too."""

    mediator: ForeignMediator

    async def send(self, request: WebRequest) -> WebResponse:
        if HOST not in request.url:
            return await super().send(request)
        self.requests.append(request)
        return await self.mediator.take(request)
