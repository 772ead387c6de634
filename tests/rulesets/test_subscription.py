"""Relationships between picos, with Subscriptions in the engine: agreed on, used, ended, and cleaned up."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

import ruleset_library
from engine.core.messages import Refusal
from engine.core.model import Eci
from tests.compatibility.engine import Engine

RID = "io.picolabs.subscription"

ANNOUNCED = [
    "wellKnown_Rx_created",
    "outbound_pending_subscription_added",
    "wellKnown_Tx_format_failure",
    "inbound_pending_subscription_added",
    "no_Tx_failure",
    "inbound_pending_subscription_approved",
    "auto_accepted_subscription_request",
    "subscription_added",
    "subscription_removed",
    "inbound_subscription_cancelled",
    "outbound_subscription_cancelled",
    "failed_to_send_event_to_sub",
    "auto_accept_config_updated",
    "autoAcceptConfigUpdate_failure",
]

WATCHER = f"""
ruleset watcher {{
  meta {{ shares seen, heard, asked }}
  global {{
    seen = function() {{ ent:seen.defaultsTo([]) }}
    heard = function() {{ ent:heard.defaultsTo([]) }}
    asked = function() {{ "answered" }}
  }}
  rule watch {{
    select when {" or ".join(f"wrangler {name}" for name in ANNOUNCED)}
    always {{ ent:seen := seen().append({{ "name": event:name, "attrs": event:attrs }}) }}
  }}
  rule hear {{ select when talk say
    always {{ ent:heard := heard().append(event:attrs{{"words"}}) }} }}
  rule greet {{ select when wrangler subscription_added
    event:send({{ "eci": event:attrs{{["bus", "Tx"]}}, "domain": "talk", "type": "say",
                 "attrs": {{ "words": "hello" }} }}) }}
  rule send {{ select when talk send
    event:send(event:attrs{{"event"}}) }}
}}
"""


class Pico:
    """A pico with subscriptions, and somebody who watches them."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.eci = engine.make_child(name)
        self.installs(f"library:{RID}")
        engine.install(WATCHER, eci=self.eci)
        self.forget()

    def installs(self, url: str) -> None:
        self.engine.send("wrangler:install_ruleset_request", self.eci, url=url)
        self.engine.settle()

    def do(self, event: str, /, **attrs: Any) -> None:
        self.engine.send(f"wrangler:{event}", self.eci, **attrs)
        self.engine.settle()

    def sends(self, eci: str, domain: str, name: str, **attrs: Any) -> None:
        """Send another pico anything at all."""
        event = {"eci": eci, "domain": domain, "type": name, "attrs": attrs}
        self.engine.send("talk:send", self.eci, event=event)
        self.engine.settle()

    def has(self, phase: str, /, **which: str) -> list[dict[str, Any]]:
        buses: list[dict[str, Any]] = self.engine.query(f"{RID}/{phase}", self.eci, **which)
        return buses

    @property
    def phases(self) -> tuple[int, int, int]:
        """How many are established, inbound and outbound."""
        return len(self.has("established")), len(self.has("inbound")), len(self.has("outbound"))

    @property
    def well_known(self) -> str:
        eci: str = self.engine.query(f"{RID}/wellKnown_Rx", self.eci)["id"]
        return eci

    @property
    def channels(self) -> set[str]:
        channels = self.engine.query("io.picolabs.wrangler/channels", self.eci)
        return {one["id"] for one in channels}

    @property
    def heard(self) -> list[Any]:
        heard: list[Any] = self.engine.query("watcher/heard", self.eci)
        return heard

    def seen(self) -> list[tuple[str, dict[str, Any]]]:
        """What was announced since it was last asked, with its attributes."""
        seen = self.engine.query("watcher/seen", self.eci)[self._told :]
        self._told += len(seen)
        return [(one["name"], one["attrs"]) for one in seen]

    def names(self) -> list[str]:
        return [name for name, _ in self.seen()]

    def forget(self) -> None:
        self._told = 0
        self.seen()


