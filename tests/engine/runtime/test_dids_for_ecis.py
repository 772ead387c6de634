"""A DID stands wherever an ECI of somebody else does: `event:send`, `autosend`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.messages import Fault
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

OPEN = {"allow": [{"domain": "far", "name": "*"}], "deny": []}

AUTO = """
ruleset auto {
  rule look {
    select when auto look
    http:get(event:attrs{"url"}, autosend = {
      "eci": event:attrs{"to"}, "from": event:attrs{"from"}, "domain": "far", "type": "hello",
      "attrs": {"n": "looked"}
    })
  }
  rule send {
    select when auto send
    event:send({"did": event:attrs{"to"}, "domain": "far", "type": "hello", "attrs": {"n": "by did"}})
  }
  rule will { select when auto will ctx:setWill("w", event:attrs{"to"}, "far", "hello", {}) }
  rule ask {
    select when auto ask
    ctx:eventQuery(event:attrs{"to"}, "far", "hello", {}, "friend", "seen", {})
  }
  rule both {
    select when auto both
    event:send({"eci": event:attrs{"eci"}, "did": event:attrs{"to"}, "domain": "far", "type": "hello",
                "attrs": {"n": "by eci"}})
  }
}
"""


async def pair(folder: Path, **settings: Any) -> tuple[Mesh, Member, Member]:
    mesh = Mesh(settings=settings)
    ann, ben = await mesh.add("ann", folder), await mesh.add("ben", folder)
    await ann.learn(folder / "auto.krl", AUTO)
    return mesh, ann, ben


@in_loop
async def test_event_send_takes_a_did_under_its_own_name(tmp_path: Path) -> None:
    """`eci` counts where both are given; something else than a DID is told."""
    mesh, ann, ben = await pair(tmp_path)
    _, did = await ben.open(OPEN)
    await ann.send("auto:send", to=did)
    await ann.send("auto:both", to=did, eci=ann.host.root_eci())
    await mesh.settle(ann, ben)
    assert (await ben.ask("seen"), await ann.ask("seen")) == (["by did"], ["by eci"])
    told = await ann.host.run_event(ann.host.root_eci(), "auto", "send", {"to": ben.host.root_eci()})
    assert isinstance(told, Fault)
    assert "a did begins with did:" in told.message


@in_loop
async def test_what_autosend_brings_back_goes_to_a_did(tmp_path: Path) -> None:
    """With the attributes that were given and those that were answered, from the channel that is named."""
    mesh, ann, ben = await pair(tmp_path)
    _, did = await ben.open(OPEN)
    mine, my_did = await ann.open(OPEN)
    await ann.send("auto:look", url=f"{mesh.url('ben')}/healthz", to=did, **{"from": mine})
    await mesh.settle(ann, ben)
    assert (await ben.ask("seen"), await ben.ask("senders")) == (["looked"], [my_did])
    assert await ann.ask("errors") == []


@in_loop
async def test_it_goes_to_a_did_of_the_same_engine(tmp_path: Path) -> None:
    """As to any other."""
    mesh, ann, _ = await pair(tmp_path)
    _, did = await ann.open(OPEN)
    await ann.send("auto:look", url=f"{mesh.url('ben')}/healthz", to=did)
    await mesh.settle(ann)
    assert await ann.ask("seen") == ["looked"]


@pytest.mark.parametrize("crashes", range(1, 6))
@in_loop
async def test_it_arrives_once_whatever_crashes(tmp_path: Path, crashes: int) -> None:
    """The request may be made again, and the event is sent under one name."""
    mesh, ann, ben = await pair(tmp_path)
    _, did = await ben.open(OPEN)
    await ann.send("auto:look", url=f"{mesh.url('ben')}/healthz", to=did)
    for _ in range(crashes):
        await ann.crash_and_start()
    await mesh.settle(ann, ben)
    assert await ben.ask("seen") == ["looked"]


@in_loop
async def test_who_is_refused_over_there_hears_of_it(tmp_path: Path) -> None:
    """By `system:error`, once."""
    mesh, ann, ben = await pair(tmp_path)
    _, did = await ben.open({"allow": [], "deny": []})
    await ann.send("auto:look", url=f"{mesh.url('ben')}/healthz", to=did)
    await mesh.settle(ann, ben)
    assert await ben.ask("seen") == []
    assert len(await ann.ask("errors")) == 1


@pytest.mark.parametrize("name", ["will", "ask"])
@in_loop
async def test_what_takes_no_did_says_so(tmp_path: Path, name: str) -> None:
    """At once, and what to do instead."""
    _, ann, ben = await pair(tmp_path)
    _, did = await ben.open(OPEN)
    told = await ann.host.run_event(ann.host.root_eci(), "auto", name, {"to": did})
    assert isinstance(told, Fault)
    assert "of this engine" in told.message
