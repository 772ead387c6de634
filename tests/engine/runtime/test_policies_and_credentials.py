"""Policies of channels that ask for a credential: who shows a good one is let in, and nothing else helps."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.credentials import (
    Credential,
    Didkit,
    Place,
    Signer,
    issue,
    present,
    read_unproven,
    to_list,
)
from engine.adapters.credentials.own_proofs import write_token
from engine.adapters.credentials.tokens import to_claims
from engine.core.didcomm.attachments import Attachment, AttachmentData, Embedded
from engine.core.didcomm.base64url import encode
from engine.core.dids import Did
from engine.core.messages import Refusal
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.report_problem import REPORT
from engine.ports import Letter, WebFailed, WebRequest, WebResponse
from engine.runtime.callers import Caller
from tests.engine.adapters.credentials.conftest import didkit as didkit
from tests.engine.adapters.credentials.people import FAR_OFF_S, ISSUER, LONG_AGO_S, STRANGER, document
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

START_S = 1_767_225_600
"""When these tests play; didkit holds what is a JWT against the clock of the machine as well."""
HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
SUPPLIER = {"type": "Supplier", "issuer": ISSUER.did, "claims": {"open": True}}
LIST = "urn:uuid:6b1ba5c8-1b5c-4d3f-9a53-0d4e1a8d7a11"
WEB_LIST = "https://guild.example/list"


def asks(**changes: Any) -> dict[str, Any]:
    entry = {"domain": "far", "name": "*", "credential": {**SUPPLIER, **changes}}
    return {"allow": [entry], "deny": []}


def signer_of(who: Stranger) -> Signer:
    secret = who.secret(f"{who.did}#key-1")
    assert secret is not None
    return Signer(who.did, f"{who.did}#key-1", secret[1])


@dataclass
class Guild:
    """Whoever vouches for suppliers."""

    didkit: Didkit
    signer: Signer = ISSUER

    def vouch(self, subject: str, **changes: Any) -> str:
        said: dict[str, Any] = {
            "id": "urn:uuid:0c7b6a4e-5a52-4d0a-9f0e-1a2b3c4d5e6f",
            "issuer": self.signer.did,
            "subject": subject,
            "types": ("Supplier",),
            "claims": {"open": True},
            "valid_from_s": LONG_AGO_S,
            "valid_until_s": FAR_OFF_S,
        }
        return issue(Credential(**said | changes), self.signer, "jwt", self.didkit)

    def list(self, *revoked: int, name: str = LIST) -> str:
        said = to_list(name, self.signer.did, revoked, LONG_AGO_S, FAR_OFF_S)
        return issue(said, self.signer, "jwt", self.didkit)


@dataclass
class Scene:
    ann: Member
    zoe: Stranger
    guild: Guild
    did: Did
    """Of a channel that takes events of suppliers alone."""

    def show(self, *texts: str, id: str = "m1", to: str | None = None, who: Stranger | None = None) -> str:
        """A presentation for one message."""
        return present(texts, signer_of(who or self.zoe), id, to or self.did, self.guild.didkit)

    async def write(self, *attached: Attachment, who: Stranger | None = None, **rest: Any) -> Letter:
        """An event, and what is answered."""
        given: dict[str, Any] = {"id": "m1", "expires_time": START_S + 60, **rest}
        to, type, body = (
            given.pop("to", self.did),
            given.pop("type", picomesh.EVENT),
            given.pop("body", HELLO),
        )
        sender = who or self.zoe
        response = await sender.write(self.ann, to, type, body, attachments=attached, **given)
        return await sender.read(response)

    async def refused(
        self, *attached: Attachment, who: Stranger | None = None, **rest: Any
    ) -> Mapping[str, Any]:
        """The report; and nothing came of it."""
        before = self.ann.records()
        answer = await self.write(*attached, who=who, **rest)
        assert (answer.message.type, self.ann.records()) == (REPORT, before), answer.message
        return answer.message.body


meshes: list[Mesh] = []


@pytest.fixture(autouse=True)
def end() -> Iterator[None]:
    """Of the processes in which didkit runs."""
    yield
    for mesh in meshes:
        for host in mesh.wire.hosts.values():
            if host.mail is not None:
                host.mail.stop()
    meshes.clear()


def shown(presentation: str, format: str = picomesh.PRESENTATION) -> Attachment:
    return Attachment(AttachmentData(base64=encode(presentation.encode())), format=format)


def stapled(status_list: str) -> Attachment:
    return Attachment(AttachmentData(json=Embedded(status_list)), format=picomesh.STATUS_LIST)


async def scene(folder: Path, didkit: Didkit, policy: Any = None) -> Scene:
    mesh = Mesh()
    meshes.append(mesh)
    mesh.clock.move_to(START_S * 1000)
    ann, zoe = await mesh.add("ann", folder), Stranger("zoe", mesh)
    _, did = await ann.open(events=policy or asks())
    return Scene(ann, zoe, Guild(didkit), did)


@in_loop
async def test_whoever_shows_a_credential_is_let_in(tmp_path: Path, didkit: Didkit) -> None:
    """Once shown it counts for what follows; others, and those who come by the ECI, stay outside."""
    now = await scene(tmp_path, didkit)
    good = now.guild.vouch(now.zoe.did)
    assert (await now.write(shown(now.show(good)))).message.type == picomesh.ACCEPTED
    assert (await now.write(id="m2")).message.type == picomesh.ACCEPTED
    yan = Stranger("yan", now.ann.mesh)
    assert (await now.refused(who=yan))["code"] == "e.p.trust.credential-needed"
    await now.ann.host.wait_quiet()
    assert await now.ann.ask("senders") == [now.zoe.did, now.zoe.did]


@in_loop
async def test_the_refusal_says_what_is_asked_for(tmp_path: Path, didkit: Didkit) -> None:
    """To somebody who has proven who he is; nobody else hears a word of it."""
    now = await scene(tmp_path, didkit)
    told = await now.refused()
    assert told["code"] == "e.p.trust.credential-needed"
    assert told["args"] == [f"Supplier by {ISSUER.did} with open true"]
    silent = await now.zoe.write(now.ann, now.did, picomesh.EVENT, HELLO, from_=None)
    assert (silent.status_code, b"Supplier" in silent.content) == (403, False)


@in_loop
async def test_a_query_and_a_ping_may_ask_for_one_too(tmp_path: Path, didkit: Didkit) -> None:
    """What the ping has shown counts for the query."""
    now = await scene(tmp_path, didkit)
    pings = {"allow": [{"domain": "didcomm", "name": "*", "credential": SUPPLIER}], "deny": []}
    wanted = {"allow": [{"rid": "friend", "name": "seen", "credential": SUPPLIER}], "deny": []}
    _, did = await now.ann.open(pings, wanted)
    query: dict[str, Any] = {"to": did, "type": picomesh.QUERY, "body": {"rid": "friend", "function": "seen"}}
    assert (await now.refused(**query))["code"] == "e.p.trust.credential-needed"
    presentation = now.show(now.guild.vouch(now.zoe.did), id="p1", to=did)
    pong = await now.write(shown(presentation), to=did, type=trust_ping.PING, body={}, id="p1")
    assert pong.message.type == trust_ping.RESPONSE
    assert (await now.write(**query)).message.body == {"value": []}


@in_loop
async def test_a_query_may_bring_its_own(tmp_path: Path, didkit: Didkit) -> None:
    now = await scene(tmp_path, didkit)
    wanted = {"allow": [{"rid": "friend", "name": "seen", "credential": SUPPLIER}], "deny": []}
    _, did = await now.ann.open(None, wanted)
    query: dict[str, Any] = {"to": did, "type": picomesh.QUERY, "body": {"rid": "friend", "function": "seen"}}
    good = shown(now.show(now.guild.vouch(now.zoe.did), to=did))
    assert (await now.write(good, **query)).message.body == {"value": []}


@in_loop
async def test_a_message_for_rules_may_ask_for_one(tmp_path: Path, didkit: Didkit) -> None:
    """Of a protocol that the engine does not know."""
    now = await scene(tmp_path, didkit)
    _, did = await now.ann.open(
        {"allow": [{"domain": "didcomm", "name": "*", "credential": SUPPLIER}], "deny": []}
    )
    letter: dict[str, Any] = {"to": did, "type": "https://guild.example/trade/1.0/offer", "body": {}}
    assert (await now.refused(**letter))["code"] == "e.p.trust.credential-needed"
    good = shown(now.show(now.guild.vouch(now.zoe.did), to=did))
    answer = await now.zoe.write(
        now.ann, did, letter["type"], {}, id="m1", expires_time=START_S + 60, attachments=(good,)
    )
    assert answer.status_code == 202
    await now.ann.host.wait_quiet()
    assert [one["name"] for one in await now.ann.ask("heard")] == ["message", "trade_offer"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until_s": START_S}, "expired"),
        ({"valid_from_s": START_S + 1}, "not-yet-valid"),
        ({"subject": STRANGER.did}, "wrong-subject"),
        ({"place": Place(LIST, 7)}, "status-unknown"),
        ({"place": Place(WEB_LIST, 7)}, "status-unknown"),
    ],
)
@in_loop
async def test_a_credential_that_is_not_good_changes_nothing(
    tmp_path: Path, didkit: Didkit, changes: dict[str, Any], code: str
) -> None:
    """The sender hears the reason in a word."""
    now = await scene(tmp_path, didkit)
    bad = now.guild.vouch(**{"subject": now.zoe.did, **changes})
    told = await now.refused(shown(now.show(bad)))
    assert (told["code"], told["args"]) == ("e.p.trust.credential-refused", [code])
    assert (await now.refused(id="m2"))["code"] == "e.p.trust.credential-needed"


@in_loop
async def test_another_issuer_does_not_do(tmp_path: Path, didkit: Didkit) -> None:
    """Nor somebody who says to be the issuer, nor another type or claim."""
    now = await scene(tmp_path, didkit)
    other = Guild(didkit, STRANGER)
    assert (await now.refused(shown(now.show(other.vouch(now.zoe.did)))))["args"] == ["wrong-issuer"]
    true = read_unproven(now.guild.vouch(now.zoe.did))
    assert isinstance(true, Credential)
    posing = write_token(to_claims(true), Signer(ISSUER.did, ISSUER.key_id, STRANGER.seed))
    assert (await now.refused(shown(now.show(posing))))["args"] == ["bad-proof"]
    unfit: list[dict[str, Any]] = [{"types": ("Guest",)}, {"claims": {"open": False}}, {"claims": {}}]
    for changes in unfit:
        told = await now.refused(shown(now.show(now.guild.vouch(now.zoe.did, **changes))))
        assert told["code"] == "e.p.trust.credential-needed"


@in_loop
async def test_a_presentation_is_good_in_one_message_alone(tmp_path: Path, didkit: Didkit) -> None:
    """Not in another one, at another channel, or sent by somebody else; a copy is answered and run once."""
    now = await scene(tmp_path, didkit)
    _, elsewhere = await now.ann.open(events=asks())
    yan = Stranger("yan", now.ann.mesh)
    one = shown(now.show(now.guild.vouch(now.zoe.did)))
    assert (await now.refused(one, id="m2"))["args"] == ["wrong-challenge"]
    assert (await now.refused(one, to=elsewhere))["args"] == ["wrong-domain"]
    assert (await now.refused(one, who=yan))["args"] == ["wrong-subject"]
    first, again = await now.write(one), await now.write(one)
    assert first.message == again.message
    assert (await now.refused(id="m3", to=elsewhere))["code"] == "e.p.trust.credential-needed"
    await now.ann.host.wait_quiet()
    assert await now.ann.ask("senders") == [now.zoe.did]


@in_loop
async def test_somebody_elses_credential_does_not_do(tmp_path: Path, didkit: Didkit) -> None:
    """Also in a presentation of one's own."""
    now = await scene(tmp_path, didkit)
    yan = Stranger("yan", now.ann.mesh)
    stolen = now.guild.vouch(now.zoe.did)
    assert (await now.refused(shown(now.show(stolen, who=yan)), who=yan))["args"] == ["wrong-subject"]


