"""A pico is reached by DID: what comes in an envelope has a sender who is proven, and policies see him."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.discover_features import DISCLOSE, QUERIES
from engine.core.protocols.report_problem import REPORT
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
WAITING = {**HELLO, "wait": True}
PUBLIC = {"allow": [{"domain": "*", "name": "*", "from": "*"}], "deny": []}


async def setting(folder: Path) -> tuple[Member, Stranger]:
    mesh = Mesh()
    return await mesh.add("ann", folder), Stranger("zoe", mesh)


@in_loop
async def test_an_event_comes_in_an_envelope(tmp_path: Path) -> None:
    """It is accepted, runs, and knows whom it is from."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    answer = await zoe.read(await zoe.write(ann, did, picomesh.EVENT, HELLO))
    assert (answer.message.type, answer.sender, answer.message.thid) == (picomesh.ACCEPTED, did, "m1")
    await ann.host.wait_quiet()
    assert await ann.ask("seen") == [1.0]
    assert await ann.ask("senders") == [zoe.did]


@in_loop
async def test_whoever_waits_gets_the_directives(tmp_path: Path) -> None:
    """And whoever sends the same message again gets the same ones, though nothing is run."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    first = await zoe.read(await zoe.write(ann, did, picomesh.EVENT, WAITING, id="once"))
    await ann.crash_and_start()
    again = await zoe.read(await zoe.write(ann, did, picomesh.EVENT, WAITING, id="once"))
    assert first.message.type == picomesh.OUTCOME
    assert first.message.body["directives"][0]["options"] == {"n": 1}
    assert again.message == first.message
    assert await ann.ask("seen") == [1.0]


@in_loop
async def test_a_rule_that_fails_is_told(tmp_path: Path) -> None:
    """With the fault, which its sender may have to know."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    body = {"domain": "far", "type": "away", "wait": True}
    answer = await zoe.read(await zoe.write(ann, did, picomesh.EVENT, body))
    assert answer.message.type == picomesh.OUTCOME
    assert answer.message.body["fault"]["code"].startswith("R")


@in_loop
async def test_a_query_comes_in_an_envelope(tmp_path: Path) -> None:
    """Its value goes back; one that is not there, or not allowed, is a problem report."""
    ann, zoe = await setting(tmp_path)
    nothing = {"allow": [{"rid": "friend", "name": "seen"}], "deny": []}
    _, did = await ann.open(queries=nothing)
    told = await zoe.read(await zoe.write(ann, did, picomesh.QUERY, {"rid": "friend", "function": "seen"}))
    assert (told.message.type, told.message.body) == (picomesh.ANSWER, {"value": []})
    denied = await zoe.read(
        await zoe.write(ann, did, picomesh.QUERY, {"rid": "friend", "function": "errors"})
    )
    assert (denied.message.type, denied.message.body["code"]) == (REPORT, "e.p.trust.not-allowed")
    _, did = await ann.open()
    none = await zoe.read(await zoe.write(ann, did, picomesh.QUERY, {"rid": "friend", "function": "none"}))
    assert (none.message.type, none.message.body["code"]) == (REPORT, "e.p.req.no-such-query")


@in_loop
async def test_a_policy_may_be_about_one_sender(tmp_path: Path) -> None:
    """Whoever else writes is refused, and told so."""
    ann, zoe = await setting(tmp_path)
    yan = Stranger("yan", ann.mesh)
    _, did = await ann.open(events={"allow": [{"domain": "far", "name": "*", "from": zoe.did}], "deny": []})
    assert (
        await zoe.read(await zoe.write(ann, did, picomesh.EVENT, HELLO))
    ).message.type == picomesh.ACCEPTED
    refused = await yan.read(await yan.write(ann, did, picomesh.EVENT, HELLO))
    assert (refused.message.type, refused.message.pthid) == (REPORT, "m1")
    await ann.host.wait_quiet()
    assert await ann.ask("senders") == [zoe.did]


@in_loop
async def test_who_does_not_say_who_he_is_needs_leave(tmp_path: Path) -> None:
    """A channel lets nobody in who is anonymous, unless its policy says so in as many words."""
    ann, zoe = await setting(tmp_path)
    _, usual = await ann.open()
    _, public = await ann.open(events=PUBLIC)
    before = ann.records()
    assert (await zoe.write(ann, usual, picomesh.EVENT, HELLO, from_=None)).status_code == 403
    assert ann.records() == before
    assert (await zoe.write(ann, public, picomesh.EVENT, HELLO, from_=None)).status_code == 202
    await ann.host.wait_quiet()
    assert await ann.ask("seen") == [1.0]
    assert await ann.ask("senders") == [None]


@in_loop
async def test_family_channels_let_no_message_in(tmp_path: Path) -> None:
    """Whoever it is from: they are for relatives alone."""
    ann, zoe = await setting(tmp_path)
    root = ann.host.tree().id
    did = await ann.mail.channel_did(Eci(root))
    assert not isinstance(did, Refusal)
    before = ann.records()
    for sender in (zoe.did, None):
        response = await zoe.write(ann, did, picomesh.EVENT, HELLO, from_=sender, headers={})
        assert response.status_code == 403
    assert ann.records() == before


