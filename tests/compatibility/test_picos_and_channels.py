"""Picos, their channels and policies, and events between them. Sections 11 and 12."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.messages import Refusal
from engine.runtime.replies import EventReply, QueryReply
from tests.compatibility.engine import Engine

TOOLS = """
ruleset tools {
  meta { shares channels, family, echo, heard }
  global {
    channels = function() { ctx:channels }
    family = function() { { "parent": ctx:parent, "children": ctx:children, "id": ctx:picoId } }
    echo = function(x) { x }
    heard = function() { ent:heard }
  }
  rule make { select when tools make
    ctx:newChannel(event:attrs{"tags"}, event:attrs{"events"}, event:attrs{"queries"}) setting(made)
    always { raise tools event "made" attributes { "channel": made } } }
  rule put { select when tools put
    ctx:putChannel(event:attrs{"eci"}, event:attrs{"tags"}, event:attrs{"events"}, event:attrs{"queries"}) }
  rule upsert { select when tools upsert   ctx:upsertChannel(event:attrs{"tags"}, event:attrs{"events"}) }
  rule delete { select when tools delete   ctx:delChannel(event:attrs{"eci"}) }
  rule made { select when tools made   send_directive("made", event:attrs{"channel"}) }
  rule child { select when tools child
    ctx:newPico([{ "url": meta:rid_url, "config": { "from": "parent" } }]) setting(eci)
    always { raise tools event "born" attributes { "eci": eci } } }
  rule born { select when tools born   send_directive(event:attrs{"eci"}) }
  rule bury { select when tools bury   ctx:delPico(event:attrs{"eci"}) }
  rule tell { select when tools tell
    ctx:event(event:attrs{"eci"}, "tools", "hear", { "x": event:attrs{"x"}, "r": re#a#, "l": [] })
      setting(eid)
    always { raise tools event "sent" attributes { "eid": eid } } }
  rule send { select when tools send   event:send(event:attrs{"options"}) }
  rule sent { select when tools sent   send_directive(event:attrs{"eid"}) }
  rule hear { select when tools hear
    send_directive("heard")
    always { ent:heard := { "attrs": event:attrs, "eci": event:eci, "time": event:time } } }
}
"""

ANY_EVENT = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
ANY_QUERY = {"allow": [{"rid": "*", "name": "*"}], "deny": []}


@pytest.fixture
def tools(engine: Engine) -> Engine:
    engine.install(TOOLS)
    return engine


def make_channel(engine: Engine, **attrs: Any) -> dict[str, Any]:
    [(_, channel)] = engine.send("tools:make", **attrs)
    made: dict[str, Any] = channel
    return made


def channels(engine: Engine, eci: str | None = None) -> dict[str, dict[str, Any]]:
    return {one["id"]: one for one in engine.query("tools/channels", eci)}


# --- channels --------------------------------------------------------------------------------------


def test_a_new_channel_is_shown_whole(tools: Engine) -> None:
    """Without policies everything is allowed; the peer's names for everything."""
    channel = make_channel(tools, tags=["Front Door!", "a_b-c", "a_b-c"])
    assert channel == {
        "id": channel["id"],
        "tags": ["front-door-", "a_b-c"],
        "eventPolicy": ANY_EVENT,
        "queryPolicy": ANY_QUERY,
        "familyChannelPicoID": None,
    }
    assert channels(tools)[channel["id"]] == channel


def test_channels_are_listed_in_the_order_of_their_ids(tools: Engine) -> None:
    """One of them is the pico's own: its id is the pico's, and nobody else may use it."""
    for _ in range(3):
        make_channel(tools, tags=["x"])
    listed = tools.query("tools/channels")
    assert [one["id"] for one in listed] == sorted(one["id"] for one in listed)
    pico = tools.query("tools/family")["id"]
    assert channels(tools)[pico]["tags"] == ["system", "self"]
    assert isinstance(tools.reply("tools:hear", eci=pico), Refusal)


@pytest.mark.parametrize("tags", [["system"], [" "], [""], ["ok", " System "], [5], "text", None])
def test_tags_that_are_refused(tools: Engine, tags: Any) -> None:
    assert tools.fault("tools:make", tags=tags)


@pytest.mark.parametrize(
    "policy",
    [
        {"allow": []},
        {"allow": [], "deny": [], "more": []},
        {"allow": [{"domain": "*"}], "deny": []},
        {"allow": [{"rid": "*", "name": "*"}], "deny": []},
        {"allow": [{"domain": "*", "name": "*", "more": "*"}], "deny": []},
        {"allow": "all", "deny": []},
        [],
    ],
)
def test_a_policy_has_exactly_the_parts_it_has(tools: Engine, policy: Any) -> None:
    """One that was misspelt must not mean "allow everything"."""
    assert tools.fault("tools:make", tags=["x"], events=policy)


@pytest.mark.parametrize(
    ("allow", "deny", "event", "reason"),
    [
        ([("tools", "hear")], [], "tools:hear", None),
        ([("tools", "*")], [], "tools:hear", None),
        ([("*", "hear")], [], "tools:hear", None),
        ([("tools", "hear")], [], "tools:tell", "Not allowed by channel policy"),
        ([], [], "tools:hear", "Not allowed by channel policy"),
        ([("*", "*")], [("tools", "hear")], "tools:hear", "Denied by channel policy"),
        ([("tools", "hear")], [("*", "*")], "tools:hear", "Denied by channel policy"),
        ([("other", "hear")], [], "tools:hear", "Not allowed by channel policy"),
    ],
)
def test_event_policies(
    tools: Engine, allow: list[tuple[str, str]], deny: list[tuple[str, str]], event: str, reason: str | None
) -> None:
    """Deny is looked at first, then one entry must allow."""
    policy = {
        "allow": [{"domain": domain, "name": name} for domain, name in allow],
        "deny": [{"domain": domain, "name": name} for domain, name in deny],
    }
    eci = make_channel(tools, tags=["x"], events=policy)["id"]
    reply = tools.reply(event, {}, eci)
    assert (reply.reason if isinstance(reply, Refusal) else None) == reason


def test_query_policies(tools: Engine) -> None:
    """By ruleset and name, apart from those for events."""
    policy = {"allow": [{"rid": "tools", "name": "echo"}], "deny": []}
    eci = make_channel(tools, tags=["x"], queries=policy)["id"]
    assert isinstance(tools.ask("tools/echo", {}, eci), QueryReply)
    refused = tools.ask("tools/channels", {}, eci)
    assert isinstance(refused, Refusal)
    assert refused.kind == "denied"
    assert isinstance(tools.reply("tools:hear", {}, eci), EventReply)


def test_raised_events_pass_by_the_policy(tools: Engine) -> None:
    """What a rule raises is its own business."""
    policy = {"allow": [{"domain": "tools", "name": "make"}], "deny": []}
    eci = make_channel(tools, tags=["x"], events=policy)["id"]
    assert tools.names("tools:make", eci, tags=["y"]) == ["made"]


def test_channels_can_be_changed_and_deleted(tools: Engine) -> None:
    eci = make_channel(tools, tags=["x"])["id"]
    nothing: dict[str, Any] = {"allow": [], "deny": []}
    tools.send("tools:put", eci=eci, tags=["y"], events=nothing, queries=nothing)
    assert channels(tools)[eci]["tags"] == ["y"]
    assert isinstance(tools.reply("tools:hear", {}, eci), Refusal)
    tools.send("tools:delete", eci=eci)
    assert eci not in channels(tools)
    refused = tools.reply("tools:hear", {}, eci)
    assert isinstance(refused, Refusal)
    assert refused.kind == "unknown"


def test_upsert_finds_a_channel_by_its_set_of_tags(tools: Engine) -> None:
    tools.send("tools:upsert", tags=["one", "two"])
    before = channels(tools)
    tools.send("tools:upsert", tags=["Two", "one"], events={"allow": [], "deny": []})
    after = channels(tools)
    assert set(before) == set(after)
    [changed] = [one for eci, one in after.items() if one != before[eci]]
    assert changed["eventPolicy"] == {"allow": [], "deny": []}
    tools.send("tools:upsert", tags=["one"])
    assert len(channels(tools)) == len(after) + 1


# --- children --------------------------------------------------------------------------------------


def test_parent_and_child_have_a_channel_each(tools: Engine) -> None:
    """The parent's leads to the child and the child's to the parent; only the relative may use it."""
    [child_eci] = tools.names("tools:child")
    family = tools.query("tools/family")
    assert (family["parent"], family["children"]) == (None, [child_eci])
    [own] = [one for one in channels(tools).values() if one["tags"] == ["system", "parent"]]
    assert own["familyChannelPicoID"] == tools.host.tree().children[0].id
    assert own["eventPolicy"] == ANY_EVENT
    for eci in (child_eci, own["id"]):
        refused = tools.reply("tools:hear", {}, eci)
        assert isinstance(refused, Refusal)
        assert refused.reason == "This is a family channel and only the owner can use it."


def test_family_channels_can_be_neither_edited_nor_deleted(tools: Engine) -> None:
    """Editing is ignored, deleting is refused."""
    tools.send("tools:child")
    [own] = [one for one in channels(tools).values() if one["tags"] == ["system", "parent"]]
    tools.send("tools:put", eci=own["id"], tags=["mine"])
    assert channels(tools)[own["id"]] == own
    assert tools.fault("tools:delete", eci=own["id"]) == "Cannot delete family channels."


def test_events_travel_between_parent_and_child(tools: Engine) -> None:
    """As JSON, over the channels they have to each other; the sender has the event's id at once."""
    child = tools.make_child("kid")
    tools.install(TOOLS, eci=child)
    [to_child] = tools.query("tools/family")["children"]
    to_parent = tools.query("tools/family", child)["parent"]

    [eid] = tools.names("tools:tell", eci=to_child, x=5)
    assert isinstance(eid, str)
    tools.send("tools:tell", child, eci=to_parent, x=6)
    tools.settle()

    heard = [tools.query("tools/heard", eci) for eci in (None, child)]
    assert [one["attrs"] for one in heard] == [{"x": 6, "r": {}, "l": []}, {"x": 5, "r": {}, "l": []}]
    assert [one["eci"] for one in heard] == [to_parent, to_child]


def test_only_a_child_can_be_deleted_by_its_parent(tools: Engine) -> None:
    """With everything below it, and the channel that led to it."""
    [child_eci] = tools.names("tools:child")
    assert "is not the channel of a child" in tools.fault("tools:bury", eci=tools.host.root_eci())
    tools.send("tools:bury", eci=child_eci)
    assert tools.query("tools/family")["children"] == []
    assert tools.host.tree().children == []
    assert not [one for one in channels(tools).values() if one["tags"] == ["system", "parent"]]


def test_a_child_that_cannot_be_made_takes_the_event_back(engine: Engine) -> None:
    engine.install("""
      ruleset p { rule r { select when p p ctx:newPico([{ "url": "file:///not/there.krl" }]) } }
    """)
    assert "file:///not/there.krl" in engine.fault("p:p")
    assert engine.host.tree().children == []


# --- sending ---------------------------------------------------------------------------------------


def test_a_pico_may_send_to_itself(tools: Engine) -> None:
    """By a channel of its own; the event comes after the one that sent it."""
    tools.send("tools:tell", eci=tools.host.root_eci(), x=7)
    tools.settle()
    heard = tools.query("tools/heard")
    assert heard["attrs"] == {"x": 7, "r": {}, "l": []}
    assert heard["eci"] == tools.host.root_eci()


@pytest.mark.parametrize("name", ["name", "type"])
def test_event_send_takes_a_map(tools: Engine, name: str) -> None:
    """`name` and `type` are the same; without attributes there are none."""
    options = {"eci": tools.host.root_eci(), "domain": "tools", name: "hear"}
    tools.send("tools:send", options=options)
    tools.settle()
    assert tools.query("tools/heard")["attrs"] == {}


def test_event_send_follows_a_subscription(tools: Engine) -> None:
    options = {"sub": {"Tx": tools.host.root_eci()}, "domain": "tools", "type": "hear", "attrs": {"a": 1}}
    tools.send("tools:send", options=options)
    tools.settle()
    assert tools.query("tools/heard")["attrs"] == {"a": 1}


def test_an_eci_must_be_a_text(tools: Engine) -> None:
    assert tools.fault("tools:send", options={"eci": 5, "domain": "d", "name": "t"})


def test_event_send_to_nowhere_does_no_harm(tools: Engine) -> None:
    """Only the log knows."""
    tools.send("tools:send", options={"eci": "nowhere", "domain": "d", "name": "t"})
    tools.settle()
    assert tools.query("tools/heard") is None
