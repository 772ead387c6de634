"""An entry of a policy that names a DID means whoever has it now: it follows those whom the pico knows."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from engine.core.model import Eci
from engine.core.protocols import picomesh, trust_ping
from engine.core.protocols.relationships import RETIRED_KEPT
from engine.runtime.replies import EventReply, QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh, Stranger
from tests.engine.runtime.test_relations import WORD, ask, connect, heard, invite, learn, pals

GUARD = """
ruleset guard {
  meta { shares secret }
  global { secret = function() { "a secret" } }
  rule shut {
    select when guard shut
    ctx:putChannel(event:attrs{"eci"}, ["pals"], event:attrs{"events"}, event:attrs{"queries"})
  }
}
"""
HELLO = {"domain": "far", "type": "hello", "attributes": {"n": 1}}
SECRET = {"rid": "guard", "function": "secret"}


def about(did: str) -> Any:
    """Whoever has that DID may send everything that concerns us here, and may know the secret."""
    events = [{"domain": domain, "name": "*", "from": did} for domain in ("far", "didcomm")]
    return {
        "events": {"allow": events, "deny": []},
        "queries": {"allow": [{"rid": "guard", "name": "*", "from": did}], "deny": []},
    }


def all_but(did: str) -> Any:
    anybody = {"domain": "*", "name": "*"}
    everything = {"rid": "*", "name": "*"}
    return {
        "events": {"allow": [anybody], "deny": [{**anybody, "from": did}]},
        "queries": {"allow": [everything], "deny": [{**everything, "from": did}]},
    }


async def guarded(folder: Path, *people: str) -> tuple[Mesh, Member, dict[str, Any], list[Stranger]]:
    """Ann, her invitation, which the first of these has accepted, and all of them."""
    mesh, ann, _ = await pals(folder)
    await learn_to_guard(ann, folder)
    strangers = [Stranger(name, mesh) for name in people]
    shown = await invite(ann)
    await strangers[0].write(ann, shown["did"], trust_ping.PING, pthid=shown["id"])
    await ann.host.wait_quiet()
    return mesh, ann, shown, strangers


async def learn_to_guard(one: Member, folder: Path) -> None:
    await one.learn(folder / "guard.krl", GUARD)


async def shut(one: Member, eci: str, policies: Any) -> None:
    await one.send("guard:shut", eci=eci, **policies)


async def is_let_in(who: Stranger, one: Member, did: str, from_prior: str | None = None) -> bool:
    """With an event and with a query alike."""
    answers = []
    for type, body in ((picomesh.QUERY, SECRET), (picomesh.EVENT, HELLO)):
        reply = await who.read(await who.write(one, did, type, body, from_prior=from_prior))
        answers.append(reply.message.type)
        await one.host.wait_quiet()
    assert answers in ([picomesh.ANSWER, picomesh.ACCEPTED], [answers[0]] * 2)
    return answers[0] == picomesh.ANSWER


@in_loop
async def test_a_policy_follows_whoever_it_names(tmp_path: Path) -> None:
    """From the message on that proves it; the old DID is nobody's any more."""
    mesh, ann, shown, (zoe, yan) = await guarded(tmp_path, "zoe", "yan")
    await shut(ann, shown["eci"], about(zoe.did))
    assert await is_let_in(zoe, ann, shown["did"])
    assert not await is_let_in(yan, ann, shown["did"])
    proof = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    assert await is_let_in(yan, ann, shown["did"], proof)
    assert await is_let_in(yan, ann, shown["did"])
    assert not await is_let_in(zoe, ann, shown["did"])
    assert (await ann.ask("senders"))[-2:] == [yan.did, yan.did]


@in_loop
async def test_whoever_is_denied_is_so_by_any_name(tmp_path: Path) -> None:
    """Nobody gets in by changing a DID that is known."""
    mesh, ann, shown, (zoe, yan, eve) = await guarded(tmp_path, "zoe", "yan", "eve")
    await shut(ann, shown["eci"], all_but(zoe.did))
    proof = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    assert not await is_let_in(yan, ann, shown["did"], proof)
    await shut(ann, shown["eci"], {"events": None, "queries": None})
    assert await is_let_in(yan, ann, shown["did"], proof)
    await shut(ann, shown["eci"], all_but(zoe.did))
    assert not await is_let_in(yan, ann, shown["did"])
    assert not await is_let_in(zoe, ann, shown["did"])
    assert await is_let_in(eve, ann, shown["did"])


@in_loop
async def test_only_a_rotation_of_somebody_who_is_known_counts(tmp_path: Path) -> None:
    """Not one of a stranger, into a DID that is known, from a DID that was left, or older than the last."""
    mesh, ann, shown, (zoe, yan, eve, wim) = await guarded(tmp_path, "zoe", "yan", "eve", "wim")
    await shut(ann, shown["eci"], about(zoe.did))
    now_s = mesh.clock.now_ms() // 1000
    assert not await is_let_in(yan, ann, shown["did"], eve.from_prior(yan.did, now_s))
    assert await is_let_in(yan, ann, shown["did"], zoe.from_prior(yan.did, now_s))
    for proof in (zoe.from_prior(eve.did, now_s + 1), yan.from_prior(eve.did, now_s)):
        assert not await is_let_in(eve, ann, shown["did"], proof)
    again = await invite(ann)
    await wim.write(ann, again["did"], trust_ping.PING, pthid=again["id"])
    await ann.host.wait_quiet()
    assert not await is_let_in(wim, ann, shown["did"])


