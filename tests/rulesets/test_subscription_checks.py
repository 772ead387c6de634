"""Subscriptions look whether the other side is still there, and clean up after those who are not."""

from __future__ import annotations

from tests.rulesets.subscribers import RID, Pair, Pico, agree_often, check_gone

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
