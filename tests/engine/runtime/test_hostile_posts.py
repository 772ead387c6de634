"""What strangers post to `/didcomm`: it is refused in a few words, and nothing comes of it."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.didcomm import pack_plain
from engine.core.didcomm.media_types import ENCRYPTED, PLAIN, SIGNED
from engine.core.didcomm.messages import Message
from engine.core.dids import Did
from engine.core.protocols import picomesh, routing, trust_ping
from engine.core.protocols.payloads import as_json
from engine.core.protocols.report_problem import REPORT
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import BODY_LIMIT, Member, Mesh, Stranger, post

HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}


class Scene:
    """Ann's engine with a channel for friends; Zoe, who means no good; and an honest envelope of hers."""

    ann: Member
    zoe: Stranger
    did: Did
    envelope: bytes

    @classmethod
    async def open(cls, folder: Path) -> Scene:
        scene = cls()
        mesh = Mesh()
        scene.ann, scene.zoe = await mesh.add("ann", folder), Stranger("zoe", mesh)
        _, scene.did = await scene.ann.open()
        scene.envelope = await scene.close(scene.message())
        return scene

    def message(self, kind: str = picomesh.EVENT, body: Any = HELLO, **rest: Any) -> Message:
        return self.zoe.message(self.did, kind, body, headers={}, **rest)

    async def close(self, message: Message, to: str | None = None) -> bytes:
        return await self.zoe.envelopes.close(message, Did(to or self.did))

    def changed(self, change: Callable[[dict[str, Any]], None]) -> bytes:
        document = json.loads(self.envelope)
        change(document)
        return json.dumps(document).encode()

    def with_header(self, **headers: Any) -> bytes:
        def change(document: dict[str, Any]) -> None:
            raw = document["protected"]
            protected = json.loads(base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)))
            text = json.dumps({**protected, **headers}).encode()
            document["protected"] = base64.urlsafe_b64encode(text).decode().rstrip("=")

        return self.changed(change)

    async def forward(self, inner: bytes, following: str) -> bytes:
        engine = self.ann.mail.engine_did()
        return await self.close(routing.forward("f", inner, following, engine), engine)


async def forward_to_others(scene: Scene) -> bytes:
    return await scene.forward(scene.envelope, scene.zoe.did)


async def forward_of_anothers(scene: Scene) -> bytes:
    """The envelope inside is for somebody else than it says."""
    _, other = await scene.ann.open()
    return await scene.forward(scene.envelope, other)


async def forward_without_end(scene: Scene) -> bytes:
    engine, envelope = scene.ann.mail.engine_did(), scene.envelope
    envelope = await scene.forward(envelope, scene.did)
    for _ in range(6):
        envelope = await scene.forward(envelope, engine)
    return envelope


async def forward_of_nothing(scene: Scene) -> bytes:
    engine = scene.ann.mail.engine_did()
    message = replace(routing.forward("f", scene.envelope, scene.did, engine), attachments=())
    return await scene.close(message, engine)


async def forward_to_a_channel(scene: Scene) -> bytes:
    """Which is no mediator; the message is for its rules, and nobody says whom it is from."""
    message = Message(
        "f", routing.FORWARD, {"next": scene.did}, to=(scene.did,), attachments=(as_json(scene.envelope),)
    )
    return await scene.close(message)


def event(**body: Any) -> Callable[[Scene], Awaitable[bytes]]:
    async def make(scene: Scene) -> bytes:
        return await scene.close(scene.message(body=body))

    return make


def at(kind: str, body: Any) -> Callable[[Scene], Awaitable[bytes]]:
    async def make(scene: Scene) -> bytes:
        return await scene.close(scene.message(kind, body))

    return make


def text(envelope: bytes) -> Callable[[Scene], Awaitable[bytes]]:
    async def make(scene: Scene) -> bytes:
        return envelope

    return make


def made(make_one: Callable[[Scene], bytes]) -> Callable[[Scene], Awaitable[bytes]]:
    async def make(scene: Scene) -> bytes:
        return make_one(scene)

    return make


async def for_the_engine(scene: Scene) -> bytes:
    engine = scene.ann.mail.engine_did()
    return await scene.close(scene.zoe.message(engine, picomesh.EVENT, HELLO, headers={}), engine)