@in_loop
async def test_a_policy_of_somebody_who_is_not_known_means_one_did(tmp_path: Path) -> None:
    """Without a relationship on that channel there is nobody who could be followed."""
    mesh, ann, shown, (zoe, yan) = await guarded(tmp_path, "zoe", "yan")
    eci, did = await ann.open(**about(zoe.did))
    assert eci != shown["eci"]
    proof = zoe.from_prior(yan.did, mesh.clock.now_ms() // 1000)
    assert await is_let_in(zoe, ann, did)
    assert not await is_let_in(yan, ann, did, proof)


@in_loop
async def test_a_policy_follows_further_than_a_relationship_remembers(tmp_path: Path) -> None:
    """Who was named when it began is who has come by now, after any number of rotations."""
    names = [f"z{n}" for n in range(RETIRED_KEPT + 4)]
    mesh, ann, shown, people = await guarded(tmp_path, *names)
    await shut(ann, shown["eci"], about(people[0].did))
    now_s = mesh.clock.now_ms() // 1000
    for n, (former, new) in enumerate(pairwise(people)):
        proof = former.from_prior(new.did, now_s + n)
        assert await is_let_in(new, ann, shown["did"], proof), n
        assert not await is_let_in(former, ann, shown["did"]), n
    assert not await is_let_in(people[0], ann, shown["did"])
    assert len(await ask(ann, "known")) == 1


@pytest.mark.parametrize("lost", [False, True])
@in_loop
async def test_two_engines_go_on_after_a_rotation(tmp_path: Path, lost: bool) -> None:
    """Whether or not the news of it has arrived before: what is sent and asked next proves it as well."""
    mesh, ann, ben = await pals(tmp_path)
    for one in (ann, ben):
        await learn_to_guard(one, tmp_path)
    await connect(mesh, ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    await shut(ann, of_ann["eci"], about(of_ann["them"]))
    if lost:
        mesh.wire.fate = lambda: "lost"
    await ben.send("pal:rotate", eci=of_ben["eci"])
    await ben.host.wait_quiet()
    mesh.wire.fate = lambda: "arrives"
    if not lost:
        await mesh.settle(ann, ben)
    mesh.clock.move_to(mesh.clock.now_ms() + 2_000)
    assert await secret(ben, ann, of_ben["them"]) == "a secret"
    await ben.send("pal:send", did=of_ben["them"], type=WORD, body={})
    await mesh.settle(ann, ben)
    ((of_ann,), (of_ben,)) = await ask(ann, "known"), await ask(ben, "known")
    assert of_ann["them"] == of_ben["me"]
    assert [one["from"] for one in await heard(ann, "talk_word")] == [of_ben["me"]]
    assert await ask(ben, "errors") == []


@in_loop
async def test_picos_of_one_engine_follow_each_other_too(tmp_path: Path) -> None:
    """An event proves a rotation there as an envelope does elsewhere, before any ping has come."""
    mesh = Mesh()
    ann = await mesh.add("ann", tmp_path)
    await learn(ann, tmp_path)
    await learn_to_guard(ann, tmp_path)
    await ann.send("wrangler:new_child_request", name="child")
    await ann.host.wait_quiet()
    child = Eci(str(next(one.eci for one in ann.host.tree().children)))
    for name in ("pal", "friend"):
        await ann.host.install(child, (tmp_path / f"{name}.krl").as_uri(), {})
    shown = await invite(ann)
    assert isinstance(await ann.host.run_event(child, "pal", "accept", {"url": shown["url"]}), EventReply)
    await mesh.settle(ann)
    (of_child,) = await asked(ann, child, "known")
    await shut(ann, shown["eci"], about(of_child["me"]))
    await ann.host.run_event(child, "pal", "rotate", {"eci": of_child["eci"]})
    send = {"did": shown["did"], "from": of_child["eci"], "n": 1.0}
    await ann.host.run_event(child, "go", "send", send)
    await mesh.settle(ann)
    (of_child,) = await asked(ann, child, "known")
    assert await ann.ask("senders") == [of_child["me"]]
    assert mesh.wire.requests == []


async def asked(one: Member, eci: Eci, name: str) -> Any:
    reply = await one.host.run_query(eci, "pal", name, {})
    assert isinstance(reply, QueryReply), reply
    return reply.value


async def secret(asking: Member, asked: Member, did: str) -> Any:
    reply = await asking.host.run_query(asking.host.root_eci(), "pal", "secret", {"did": did})
    assert isinstance(reply, QueryReply), reply
    return reply.value
