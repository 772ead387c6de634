"""Engines meet by an invitation, tell what they offer, and notice who is gone; liars get nowhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.adapters.signing.ed25519 import sign
from engine.core.acceptance import Guests
from engine.core.didcomm.messages import Message
from engine.core.mesh.adverts import Advert, write_advert
from engine.core.messages import Refusal
from engine.core.protocols import discover_features
from engine.core.protocols import engines as protocol
from engine.core.protocols.report_problem import REPORT
from engine.runtime.mesh import acquaintances
from engine.runtime.mesh.engines import Engines
from tests.engine.core.mesh.people import Party
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger

EVERY_S = 300.0


def engines(member: Member) -> Engines:
    assert member.mail.engines is not None
    return member.mail.engines


async def start(mesh: Mesh, *names: str) -> list[Member]:
    """They have no friends among rulesets; this is about engines alone."""
    members = [Member(name, mesh) for name in names]
    for member in members:
        await member.start()
    return members


async def meet(host: Member, guest: Member, trust: Any = "known") -> dict[str, Any]:
    """By an invitation of `host`."""
    invited = await engines(host).invite(None, True, trust)
    assert isinstance(invited, dict)
    added = await engines(guest).add(invited["url"], host.name, "known")
    assert isinstance(added, dict), added
    name = next(one for one in engines(host).known() if one.engine in str(guest.mail.engine_did())).name
    if name != guest.name:
        await engines(host).change(name, None, guest.name)
    return added


def told(member: Member, name: str) -> Mapping[str, Any]:
    (found,) = [one for one in engines(member).list(also_heard=True)["engines"] if one["name"] == name]
    told: Mapping[str, Any] = found
    return told


def names(member: Member, also_heard: bool = False) -> set[str]:
    return {one["name"] for one in engines(member).list(also_heard)["engines"]}


# --- meeting ----------------------------------------------------------------------------------------


@in_loop
async def test_both_know_each_other_when_one_has_accepted() -> None:
    """Each by the other's own word, and the one who accepts has measured the way."""
    ann, bob = await start(Mesh(settings={"fault_domain": "home"}), "ann", "bob")
    added = await meet(ann, bob)
    assert (names(ann), names(bob)) == ({"bob"}, {"ann"})
    assert (added["did"], added["trust"], added["fault_domain"]) == (ann.mail.engine_did(), "known", "home")
    assert (added["success"], added["tries"], added["problem"]) == (1.0, 1, None)
    assert told(ann, "bob")["did"] == bob.mail.engine_did()


@in_loop
async def test_who_knows_whom_outlives_a_crash() -> None:
    """On both sides, from the moment at which the one who accepts is told so."""
    ann, bob = await start(Mesh(), "ann", "bob")
    await meet(ann, bob, "trusted")
    await ann.crash_and_start()
    await bob.crash_and_start()
    assert (told(ann, "bob")["trust"], told(bob, "ann")["trust"]) == ("trusted", "known")
    assert told(ann, "bob")["sequence"] is not None