@pytest.mark.parametrize("expires_time", [None, START_S + 3601])
@in_loop
async def test_a_presentation_has_a_short_life(
    tmp_path: Path, didkit: Didkit, expires_time: int | None
) -> None:
    """That of its message, which has to say when it ends."""
    now = await scene(tmp_path, didkit)
    good = shown(now.show(now.guild.vouch(now.zoe.did)))
    assert (await now.refused(good, expires_time=expires_time))["args"] == ["stale"]


@in_loop
async def test_what_was_shown_is_forgotten(tmp_path: Path, didkit: Didkit) -> None:
    """When it ends, after an hour, and by a restart."""
    now = await scene(tmp_path, didkit)
    clock = now.ann.mesh.clock
    short = now.guild.vouch(now.zoe.did, valid_until_s=START_S + 10**9)
    assert (await now.write(shown(now.show(short)))).message.type == picomesh.ACCEPTED
    clock.move_to((START_S + 3599) * 1000)
    assert (await now.write(id="m2", expires_time=None)).message.type == picomesh.ACCEPTED
    await now.ann.host.wait_quiet()
    clock.move_to((START_S + 3600) * 1000)
    assert (await now.refused(id="m3", expires_time=None))["code"] == "e.p.trust.credential-needed"
    again = now.show(short, id="m4")
    assert (
        await now.write(shown(again), id="m4", expires_time=START_S + 3660)
    ).message.type == picomesh.ACCEPTED
    await now.ann.host.wait_quiet()
    now.ann.mail.stop()
    await now.ann.crash_and_start()
    assert (await now.refused(id="m5", expires_time=None))["code"] == "e.p.trust.credential-needed"


