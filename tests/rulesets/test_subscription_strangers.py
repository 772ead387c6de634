"""What strangers, and the other side of a relationship, cannot do to a pico with subscriptions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import ruleset_library
from engine.core.messages import Refusal
from engine.core.model import Eci
from tests.rulesets.subscribers import RID, Pair, Pico


@pytest.mark.parametrize("over", ["well_known", "eci", "Rx"])
@pytest.mark.parametrize(
    "name", ["established_removal", "outbound_removal", "inbound_removal", "subscription_check"]
)
def test_a_stranger_cannot_end_what_he_knows_of(pair: Pair, over: str, name: str) -> None:
    """Not over the channel that everybody knows, nor the owner's; not even over the one that was made for
    the other side, since he is not the other side."""
    eve = Pico(pair.engine, "eve")
    Id = pair.agree()
    bus = pair.bob.has("established")[0]
    to = bus["Rx"] if over == "Rx" else getattr(pair.bob, over)
    eve.sends(to, "wrangler", name, Id=Id, Tx=bus["Tx"], Rx=bus["Rx"])
    assert (pair.ann.phases, pair.bob.phases) == ((1, 0, 0), (1, 0, 0))


def test_a_stranger_cannot_withdraw_a_request(pair: Pair) -> None:
    """Neither knowing the Id alone, nor knowing everything and being somebody else."""
    eve = Pico(pair.engine, "eve")
    Id = pair.ask()
    eve.sends(pair.bob.well_known, "wrangler", "inbound_removal", Id=Id)
    eve.sends(pair.bob.well_known, "wrangler", "inbound_removal", Id=Id, Tx=pair.bob.has("inbound")[0]["Tx"])
    assert pair.bob.phases == (0, 1, 0)


def test_a_stranger_cannot_approve_for_the_other(pair: Pair) -> None:
    eve = Pico(pair.engine, "eve")
    Id = pair.ask()
    approval = "outbound_pending_subscription_approved"
    eve.sends(pair.ann.eci, "wrangler", approval, Id=Id, Tx=eve.well_known)
    assert pair.ann.phases == (0, 0, 1)


@pytest.mark.parametrize(
    ("domain", "name", "attrs"),
    [
        ("wrangler", "install_ruleset_request", {"url": "library:io.picolabs.pds"}),
        ("wrangler", "new_child_request", {"name": "x"}),
        ("wrangler", "subscription_cancellation", {}),
        ("wrangler", "new_channel_request", {"tags": ["x"], "eventPolicy": {}, "queryPolicy": {}}),
        ("engine_ui", "del_channel", {}),
        ("system", "online", {}),
    ],
)
def test_the_other_side_does_not_manage_the_pico(
    pair: Pair, domain: str, name: str, attrs: dict[str, Any]
) -> None:
    pair.agree()
    reply = pair.engine.reply(f"{domain}:{name}", attrs, pair.bob.has("established")[0]["Rx"])
    assert isinstance(reply, Refusal)
    assert reply.reason == "Denied by channel policy"


def test_the_other_side_says_of_wrangler_what_concerns_the_relationship_alone(pair: Pair) -> None:
    """Whatever else the rulesets that come with the engine hear or tell each other there is denied."""
    pair.agree()
    bus = pair.bob.has("established")[0]
    channels = pair.engine.query("io.picolabs.wrangler/channels", pair.bob.eci)
    denied = next(one["eventPolicy"]["deny"] for one in channels if one["id"] == bus["Rx"])
    names = {one["name"] for one in denied if one["domain"] == "wrangler"}
    texts = [path.read_text("utf-8") for path in Path(ruleset_library.__file__).parent.glob("*.krl")]
    handled = {name for text in texts for name in re.findall(r"\b(?:when|or) wrangler (\w+)", text)}
    raised = {name for text in texts for name in re.findall(r'raise wrangler event "(\w+)"', text)}
    assert (handled | raised) - names == {
        "outbound_pending_subscription_approved",
        "outbound_removal",
        "established_removal",
        "subscription_check",
    }


def test_the_other_side_cannot_have_a_request_accepted_that_is_not_welcome(pair: Pair) -> None:
    """Nor say what the channel for another is to let in: it could do everything through that."""
    pair.agree()
    pair.bob.do("autoAcceptConfigUpdate", configName="friends", regexMap={"who": "^friend$"})
    eve = Pico(pair.engine, "eve")
    eve.do("subscription", wellKnown_Tx=pair.bob.well_known, Id="evil")
    anything = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    pretended = {"Id": "evil", "who": "friend", "eventPolicy": anything}
    over = pair.ann.has("established")[0]["Tx"]
    pair.ann.sends(over, "wrangler", "inbound_pending_subscription_added", **pretended)
    assert pair.bob.phases == (1, 1, 0)
    pair.bob.do("inbound_pending_subscription_added", **pretended)
    assert pair.bob.phases == (2, 0, 0)
    reply = pair.engine.reply("wrangler:new_child_request", {"name": "x"}, eve.has("established")[0]["Tx"])
    assert isinstance(reply, Refusal)


@pytest.mark.parametrize(
    ("query", "may"),
    [
        ("watcher/asked", True),
        ("io.picolabs.wrangler/name", True),
        (f"{RID}/wellKnown_Rx", True),
        ("io.picolabs.wrangler/channels", False),
        (f"{RID}/established", False),
    ],
)
def test_the_other_side_may_ask_what_leads_nowhere_else(pair: Pair, query: str, may: bool) -> None:
    """Other channels of the pico are none of its business."""
    pair.agree()
    reply = pair.engine.ask(query, {}, pair.bob.has("established")[0]["Rx"])
    assert isinstance(reply, Refusal) is not may


def test_a_request_brings_no_policy_and_no_telling_tags(pair: Pair) -> None:
    """A channel made for a stranger is like any other, also when nobody looks at the request."""
    pair.bob.do("autoAcceptConfigUpdate", configName="all", regexMap={"Rx_role": ["."]})
    anything = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    eve = Pico(pair.engine, "eve")
    eve.sends(
        pair.bob.well_known,
        "wrangler",
        "new_subscription_request",
        Tx=eve.well_known,
        Rx_role="r",
        channel_name="Engine ",
        channel_type="u.i",
        eventPolicy=anything,
    )
    (bus,) = pair.bob.has("established")
    channels = pair.engine.query("io.picolabs.wrangler/channels", pair.bob.eci)
    made = next(one for one in channels if one["id"] == bus["Rx"])
    assert not {"engine", "ui"} & set(made["tags"])
    assert made["eventPolicy"]["deny"]


@pytest.mark.parametrize("given", ["channel_name", "channel_type"])
def test_a_stranger_does_not_choose_what_the_name_for_life_leads_to(pair: Pair, given: str) -> None:
    """The channel tagged `did` takes what comes to it."""
    pair.ann.sends(
        pair.bob.well_known,
        "wrangler",
        "new_subscription_request",
        Tx=pair.ann.well_known,
        **{given: "D.I.D"},
    )
    (bus,) = pair.bob.has("inbound")
    channels = pair.engine.query("io.picolabs.wrangler/channels", pair.bob.eci)
    assert "did" not in next(one for one in channels if one["id"] == bus["Rx"])["tags"]


def test_a_stranger_who_proposes_to_be_asked_brings_no_policy(pair: Pair) -> None:
    """Else he would get a channel through which he could do everything."""
    eve = Pico(pair.engine, "eve")
    anything = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    wish = {"wellKnown_Tx": eve.well_known, "eventPolicy": anything}
    eve.sends(pair.bob.well_known, "wrangler", "subscription", **wish)
    (bus,) = eve.has("inbound")
    reply = pair.engine.reply("wrangler:new_child_request", {"name": "x"}, bus["Tx"])
    assert isinstance(reply, Refusal)


def test_requests_cannot_fill_a_pico(pair: Pair) -> None:
    """A thousand may wait for an answer."""
    for number in range(1_001):
        attrs = {"Tx": f"t{number}", "Id": f"i{number}"}
        event = "wrangler", "new_subscription_request", attrs
        pair.engine.run(pair.engine.host.accept_event(Eci(pair.bob.well_known), *event))
    pair.engine.settle()
    pair.bob.do("nothing")
    assert pair.bob.phases == (0, 1_000, 0)


def test_an_application_can_say_what_comes_in(pair: Pair) -> None:
    """On either side; the relationship can still be agreed on and ended."""
    only = {"allow": [{"domain": "talk", "name": "say"}], "deny": []}
    none: dict[str, list[str]] = {"allow": [], "deny": []}
    Id = pair.ask(eventPolicy=only, queryPolicy=none)
    pair.bob.do("pending_subscription_approval", Id=Id, eventPolicy=none)
    assert (pair.ann.heard, pair.bob.heard) == (["hello"], [])
    assert isinstance(pair.engine.ask("watcher/asked", {}, pair.ann.has("established")[0]["Rx"]), Refusal)
    pair.ann.do("subscription_cancellation", Id=Id)
    assert pair.is_over()
