"""Rulesets of two engines come to know each other by DID, talk in threads, and change their DIDs."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from engine.core.dids import did_of
from engine.core.messages import Fault
from engine.core.model import Eci
from engine.core.protocols import basicmessage, picomesh, trust_ping
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

PAL = """
ruleset pal {
  meta { shares known, heard, errors, ask, cannot, secret }
  global {
    known = function() { didcomm:relationships() }
    heard = function() { ent:heard.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
    ask = function(did) { didcomm:query(did, "pal", "errors", {}) }
    secret = function(did) { didcomm:query(did, "guard", "secret", {}) }
    cannot = function(did) { didcomm:send(did, "https://example.org/talk/1.0/word", {}) }
  }
  rule invite {
    select when pal invite
    every {
      ctx:newChannel(["pals"], null, null) setting(channel)
      didcomm:invite(channel{"id"}, event:attrs{"options"}) setting(shown)
      send_directive("shown", shown)
    }
  }
  rule accept {
    select when pal accept
    didcomm:accept(event:attrs{"url"}, event:attrs{"options"}) setting(known)
    fired { ent:last := known }
  }
  rule send {
    select when pal send
    didcomm:send(event:attrs{"did"}, event:attrs{"type"}, event:attrs{"body"}, event:attrs{"options"})
      setting(id)
    fired { ent:sent := id }
  }
  rule rotate {
    select when pal rotate
    didcomm:rotate(event:attrs{"eci"}) setting(did)
    fired { ent:last := did }
  }
  rule forget { select when pal forget didcomm:forget(event:attrs{"did"}) }
  rule withdraw { select when pal withdraw didcomm:withdraw(event:attrs{"id"}) }
  rule hear {
    select where event:domain == "didcomm"
    fired { ent:heard := heard().append({"name": event:name, "attrs": event:attrs, "from": event:sender}) }
  }
  rule answer {
    select when didcomm talk_question
    didcomm:reply("https://example.org/talk/1.0/answer", {"to": event:attrs{["body", "n"]}})
  }
  rule fail {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""
WORD = "https://example.org/talk/1.0/word"
QUESTION = "https://example.org/talk/1.0/question"


async def pals(folder: Path) -> tuple[Mesh, Member, Member]:
    """Two engines whose roots have the ruleset."""
    mesh = Mesh()
    ann, ben = await mesh.add("ann", folder), await mesh.add("ben", folder)
    for one in (ann, ben):
        await learn(one, folder)
    return mesh, ann, ben


async def learn(one: Member, folder: Path) -> None:
    await one.learn(folder / "pal.krl", PAL)


async def ask(one: Member, name: str, **args: Any) -> Any:
    reply = await one.host.run_query(one.host.root_eci(), "pal", name, args)
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def invite(one: Member, **options: Any) -> dict[str, Any]:
    shown: dict[str, Any] = (await one.send("pal:invite", options=options)).directives[0]["options"]
    return shown


async def heard(one: Member, name: str) -> list[Any]:
    return [note["attrs"] for note in await ask(one, "heard") if note["name"] == name]


async def connect(mesh: Mesh, ann: Member, ben: Member) -> dict[str, Any]:
    """Ann invites, Ben accepts; the invitation."""
    shown = await invite(ann, label="Ann")
    await ben.send("pal:accept", url=shown["url"])
    await mesh.settle(ann, ben)
    return shown


@in_loop
async def test_an_invitation_makes_two_know_each_other(tmp_path: Path) -> None:
    """Each has a DID of its own for the other, and the thread is the invitation."""
    mesh, ann, ben = await pals(tmp_path)
    shown = await connect(mesh, ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert (of_ann["me"], of_ann["them"]) == (of_ben["them"], of_ben["me"])
    assert of_ann["me"] == shown["did"]
    assert {of_ann["thread"], of_ben["thread"]} == {shown["id"]}
    assert (of_ann["label"], of_ben["label"]) == ("Ann", "Ann")
    assert [note["from"] for note in await heard(ann, "out_of_band_accepted")] == [of_ann["them"]]
    assert await heard(ben, "trust_ping_ping_response"), "which shows that the connection works"


@in_loop
async def test_an_invitation_that_is_accepted_twice_makes_one_relation(tmp_path: Path) -> None:
    """Whoever clicks again has what they have."""
    mesh, ann, ben = await pals(tmp_path)
    shown = await connect(mesh, ann, ben)
    await ben.send("pal:accept", url=shown["url"])
    await mesh.settle(ann, ben)
    assert (len(await ask(ann, "known")), len(await ask(ben, "known"))) == (1, 1)


@in_loop
async def test_answers_stay_in_the_thread(tmp_path: Path) -> None:
    """A question of any protocol is answered by a rule; the answer names the question."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ben, "known")
    for n in (1, 2):
        await ben.send("pal:send", did=known["them"], type=QUESTION, body={"n": n})
        await mesh.settle(ann, ben)
    asked, answers = await heard(ann, "talk_question"), await heard(ben, "talk_answer")
    expected = [(one["id"], one["body"]["n"]) for one in asked]
    assert [(one["thid"], one["body"]["to"]) for one in answers] == expected
    assert len(answers) == 2
    assert {one["from"] for one in answers} == {known["them"]}


@in_loop
async def test_a_message_arrives_once_over_a_bad_wire_and_through_crashes(tmp_path: Path) -> None:
    """It is kept with the commit of its turn."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ben, "known")
    del mesh.wire.hosts["ann.example"]
    await ben.send("pal:send", did=known["them"], type=WORD, body={"n": 1})
    await ben.crash_and_start()
    mesh.wire.hosts["ann.example"] = ann.host
    mesh.wire.fate = iter(["answer", "twice", *["arrives"] * 20]).__next__
    await mesh.settle(ann, ben)
    assert [one["body"] for one in await heard(ann, "talk_word")] == [{"n": 1.0}]


@in_loop
async def test_a_did_is_rotated_and_the_other_side_follows(tmp_path: Path) -> None:
    """Both go on with the new one, and the old one is nobody's any more."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (before,) = await ask(ann, "known")
    await ann.send("pal:rotate", eci=before["eci"])
    await mesh.settle(ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert of_ann["me"] == of_ben["them"] != before["me"]
    assert [note["did"] for note in await heard(ben, "rotated")] == [of_ann["me"]]
    assert "rotating" not in of_ann, "the answer to the new DID shows that it is known"
    await ben.send("pal:send", did=before["me"], type=WORD, body={})
    await mesh.settle(ann, ben)
    assert [one["to"] for one in await heard(ann, "talk_word")] == [of_ann["me"]]


@in_loop
async def test_dids_are_rotated_again_and_on_both_sides(tmp_path: Path) -> None:
    """Within one second too: each from_prior is later than the one before."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    for one in (ann, ben, ann, ann, ben):
        (known,) = await ask(one, "known")
        await one.send("pal:rotate", eci=known["eci"])
        await mesh.settle(ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert (of_ann["me"], of_ann["them"]) == (of_ben["them"], of_ben["me"])
    assert (len(await heard(ben, "rotated")), len(await heard(ann, "rotated"))) == (3, 2)


@in_loop
async def test_a_rotation_outlives_a_crash_of_either(tmp_path: Path) -> None:
    """What is said of it is kept with the commit, and the other side follows once."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ann, "known")
    ben.crash()
    await ann.send("pal:rotate", eci=known["eci"])
    await ann.crash_and_start()
    await ben.start()
    await mesh.settle(ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert of_ann["me"] == of_ben["them"] != known["me"]
    assert len(await heard(ben, "rotated")) == 1


@in_loop
async def test_an_event_tells_of_a_rotation_too(tmp_path: Path) -> None:
    """One that nothing else announced is from the new DID, and the other side follows."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ben, ann)
    (known,) = await ask(ann, "known")
    lost = mesh.wire.hosts.pop("ben.example")
    await ann.send("pal:rotate", eci=known["eci"])
    await ann.host.wait_quiet()
    announced = set(ann.disk.errands)
    await ann.send("go:send", did=known["them"], **{"from": known["eci"]}, n=1.0)
    await ann.host.wait_quiet()
    for errand in announced:
        del ann.disk.errands[errand]
    await ann.crash_and_start()
    mesh.wire.hosts["ben.example"] = lost
    await mesh.settle(ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert await ben.ask("senders") == [of_ann["me"]]
    assert of_ben["them"] == of_ann["me"] != known["me"]
    assert len(await heard(ben, "rotated")) == 1


@in_loop
async def test_what_comes_from_a_did_that_was_rotated_away_is_ignored(tmp_path: Path) -> None:
    """Whoever has its key may be a thief; and an old from_prior cannot be played again."""
    mesh, ann, _ = await pals(tmp_path)
    zoe, yan, eve = (Stranger(name, mesh) for name in ("zoe", "yan", "eve"))
    shown = await invite(ann)
    now_s = mesh.clock.now_ms() // 1000
    await zoe.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await yan.write(ann, shown["did"], WORD, {"n": 1}, from_prior=zoe.from_prior(yan.did, now_s))
    await ann.host.wait_quiet()
    assert [one["them"] for one in await ask(ann, "known")] == [yan.did]
    await zoe.write(ann, shown["did"], WORD, {"n": 2})
    await eve.write(ann, shown["did"], WORD, {"n": 3}, from_prior=zoe.from_prior(eve.did, now_s + 5))
    await ann.host.wait_quiet()
    assert [one["body"]["n"] for one in await heard(ann, "talk_word")] == [1.0]
    assert [one["them"] for one in await ask(ann, "known")] == [yan.did]


@in_loop
async def test_a_did_that_was_rotated_away_is_answered_no_query(tmp_path: Path) -> None:
    """Nor is its old name of use to whoever has its key; the new one is answered."""
    mesh, ann, _ = await pals(tmp_path)
    zoe, yan = Stranger("zoe", mesh), Stranger("yan", mesh)
    shown = await invite(ann)
    query = {"rid": "pal", "function": "errors"}
    token = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    await zoe.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    before = await zoe.read(await zoe.write(ann, shown["did"], picomesh.QUERY, query))
    await yan.write(ann, shown["did"], WORD, {}, from_prior=token)
    await ann.host.wait_quiet()
    after = await zoe.read(await zoe.write(ann, shown["did"], picomesh.QUERY, query))
    new = await yan.read(await yan.write(ann, shown["did"], picomesh.QUERY, query))
    assert [one.message.type for one in (before, new)] == [picomesh.ANSWER] * 2
    assert after.message.body["code"] == "e.p.trust.not-allowed"


@in_loop
async def test_nobody_rotates_into_another_relation(tmp_path: Path) -> None:
    """Somebody who is known cannot take over what somebody else has."""
    mesh, ann, _ = await pals(tmp_path)
    zoe, yan = Stranger("zoe", mesh), Stranger("yan", mesh)
    shown = await invite(ann)
    for one in (zoe, yan):
        await one.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    token = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    await yan.write(ann, shown["did"], WORD, {}, from_prior=token)
    await ann.host.wait_quiet()
    assert sorted(one["them"] for one in await ask(ann, "known")) == sorted([zoe.did, yan.did])
    assert await heard(ann, "talk_word") == []


@in_loop
async def test_a_rotation_that_nobody_has_signed_is_refused(tmp_path: Path) -> None:
    """Before any rule sees the message; no event that somebody makes up proves one either."""
    mesh, ann, _ = await pals(tmp_path)
    zoe, eve = Stranger("zoe", mesh), Stranger("eve", mesh)
    shown = await invite(ann)
    await zoe.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    before = ann.records()
    forged = eve.from_prior(eve.did, mesh.clock.now_ms() // 1000, prior=zoe.did)
    refused = await eve.read(await eve.write(ann, shown["did"], WORD, {}, from_prior=forged))
    assert refused.message.body["code"] == "e.p.trust.crypto"
    assert ann.records() == before
    made_up = {"rotation": {"prior": zoe.did, "new": eve.did, "iat": mesh.clock.now_ms() // 1000}}
    attrs = {"proven": made_up, "from": eve.did, **made_up}
    await ann.host.run_event(Eci(shown["eci"]), "didcomm", "message", attrs)
    assert [one["them"] for one in await ask(ann, "known")] == [zoe.did]


@in_loop
async def test_an_invitation_for_one_is_used_once(tmp_path: Path) -> None:
    """The second who comes is a stranger; so is whoever comes after it was withdrawn or ran out."""
    mesh, ann, _ = await pals(tmp_path)
    people = [Stranger(name, mesh) for name in ("zoe", "yan", "xia", "wim")]
    once, gone, late = await invite(ann, once=True), await invite(ann), await invite(ann, expires=60.0)
    await ann.send("pal:withdraw", id=gone["id"])
    mesh.clock.move_to(mesh.clock.now_ms() + 61_000)
    for who, shown in zip(people, (once, once, gone, late), strict=True):
        await who.write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    assert [one["them"] for one in await ask(ann, "known")] == [people[0].did]


@in_loop
async def test_who_is_forgotten_is_a_stranger(tmp_path: Path) -> None:
    """What they write still comes in if the channel lets strangers in, and is of no relation."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ann, "known")
    await ann.send("pal:forget", did=known["them"])
    assert await ask(ann, "known") == []


@in_loop
async def test_a_did_that_is_known_is_asked_as_the_one_it_knows(tmp_path: Path) -> None:
    """A channel for one alone answers, since it is the DID of the relation that asks."""
    mesh, ann, ben = await pals(tmp_path)
    await connect(mesh, ann, ben)
    (known,) = await ask(ben, "known")
    assert await ask(ben, "ask", did=known["them"]) == []


@in_loop
async def test_picos_of_one_engine_know_each_other_too(tmp_path: Path) -> None:
    """Nothing goes over the wire, and all is as between engines."""
    mesh, ann, _ = await pals(tmp_path)
    child = await ann.send("wrangler:new_child_request", name="child")
    assert child
    await ann.host.wait_quiet()
    eci = Eci(str(next(one.eci for one in ann.host.tree().children)))
    requests = len(mesh.wire.requests)
    shown = await invite(ann)
    url = (tmp_path / "pal.krl").as_uri()
    await ann.host.install(eci, url, {})
    await ann.host.run_event(eci, "pal", "accept", {"url": shown["url"]})
    await mesh.settle(ann)
    (known,) = await ask(ann, "known")
    reply = await ann.host.run_query(eci, "pal", "known", {})
    assert isinstance(reply, QueryReply)
    assert [one["me"] for one in reply.value] == [known["them"]]
    assert len(mesh.wire.requests) == requests


def oob(message: Any) -> str:
    text = message if isinstance(message, bytes) else json.dumps(message).encode()
    return f"https://x.example/i?_oob={base64.urlsafe_b64encode(text).decode().rstrip('=')}"


INVITATION = {
    "typ": "application/didcomm-plain+json",
    "id": "one",
    "type": "https://didcomm.org/out-of-band/2.0/invitation",
    "from": "did:key:z6MkkkBb9keG1b218f1CyZqfqxkuy75AP35jf5VGniNRXMob",
    "body": {},
}
HOSTILE = {
    "nothing": "https://x.example/",
    "no url": "https://[",
    "two": f"{oob(INVITATION)}&_oob=e30",
    "no base64": "https://x.example/i?_oob=%00",
    "no JSON": oob(b"{"),
    "another message": oob({**INVITATION, "type": basicmessage.MESSAGE}),
    "nobody invites": oob({name: value for name, value in INVITATION.items() if name != "from"}),
    "no DID": oob({**INVITATION, "from": "ann"}),
    "over": oob({**INVITATION, "expires_time": 1}),
    "a body of another kind": oob({**INVITATION, "body": {"goal": 1}}),
    "too long": oob({**INVITATION, "body": {"goal": "x" * 70_000}}),
    "too deep": oob(b'{"a":' * 500 + b"1" + b"}" * 500),
    "to be fetched": "https://x.example/i?_oobid=5f0e3ffb-3f92-4648-9868-0d6f8889e6f3",
}


@pytest.mark.parametrize("kind", HOSTILE)
@in_loop
async def test_a_hostile_invitation_changes_nothing(tmp_path: Path, kind: str) -> None:
    """The rule fails with a sentence; there is no channel, no DID, and nothing is sent."""
    mesh = Mesh()
    ben = await mesh.add("ben", tmp_path)
    await learn(ben, tmp_path)
    reply = await ben.host.run_event(ben.host.root_eci(), "pal", "accept", {"url": HOSTILE[kind]})
    assert isinstance(reply, Fault)
    assert reply.code == "R607"
    await mesh.settle(ben)
    assert await ask(ben, "known") == []
    assert mesh.wire.requests == []


@in_loop
async def test_an_invitation_of_ones_own_is_refused(tmp_path: Path) -> None:
    """Nobody has a relation with himself by mistake."""
    _, ann, _ = await pals(tmp_path)
    shown = await invite(ann)
    reply = await ann.host.run_event(ann.host.root_eci(), "pal", "accept", {"url": shown["url"]})
    assert isinstance(reply, Fault)
    assert "the pico's own" in reply.message


@in_loop
async def test_a_query_writes_to_nobody(tmp_path: Path) -> None:
    """It changes nothing, so it cannot send either."""
    _, ann, _ = await pals(tmp_path)
    shown = await invite(ann)
    reply = await ann.host.run_query(ann.host.root_eci(), "pal", "cannot", {"did": shown["did"]})
    assert isinstance(reply, Fault)
    assert did_of(shown["did"]) == shown["did"]
