"""A pico with guardians and an owner moves; the engine where it is dies, and they take it to a third one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.messages import neighbour, wait_until
from tests.scenarios.test_guardians import Somebody, World, world

__all__ = ["world"]

COUNTER = Path(__file__).resolve().parents[2] / "examples" / "counter" / "counter.krl"


@dataclass
class Journey:
    """A counter of Ann's with guardians and an owner's key, which has moved to Bob's engine."""

    world: World
    bob: Somebody
    key: Path
    eci: str
    did: str

    def car_of_the_dead(self, file: Path) -> Path:
        """Bob's engine dies, and this is left of what it has sealed."""
        assert self.bob.process is not None
        self.bob.done("export", self.eci, "-o", str(file), "--home", str(self.bob.process.home))
        self.bob.process.kill()
        return file


def engine_of(folder: Path) -> Somebody:
    folder.mkdir(exist_ok=True)
    return Somebody(folder, neighbour(folder / "home"))


@pytest.fixture
def journey(world: World, tmp_path: Path) -> Iterator[Journey]:
    ann, bob, key = world.ann, engine_of(tmp_path / "bob"), tmp_path / "owner.key"
    try:
        bob.start()
        bob.done("engines", "accept", "--who", "anyone")
        ann.done("send", "root", "wrangler:new_child_request", "name=counter")
        (child,) = ann.told("tree")["children"]
        eci = child["eci"]
        ann.done("install", eci, str(COUNTER))
        ann.done("seal", eci, "--owner", str(key))
        named = ann.told("did", "guardians", eci, *world.dids, "--need", "2", "--recovery-key", str(key))
        count(ann, eci, 1)
        ann.done("move", eci, bob.done("did", "show"))
        count(bob, eci, 2)
        yield Journey(world, bob, key, eci, named["did"])
    finally:
        assert bob.process is not None
        bob.process.end()


def count(somebody: Somebody, eci: str, n: int) -> None:
    """The next event is the n-th."""
    somebody.done("send", eci, "counter:increment", f"ticket=t{n}")
    assert json.loads(somebody.done("query", eci, "counter/count")) == n


def log_on(somebody: Somebody, eci: str) -> Any:
    return somebody.told("did", "log", eci)


def test_they_are_its_guardians_wherever_it_lives(journey: Journey) -> None:
    """Its log says so after the move as before, and the entry by which it went says where it is."""
    told = log_on(journey.bob, journey.eci)
    assert (told["did"], told["guardians"]["needed"], len(told["guardians"]["of"])) == (journey.did, 2, 3)
    assert journey.world.ann.told("where", journey.did)["url"] == journey.bob.url


def test_two_of_three_guardians_take_it_from_a_dead_engine(journey: Journey, tmp_path: Path) -> None:
    """What it did there is not lost. The engine where it was before, and the dead one when it wakes up, learn
    that it lives elsewhere: neither acts as the pico any more."""
    file, share, request = (tmp_path / name for name in ("pico.car", "open.json", "recovery.json"))
    journey.car_of_the_dead(file)
    people, cyd = journey.world, engine_of(tmp_path / "cyd")
    assert cyd.process is not None
    words = ("restore", journey.did, "--from", str(file), "--home", str(cyd.process.home))
    cyd.done(*words, "--ask", str(share))
    shares = [people.ben.approve(share), people.zoe.approve(share, "for-ann.key")]
    given = [word for one in shares for word in ("--approval", str(one))]
    assert cyd.told(*words, "--request", str(share), *given)["opened_with"] == "2 of its guardians"
    try:
        cyd.start()
        cyd.done("did", "recover", journey.eci, "--ask", str(request))
        approvals = [people.ben.approve(request), people.zoe.approve(request, "for-ann.key")]
        given = [word for one in approvals for word in ("--approval", str(one))]
        back = cyd.told("did", "recover", journey.eci, "--request", str(request), *given)
        assert (back["did"], back["guardians"]["needed"]) == (journey.did, 2)
        count(cyd, journey.eci, 3)
        check_fenced_off(journey, cyd)
    finally:
        cyd.process.end()


def test_its_owner_takes_it_alone(journey: Journey, tmp_path: Path) -> None:
    """With the key that the log promised before the move."""
    file = journey.car_of_the_dead(tmp_path / "pico.car")
    cyd = engine_of(tmp_path / "cyd")
    assert cyd.process is not None
    words = ("restore", journey.did, "--from", str(file), "--key", str(journey.key))
    told = cyd.told(*words, "--home", str(cyd.process.home))
    assert (told["taken_up"], told["not_taken_up"]) == (True, None)
    try:
        cyd.start()
        count(cyd, journey.eci, 3)
        check_fenced_off(journey, cyd)
    finally:
        cyd.process.end()


def check_fenced_off(journey: Journey, cyd: Somebody) -> None:
    """The engine where it was first is told; and the dead one, back on its feet, stands down when it is."""
    bob, ann = journey.bob, journey.world.ann
    bob.start()
    for one in (ann, bob):
        wait_until(lambda one=one: one.told("where", journey.did).get("url") == cyd.url)  # type: ignore[misc]
        assert one.told("where", journey.did)["url"] == cyd.url
    assert "lives on another engine" in bob.refused("send", journey.eci, "counter:increment", "ticket=late")
    assert json.loads(cyd.done("query", journey.eci, "counter/count")) == 3