@in_loop
async def test_the_engine_answers_a_ping_for_its_channels_and_itself(tmp_path: Path) -> None:
    """No pico has a turn for it; a channel whose policy does not take it keeps quiet."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    _, shut = await ann.open(events={"allow": [], "deny": []})
    before = ann.records()
    for to in (did, ann.mail.engine_did()):
        answer = await zoe.read(await zoe.write(ann, to, trust_ping.PING))
        assert (answer.message.type, answer.sender) == (trust_ping.RESPONSE, to)
    refused = await zoe.read(await zoe.write(ann, shut, trust_ping.PING))
    assert refused.message.type == REPORT
    assert ann.records() == before


@in_loop
async def test_the_engine_says_what_it_speaks(tmp_path: Path) -> None:
    """Its own protocol among others."""
    ann, zoe = await setting(tmp_path)
    body = {"queries": [{"feature-type": "protocol", "match": "https://*"}]}
    answer = await zoe.read(await zoe.write(ann, ann.mail.engine_did(), QUERIES, body))
    assert answer.message.type == DISCLOSE
    assert picomesh.PIURI in {one["id"] for one in answer.message.body["disclosures"]}


MESSAGES: list[tuple[str, dict[str, Any], list[str]]] = [
    ("https://didcomm.org/basicmessage/2.0/message", {"content": "hi"}, ["basicmessage_message"]),
    ("https://example.org/chess/1.2/my-move", {"to": "e4"}, ["chess_my_move"]),
    (REPORT, {"code": "w.m.x"}, ["report_problem_problem_report"]),
]


@pytest.mark.parametrize(("kind", "body", "names"), MESSAGES)
@in_loop
async def test_other_messages_are_events(
    kind: str, body: dict[str, Any], names: list[str], tmp_path: Path
) -> None:
    """`didcomm:message` for every one, and one named after its protocol; repeated, they are no more."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    for _ in range(2):
        assert (await zoe.write(ann, did, kind, body, id="one", thid="t")).status_code == 202
    await ann.host.wait_quiet()
    heard = await ann.ask("heard")
    assert [one["name"] for one in heard] == ["message", *names]
    assert heard[0]["attrs"] | {"created_time": 0} == {
        "id": "one",
        "type": kind,
        "thid": "t",
        "from": zoe.did,
        "to": did,
        "created_time": 0,
        "body": body,
    }


@in_loop
async def test_a_policy_may_want_one_kind_of_message(tmp_path: Path) -> None:
    """By the event that is named after it."""
    ann, zoe = await setting(tmp_path)
    policy = {"allow": [{"domain": "didcomm", "name": "basicmessage_message"}], "deny": []}
    _, did = await ann.open(events=policy)
    assert (await zoe.write(ann, did, MESSAGES[0][0], {"content": "hi"})).status_code == 202
    refused = await zoe.read(await zoe.write(ann, did, MESSAGES[1][0], {}))
    assert refused.message.body["code"] == "e.p.trust.not-allowed"
    await ann.host.wait_quiet()
    assert [one["name"] for one in await ann.ask("heard")] == ["basicmessage_message"]


@in_loop
async def test_a_mediator_of_its_own_passes_on(tmp_path: Path) -> None:
    """As the endpoint of a channel is the DID of its engine, messages come wrapped for that."""
    ann, zoe = await setting(tmp_path)
    _, did = await ann.open()
    route = await zoe.route(did)
    assert route.hops == (ann.mail.engine_did(),)
    assert route.url == "http://ann.example/didcomm"
    answer = await zoe.read(await zoe.write_wrapped(ann, did, picomesh.EVENT, WAITING))
    assert answer.message.type == picomesh.OUTCOME


@in_loop
async def test_a_channel_keeps_its_did(tmp_path: Path) -> None:
    """Over restarts, and when the engine is reached elsewhere; then the old way leads there too."""
    ann, zoe = await setting(tmp_path)
    eci, did = await ann.open()
    old = ann.mail.engine_did()
    await ann.crash_and_start()
    ann.mail.reached_at("http://elsewhere.example")
    assert await ann.mail.channel_did(eci) == did
    assert ann.mail.engine_did() != old
    answer = await zoe.read(await zoe.write_wrapped(ann, did, picomesh.EVENT, HELLO))
    assert answer.message.type == picomesh.ACCEPTED


@in_loop
async def test_a_channel_that_is_gone_has_no_did(tmp_path: Path) -> None:
    """Messages for it are for nobody here."""
    ann, zoe = await setting(tmp_path)
    eci, did = await ann.open()
    await ann.send("wrangler:channel_deletion_request", eci=eci)
    assert isinstance(await ann.mail.channel_did(eci), Refusal)
    assert (await zoe.write(ann, did, picomesh.EVENT, HELLO)).status_code in (400, 404)
