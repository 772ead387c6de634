"""A pico is written to by its name for life, which says nothing of a place, on one engine and from others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.dids.lifelong import CONTEXT, HOST, LifelongLogs
from engine.adapters.dids.log_entries import log_from_jsonl, log_to_jsonl
from engine.adapters.dids.log_verification import verify_log
from engine.adapters.dids.log_writing import UNBORN_NAME, Changes, create_log, unborn_did
from engine.adapters.dids.proofs import SeedSigner
from engine.adapters.keys import SeedKeys
from engine.core.dids import Did, scid_in
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, PicoId
from engine.core.protocols import picomesh
from engine.core.protocols.report_problem import REPORT
from engine.ports import KeptLog, Rotate, SetFact
from engine.runtime.replies import QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger, post

HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
EVERYTHING = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
EVERY_QUERY = {"allow": [{"rid": "*", "name": "*"}], "deny": []}
NO_QUERY: dict[str, Any] = {"allow": [], "deny": []}


async def setting(folder: Path) -> tuple[Mesh, Member, Stranger]:
    mesh = Mesh()
    return mesh, await mesh.add("ann", folder), Stranger("zoe", mesh)


def root_of(member: Member) -> PicoId:
    pico = member.journal.find_channel(member.host.root_eci())
    assert pico is not None
    return pico


async def life(member: Member, eci: Eci | None = None) -> dict[str, Any]:
    told = await member.mail.life(eci or member.host.root_eci())
    assert not isinstance(told, Refusal), told
    return dict(told)


async def open_door(member: Member, events: Any = EVERYTHING, queries: Any = EVERY_QUERY) -> Eci:
    """The channel at which messages to the root's name for life arrive."""
    await member.send("wrangler:new_channel_request", tags=["did"], eventPolicy=events, queryPolicy=queries)
    channels = member.host.channels_of(root_of(member))
    return next(eci for eci, channel in channels.items() if channel.tags == ("did",))


async def hand_over(stranger: Stranger, told: dict[str, Any]) -> Did:
    """The log, to somebody whom nobody else tells it."""
    await stranger.resolver.learn(KeptLog(told["log"], told["approvals"]), told["did"])
    return Did(told["did"])


@in_loop
async def test_who_has_only_the_log_writes_to_the_name(tmp_path: Path) -> None:
    """The event comes from whoever is proven to have written it, and is answered by that name."""
    _, ann, zoe = await setting(tmp_path)
    door, name = await open_door(ann), await hand_over(zoe, await life(ann))
    response = await zoe.write_wrapped(ann, name, picomesh.EVENT, {**HELLO, "wait": True})
    answer = await zoe.read(response)
    assert (answer.message.type, answer.sender) == (picomesh.OUTCOME, name)
    assert (await ann.ask("seen"), await ann.ask("senders")) == ([1.0], [zoe.did])
    assert await ann.mail.channel_did(door) == name


@in_loop
async def test_nobody_is_let_in_before_a_channel_is_tagged(tmp_path: Path) -> None:
    """Having a name is no leave to be written to: whoever writes is told that it is not allowed."""
    _, ann, zoe = await setting(tmp_path)
    await ann.open()
    name, turns = await hand_over(zoe, await life(ann)), ann.records()
    for type, body in ((picomesh.EVENT, HELLO), (picomesh.QUERY, {"rid": "friend", "function": "seen"})):
        answer = await zoe.read(await zoe.write(ann, name, type, body))
        assert (answer.message.type, answer.message.body["code"], answer.sender) == (
            REPORT,
            "e.p.trust.not-allowed",
            name,
        )
    assert ann.records() == turns


@in_loop
async def test_the_policy_of_that_channel_holds(tmp_path: Path) -> None:
    """For senders and for types, events and queries."""
    mesh, ann, zoe = await setting(tmp_path)
    yan = Stranger("yan", mesh)
    events = {"allow": [{"domain": "far", "name": "hello", "from": zoe.did}], "deny": []}
    await open_door(ann, events, NO_QUERY)
    told = await life(ann)
    for who, body, code in (
        (zoe, HELLO, None),
        (zoe, {**HELLO, "type": "away"}, "e.p.trust.not-allowed"),
        (yan, HELLO, "e.p.trust.not-allowed"),
    ):
        name = await hand_over(who, told)
        answer = await who.read(await who.write(ann, name, picomesh.EVENT, body))
        assert answer.message.body.get("code") == code
    query = await zoe.write(ann, told["did"], picomesh.QUERY, {"rid": "friend", "function": "seen"})
    assert (await zoe.read(query)).message.body["code"] == "e.p.trust.not-allowed"
    await ann.host.wait_quiet()
    assert await ann.ask("senders") == [zoe.did]


