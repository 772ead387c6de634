"""Messages of other minor versions, and names in other spellings: DIDComm says that they are the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.protocols import messagepickup, picomesh, trust_ping
from engine.core.protocols.coordinate_mediation import PROTOCOL_3
from engine.core.protocols.discover_features import DISCLOSE, QUERIES
from engine.core.protocols.report_problem import REPORT
from engine.core.protocols.routing import FORWARD, forward
from engine.did_choice import ANYBODY
from tests.engine.in_loop import in_loop
from tests.engine.runtime.clients import an_envelope, another_did
from tests.engine.runtime.mesh import Member, Mesh, Stranger, post

HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
EVERY = {"queries": [{"feature-type": "protocol", "match": "*"}]}
ASKED: list[tuple[str, Any, str]] = [
    (trust_ping.PING, {}, trust_ping.RESPONSE),
    (QUERIES, EVERY, DISCLOSE),
    (picomesh.EVENT, HELLO, picomesh.ACCEPTED),
    (picomesh.EVENT, {**HELLO, "wait": True}, picomesh.OUTCOME),
    (picomesh.QUERY, {"rid": "friend", "function": "seen"}, picomesh.ANSWER),
]


def otherwise(kind: str) -> list[str]:
    """The same type in other words."""
    piuri, version, name = kind.rsplit("/", 2)
    major = version.split(".")[0]
    return [
        f"{piuri}/{major}.7/{name}",
        f"{piuri}/{major}/{name}",
        f"{piuri}/{version}/{name.upper().replace('-', '_')}",
    ]


async def setting(folder: Path, **policies: Any) -> tuple[Member, Stranger, Any]:
    mesh = Mesh(settings={"mediator_for": ANYBODY})
    ann, zoe = await mesh.add("ann", folder), Stranger("zoe", mesh)
    return ann, zoe, await ann.open(**policies)


@pytest.mark.parametrize(("kind", "body", "answer"), ASKED)
@in_loop
async def test_it_is_answered_whatever_its_minor_version(
    kind: str, body: Any, answer: str, tmp_path: Path
) -> None:
    """In the version that is spoken here, which is the older one."""
    ann, zoe, (_, did) = await setting(tmp_path)
    for other in otherwise(kind):
        assert (await zoe.read(await zoe.write(ann, did, other, body))).message.type == answer


@in_loop
async def test_another_major_version_is_another_protocol(tmp_path: Path) -> None:
    """Rules get it, as they would get anything that is not spoken here."""
    ann, zoe, (_, did) = await setting(tmp_path)
    response = await zoe.write(ann, did, trust_ping.PING.replace("2.0", "3.0"))
    assert response.status_code == 202
    await ann.host.wait_quiet()
    assert [one["name"] for one in await ann.ask("heard")] == ["message", "trust_ping_ping"]


@pytest.mark.parametrize(
    "kind",
    [
        "https://didcomm.org/basicmessage/2.0/message",
        "https://didcomm.org/basicmessage/2.1/Message",
        "https://didcomm.org/Basic-Message/2/message",
    ],
)
@in_loop
async def test_a_policy_is_not_dodged_by_spelling(kind: str, tmp_path: Path) -> None:
    """What is spoken here goes by one name, so what a policy denies is denied however it is written."""
    everything = {"domain": "*", "name": "*"}
    shut = {"allow": [everything], "deny": [{"domain": "didcomm", "name": "basicmessage_message"}]}
    open = {"allow": [{"domain": "didcomm", "name": "basicmessage_message"}], "deny": []}
    ann, zoe, (_, shut_did) = await setting(tmp_path, events=shut)
    _, open_did = await ann.open(events=open)
    for did in (shut_did, open_did):
        assert (await zoe.write(ann, did, kind, {"content": "hi"}, headers={})).status_code == 202
    await ann.host.wait_quiet()
    heard = [(one["name"], one["attrs"]["to"]) for one in await ann.ask("heard")]
    assert heard == [("message", shut_did), ("basicmessage_message", open_did)]


@in_loop
async def test_mail_is_forwarded_and_fetched_in_other_minor_versions_too(tmp_path: Path) -> None:
    """A mediator's client may be newer than the mediator."""
    ann, zoe, _ = await setting(tmp_path)
    engine, did = ann.mail.engine_did(), another_did(7, ann.mail.engine_did())
    newer = {kind: otherwise(kind)[0] for kind in (FORWARD, messagepickup.STATUS_REQUEST)}
    for kind, body in (
        ("mediate-request", {}),
        ("recipient-update", {"updates": [{"recipient_did": did, "action": "add"}]}),
    ):
        answer = await zoe.read(await zoe.write(ann, engine, otherwise(PROTOCOL_3.type(kind))[0], body))
        assert answer.message.type != REPORT
    carried = forward("f", an_envelope("a"), did, engine)
    message = zoe.message(engine, newer[FORWARD], carried.body, from_=None, attachments=carried.attachments)
    assert (await post(ann, await zoe.envelopes.close(message, engine))).status_code == 202
    status = await zoe.read(await zoe.write(ann, engine, newer[messagepickup.STATUS_REQUEST]))
    assert status.message.body["message_count"] == 1