@in_loop
async def test_a_status_list_may_come_along(tmp_path: Path, didkit: Didkit) -> None:
    """It is the issuer's, so it says what the issuer says: that one is revoked, or is not."""
    now = await scene(tmp_path, didkit)
    good = now.guild.vouch(now.zoe.did, place=Place(LIST, 7))
    one = shown(now.show(good))
    assert (await now.refused(one, stapled(now.guild.list(7))))["args"] == ["revoked"]
    forged = Guild(didkit, STRANGER).list()
    assert (await now.refused(one, stapled(forged)))["args"] == ["status-unknown"]
    answer = await now.write(one, stapled("no list"), stapled(now.guild.list(8)))
    assert answer.message.type == picomesh.ACCEPTED


@in_loop
async def test_a_status_list_is_fetched(tmp_path: Path, didkit: Didkit) -> None:
    """From where its name says, which its issuer has signed. That counts, not what comes along."""
    now = await scene(tmp_path, didkit)
    web = Web({WEB_LIST: now.guild.list(7, name=WEB_LIST)})
    now.ann.mesh.wire.send = web.send  # type: ignore[method-assign]
    one = shown(now.show(now.guild.vouch(now.zoe.did, place=Place(WEB_LIST, 7))))
    old = stapled(now.guild.list(name=WEB_LIST))
    assert (await now.refused(one, old))["args"] == ["revoked"]
    web.pages[WEB_LIST] = now.guild.list(8, name=WEB_LIST)
    assert (await now.write(one)).message.type == picomesh.ACCEPTED
    assert web.urls == [WEB_LIST, WEB_LIST]