@in_loop
async def test_a_pico_of_the_same_engine_writes_and_asks(tmp_path: Path) -> None:
    """Nothing goes over the wire, and the sender is the DID of its channel."""
    mesh, ann, _ = await setting(tmp_path)
    await open_door(ann)
    name, (eci, did) = (await life(ann))["did"], await ann.open()
    await ann.send("go:send", did=name, **{"from": eci}, n=7)
    await mesh.settle(ann)
    assert (await ann.ask("seen"), await ann.ask("senders")) == ([7.0], [did])
    assert mesh.wire.requests == []


@in_loop
@pytest.mark.parametrize("hint", ["a DID", "a place on the web"])
async def test_a_pico_of_another_engine_finds_the_log_by_the_hint(tmp_path: Path, hint: str) -> None:
    """It writes, asks, and is written back to; what it keeps of all that is the name alone."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    door, told = await open_door(ann), await life(ann)
    place = f"{told['did']}?src=ann.example/picos/{told['pico']}"
    address = told["address"] if hint == "a DID" else place
    eci, did = await bob.open()
    await bob.send("go:send", did=address, **{"from": eci}, n=1)
    await mesh.settle(ann, bob)
    assert (await ann.ask("seen"), await ann.ask("senders")) == ([1.0], [did])
    assert (await bob.send("go:look", did=told["did"])).directives[0]["options"] == {"seen": [1.0]}
    await ann.send("go:send", did=did, **{"from": door}, n=2)
    await mesh.settle(ann, bob)
    assert (await bob.ask("seen"), await bob.ask("senders")) == ([2.0], [told["did"]])


@in_loop
async def test_a_name_that_nobody_has_told_is_reported(tmp_path: Path) -> None:
    """To the pico that wanted to write to it, at once: it would never arrive."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    eci, _ = await bob.open()
    await bob.send("go:send", did=(await life(ann))["did"], **{"from": eci}, n=1)
    await mesh.settle(ann, bob)
    (error,) = await bob.ask("errors")
    assert "was not handed over" in json.dumps(error)


@in_loop
async def test_whoever_writes_from_the_name_tells_the_log_ahead(tmp_path: Path) -> None:
    """So whoever gets it sees who it is, and can write back by the name alone, after a restart too."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    door, name = await open_door(ann), (await life(ann))["did"]
    eci, did = await bob.open()
    await ann.send("go:send", did=did, **{"from": door}, n=1)
    await mesh.settle(ann, bob)
    assert (await bob.ask("seen"), await bob.ask("senders")) == ([1.0], [name])
    await bob.crash_and_start()
    await bob.send("go:send", did=name, **{"from": eci}, n=2)
    await mesh.settle(ann, bob)
    assert (await ann.ask("seen"), await ann.ask("senders")) == ([2.0], [did])


@in_loop
async def test_a_conversation_goes_on_between_two_names(tmp_path: Path) -> None:
    """`event:sender` and `event:eci` are all that a rule needs to answer."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    doors = [await open_door(one) for one in (ann, bob)]
    address = (await life(bob))["address"]
    await ann.send("go:talk", did=address, **{"from": doors[0]}, topic="tea", last=6)
    await mesh.settle(ann, bob)
    assert await bob.ask("seen") == ["tea 1", "tea 3", "tea 5"]
    assert await ann.ask("seen") == ["tea 2", "tea 4", "tea 6"]


