"""Relationships end: either side ends them, or one of the two picos is no more."""

from __future__ import annotations

import pytest

from engine.core.model import Eci
from tests.rulesets.subscribers import RID, Pair, agree_often, check_gone

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


def test_more_than_one_turn_could_end_are_ended_in_several(pair: Pair) -> None:
    agree_often(pair, 205)
    pair.bob.do("cancel_subscriptions")
    pair.engine.settle()
    assert pair.is_over()


# --- when somebody is no more ----------------------------------------------------------------------


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
