"""A ruleset speaks protocols of others' making: with things attached, and with headers of their own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.core.model import Eci
from engine.runtime.replies import EventReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.mesh import Member, Mesh

CLERK = """
ruleset clerk {
  meta { shares heard, errors }
  global {
    heard = function() { ent:heard.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
  }
  rule offer {
    select when clerk offer
    didcomm:send(event:attrs{"did"}, "https://example.org/deal/1.0/offer", {"n": 1}, event:attrs{"options"})
  }
  rule request {
    select when didcomm deal_offer
    didcomm:reply("https://example.org/deal/1.0/request", {}, {"attachments": event:attrs{"attachments"}})
  }
  rule hear {
    select where event:domain == "didcomm"
    fired { ent:heard := heard().append(event:attrs.put("name", event:name)) }
  }
  rule fail {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""
PICTURE = {
    "id": "p1",
    "description": "a picture",
    "media_type": "image/png",
    "byte_count": 3,
    "data": {"base64": "AAEC"},
}
TERMS = {"format": "https://example.org/terms", "data": {"json": {"price": 2.5, "for": [1, None]}}}


async def clerk(mesh: Mesh, name: str, folder: Path) -> tuple[Member, Eci, Any]:
    member = await mesh.add(name, folder)
    await member.learn(folder / "clerk.krl", CLERK)
    return member, *(await member.open())


async def said(member: Member, function: str) -> Any:
    reply = await member.host.run_query(member.host.root_eci(), "clerk", function, {})
    return getattr(reply, "value", reply)


@in_loop
async def test_what_is_attached_arrives(tmp_path: Path) -> None:
    """As it was given, and as it was given back in the answer."""
    mesh = Mesh()
    ann, eci, _ = await clerk(mesh, "ann", tmp_path)
    ben, _, there = await clerk(mesh, "ben", tmp_path)
    options = {"from": eci, "attachments": [PICTURE, TERMS]}
    await ann.send("clerk:offer", did=there, options=options)
    await mesh.settle(ann, ben)
    (offer,) = [one for one in await said(ben, "heard") if one["name"] == "deal_offer"]
    (request,) = [one for one in await said(ann, "heard") if one["name"] == "deal_request"]
    assert offer["attachments"] == request["attachments"] == [PICTURE, TERMS]
    assert request["thid"] == offer["id"]
    assert await said(ann, "errors") == await said(ben, "errors") == []


@in_loop
async def test_headers_are_what_a_rule_says(tmp_path: Path) -> None:
    """The language of a message is told; what is part of every message stays the engine's."""
    mesh = Mesh()
    ann, eci, _ = await clerk(mesh, "ann", tmp_path)
    ben, _, there = await clerk(mesh, "ben", tmp_path)
    headers = {"lang": "de", "x-price": 7}
    await ann.send("clerk:offer", did=there, options={"from": eci, "headers": headers})
    await mesh.settle(ann, ben)
    (offer,) = [one for one in await said(ben, "heard") if one["name"] == "deal_offer"]
    assert offer["lang"] == "de"
    assert await said(ann, "errors") == []


@in_loop
async def test_an_acknowledgement_reaches_the_rules(tmp_path: Path) -> None:
    """Of a message for which they wanted one, and by its id; nobody else is troubled with such."""
    mesh = Mesh()
    ann, eci, _ = await clerk(mesh, "ann", tmp_path)
    ben, _, there = await clerk(mesh, "ben", tmp_path)
    await ann.send("clerk:offer", did=there, options={"from": eci, "id": "plain"})
    await ann.send(
        "clerk:offer", did=there, options={"from": eci, "id": "urgent", "headers": {"please_ack": [""]}}
    )
    await mesh.settle(ann, ben)
    (ack,) = [one for one in await said(ann, "heard") if one["name"] == "empty_empty"]
    assert (ack["ack"], ack["thid"], ack["from"]) == (["urgent"], "urgent", there)
    assert "empty_empty" not in {one["name"] for one in await said(ben, "heard")}


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"attachments": {"data": {}}}, "an array of maps"),
        ({"attachments": [{"data": {}}]}, "its data as base64, json or links"),
        ({"attachments": ["x"]}, "an attachment is an object"),
        ({"headers": ["x"]}, "headers are a map"),
        ({"headers": {"to": "x"}}, "part of every message"),
    ],
)
@in_loop
async def test_what_nobody_could_read_fails_in_the_rule(
    options: dict[str, Any], why: str, tmp_path: Path
) -> None:
    """With the reason, before anything leaves."""
    mesh = Mesh()
    ann, eci, there = await clerk(mesh, "ann", tmp_path)
    reply = await ann.host.run_event(
        ann.host.root_eci(), "clerk", "offer", {"did": there, "options": {"from": eci, **options}}
    )
    assert not isinstance(reply, EventReply)
    assert why in getattr(reply, "message", "")
    assert mesh.wire.requests == []