@in_loop
async def test_messages_of_any_kind_and_what_wrangler_asks_find_it_too(tmp_path: Path) -> None:
    """`didcomm:send` by the address, `picoQuery` by the name."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    await open_door(ann)
    told = await life(ann)
    eci, did = await bob.open()
    await bob.learn(
        tmp_path / "writer.krl",
        'ruleset writer { rule write { select when writer go didcomm:send(event:attrs{"did"}, '
        '"https://didcomm.org/basicmessage/2.0/message", {"content": "hi"}, '
        '{"from": event:attrs{"from"}}) } }',
    )
    await bob.send("writer:go", did=told["address"], **{"from": eci})
    await mesh.settle(ann, bob)
    heard = await ann.ask("heard")
    assert {one["name"] for one in heard} == {"message", "basicmessage_message"}
    assert {one["attrs"]["from"] for one in heard} == {did}
    args = {"eci": told["did"], "mod": "friend", "func": "seen", "params": {}}
    reply = await bob.host.run_query(bob.host.root_eci(), "io.picolabs.wrangler", "picoQuery", args)
    assert isinstance(reply, QueryReply), reply
    assert reply.value == []


@in_loop
async def test_whoever_is_named_in_the_hint_is_asked_for_what_is_new(tmp_path: Path) -> None:
    """After a while; in the meantime, and where nobody answers, what was found before is good enough."""
    mesh, ann, _ = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    await open_door(ann)
    address, (eci, _) = (await life(ann))["address"], await bob.open()

    async def write(n: int) -> int:
        """How many requests that took."""
        before = len(mesh.wire.requests)
        await bob.send("go:send", did=address, **{"from": eci}, n=n)
        await mesh.settle(ann, bob)
        return len(mesh.wire.requests) - before

    assert [await write(1), await write(2)] == [2, 1]
    mesh.clock.move_to(mesh.clock.now_ms() + 2 * 3_600_000)
    later = await ann.mail.lives.rotate(ann.host.root_eci())
    assert isinstance(later, dict)
    assert await write(3) == 2
    known = await bob.mail.log_of(later["did"])
    assert known is not None
    assert known.lines == later["log"]
    assert await ann.ask("seen") == [1.0, 2.0, 3.0]


@in_loop
async def test_an_envelope_that_names_a_key_wakes_nobody(tmp_path: Path) -> None:
    """Only what opens does: names for life are known to everybody."""
    _, ann, zoe = await setting(tmp_path)
    child = await ann.child("kim")
    name = await hand_over(zoe, await life(ann, child))
    envelope = json.loads(await zoe.envelopes.close(zoe.message(name, picomesh.EVENT, HELLO), name))
    envelope["ciphertext"] = "AAAA" + envelope["ciphertext"][4:]
    await ann.crash_and_start()
    response = await post(ann, json.dumps(envelope).encode())
    assert response.status_code == 400
    kim = ann.journal.find_channel(child)
    assert kim is not None
    assert kim not in {mailbox.id for mailbox in ann.host._residents.awake()}


@in_loop
async def test_a_rule_that_makes_the_channel_learns_the_name_at_once(tmp_path: Path) -> None:
    """Though nobody but its turn knows of the tag yet."""
    _, ann, _ = await setting(tmp_path)
    await ann.learn(
        tmp_path / "porter.krl",
        'ruleset porter { rule open { select when porter open every { ctx:newChannel(["did"]) '
        'setting(door) send_directive("name", {"did": ctx:did(door{"id"})}) } } }',
    )
    reply = await ann.send("porter:open")
    assert reply.directives[0]["options"] == {"did": (await life(ann))["did"]}


@in_loop
async def test_a_name_for_life_is_not_rotated_like_that_of_a_channel(tmp_path: Path) -> None:
    """It stays; who wants other keys is told what changes them."""
    _, ann, _ = await setting(tmp_path)
    door, name = await open_door(ann), (await life(ann))["did"]
    told = await ann.mail.introduce(door, "rotate", {"eci": door})
    assert isinstance(told, Fault), told
    assert "a name for life stays" in told.message
    assert await ann.mail.channel_did(door) == name


def without_message_keys(member: Member, pico: str) -> str:
    """A log as it was before picos could be written to."""
    keys = SeedKeys(member.name.encode().ljust(32, b"."))

    def signer(purpose: str) -> SeedSigner:
        return SeedSigner(keys.derive(f"log/{pico}/{purpose}"))

    who = {"id": "#key-1", "type": "Multikey", "publicKeyMultibase": signer("authentication").multikey}
    state = {
        "@context": CONTEXT,
        "id": unborn_did(),
        "alsoKnownAs": [UNBORN_NAME],
        "verificationMethod": [who],
        "authentication": ["#key-1"],
        "service": [{"id": "#host", "type": HOST, "serviceEndpoint": {"uri": member.mail.engine_did()}}],
    }
    now_s = member.mesh.clock.now_ms() // 1000
    entry = create_log(state, signer("1"), now_s, Changes(next_keys=(signer("2").multikey,)))
    return log_to_jsonl([entry])


@in_loop
async def test_an_older_log_gets_what_it_needs_by_its_next_entry(tmp_path: Path) -> None:
    """When it is next asked for, and once; the name stays."""
    _, ann, zoe = await setting(tmp_path)
    pico = root_of(ann)
    old = without_message_keys(ann, pico)
    await ann.journal.commit([SetFact(f"log of {pico}", old)])
    first, again = await life(ann), await life(ann)
    assert (first["epoch"], first["log"].startswith(old), again["log"]) == (2, True, first["log"])
    await open_door(ann)
    name = await hand_over(zoe, first)
    assert str(scid_in(name)) in old
    answer = await zoe.read(await zoe.write(ann, name, picomesh.EVENT, HELLO))
    assert answer.message.type == picomesh.ACCEPTED


@in_loop
async def test_what_an_owner_has_added_stays(tmp_path: Path) -> None:
    """An engine that says how the pico is reached changes its own keys and services alone."""
    mesh, ann, _ = await setting(tmp_path)
    told, keys = await life(ann), SeedKeys(b"ann".ljust(32, b"."))
    logs, now_s = LifelongLogs(keys), mesh.clock.now_ms() // 1000
    log = verify_log(log_from_jsonl(told["log"]), now_s)
    page = {"id": "#page", "type": "LinkedDomains", "serviceEndpoint": "https://ann.example"}
    state = {**log.newest.entry.state, "service": [*log.newest.entry.state["service"], page]}
    mine = logs.succession.change(told["pico"], KeptLog(told["log"]), Rotate(state), now_s)
    moved = logs.address(told["pico"], mine, None, Did("did:peer:2.Vz6MkElsewhere"), now_s)
    services = log_from_jsonl(moved.lines)[-1].state["service"]
    assert [one["id"] for one in services] == ["#host", "#didcomm", "#page"]
    assert services[1]["serviceEndpoint"]["uri"] == "did:peer:2.Vz6MkElsewhere"
    assert logs.address(told["pico"], moved, None, Did("did:peer:2.Vz6MkElsewhere"), now_s) is moved


@in_loop
async def test_a_log_that_proves_nothing_is_not_believed(tmp_path: Path) -> None:
    """A forged one, another's, one of a name that has none: the engine knows as little as before."""
    mesh, ann, zoe = await setting(tmp_path)
    bob = await mesh.add("bob", tmp_path)
    told, others = await life(ann), await life(bob)
    engine = bob.mail.engine_did()
    for body in (
        {"did": told["did"], "log": told["log"].replace("#key-1", "#key-3")},
        {"did": told["did"], "log": others["log"]},
        {"did": told["did"], "log": "nonsense"},
        {"did": zoe.did, "log": told["log"]},
    ):
        assert (await zoe.write(bob, engine, picomesh.LOG, body)).status_code == 400, body
    assert await bob.mail.log_of(told["did"]) is None
    assert (await zoe.write(bob, engine, picomesh.LOG, {"did": told["did"], "log": told["log"]})).is_success
    assert await bob.mail.log_of(told["did"]) is None, "believed, and kept once a pico has to do with it"