@in_loop
async def test_an_invitation_is_for_one_unless_it_is_for_many() -> None:
    """The same one may accept it again; others are told what to do."""
    ann, bob, cid = await start(Mesh(), "ann", "bob", "cid")
    once, many = [await engines(ann).invite(None, once, "known") for once in (True, False)]
    assert isinstance(once, dict)
    assert isinstance(many, dict)
    assert isinstance(await engines(bob).add(once["url"], None, "known"), dict)
    assert isinstance(await engines(bob).add(once["url"], None, "known"), dict)
    refused = await engines(cid).add(once["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert "accepted by somebody else" in refused.reason
    assert refused.hint == "ask for a new one: `picomesh engines invite` there"
    assert names(cid) == set()
    for guest in (bob, cid):
        assert isinstance(await engines(guest).add(many["url"], None, "known"), dict)
    assert len(names(ann)) == 2


@in_loop
async def test_an_invitation_ends() -> None:
    """Here before anything is sent, there whatever the one who accepts believes."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    invited = await engines(ann).invite(60, True, "known")
    assert isinstance(invited, dict)
    mesh.clock.move_to(mesh.clock.now_ms() + 61_000)
    refused = await engines(bob).add(invited["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert refused.reason == "the invitation is over"
    stranger = Stranger("zoe", mesh)
    report = await say_hello(stranger, ann, pthid="nothing")
    assert report == "e.p.req.no-such-invitation"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "and some"),
        ("?", "cut off"),
        ("http://ann.example/", "has _oob="),
        ("http://ann.example/?_oob=AAAA", "not a DIDComm message"),
        ("http://ann.example/?_oobid=5", "a short one"),
        ("{", "not a DIDComm message"),
        ("did:web:ann.example", "not the DID of an engine"),
        ("x" * 200_000, "at most"),
        ("http://ann.example/?_oob=" + "x" * 200_000, "at most"),
    ],
)
@in_loop
async def test_what_is_no_invitation_is_said(text: str, said: str) -> None:
    """Whatever somebody pastes."""
    (ann,) = await start(Mesh(), "ann")
    refused = await engines(ann).add(text, None, "known")
    assert isinstance(refused, Refusal), refused
    assert said in refused.reason
    assert refused.kind == "malformed"
    assert refused.hint


@in_loop
async def test_nobody_meets_themselves_or_a_pico(tmp_path: Path) -> None:
    """An invitation of a pico is for a pico."""
    mesh = Mesh()
    ann, (bob,) = await mesh.add("ann", tmp_path), await start(mesh, "bob")
    invited = await engines(ann).invite(None, True, "known")
    assert isinstance(invited, dict)
    itself = await engines(ann).add(invited["url"], None, "known")
    assert isinstance(itself, Refusal)
    assert "this engine itself" in itself.reason
    shown = await ann.mail.introduce(ann.host.root_eci(), "invite", {})
    assert isinstance(shown, dict)
    refused = await engines(bob).add(shown["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert "picomesh connect" in str(refused.hint)


@in_loop
async def test_whoever_cannot_be_reached_is_not_known() -> None:
    """Nothing is half done: the invitation is good afterwards."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    invited = await engines(ann).invite(None, True, "known")
    assert isinstance(invited, dict)
    mesh.wire.cut("ann.example")
    refused = await engines(bob).add(invited["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert "cannot be reached" in refused.reason
    assert names(bob) == set()
    await ann.start()
    mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
    assert isinstance(await engines(bob).add(invited["url"], None, "known"), dict)


@in_loop
async def test_an_answer_that_is_lost_is_made_good_by_saying_hello_again() -> None:
    """The inviter knows the other by then; for the other the invitation still counts."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    invited = await engines(ann).invite(None, True, "known")
    assert isinstance(invited, dict)
    mesh.wire.fate = lambda: "answer"
    assert isinstance(await engines(bob).add(invited["url"], None, "known"), Refusal)
    assert (len(engines(ann).known()), names(bob)) == (1, set())
    mesh.wire.fate = lambda: "twice"
    mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
    assert isinstance(await engines(bob).add(invited["url"], None, "known"), dict)
    assert len(engines(ann).known()) == len(engines(bob).known()) == 1


# --- afterwards ---------------------------------------------------------------------------------------


@in_loop
async def test_who_is_gone_is_noticed_and_who_is_back_too() -> None:
    """The averages say how well each was reached; why not, the last word does."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    await meet(ann, bob)
    bob.crash()
    for _ in range(3):
        mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
        await engines(ann).look()
    away = told(ann, "bob")
    assert away["success"] < 0.9
    assert "nobody there" in str(away["problem"])
    await ann.crash_and_start()
    assert told(ann, "bob")["success"] == away["success"]
    await bob.start()
    mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
    await engines(ann).look()
    assert told(ann, "bob")["success"] > away["success"]
    assert told(ann, "bob")["problem"] is None


@in_loop
async def test_engines_are_looked_at_by_and_by() -> None:
    """Without anybody asking for it, as often as is set."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    await meet(ann, bob)
    before = told(bob, "ann")["tries"]
    for _ in range(3):
        await mesh.settle(ann, bob)
        mesh.clock.move_to(mesh.clock.now_ms() + int(EVERY_S * 1000))
    await mesh.settle(ann, bob)
    assert before + 3 <= told(bob, "ann")["tries"] <= before + 5
    assert told(ann, "bob")["tries"] >= 3


@in_loop
async def test_what_changes_is_told_in_the_next_round() -> None:
    """Here room and price, which follow from whose picos may come."""
    ann, bob = await start(Mesh(), "ann", "bob")
    await meet(ann, bob)
    assert told(bob, "ann")["free"] == {"picos": 0, "bytes": 0}
    await engines(ann).accept({"who": "known", "most_picos": 7, "price": 3})
    engines(ann).set_guests(lambda: Guests(2, 500))
    await engines(bob).look()
    assert (told(bob, "ann")["free"]["picos"], told(bob, "ann")["price"]) == (5, 3)


@in_loop
async def test_gossip_carries_what_engines_sign() -> None:
    """Whom one has met the other hears of, but for those who do not want that; nobody hears of themselves."""
    mesh = Mesh()
    ann, bob, cid = await start(mesh, "ann", "bob", "cid")
    await meet(ann, bob)
    await meet(ann, cid)
    await engines(bob).look()
    heard = names(bob, also_heard=True) - names(bob)
    assert len(heard) == 1
    assert told(bob, heard.pop())["did"] == cid.mail.engine_did()
    shy = Member("dee", Mesh(settings={"advert_spreads": False}, wire=mesh.wire, clock=mesh.clock))
    await shy.start()
    await meet(ann, shy)
    await engines(bob).look()
    assert len(names(bob, also_heard=True)) == 2
    mesh.clock.move_to(mesh.clock.now_ms() + 3_600_000)
    cid.crash()
    await engines(bob).look()
    assert names(bob, also_heard=True) == {"ann"}


@in_loop
async def test_who_is_heard_of_can_be_trusted() -> None:
    """Its owner has to know that by other ways than gossip; it is met when it says so too."""
    ann, bob, cid = await start(Mesh(), "ann", "bob", "cid")
    await meet(ann, bob)
    await meet(ann, cid)
    await engines(bob).look()
    (heard,) = names(bob, also_heard=True) - names(bob)
    changed = await engines(bob).change(heard, "trusted", "cid")
    assert isinstance(changed, dict)
    assert changed["trust"] == "trusted"
    await engines(bob).look()
    assert "not met" in str(told(bob, "cid")["problem"])
    await meet(bob, cid)
    await engines(bob).look()
    assert told(bob, "cid")["problem"] is None
    assert told(bob, "cid")["left_at"] is None


@in_loop
async def test_who_is_removed_is_told() -> None:
    """And says so to its owner; by itself it does not come back, by a new invitation it does."""
    ann, bob = await start(Mesh(), "ann", "bob")
    await meet(ann, bob)
    removed = await engines(ann).remove("bob")
    assert isinstance(removed, dict)
    assert removed["has_heard"]
    assert told(bob, "ann")["left_at"] is not None
    await engines(bob).look()
    assert names(ann) == set()
    refused = await engines(bob).add(str(ann.mail.engine_did()), None, "known")
    assert isinstance(refused, Refusal)
    assert "engines invite" in str(refused.hint)
    await ann.crash_and_start()
    assert names(ann, also_heard=True) == set()
    await meet(ann, bob)
    assert told(bob, "ann")["left_at"] is None


@in_loop
async def test_who_lost_the_other_is_welcomed_again() -> None:
    """By its DID alone, because the other still knows it."""
    ann, bob = await start(Mesh(), "ann", "bob")
    await meet(ann, bob)
    bob.crash()
    bob.disk.facts = {name: value for name, value in bob.disk.facts.items() if "acquaintance" not in name}
    await bob.start()
    assert names(bob) == set()
    assert isinstance(await engines(bob).add(str(ann.mail.engine_did()), "ann", "known"), dict)
    assert names(bob) == {"ann"}


@in_loop
async def test_an_engine_removed_while_it_is_measured_stays_removed() -> None:
    """What is under way with it changes nothing any more, also on the disk."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    await meet(ann, bob)
    (known,) = engines(ann).known()
    original, engine = mesh.wire.send, known.engine

    async def remove_first(request: Any) -> Any:
        mesh.wire.send = original  # type: ignore[method-assign]
        await engines(ann).remove("bob")
        return await original(request)

    mesh.wire.send = remove_first  # type: ignore[method-assign]
    await engines(ann).look()
    assert names(ann) == set()
    await ann.crash_and_start()
    assert names(ann) == set()
    assert [value for name, value in ann.disk.facts.items() if name.endswith(engine)].count("") == 1


@in_loop
async def test_nothing_of_a_blocked_engine_is_heard() -> None:
    """It is not asked either, and others are not told of it."""
    mesh = Mesh()
    ann, bob, cid = await start(mesh, "ann", "bob", "cid")
    await meet(ann, bob)
    await engines(ann).change("bob", "blocked", None)
    await meet(ann, cid)
    asked = len(mesh.wire.requests)
    await engines(ann).look()
    assert all("bob.example" not in one.url for one in mesh.wire.requests[asked:])
    sequence = told(ann, "bob")["sequence"]
    mesh.clock.move_to(mesh.clock.now_ms() + 600_000)
    await engines(bob).look()
    assert told(ann, "bob")["sequence"] == sequence
    assert "does not allow" in str(told(bob, "ann")["problem"])
    await engines(cid).look()
    assert names(cid, also_heard=True) == {"ann"}
    refused = await engines(bob).add(str(ann.mail.engine_did()), None, "known")
    assert isinstance(refused, Refusal)
    assert "blocked" in str(refused.hint)


@in_loop
async def test_an_engine_that_moved_is_found_by_its_advert() -> None:
    """Whoever brings it: its own keys say where it is."""
    mesh = Mesh()
    ann, bob, cid = await start(mesh, "ann", "bob", "cid")
    for one, other in ((ann, bob), (ann, cid), (bob, cid)):
        await meet(one, other)
    mesh.wire.cut("bob.example")
    await ann.move("attic")
    await engines(ann).look()
    mesh.wire.hosts["bob.example"] = bob.host
    bob.mail.stop()
    await engines(cid).look()
    assert "attic" in str(told(cid, "ann")["endpoints"])
    await engines(bob).look()
    mesh.clock.move_to(mesh.clock.now_ms() + 60_000)
    await engines(bob).look()
    assert told(bob, "ann")["did"] == ann.mail.engine_did()
    assert told(bob, "ann")["problem"] is None


# --- liars --------------------------------------------------------------------------------------------


def advert_of(stranger: Stranger, mesh: Mesh, **changes: Any) -> str:
    """Signed by the stranger, whatever it says."""
    now_s = mesh.clock.now_ms() // 1000
    found = stranger.secret(f"{stranger.did}#key-1")
    assert found is not None
    said = replace(Advert(stranger.did, now_s, now_s, now_s + 900, "zoe"), **changes)
    return write_advert(said, lambda data: sign(found[1], data))


async def ask(stranger: Stranger, member: Member, type: str, body: Any, **rest: Any) -> Message:
    response = await stranger.write(member, member.mail.engine_did(), type, body, **rest)
    return (await stranger.read(response)).message


async def say_hello(stranger: Stranger, member: Member, jws: str | None = None, **rest: Any) -> str:
    """The code of what came back, or `welcome`."""
    advert = advert_of(stranger, member.mesh) if jws is None else jws
    answer = await ask(stranger, member, protocol.HELLO, {"advert": advert}, **rest)
    return str(answer.body["code"]) if answer.type == REPORT else "welcome"


async def befriended(mesh: Mesh, member: Member) -> Stranger:
    """A stranger that the engine has met, with mischief in mind."""
    stranger = Stranger("zoe", mesh)
    invited = await engines(member).invite(None, False, "known")
    assert isinstance(invited, dict)
    (id,) = json.loads(member.disk.facts["engine invitations"])
    assert await say_hello(stranger, member, pthid=id) == "welcome"
    return stranger


@in_loop
async def test_strangers_are_told_to_meet_first() -> None:
    """Whatever they say; and nothing is kept of them."""
    mesh = Mesh()
    (ann,) = await start(mesh, "ann")
    zoe = Stranger("zoe", mesh)
    assert await say_hello(zoe, ann) == protocol.NOT_MET
    answer = await ask(zoe, ann, protocol.ADVERTS, {"adverts": [advert_of(zoe, mesh)]})
    assert answer.body["code"] == protocol.NOT_MET
    assert names(ann, also_heard=True) == set()


@in_loop
async def test_an_advert_of_somebody_else_opens_nothing() -> None:
    """Nor does a forged one, or one of another time; the name of the refusal comes back."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    zoe = await befriended(mesh, ann)
    bobs = await engines(bob)._own.current()
    now_s = mesh.clock.now_ms() // 1000
    lies = {
        "stranger": bobs,
        "forged": advert_of(zoe, mesh, did=bob.mail.engine_did()),
        "early": advert_of(zoe, mesh, issued_s=now_s + 400, expires_s=now_s + 900),
        "expired": advert_of(zoe, mesh, issued_s=now_s - 900, expires_s=now_s),
        "malformed": "a.b.c",
    }
    for name, jws in lies.items():
        answer = await ask(zoe, ann, protocol.ADVERTS, {"adverts": [jws]})
        assert answer.body["code"] == protocol.BAD_ADVERT
        assert answer.body["args"][0].startswith(f"{name}: "), (name, answer.body)
    assert len(engines(ann).known()) == 1


@in_loop
async def test_an_older_advert_changes_nothing() -> None:
    """Played again by anybody, it is refused as what it is."""
    mesh = Mesh()
    (ann,) = await start(mesh, "ann")
    zoe = await befriended(mesh, ann)
    now_s = mesh.clock.now_ms() // 1000
    newer = advert_of(zoe, mesh, sequence=now_s + 5, price=9)
    assert (await ask(zoe, ann, protocol.ADVERTS, {"adverts": [newer]})).type == protocol.ADVERTS_ANSWER
    older = await ask(zoe, ann, protocol.ADVERTS, {"adverts": [advert_of(zoe, mesh)]})
    assert older.body["args"][0].startswith("older: ")
    again = await ask(zoe, ann, protocol.ADVERTS, {"adverts": [newer]})
    assert again.type == protocol.ADVERTS_ANSWER
    assert told(ann, "zoe")["price"] == 9


@in_loop
async def test_lies_among_others_adverts_are_left_out() -> None:
    """The good ones count; of this engine itself nobody tells anything."""
    mesh = Mesh()
    ann, bob = await start(mesh, "ann", "bob")
    zoe = await befriended(mesh, ann)
    bobs = await engines(bob)._own.current()
    anns = await engines(ann)._own.current()
    forged = advert_of(zoe, mesh, did=Party("eve").did)
    sent = [advert_of(zoe, mesh, sequence=2**40), forged, "nonsense", anns, bobs]
    answer = await ask(zoe, ann, protocol.ADVERTS, {"adverts": sent})
    assert answer.type == protocol.ADVERTS_ANSWER
    assert {one["did"] for one in engines(ann).list(also_heard=True)["engines"]} == {
        zoe.did,
        bob.mail.engine_did(),
    }


@in_loop
async def test_nobody_fills_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """With engines that are made up by the hundred; others can still tell of theirs."""
    monkeypatch.setattr(acquaintances, "MOST_BY_ONE", 50)
    mesh = Mesh()
    ann, bob, cid = await start(mesh, "ann", "bob", "cid")
    zoe = await befriended(mesh, ann)
    now_s = mesh.clock.now_ms() // 1000
    made_up = [Party(f"engine-{n}").advert(issued_s=now_s, expires_s=now_s + 900) for n in range(120)]
    for first in range(0, 120, 60):
        own = advert_of(zoe, mesh, sequence=now_s + first + 1)
        answer = await ask(zoe, ann, protocol.ADVERTS, {"adverts": [own, *made_up[first : first + 60]]})
        assert answer.type == protocol.ADVERTS_ANSWER
    assert engines(ann).list()["heard"] == 50
    await meet(ann, bob)
    await meet(bob, cid)
    await engines(bob).look()
    assert engines(ann).list()["heard"] == 51
    facts = len(ann.disk.facts)
    await ann.crash_and_start()
    assert (engines(ann).list()["heard"], len(ann.disk.facts)) == (0, facts)


@in_loop
async def test_there_is_an_end_to_whom_one_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who comes then is asked to come again later, and the owner is told."""
    monkeypatch.setattr(acquaintances, "MOST_MET", 1)
    ann, bob, cid = await start(Mesh(), "ann", "bob", "cid")
    await meet(ann, bob)
    invited = await engines(ann).invite(None, True, "known")
    assert isinstance(invited, dict)
    refused = await engines(cid).add(invited["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert "knows as many engines as it can" in str(refused.hint)
    mine = await engines(cid).invite(None, True, "known")
    assert isinstance(mine, dict)
    full = await engines(ann).add(mine["url"], None, "known")
    assert isinstance(full, Refusal)
    assert full.kind == "quota"
    assert "engines remove" in full.reason


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"adverts": []},
        {"adverts": "x"},
        {"adverts": [5]},
        {"adverts": [""]},
        {"adverts": ["x"] * 65},
        {"adverts": ["x" * 20_000]},
    ],
)
@in_loop
async def test_bodies_that_are_none_are_reported(body: dict[str, Any]) -> None:
    """By the protocol's own table."""
    mesh = Mesh()
    (ann,) = await start(mesh, "ann")
    zoe = await befriended(mesh, ann)
    assert (await ask(zoe, ann, protocol.ADVERTS, body)).body["code"] == "e.p.msg.bad-body"


@in_loop
async def test_an_engine_discloses_that_it_speaks_this() -> None:
    """To anybody who asks."""
    mesh = Mesh()
    (ann,) = await start(mesh, "ann")
    queries = {"queries": [{"feature-type": "protocol", "match": f"{protocol.PIURI}*"}]}
    answer = await ask(Stranger("zoe", mesh), ann, discover_features.QUERIES, queries)
    assert [one["id"] for one in answer.body["disclosures"]] == [protocol.PIURI]


@in_loop
async def test_a_clock_that_is_wrong_is_named() -> None:
    """Who comes from the future is refused with the reason; when the clock is right again all is well."""
    mesh = Mesh()
    ahead = Mesh(wire=mesh.wire)
    (ann,), (bob,) = await start(mesh, "ann"), await start(ahead, "bob")
    ahead.clock.move_to(mesh.clock.now_ms() + 3_600_000)
    invited = await engines(ann).invite(None, True, "known")
    assert isinstance(invited, dict)
    refused = await engines(bob).add(invited["url"], None, "known")
    assert isinstance(refused, Refusal)
    assert names(ann) == names(bob) == set()
    ahead.clock.move_to(mesh.clock.now_ms())
    bob.crash()
    await bob.start()
    assert isinstance(await engines(bob).add(invited["url"], None, "known"), dict)


# --- who may come ------------------------------------------------------------------------------------


@in_loop
async def test_whose_picos_may_come_is_durable() -> None:
    """And counts what is known of the engine they come from, and who is here already."""
    ann, bob = await start(Mesh(), "ann", "bob")
    await meet(ann, bob)
    where = str(bob.mail.engine_did())
    refused = engines(ann).consider("did:scid:vh:1:x", where, 10)
    assert refused is not None
    assert refused.code == "not-trusted"
    assert isinstance(await engines(ann).accept({"who": "trusted", "most_picos": 1}), dict)
    await engines(ann).change("bob", "trusted", None)
    await ann.crash_and_start()
    assert engines(ann).consider("did:scid:vh:1:x", where, 10) is None
    engines(ann).set_guests(lambda: Guests(1, 10))
    refused = engines(ann).consider("did:scid:vh:1:x", where, 10)
    assert refused is not None
    assert refused.code == "too-many"
    assert engines(ann).policy()["free"]["picos"] == 0
    wrong = await engines(ann).accept({"who": "all"})
    assert isinstance(wrong, Refusal)
    assert wrong.kind == "malformed"


@in_loop
async def test_a_policy_that_cannot_be_read_lets_nobody_in() -> None:
    """As one of a newer version."""
    (ann,) = await start(Mesh(), "ann")
    await engines(ann).accept({"who": "anyone"})
    ann.crash()
    ann.disk.facts["acceptance"] = json.dumps({"format": 2, "who": "friends"})
    await ann.start()
    assert engines(ann).policy()["who"] == "nobody"
