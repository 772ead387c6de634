"""Relationships between picos, with Subscriptions in the engine: asked for, agreed on, and used."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.core.messages import Refusal
from engine.core.model import Eci
from tests.rulesets.subscribers import RID, Pair, Pico

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


@pytest.mark.parametrize("did", ["did:peer:2.Vz6Mk", " did:scid:vh:1:Qm?src=example.com"])
def test_a_did_is_nobody_to_subscribe_to(pair: Pair, did: str) -> None:
    """Both sides say so: the end could not be told any more. No channel is made."""
    pair.ann.do("subscription", wellKnown_Tx=did)
    pair.ann.sends(pair.bob.well_known, "wrangler", "new_subscription_request", Tx=did)
    assert (pair.ann.names(), pair.bob.names()) == (["wellKnown_Tx_format_failure"], ["no_Tx_failure"])
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