@in_loop
async def test_an_engine_gives_the_logs_of_its_own_picos(tmp_path: Path) -> None:
    """To whoever asks, and says so where it has none."""
    _, ann, zoe = await setting(tmp_path)
    told, engine = await life(ann), ann.mail.engine_did()
    answer = await zoe.read(await zoe.write(ann, engine, picomesh.LOG_QUERY, {"did": told["did"]}))
    assert (answer.message.type, answer.message.body["log"]) == (picomesh.LOG, told["log"])
    other = told["did"][:-1] + ("y" if told["did"].endswith("x") else "x")
    for none in (zoe.did, other):
        answer = await zoe.read(await zoe.write(ann, engine, picomesh.LOG_QUERY, {"did": none}))
        assert answer.message.body["code"] == "e.p.req.no-such-log"


@in_loop
async def test_a_pico_that_is_gone_is_not_written_to(tmp_path: Path) -> None:
    """Its name is no DID of the engine any more."""
    _, ann, zoe = await setting(tmp_path)
    child = await ann.child("kim")
    name = await hand_over(zoe, await life(ann, child))
    answer = await zoe.read(await zoe.write(ann, name, picomesh.EVENT, HELLO))
    assert answer.message.body["code"] == "e.p.trust.not-allowed"
    await ann.send("wrangler:child_deletion_request", eci=child)
    await ann.host.wait_quiet()
    assert (await zoe.write(ann, name, picomesh.EVENT, HELLO)).status_code in (400, 404)
