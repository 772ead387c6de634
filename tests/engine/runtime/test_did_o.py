"""A ruleset that was written for did-o goes on with the library's, between two engines."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson

from engine.core.dids import Did
from engine.core.messages import Fault
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

OLD = """
ruleset old {
  meta {
    use module io.picolabs.did-o alias didx
    shares map, heard, ask, docs, routes, errors, pending, message, kept
  }
  global {
    map = function() { didx:didMap() }
    docs = function() { didx:didDocs() }
    pending = function() { didx:pendingRotations() }
    routes = function() { didx:routes() }
    heard = function() { ent:heard.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
    kept = function(n) { heard().length() + n }
    ask = function(did) { didx:sendQuery(did, {"rid": "old", "name": "kept", "args": {"n": 10}}) }
    message = function(given) { didx:generate_message(given) }
  }
  rule start {
    select when old start
    pre { done = didx:addRoute("https://example.org/talk/1.0/word", "old", "word") }
  }
  rule invite {
    select when old invite
    pre { url = didx:generate_invitation("Old") }
    send_directive("shown", {"url": url})
  }
  rule talk {
    select when old talk
    pre {
      message = didx:generate_message({"type": event:attrs{"type"}, "body": event:attrs{"body"}})
      sent = didx:send(event:attrs{"did"}, message)
    }
    send_directive("sent", {"id": message{"id"}})
  }
  rule tell {
    select when old tell
    pre { sent = didx:sendEvent(event:attrs{"did"}, {"domain": "old", "name": "told", "attrs": {"n": 1}}) }
  }
  rule rotate { select when old rotate didcomm:rotate(didcomm:relationships().head(){"eci"}) }
  rule forget {
    select when old forget
    send_directive("forgotten", {"docs": didx:clearDidDocs(), "rotations": didx:clearPendingRotations()})
  }
  rule clear { select when old clear pre { gone = didx:clearDidMap() } }
  rule word {
    select when old word
    fired { ent:heard := heard().append(event:attrs{"message"}) }
  }
  rule told {
    select when old told
    fired { ent:heard := heard().append(event:attrs) }
  }
  rule fail { select when system error fired { ent:errors := errors().append(event:attrs{"data"}) } }
}
"""
WORD = "https://example.org/talk/1.0/word"


async def equipped(mesh: Mesh, name: str, folder: Path) -> Member:
    one = await mesh.add(name, folder)
    await one.send("wrangler:install_ruleset_request", url="library:io.picolabs.did-o")
    await one.learn(folder / "old.krl", OLD)
    await one.send("old:start")
    return one


async def ask(one: Member, name: str, **args: Any) -> Any:
    reply = await one.host.run_query(one.host.root_eci(), "old", name, args)
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def acquainted(folder: Path) -> tuple[Mesh, Member, Member]:
    mesh = Mesh()
    ann, ben = await equipped(mesh, "ann", folder), await equipped(mesh, "ben", folder)
    url = (await ann.send("old:invite")).directives[0]["options"]["url"]
    await ben.send("dido:receive_invite", invite=url)
    await mesh.settle(ann, ben)
    return mesh, ann, ben


@in_loop
async def test_an_invitation_leads_to_a_map_of_dids_on_both_sides(tmp_path: Path) -> None:
    """Theirs → ours, and the documents of theirs."""
    _, ann, ben = await acquainted(tmp_path)
    ((theirs, ours),) = (await ask(ben, "map")).items()
    assert await ask(ann, "map") == {ours: theirs}
    assert (await ask(ben, "docs"))[theirs]["id"] == theirs


@in_loop
async def test_a_message_is_routed_by_its_type(tmp_path: Path) -> None:
    """The event has it as `message`, with the id that whoever sent it knows it by."""
    mesh, ann, ben = await acquainted(tmp_path)
    (theirs,) = await ask(ben, "map")
    sent = await ben.send("old:talk", did=theirs, type=WORD, body={"n": "hello"})
    await mesh.settle(ann, ben)
    (message,) = await ask(ann, "heard")
    assert message["id"] == sent.directives[0]["options"]["id"]
    assert (message["type"], message["body"], message["to"]) == (WORD, {"n": "hello"}, [theirs])
    assert await ask(ann, "routes") == {WORD: {"domain": "old", "name": "word"}}


@in_loop
async def test_an_event_is_for_the_policy_of_the_other_channel(tmp_path: Path) -> None:
    """The one that an invitation makes takes messages alone, so it is refused, and the sender is told."""
    mesh, ann, ben = await acquainted(tmp_path)
    (theirs,) = await ask(ben, "map")
    await ben.send("old:tell", did=theirs)
    picolabs = "https://picolabs.io/event/1.0/event"
    await ben.send("old:talk", did=theirs, type=picolabs, body={"domain": "old", "name": "told", "attrs": {}})
    await mesh.settle(ann, ben)
    assert await ask(ann, "heard") == []
    assert any("not-allowed" in one for one in await ask(ben, "errors"))


@in_loop
async def test_an_envelope_in_an_event_goes_the_way_of_all(tmp_path: Path) -> None:
    """As engines of before have it in the addresses of their DIDs; what is no envelope harms nobody."""
    mesh, ann, _ = await acquainted(tmp_path)
    zoe = Stranger("zoe", mesh)
    (ours,) = (await ask(ann, "map")).values()

    envelope = orjson.loads(await zoe.envelopes.close(zoe.message(ours, WORD, {"n": "in"}), Did(ours)))
    for attrs in (envelope, {"ciphertext": "?"}, {}):
        await ann.host.run_event(ann.host.root_eci(), "dido", "didcommv2_message", attrs)
    await mesh.settle(ann)
    assert [one["body"] for one in await ask(ann, "heard")] == [{"n": "in"}]


@in_loop
async def test_a_ping_is_answered_to_those_who_are_known(tmp_path: Path) -> None:
    """An event that names somebody else makes the pico write to nobody."""
    mesh, ann, ben = await acquainted(tmp_path)
    (theirs,) = await ask(ben, "map")
    await ben.send("dido:send_trust_ping", did=theirs)
    await mesh.settle(ann, ben)
    before = len(mesh.wire.requests)
    stranger = Stranger("zoe", mesh).did
    await ann.send("dido:receive_trust_ping", message={"from": stranger, "id": "1"})
    await mesh.settle(ann, ben)
    assert len(mesh.wire.requests) == before
    (other,) = await ask(ann, "map")
    await ann.send("dido:receive_trust_ping", message={"from": other, "id": "1"})
    await mesh.settle(ann, ben)
    assert len(mesh.wire.requests) > before


@in_loop
async def test_the_map_is_cleared(tmp_path: Path) -> None:
    """Nobody is known any more."""
    _, ann, _ = await acquainted(tmp_path)
    await ann.send("old:clear")
    assert (await ask(ann, "map"), await ask(ann, "pending")) == ({}, {})


@in_loop
async def test_a_query_is_answered_where_the_policy_lets_it_in(tmp_path: Path) -> None:
    """With its arguments; the channel that an invitation makes answers none."""
    _, ann, ben = await acquainted(tmp_path)
    _, open_did = await ann.open(queries={"allow": [{"rid": "old", "name": "kept"}], "deny": []})
    assert await ask(ben, "ask", did=open_did) == 10
    (theirs,) = await ask(ben, "map")
    refused = await ben.host.run_query(ben.host.root_eci(), "old", "ask", {"did": theirs})
    assert isinstance(refused, Fault)
    assert "not-allowed" in refused.message


@in_loop
async def test_an_event_arrives_where_the_policy_lets_it_in(tmp_path: Path) -> None:
    """`sendEvent`, in the engines' own protocol."""
    mesh, ann, ben = await acquainted(tmp_path)
    _, open_did = await ann.open({"allow": [{"domain": "old", "name": "told"}], "deny": []})
    await ben.send("old:tell", did=open_did)
    await mesh.settle(ann, ben)
    assert await ask(ann, "heard") == [{"n": 1}]


@in_loop
async def test_an_event_of_picolabs_arrives_where_the_policy_lets_it_in(tmp_path: Path) -> None:
    """In their own type of message; it is run on the channel that it came by."""
    mesh, ann, ben = await acquainted(tmp_path)
    events = [{"domain": "old", "name": "told"}, {"domain": "didcomm", "name": "*"}]
    _, open_did = await ann.open({"allow": events, "deny": []})
    picolabs = "https://picolabs.io/event/1.0/event"
    body = {"domain": "old", "name": "told", "attrs": {"n": 2}}
    await ben.send("old:talk", did=open_did, type=picolabs, body=body)
    await mesh.settle(ann, ben)
    assert await ask(ann, "heard") == [{"n": 2}]


@in_loop
async def test_a_rotation_is_pending_until_the_other_has_answered_to_it(tmp_path: Path) -> None:
    """Clearing it does nothing: who has not heard of it goes on being told."""
    mesh, ann, ben = await acquainted(tmp_path)
    (theirs,) = await ask(ben, "map")
    await ben.send("old:rotate")
    ((ours, told),) = (await ask(ben, "pending")).items()
    assert (told, await ask(ben, "map")) == ({"to": theirs}, {theirs: ours})
    gone = (await ben.send("old:forget")).directives[0]["options"]
    assert gone == {"docs": 0, "rotations": 0}
    assert await ask(ben, "pending") == {ours: {"to": theirs}}
    await ben.send("dido:send_trust_ping", did=theirs)
    await mesh.settle(ann, ben)
    assert (await ask(ben, "pending"), await ask(ann, "map")) == ({}, {ours: theirs})


@in_loop
async def test_documents_that_are_cleared_are_had_again(tmp_path: Path) -> None:
    """They are those of the DIDs, and are not kept."""
    _, _, ben = await acquainted(tmp_path)
    before = await ask(ben, "docs")
    await ben.send("old:forget")
    assert await ask(ben, "docs") == before != {}


@in_loop
async def test_a_message_is_made_with_what_is_missing(tmp_path: Path) -> None:
    """An id and when; what was given stays."""
    mesh, ann, _ = await acquainted(tmp_path)
    made = await ask(ann, "message", given={"type": WORD, "body": {"n": 1}})
    assert (made["type"], made["body"], made["typ"]) == (WORD, {"n": 1}, "application/didcomm-plain+json")
    assert abs(made["created_time"] - mesh.clock.now_ms() / 1000) < 60
    assert (await ask(ann, "message", given={"id": "mine"}))["id"] == "mine" != made["id"]


@in_loop
async def test_an_invitation_has_a_label(tmp_path: Path) -> None:
    """The one that was given; it goes to a channel of its own."""
    _, ann, _ = await acquainted(tmp_path)
    url = (await ann.send("old:invite")).directives[0]["options"]["url"]
    packed = url.partition("oob=")[2].partition("&")[0]
    invitation = orjson.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)))
    assert invitation["type"] == "https://didcomm.org/out-of-band/2.0/invitation"
    assert "Old" in orjson.dumps(invitation).decode()
    assert invitation["from"] not in (await ask(ann, "map")).values()