@in_loop
async def test_a_status_list_that_is_not_there_may_come_along(tmp_path: Path, didkit: Didkit) -> None:
    """What a server says instead of it is no list."""
    now = await scene(tmp_path, didkit)
    web = Web({WEB_LIST: "gone"}, status=404)
    now.ann.mesh.wire.send = web.send  # type: ignore[method-assign]
    one = shown(now.show(now.guild.vouch(now.zoe.did, place=Place(WEB_LIST, 7))))
    brought = stapled(now.guild.list(8, name=WEB_LIST))
    assert (await now.write(one, brought)).message.type == picomesh.ACCEPTED


@in_loop
async def test_the_document_of_an_issuer_is_fetched(tmp_path: Path, didkit: Didkit) -> None:
    """Of one whom the policy names; while it is not to be had, nothing is proven."""
    guild = Guild(didkit, Signer("did:web:guild.example", "did:web:guild.example#key-1", ISSUER.seed))
    now = await scene(tmp_path, didkit, asks(issuer=guild.signer.did))
    web = Web({})
    now.ann.mesh.wire.send = web.send  # type: ignore[method-assign]
    one = shown(now.show(guild.vouch(now.zoe.did)))
    assert (await now.refused(one))["args"] == ["unknown-issuer"]
    web.pages["https://guild.example/.well-known/did.json"] = json.dumps(document(guild.signer))
    now.ann.mesh.clock.move_to((START_S + 50) * 1000)
    assert (await now.write(one)).message.type == picomesh.ACCEPTED


