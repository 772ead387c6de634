"""An engine sends all its picos elsewhere: those that are taken in go, the others stay with the reasons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.core.acceptance import Guests
from engine.core.messages import Refusal
from engine.core.model import PicoId
from engine.runtime.evacuation import PATIENCE_MS, Evacuation
from engine.runtime.replies import EventReply
from engine.wiring_of_moves import ask_engines
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Mesh
from tests.engine.runtime.test_engines_that_know_each_other import engines, meet
from tests.engine.runtime.travelling import Traveller, settle, traveller


async def setting(*names: str) -> tuple[Mesh, list[Traveller]]:
    """The first one trusts all others, which take in whoever comes from where they have met."""
    mesh = Mesh()
    members = [await traveller(mesh, name) for name in names]
    for one in members:
        ask_engines(engines(one), one.moves, lambda log: frozenset())
    for one in members[1:]:
        await engines(one).accept({"who": "known"})
        await meet(members[0], one, "trusted")
        await engines(members[0]).change(one.name, "trusted", None)
    await engines(members[0]).look()
    return mesh, members


def evacuation(member: Traveller) -> Evacuation:
    assert member.mail.evacuation is not None
    return member.mail.evacuation


async def drained(mesh: Mesh, *members: Traveller, names: list[str] | None = None) -> Mapping[str, Any]:
    """What the first one tells in the end."""
    told = await evacuation(members[0]).begin(names)
    assert isinstance(told, dict), told
    return await ended(mesh, *members)


async def ended(mesh: Mesh, *members: Traveller, step_ms: int = 100) -> Mapping[str, Any]:
    for _ in range(400):
        if not evacuation(members[0]).tell()["running"]:
            return evacuation(members[0]).tell()
        await settle(*members)
        mesh.clock.move_to(mesh.clock.now_ms() + step_ms)
    raise AssertionError("there is no end to it")


async def family(member: Traveller, folder: Path, count: int) -> list[PicoId]:
    return [await member.counter(folder) for _ in range(count)]


@in_loop
async def test_every_pico_leaves(tmp_path: Path) -> None:
    """With its state, also where it does not matter to which; the root stays."""
    mesh, (ann, bob) = await setting("ann", "bob")
    picos = await family(ann, tmp_path, 3)
    assert isinstance(await ann.run(picos[0], "far:hello", n=1), EventReply)
    told = await drained(mesh, ann, bob)
    assert (told["gone"], told["stay"], told["left"]) == (dict.fromkeys(picos, "bob"), {}, 0)
    assert await bob.seen(picos[0]) == [1]
    assert ann.host.tree().id not in told["gone"]


@in_loop
async def test_what_would_not_go_stays_with_the_reason(tmp_path: Path) -> None:
    """In the words of whoever refused it, and goes on where it is."""
    mesh, (ann, bob, cid) = await setting("ann", "bob", "cid")
    picos = await family(ann, tmp_path, 3)
    await engines(bob).accept({"most_picos": 1})
    await engines(cid).accept({"most_bytes": 10})
    told = await drained(mesh, ann, bob, cid, names=["bob", "cid"])
    assert len(told["gone"]) == told["left"] - 1 == 1
    for pico, why in told["stay"].items():
        assert why["bob"].startswith("too-many: ")
        assert why["cid"].startswith("too-large: the pico has ")
        assert isinstance(await ann.run(PicoId(pico), "far:hello", n=1), EventReply)
    assert set(told["stay"]) | set(told["gone"]) == set(picos)


@in_loop
async def test_who_has_no_room_is_passed_over(tmp_path: Path) -> None:
    """The next one gets what the first one refuses."""
    mesh, (ann, bob, cid) = await setting("ann", "bob", "cid")
    picos = await family(ann, tmp_path, 2)
    engines(bob).set_guests(lambda: Guests(1_000, 0))
    told = await drained(mesh, ann, bob, cid, names=["bob", "cid"])
    assert told["gone"] == dict.fromkeys(picos, "cid")


@in_loop
async def test_nobody_is_asked_who_is_not_trusted(tmp_path: Path) -> None:
    """Unless they are named; where there is nobody, what to do is said."""
    mesh, (ann, bob) = await setting("ann", "bob")
    (pico,) = await family(ann, tmp_path, 1)
    await engines(ann).change("bob", "known", None)
    refused = await evacuation(ann).begin(None)
    assert isinstance(refused, Refusal)
    assert "picomesh drain ENGINE" in str(refused.hint)
    unknown = await evacuation(ann).begin(["eve"])
    assert isinstance(unknown, Refusal)
    assert "there are bob" in unknown.reason
    assert engines(ann).here()["free"] == {"picos": 0, "bytes": 0}
    assert (await drained(mesh, ann, bob, names=["bob"]))["gone"] == {pico: "bob"}


@in_loop
async def test_nobody_is_taken_in_meanwhile(tmp_path: Path) -> None:
    """Whoever comes is told why; after an end without a stop the door is open again."""
    mesh, (ann, bob) = await setting("ann", "bob")
    await engines(ann).accept({"who": "known"})
    await family(ann, tmp_path, 1)
    await evacuation(ann).begin(None)
    refused = engines(ann).consider("did:scid:vh:1:x", bob.did, 1)
    assert refused is not None
    assert (refused.code, "about to stop" in refused.comment) == ("no-room", True)
    await ended(mesh, ann, bob)
    evacuation(ann).stop()
    assert engines(ann).consider("did:scid:vh:1:x", bob.did, 1) is None


@in_loop
async def test_it_is_not_begun_twice_and_can_be_begun_again(tmp_path: Path) -> None:
    """Whoever asks meanwhile is told how far it is; what was born since goes with the next one."""
    mesh, (ann, bob) = await setting("ann", "bob")
    (first,) = await family(ann, tmp_path, 1)
    await evacuation(ann).begin(None)
    again = await evacuation(ann).begin(["eve"])
    assert isinstance(again, dict)
    assert again["running"]
    assert (await ended(mesh, ann, bob))["gone"] == {first: "bob"}
    (second,) = await family(ann, tmp_path, 1)
    assert (await drained(mesh, ann, bob))["gone"] == {second: "bob"}


@in_loop
async def test_an_engine_that_disappears_keeps_nobody_up(tmp_path: Path) -> None:
    """What was offered to it stays here, alive; that nobody answers is the reason."""
    mesh, (ann, bob) = await setting("ann", "bob")
    (pico,) = await family(ann, tmp_path, 1)
    bob.crash()
    await evacuation(ann).begin(["bob"])
    told = await ended(mesh, ann, bob, step_ms=PATIENCE_MS // 20)
    assert list(told["stay"]) == [pico]
    assert told["stay"][pico]["bob"]
    assert isinstance(await ann.run(pico, "far:hello", n=1), EventReply)