async def expired(scene: Scene) -> bytes:
    return await scene.close(scene.message(expires_time=scene.ann.mesh.clock.now_ms() // 1000 - 1))


async def anonymous(scene: Scene) -> bytes:
    return await scene.close(scene.message(from_=None))


async def anonymous_query(scene: Scene) -> bytes:
    return await scene.close(scene.message(picomesh.QUERY, {"rid": "friend", "function": "seen"}, from_=None))


async def for_another_engine(scene: Scene) -> bytes:
    yan = Stranger("yan", scene.ann.mesh)
    return await scene.close(scene.zoe.message(yan.did, picomesh.EVENT, HELLO), yan.did)


HOSTILE: dict[str, tuple[Callable[[Scene], Awaitable[bytes]], set[int]]] = {
    "nothing": (text(b""), {400}),
    "no JSON": (text(b"hello"), {400}),
    "no UTF-8": (text(b"\xff\xfe"), {400}),
    "a list": (text(b"[]"), {400}),
    "an empty object": (text(b"{}"), {400}),
    "deep": (text(b"[" * 10_000), {400, 413}),
    "long": (text(b" " * (BODY_LIMIT + 1)), {413}),
    "a message in the open": (made(lambda scene: pack_plain(scene.message())), {400}),
    "a bit of the tag": (made(lambda s: s.changed(lambda d: d.update(tag="A" * len(d["tag"])))), {400}),
    "another ciphertext": (made(lambda s: s.changed(lambda d: d.update(ciphertext="AAAA"))), {400}),
    "no recipients": (made(lambda s: s.changed(lambda d: d.update(recipients=[]))), {400}),
    "a thousand recipients": (
        made(lambda s: s.changed(lambda d: d.update(recipients=d["recipients"] * 1000))),
        {400, 413},
    ),
    "another sender": (made(lambda s: s.with_header(skid="did:key:z6Mk#z6LS")), {400}),
    "a sender on the web": (made(lambda s: s.with_header(skid="did:web:localhost#k")), {400}),
    "an algorithm of none": (made(lambda s: s.with_header(alg="none")), {400}),
    "a critical header": (made(lambda s: s.with_header(crit=["x"], x=1)), {400}),
    "an expired message": (expired, {400}),
    "from nobody": (anonymous, {403}),
    "a query of nobody": (anonymous_query, {400, 403}),
    "for somebody who is not here": (for_another_engine, {404}),
    "an event for the engine": (for_the_engine, {404}),
    "an event without a name": (event(domain="far"), {400}),
    "an event with an empty name": (event(domain="far", type=""), {400}),
    "an event of numbers": (event(domain=1, type=2), {400}),
    "attributes in a list": (event(domain="far", type="hello", attributes=[1]), {400}),
    "an event of the engine's own": (
        event(domain="$engine", type="install", attributes={"url": "file:///x"}),
        {403},
    ),
    "a query without a function": (at(picomesh.QUERY, {"rid": "friend"}), {400}),
    "an unknown message of a known protocol": (at(f"{picomesh.PIURI}/destroy", {}), {400}),
    "an unknown message of another": (at("https://didcomm.org/trust-ping/2.0/pong", {}), {400}),
    "a ping that is none": (at(trust_ping.PING, {"response_requested": "yes"}), {400}),
    "a report without a code": (at(REPORT, {"comment": "x"}), {400}),
    "a text that is none": (at("https://didcomm.org/basicmessage/2.0/message", {"content": 5}), {400}),
    "a forward to somebody else": (forward_to_others, {404}),
    "a forward that is for another": (forward_of_anothers, {404}),
    "forwards inside each other": (forward_without_end, {404}),
    "a forward of nothing": (forward_of_nothing, {400}),
    "a forward to a channel": (forward_to_a_channel, {403}),
}


@pytest.mark.parametrize("kind", HOSTILE)
@in_loop
async def test_it_is_refused_and_nothing_changes(kind: str, tmp_path: Path) -> None:
    """The status says little, and the body no more."""
    scene = await Scene.open(tmp_path)
    make, statuses = HOSTILE[kind]
    envelope = await make(scene)
    before = scene.ann.records()
    response = await post(scene.ann, envelope)
    assert response.status_code in statuses, response.text
    assert scene.ann.records() == before
    assert len(response.content) < 400
    assert scene.did not in response.text


@pytest.mark.parametrize(
    ("method", "media_type", "status"),
    [
        ("GET", ENCRYPTED, 405),
        ("POST", "", 415),
        ("POST", "application/json", 415),
        ("POST", PLAIN, 400),
        ("POST", SIGNED, 400),
    ],
)
@in_loop
async def test_what_is_no_message_is_told_what_one_is(
    method: str, media_type: str, status: int, tmp_path: Path
) -> None:
    """By method and media type, before anything is read."""
    scene = await Scene.open(tmp_path)
    response = await post(scene.ann, b"{}", media_type, method)
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"


@in_loop
async def test_a_replayed_envelope_runs_nothing(tmp_path: Path) -> None:
    """The same bytes again, by whoever caught them, also after a restart."""
    scene = await Scene.open(tmp_path)
    assert (await post(scene.ann, scene.envelope)).status_code == 202
    await scene.ann.host.wait_quiet()
    before = scene.ann.records()
    assert (await post(scene.ann, scene.envelope)).status_code == 202
    await scene.ann.crash_and_start()
    assert (await post(scene.ann, scene.envelope)).status_code == 202
    await scene.ann.host.wait_quiet()
    assert scene.ann.records() == before
    assert await scene.ann.ask("seen") == [1.0]


@in_loop
async def test_one_id_of_two_senders_is_two_messages(tmp_path: Path) -> None:
    """Nobody can keep another's message from being heard by sending one of that name before."""
    scene = await Scene.open(tmp_path)
    yan = Stranger("yan", scene.ann.mesh)
    for sender in (scene.zoe, yan):
        response = await sender.write(scene.ann, scene.did, picomesh.EVENT, HELLO, id="mine", headers={})
        assert response.status_code == 202
    await scene.ann.host.wait_quiet()
    assert await scene.ann.ask("senders") == [scene.zoe.did, yan.did]


@in_loop
async def test_the_resolver_is_asked_for_few_documents(tmp_path: Path) -> None:
    """A sender on the web is looked up only if the envelope is for us, and once."""
    scene = await Scene.open(tmp_path)
    await post(scene.ann, scene.with_header(skid="did:web:far.example#k"))
    assert len(scene.ann.mesh.wire.requests) <= 1
