"""Some refusals pass: a message that meets one is tried again under its id, and arrives once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.dids import Did
from engine.core.model import Eci
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

TALKER = """
ruleset talker {
  meta { shares words, lost }
  global {
    words = function() { ent:words.defaultsTo([]) }
    lost = function() { ent:lost.defaultsTo([]) }
  }
  rule say { select when talker say didcomm:send(event:attrs{"did"}, "https://example.org/talk/1.0/word",
      {"word": event:attrs{"word"}}, {"from": event:attrs{"from"}}) }
  rule send { select when talker send event:send({"eci": event:attrs{"did"}, "from": event:attrs{"from"},
      "domain": "talker", "type": "told", "attrs": {"word": event:attrs{"word"}}}) }
  rule hear { select when didcomm talk_word
    fired { ent:words := words().append(event:attrs{["body", "word"]}) } }
  rule told { select when talker told fired { ent:words := words().append(event:attrs{"word"}) } }
  rule lose { select when system error fired { ent:lost := lost().append(event:attrs{"data"}) } }
}
"""


async def talker(mesh: Mesh, name: str, folder: Path) -> tuple[Member, Eci, Did]:
    member = await mesh.add(name, folder)
    await member.learn(folder / "talker.krl", TALKER)
    return member, *(await member.open())


async def known(member: Member, what: str) -> Any:
    reply = await member.host.run_query(member.host.root_eci(), "talker", what, {})
    return getattr(reply, "value", reply)


EVENTS = pytest.mark.parametrize("event", ["talker:say", "talker:send"])


@EVENTS
@in_loop
async def test_an_engine_that_is_just_ending_is_asked_again(event: str, tmp_path: Path) -> None:
    """It says that it is busy, which is no refusal of the message."""
    mesh = Mesh()
    ann, eci, _ = await talker(mesh, "ann", tmp_path)
    bob, _, there = await talker(mesh, "bob", tmp_path)
    await bob.host.drain(within_s=0)
    await ann.send(event, did=there, word="hello", **{"from": eci})
    with pytest.raises(AssertionError):
        await mesh.settle(ann, tries=2)
    assert mesh.wire.requests
    bob.journal.crash()
    await bob.start()
    await mesh.settle(ann, bob)
    assert await known(bob, "words") == ["hello"]
    assert await known(ann, "lost") == []


@EVENTS
@in_loop
async def test_an_engine_that_does_not_know_its_channels_yet_is_asked_again(
    event: str, tmp_path: Path
) -> None:
    """It is being restored, and somebody else is at its place meanwhile, who has none of its keys."""
    mesh = Mesh()
    ann, eci, _ = await talker(mesh, "ann", tmp_path)
    bob, _, there = await talker(mesh, "bob", tmp_path)
    eve = await mesh.add("eve", tmp_path)
    mesh.wire.hosts["bob.example"] = eve.host
    await ann.send(event, did=there, word="hello", **{"from": eci})
    with pytest.raises(AssertionError):
        await mesh.settle(ann, tries=2)
    assert mesh.wire.requests
    mesh.wire.hosts["bob.example"] = bob.host
    await mesh.settle(ann, bob)
    assert await known(bob, "words") == ["hello"]
    assert await known(ann, "lost") == []