class Pair:
    """Two picos; ann is the one who asks."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.ann, self.bob = Pico(engine, "ann"), Pico(engine, "bob")
        self.settled = self.ann.channels, self.bob.channels

    def ask(self, **attrs: Any) -> str:
        """Have ann ask bob; the Id."""
        roles = {"Rx_role": "pupil", "Tx_role": "teacher", "name": "lessons", "channel_type": "school"}
        self.ann.do("subscription", wellKnown_Tx=self.bob.well_known, **{**roles, **attrs})
        Id: str = self.ann.has("outbound")[-1]["Id"]
        return Id

    def agree(self, **attrs: Any) -> str:
        """The same, and have bob approve."""
        Id = self.ask(**attrs)
        self.bob.do("pending_subscription_approval", Id=Id)
        for pico in (self.ann, self.bob):
            pico.forget()
        return Id

    def bury(self, name: str) -> None:
        children = self.engine.query("io.picolabs.wrangler/children")
        eci = next(one["eci"] for one in children if one["name"] == name)
        self.engine.send("wrangler:child_deletion_request", eci=eci)
        self.engine.settle()

    def is_over(self) -> bool:
        """Nothing is left of any relationship on either side, channels included."""
        phases = self.ann.phases, self.bob.phases
        return phases == ((0, 0, 0), (0, 0, 0)) and (self.ann.channels, self.bob.channels) == self.settled


@pytest.fixture
def pair(engine: Engine) -> Pair:
    return Pair(engine)


# --- being introduced ------------------------------------------------------------------------------


def test_everybody_can_be_asked_over_a_channel_for_nothing_else(pair: Pair) -> None:
    channel = pair.engine.query(f"{RID}/wellKnown_Rx", pair.bob.eci)
    assert sorted(channel["tags"]) == ["tx_rx", "wellknown_rx"]
    names = ["subscription", "new_subscription_request", "inbound_removal"]
    assert channel["eventPolicy"]["allow"] == [{"domain": "wrangler", "name": name} for name in names]
    assert channel["queryPolicy"]["allow"] == [{"rid": RID, "name": "wellKnown_Rx"}]
    assert isinstance(pair.engine.reply("wrangler:cancel_subscriptions", {}, channel["id"]), Refusal)
    assert pair.engine.query(f"{RID}/wellKnown_Rx", channel["id"])["id"] == channel["id"]


# --- agreeing --------------------------------------------------------------------------------------


def test_a_request_is_pending_on_both_sides(pair: Pair) -> None:
    Id = pair.ask()
    mine, theirs = pair.ann.has("outbound")[0], pair.bob.has("inbound")[0]
    assert mine == {
        "Id": Id,
        "Rx_role": "pupil",
        "Tx_role": "teacher",
        "wellKnown_Tx": pair.bob.well_known,
        "Rx": mine["Rx"],
    }
    assert theirs == {
        "Id": Id,
        "Rx_role": "teacher",
        "Tx_role": "pupil",
        "Tx": mine["Rx"],
        "Rx": theirs["Rx"],
    }
    ((name, attrs),) = pair.ann.seen()
    assert name == "outbound_pending_subscription_added"
    assert attrs == {**mine, "name": "lessons", "channel_name": "lessons", "channel_type": "school"}
    ((name, attrs),) = pair.bob.seen()
    assert name == "inbound_pending_subscription_added"
    assert {key: attrs[key] for key in theirs} == theirs


def test_once_approved_it_is_established_on_both_sides(pair: Pair) -> None:
    Id = pair.ask()
    pair.ann.forget()
    pair.bob.forget()
    pair.bob.do("pending_subscription_approval", Id=Id)
    mine, theirs = pair.ann.has("established")[0], pair.bob.has("established")[0]
    assert mine == {
        "Id": Id,
        "Rx_role": "pupil",
        "Tx_role": "teacher",
        "Rx": theirs["Tx"],
        "Tx": theirs["Rx"],
    }
    assert (pair.ann.phases, pair.bob.phases) == ((1, 0, 0), (1, 0, 0))
    assert pair.ann.seen() == [("subscription_added", {"Id": Id, "Tx": mine["Tx"], "bus": mine})]
    assert pair.bob.seen() == [
        ("inbound_pending_subscription_approved", {"Id": Id, "bus": theirs}),
        ("subscription_added", {"Id": Id, "bus": theirs}),
    ]


def test_both_can_speak_as_soon_as_they_know_of_it(pair: Pair) -> None:
    """Whoever approves may say something in the same turn."""
    pair.agree()
    assert (pair.ann.heard, pair.bob.heard) == (["hello"], ["hello"])
    pair.ann.sends(pair.ann.has("established")[0]["Tx"], "talk", "say", words="again")
    assert pair.bob.heard == ["hello", "again"]


def test_buses_are_found_by_what_they_hold(pair: Pair) -> None:
    pair.agree()
    pair.agree(Tx_role="friend")
    assert len(pair.ann.has("established")) == 2
    assert [one["Tx_role"] for one in pair.ann.has("established", key="Tx_role", value="friend")] == [
        "friend"
    ]
    assert pair.ann.has("established", key="Tx_role", value="foe") == []
    assert len(pair.ann.has("established", key="Tx_role")) == 2


def test_roles_and_names_may_be_missing(pair: Pair) -> None:
    pair.ann.do("subscription", wellKnown_Tx=pair.bob.well_known, Tx_role="teacher")
    (mine,), (theirs,) = pair.ann.has("outbound"), pair.bob.has("inbound")
    assert "Rx_role" not in mine
    assert (mine["Tx_role"], theirs["Rx_role"]) == ("teacher", "teacher")
    assert "Tx_role" not in theirs


def test_an_id_of_ones_own_is_kept(pair: Pair) -> None:
    assert pair.agree(Id="lessons-1") == "lessons-1"
    assert pair.bob.has("established")[0]["Id"] == "lessons-1"


# --- ending ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ann", "bob"])
def test_either_side_may_end_it(pair: Pair, who: str) -> None:
    Id = pair.agree()
    mine, theirs = pair.ann.has("established")[0], pair.bob.has("established")[0]
    getattr(pair, who).do("subscription_cancellation", Id=Id)
    assert pair.is_over()
    for pico, bus in ((pair.ann, mine), (pair.bob, theirs)):
        ((name, attrs),) = pico.seen()
        assert (name, attrs["Id"], attrs["bus"]) == ("subscription_removed", Id, bus)


@pytest.mark.parametrize("key", ["Id", "Rx", "Tx"])
def test_a_bus_is_named_by_its_id_or_a_channel(pair: Pair, key: str) -> None:
    pair.agree()
    pair.ann.do("subscription_cancellation", **{key: pair.ann.has("established")[0][key]})
    assert pair.is_over()


def test_a_request_can_be_refused(pair: Pair) -> None:
    Id = pair.ask()
    pair.ann.forget()
    pair.bob.forget()
    pair.bob.do("inbound_rejection", Id=Id)
    assert pair.is_over()
    assert pair.ann.names() == ["outbound_subscription_cancelled"]
    assert pair.bob.names() == ["inbound_subscription_cancelled"]


def test_a_request_can_be_taken_back(pair: Pair) -> None:
    Id = pair.ask()
    pair.ann.forget()
    pair.bob.forget()
    pair.ann.do("outbound_cancellation", Id=Id)
    assert pair.is_over()
    assert pair.ann.names() == ["outbound_subscription_cancelled"]
    assert pair.bob.names() == ["inbound_subscription_cancelled"]


def test_all_can_be_ended_at_once(pair: Pair) -> None:
    """In whatever phase they are."""
    pair.agree()
    pair.ask()
    pair.bob.do("subscription", wellKnown_Tx=pair.ann.well_known)
    assert pair.ann.phases == (1, 1, 1)
    pair.ann.do("cancel_subscriptions")
    assert pair.is_over()


def agree_often(pair: Pair, times: int) -> None:
    """Nobody watches, since that costs more than all the rest."""
    for pico in (pair.ann, pair.bob):
        pair.engine.send("wrangler:uninstall_ruleset_request", pico.eci, rid="watcher")
    pair.bob.do("autoAcceptConfigUpdate", configName="all", regexMap={"Rx_role": "."})
    event = {"wellKnown_Tx": pair.bob.well_known, "Rx_role": "r", "Tx_role": "t"}
    for _ in range(times):
        pair.engine.send("wrangler:subscription", pair.ann.eci, **event)
    pair.engine.settle()
    assert pair.ann.phases == pair.bob.phases == (times, 0, 0)


def test_more_than_one_turn_could_end_are_ended_in_several(pair: Pair) -> None:
    agree_often(pair, 205)
    pair.bob.do("cancel_subscriptions")
    pair.engine.settle()
    assert pair.is_over()


# --- crossing, repeating, confusing ----------------------------------------------------------------


def test_approving_twice_is_approving_once(pair: Pair) -> None:
    Id = pair.agree()
    pair.bob.do("pending_subscription_approval", Id=Id)
    assert (pair.ann.phases, pair.bob.phases) == ((1, 0, 0), (1, 0, 0))
    assert pair.ann.names() == pair.bob.names() == []


@pytest.mark.parametrize(
    "event",
    [
        "pending_subscription_approval",
        "subscription_cancellation",
        "inbound_rejection",
        "outbound_cancellation",
        "intent_to_delete",
    ],
)
@pytest.mark.parametrize("Id", ["nobody", "", 5, ["a"], {"b": 1}, None])
def test_an_unknown_id_changes_nothing(pair: Pair, event: str, Id: Any) -> None:
    pair.agree()
    pair.ask()
    before = pair.ann.phases, pair.bob.phases, pair.ann.channels
    pair.ann.do(event, Id=Id)
    pair.bob.do(event, Id=Id)
    assert (pair.ann.phases, pair.bob.phases, pair.ann.channels) == before


def test_a_request_needs_somebody_to_go_to(pair: Pair) -> None:
    pair.ann.do("subscription", Rx_role="pupil")
    assert pair.ann.names() == ["wellKnown_Tx_format_failure"]
    assert pair.is_over()


def test_both_may_ask_each_other_at_once(pair: Pair) -> None:
    """Those are two relationships."""
    for one, other in ((pair.ann, pair.bob), (pair.bob, pair.ann)):
        event = {"wellKnown_Tx": other.well_known}
        assert not isinstance(pair.engine.reply("wrangler:subscription", event, one.eci), Refusal)
    pair.engine.settle()
    assert pair.ann.phases == pair.bob.phases == (0, 1, 1)
    for pico in (pair.ann, pair.bob):
        pico.do("pending_subscription_approval", Id=pico.has("inbound")[0]["Id"])
    assert pair.ann.phases == pair.bob.phases == (2, 0, 0)


def test_nobody_subscribes_to_himself(pair: Pair) -> None:
    pair.ann.do("subscription", wellKnown_Tx=pair.ann.well_known)
    assert pair.is_over()
    assert pair.ann.names() == ["outbound_pending_subscription_added", "outbound_subscription_cancelled"]


def test_an_id_that_is_in_use_on_the_other_side_is_refused(pair: Pair) -> None:
    """What has it stays as it is."""
    eve = Pico(pair.engine, "eve")
    Id = pair.agree()
    eve.do("subscription", wellKnown_Tx=pair.bob.well_known, Id=Id)
    assert eve.names() == ["outbound_pending_subscription_added", "outbound_subscription_cancelled"]
    assert (pair.ann.phases, pair.bob.phases, eve.phases) == ((1, 0, 0), (1, 0, 0), (0, 0, 0))
    assert pair.bob.has("established")[0]["Tx"] == pair.ann.has("established")[0]["Rx"]


def test_an_approval_and_a_withdrawal_may_cross(pair: Pair) -> None:
    """Then it never was: on neither side anything is left."""
    Id = pair.ask()
    host = pair.engine.host

    async def cross() -> None:
        await asyncio.gather(
            host.run_event(Eci(pair.ann.eci), "wrangler", "outbound_cancellation", {"Id": Id}),
            host.run_event(Eci(pair.bob.eci), "wrangler", "pending_subscription_approval", {"Id": Id}),
        )

    pair.engine.run(cross())
    pair.engine.settle()
    assert pair.is_over()
    assert pair.ann.names()[-1] == "outbound_subscription_cancelled"
    assert pair.bob.names()[-2:] == ["subscription_added", "subscription_removed"]


# --- strangers -------------------------------------------------------------------------------------


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


# --- accepting without asking ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entries", "accepts"),
    [
        ({"password": ["^secret$"]}, True),
        ({"password": "^secret$"}, True),
        ({"Rx_role": ["^pupil$"], "password": ["^wrong$"]}, False),
        ({"Rx_role": ["^pupil$", "^teacher$"]}, True),
        ({"password": ["^secre$"]}, False),
        ({"no_such": ["."]}, False),
        ({"Id": [1, None, {"a": 1}]}, False),
        ([], False),
        (None, False),
    ],
)
def test_requests_that_match_are_accepted(pair: Pair, entries: Any, accepts: bool) -> None:
    """One pattern for one attribute is enough; roles are those of bob."""
    pair.bob.do("autoAcceptConfigUpdate", configName="guests", regexMap=entries)
    pair.bob.forget()
    pair.ann.do(
        "subscription",
        wellKnown_Tx=pair.bob.well_known,
        Rx_role="pupil",
        Tx_role="teacher",
        password="secret",
    )
    assert pair.bob.phases == pair.ann.phases[:1] + ((0, 0) if accepts else (1, 0))
    assert ("auto_accepted_subscription_request" in pair.bob.names()) is accepts


def test_patterns_may_come_as_text_and_as_one_config(pair: Pair) -> None:
    pair.bob.do("autoAcceptConfigUpdate", configName="a", regexMap='{"Rx_role": ["x"]}')
    config = {"configName": "b", "entries": {"Tx_role": ["y"]}}
    pair.bob.do("autoAcceptConfigUpdate", config=config)
    assert pair.engine.query(f"{RID}/autoAcceptConfig", pair.bob.eci) == {
        "a": {"configName": "a", "entries": {"Rx_role": ["x"]}},
        "b": config,
    }
    pair.bob.do("autoAcceptConfigUpdate", configName="a", delete=True)
    assert list(pair.engine.query(f"{RID}/autoAcceptConfig", pair.bob.eci)) == ["b"]


def test_who_knows_the_password_of_a_config_may_change_it(pair: Pair) -> None:
    """Nobody else, and nobody can read it."""
    pair.bob.do("autoAcceptConfigUpdate", configName="a", password="open", regexMap={"x": ["1"]})
    pair.bob.do("autoAcceptConfigUpdate", configName="a", password="wrong", regexMap={"x": ["2"]})
    pair.bob.do("autoAcceptConfigUpdate", configName="a", delete=True)
    assert pair.bob.names() == ["auto_accept_config_updated", *["autoAcceptConfigUpdate_failure"] * 2]
    config = pair.engine.query(f"{RID}/autoAcceptConfig", pair.bob.eci)
    assert config == {"a": {"configName": "a", "entries": {"x": ["1"]}}}
    pair.bob.do("autoAcceptConfigUpdate", configName="a", password="open", delete=True)
    assert pair.engine.query(f"{RID}/autoAcceptConfig", pair.bob.eci) == {}


# --- speaking to others ----------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["subID", "Tx_role", "Rx_role"])
def test_an_event_goes_to_those_who_are_meant(pair: Pair, which: str) -> None:
    Id = pair.agree()
    pair.ask()
    named = {"subID": Id, "Tx_role": "teacher", "Rx_role": "pupil"}
    said = {"domain": "talk", "type": "say", "attrs": {"words": which}}
    pair.ann.do("send_event_on_subs", **{which: named[which]}, **said)
    assert pair.bob.heard == ["hello", which]


def test_an_event_for_nobody_is_told(pair: Pair) -> None:
    pair.agree()
    pair.ann.do("send_event_on_subs", Tx_role="foe", domain="talk", type="say")
    pair.ann.do("send_event_on_subs", Tx_role="teacher", domain="talk")
    found = [attrs for name, attrs in pair.ann.seen() if name == "failed_to_send_event_to_sub"]
    told = [(one["foundSubsToSendTo"], one["domainGiven"], one["typeGiven"]) for one in found]
    assert told == [(False, True, True), (True, True, False)]


# --- when somebody is no more ----------------------------------------------------------------------


def check_gone(pico: Pico, phase: str, Id: str) -> None:
    (name, attrs) = pico.seen()[-1]
    assert (name, attrs["bus"]["Id"], attrs["reason"]) == (phase, Id, "the other side is gone")
    assert pico.phases == (0, 0, 0)


@pytest.mark.parametrize(("gone", "left"), [("ann", "bob"), ("bob", "ann")])
def test_who_is_deleted_takes_leave(pair: Pair, gone: str, left: str) -> None:
    Id = pair.agree()
    pair.bury(gone)
    check_gone(getattr(pair, left), "subscription_removed", Id)


def test_a_request_of_one_who_is_gone_goes_with_him(pair: Pair) -> None:
    Id = pair.ask()
    pair.bury("ann")
    check_gone(pair.bob, "inbound_subscription_cancelled", Id)


def test_a_request_to_one_who_is_gone_goes_with_him(pair: Pair) -> None:
    Id = pair.ask()
    pair.bury("bob")
    check_gone(pair.ann, "outbound_subscription_cancelled", Id)


def test_an_approval_for_one_who_is_gone_comes_to_nothing(pair: Pair) -> None:
    """Whether bob approves before or after he hears of it."""
    Id = pair.ask()
    children = pair.engine.query("io.picolabs.wrangler/children")
    ann = next(one["eci"] for one in children if one["name"] == "ann")
    host = pair.engine.host
    for eci, event, attrs in (
        (pair.bob.eci, "pending_subscription_approval", {"Id": Id}),
        (host.root_eci(), "child_deletion_request", {"eci": ann}),
    ):
        pair.engine.run(host.accept_event(Eci(eci), "wrangler", event, attrs))
    pair.engine.settle()
    assert pair.bob.phases == (0, 0, 0)


def test_those_below_one_who_is_deleted_take_leave(pair: Pair) -> None:
    engine = pair.engine
    engine.send("wrangler:new_child_request", pair.ann.eci, name="below")
    engine.settle()
    ann = next(child for child in engine.host.tree().children if child.name == "ann")
    below = ann.children[0].eci
    assert below is not None
    engine.send("wrangler:install_ruleset_request", below, url=f"library:{RID}")
    engine.send("wrangler:subscription", below, wellKnown_Tx=pair.bob.well_known)
    engine.settle()
    Id = pair.bob.has("inbound")[0]["Id"]
    pair.bury("ann")
    check_gone(pair.bob, "inbound_subscription_cancelled", Id)


def test_uninstalling_takes_leave(pair: Pair) -> None:
    """Established relationships and pending ones."""
    pair.agree()
    pair.ask()
    pair.bob.do("subscription", wellKnown_Tx=pair.ann.well_known)
    pair.engine.send("wrangler:uninstall_ruleset_request", pair.bob.eci, rid=RID)
    pair.engine.settle()
    assert pair.ann.phases == (0, 0, 0)


def test_who_intends_to_be_deleted_is(pair: Pair) -> None:
    Id = pair.agree()
    pair.ann.do("intent_to_delete", Id=Id)
    assert [child.name for child in pair.engine.host.tree().children] == ["bob"]
    assert pair.bob.phases == (0, 0, 0)
    assert pair.bob.names() == ["subscription_removed"]


# --- looking after them ----------------------------------------------------------------------------

LOSING = " ".join(f"clear ent:{name}" for name in ("established", "inbound", "outbound", "others"))


def break_off(pair: Pair, pico: Pico, phase: str) -> str:
    """Take a pico's channel away behind the ruleset's back, so that nobody hears of it."""
    (bus,) = pico.has(phase)
    pico.do("channel_deletion_request", eci=bus["Rx"])
    Id: str = bus["Id"]
    return Id


def test_a_check_finds_those_who_cannot_be_reached(pair: Pair) -> None:
    Id = pair.agree()
    break_off(pair, pair.ann, "established")
    pair.bob.do("check_subscriptions")
    check_gone(pair.bob, "subscription_removed", Id)


def test_a_check_finds_requests_that_lead_nowhere(pair: Pair) -> None:
    Id = pair.ask()
    break_off(pair, pair.ann, "outbound")
    pair.bob.do("check_subscriptions")
    check_gone(pair.bob, "inbound_subscription_cancelled", Id)
    pair.bob.do("channel_deletion_request", eci=pair.bob.well_known)
    pair.ann.do("check_subscriptions")
    check_gone(pair.ann, "outbound_subscription_cancelled", Id)


def test_a_check_leaves_what_is_well(pair: Pair) -> None:
    pair.agree()
    pair.ask()
    pair.ann.forget()
    pair.bob.forget()
    for pico in (pair.ann, pair.bob):
        pico.do("check_subscriptions")
    assert (pair.ann.phases, pair.bob.phases) == ((1, 0, 1), (1, 1, 0))
    assert pair.ann.names() == pair.bob.names() == []


def test_a_check_ends_what_the_other_side_does_not_know(pair: Pair) -> None:
    """Ann has lost everything but the channel, and nobody was told."""
    pair.agree()
    url = pair.engine.publish(f"ruleset {RID} {{ rule lose {{ select when a b always {{ {LOSING} }} }} }}")
    pair.ann.installs(url)
    pair.engine.send("a:b", pair.ann.eci)
    pair.ann.installs(f"library:{RID}")
    assert (pair.ann.phases, pair.bob.phases) == ((0, 0, 0), (1, 0, 0))
    pair.bob.do("check_subscriptions")
    assert pair.bob.phases == (0, 0, 0)
    assert pair.bob.seen()[-1][1]["reason"] == "the other side does not know it"


def test_a_check_tells_of_an_approval_that_was_lost(pair: Pair) -> None:
    """Its turn may have failed on the other side, because of another ruleset."""
    Id = pair.ask()
    failing = 'rule fail { select when wrangler subscription_added always { ent:x := 0 - "a" } }'
    pair.engine.install(f"ruleset failing {{ {failing} }}", eci=pair.ann.eci)
    pair.bob.do("pending_subscription_approval", Id=Id)
    assert (pair.ann.phases, pair.bob.phases) == ((0, 0, 1), (1, 0, 0))
    pair.engine.send("wrangler:uninstall_ruleset_request", pair.ann.eci, rid="failing")
    pair.bob.do("check_subscriptions")
    assert (pair.ann.phases, pair.bob.phases) == ((1, 0, 0), (1, 0, 0))
    assert pair.ann.has("established")[0]["Tx"] == pair.bob.has("established")[0]["Rx"]


def test_checks_can_be_scheduled(pair: Pair) -> None:
    """They are not unless somebody says so, and then until somebody says otherwise."""
    pair.agree()
    pair.bob.do("check_subscriptions_repeatedly", timespec="0 * * * *")
    pair.bob.do("check_subscriptions_repeatedly", timespec="30 * * * *")
    assert len(pair.engine.disk.timers) == 1
    break_off(pair, pair.ann, "established")
    pair.engine.move(60 * 60 * 1000)
    assert pair.bob.phases == (0, 0, 0)
    pair.bob.do("check_subscriptions_repeatedly")
    assert not pair.engine.disk.timers
    assert "cron" in pair.engine.fault(
        "wrangler:check_subscriptions_repeatedly", pair.bob.eci, timespec="soon"
    )


def test_checking_many_takes_several_turns(pair: Pair) -> None:
    agree_often(pair, 205)
    for bus in pair.ann.has("established"):
        pair.ann.do("channel_deletion_request", eci=bus["Rx"])
    pair.bob.do("check_subscriptions")
    for _ in range(20):
        pair.engine.settle()
    assert pair.bob.phases == (0, 0, 0)