@in_loop
async def test_a_stranger_has_nothing_fetched(tmp_path: Path, didkit: Didkit) -> None:
    """Neither an issuer nor a list that nobody whom the policy names has put there."""
    now = await scene(tmp_path, didkit)
    web = Web({})
    now.ann.mesh.wire.send = web.send  # type: ignore[method-assign]
    mine = Signer("did:web:stranger.example", "did:web:stranger.example#key-1", STRANGER.seed)
    for guild in (Guild(didkit, mine), Guild(didkit, STRANGER)):
        text = guild.vouch(now.zoe.did, place=Place(WEB_LIST, 7))
        assert (await now.refused(shown(now.show(text))))["args"] == ["wrong-issuer"]
    good = now.guild.vouch(now.zoe.did, place=Place(LIST, 7))
    told = await now.refused(shown(now.show(good)), stapled(Guild(didkit, mine).list()))
    assert told["args"] == ["status-unknown"]
    assert web.urls == []


@in_loop
async def test_whatever_is_attached_is_refused_if_it_is_no_presentation(
    tmp_path: Path, didkit: Didkit
) -> None:
    """And harms nobody."""
    now = await scene(tmp_path, didkit)
    good = now.guild.vouch(now.zoe.did)
    for text in ("", "a.b.c", "{}", good, now.show(good)[:-4], "e30.e30.e30", "x" * 300_000):
        told = await now.refused(shown(text))
        assert told["code"] == "e.p.trust.credential-refused", text[:20]
    twice = shown(now.show(good)), shown(now.show(good))
    assert (await now.refused(*twice))["args"] == ["malformed"]
    assert (await now.write(twice[0])).message.type == picomesh.ACCEPTED


@in_loop
async def test_nothing_is_looked_at_that_nobody_asked_for(tmp_path: Path, didkit: Didkit) -> None:
    """Where the sender may come in anyway, or may not whatever he shows."""
    now = await scene(tmp_path, didkit)
    _, free = await now.ann.open()
    _, shut = await now.ann.open({"allow": [], "deny": []})
    bad = shown("no presentation")
    assert (await now.write(bad, to=free)).message.type == picomesh.ACCEPTED
    await now.ann.host.wait_quiet()
    assert (await now.refused(bad, to=shut))["code"] == "e.p.trust.not-allowed"


@in_loop
async def test_an_eci_is_no_way_round(tmp_path: Path, didkit: Didkit) -> None:
    """Whoever has it, and no DID, can show nothing."""
    now = await scene(tmp_path, didkit)
    eci, _ = await now.ann.open(events=asks())
    for caller in (Caller(), Caller(Did(now.zoe.did))):
        assert isinstance(await now.ann.host.run_event(eci, "far", "hello", {}, None, caller), Refusal)


@dataclass
class Web:
    """`engine.ports.WebClient`, of a web with a few pages."""

    pages: dict[str, str]
    status: int = 200

    def __post_init__(self) -> None:
        self.urls: list[str] = []

    async def send(self, request: WebRequest) -> WebResponse:
        self.urls.append(request.url)
        if request.url not in self.pages:
            raise WebFailed("nobody there")
        return WebResponse(self.status, "", {"content-type": "application/json"}, self.pages[request.url])
