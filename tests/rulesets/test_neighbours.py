"""Picos of one engine that ask each other: queries, events with a query, and never in a circle."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from engine.config import Settings
from engine.core.messages import Fault
from engine.core.model import Eci
from engine.core.records import Record, decode_record
from engine.runtime.neighbours import LONGEST_CHAIN
from engine.runtime.replies import EventReply
from tests.compatibility.engine import Engine
from tests.rulesets.neighbour import NEIGHBOUR, Family, make_family


@pytest.fixture
def family(engine: Engine) -> Family:
    return make_family(engine)


# --- queries ---------------------------------------------------------------------------------------


def test_a_rule_and_a_query_can_ask_another_pico(family: Family) -> None:
    """The value comes as it is."""
    value = {"a": [1, None, "x"]}
    assert family.do("ask", family.ann, eci=family.bob, name="echo", args={"x": value}) == value
    assert family.ask("ask", family.ann, eci=family.bob, name="echo", args={"x": value}) == value


def test_relatives_ask_over_their_family_channels(family: Family) -> None:
    """Which nobody else can do."""
    to_ann = family.ask("family", family.root)["children"][0]
    to_root = family.ask("family", family.ann)["parent"]
    assert family.do("ask", family.root, eci=to_ann, name="echo", args={"x": 1}) == 1
    assert family.do("ask", family.ann, eci=to_root, name="echo", args={"x": 2}) == 2
    refused = family.fault("ask", family.bob, eci=to_ann, name="echo", args={"x": 1})
    assert "only the owner can use it" in refused


def test_the_answer_is_recorded_with_the_turn(family: Family) -> None:
    """So the turn can be run again although the other pico has changed since."""
    family.do("add", family.bob)
    family.do("ask", family.ann, eci=family.bob, name="count", args={})
    inputs = _last_record(family, family.ann).turn.inputs
    assert inputs.answers == ({"value": 1.0},)


def _last_record(family: Family, eci: str) -> Record:
    kept = family.engine.disk.records[family.ask("family", eci)["id"]]
    return decode_record(kept[max(kept)][1])


@pytest.mark.parametrize(
    ("eci", "name", "reason"),
    [
        ("nowhere", "echo", "there is no channel nowhere here"),
        ("bob", "tell", 'Ruleset n does not have query function "tell"'),
    ],
)
def test_a_query_that_is_not_answered_says_why(family: Family, eci: str, name: str, reason: str) -> None:
    target = family.bob if eci == "bob" else eci
    assert reason in family.fault("ask", family.ann, eci=target, name=name, args={})


def test_a_policy_holds_for_picos_too(family: Family) -> None:
    nothing: dict[str, Any] = {"allow": [], "deny": []}
    closed = family.do("open", family.bob, queries=nothing)["id"]
    refused = family.fault("ask", family.ann, eci=closed, name="echo", args={})
    assert refused.startswith("Not allowed by channel policy (")
    assert "n/echo" in refused


def test_a_pico_cannot_ask_itself(family: Family) -> None:
    """By any of its channels, in a rule or in a query."""
    asked = {"eci": family.ann, "name": "echo", "args": {}}
    assert "cannot wait for itself" in family.fault("ask", family.ann, **asked)
    reply = family.engine.ask("n/ask", asked, family.ann)
    assert isinstance(reply, Fault)
    assert "cannot wait for itself" in reply.message


@pytest.mark.parametrize("start", ["ask", "change"])
def test_nobody_is_asked_in_a_circle(family: Family, start: str) -> None:
    """Ann asks Bob, who asks the root, which asks Ann: the last is told that this leads nowhere."""
    back = {"eci": family.ann, "name": "echo", "args": {"x": 1}}
    via_root = {"eci": family.root, "name": "ask", "args": back}
    asked = {"eci": family.bob, "name": "ask", "args": via_root, "event": "add", "attrs": {}}
    assert "leads back to a pico that waits" in family.fault(start, family.ann, **asked)
    assert family.counts()[1] == 0.0


def test_a_chain_of_picos_has_an_end(family: Family) -> None:
    """Sixteen may wait in a row, each for the next; a seventeenth would be one too many."""
    for number in range(LONGEST_CHAIN):
        family.engine.install(NEIGHBOUR, eci=family.engine.make_child(f"link {number}"))
    links = [one.eci for one in family.engine.host.tree().children]

    def asked_along(length: int) -> dict[str, Any]:
        asked: dict[str, Any] = {"eci": links[length], "name": "echo", "args": {"x": "end"}}
        for link in reversed(links[1:length]):
            asked = {"eci": link, "name": "ask", "args": asked}
        return asked

    assert family.do("ask", family.ann, **asked_along(LONGEST_CHAIN - 1)) == "end"
    assert "wait for each other" in family.fault("ask", family.ann, **asked_along(LONGEST_CHAIN))


def test_a_query_does_not_wait_behind_events(family: Family) -> None:
    """It sees what is committed, though the other pico is in the middle of a turn that asks back."""

    async def cross() -> list[Any]:
        send = family.engine.host.run_event
        asking = (
            send(Eci(mine), "n", "ask", {"eci": other, "name": "echo", "args": {"x": mine}})
            for mine, other in ((family.ann, family.bob), (family.bob, family.ann))
        )
        return list(await asyncio.gather(*asking))

    replies = family.engine.run(cross())
    assert [reply.directives[0]["options"]["value"] for reply in replies] == [family.ann, family.bob]


# --- events with a query ---------------------------------------------------------------------------


def test_an_event_and_then_a_query_happen_inside_the_turn(family: Family) -> None:
    """The query sees what the event did."""
    assert family.do("change", family.ann, eci=family.bob, event="add", name="count") == 1
    assert family.counts() == [0, 10, 1]


def test_an_event_that_fails_there_fails_the_turn_here(family: Family) -> None:
    """With the other's reason; and nothing of this turn stays."""
    told = family.fault("change", family.ann, eci=family.bob, event="fail", name="count")
    assert told.startswith(f"n/count over channel {family.bob}: ")
    assert family.counts() == [0, 0, 0]


def test_an_event_query_is_let_in_whole_or_not_at_all(family: Family) -> None:
    """Where the query is not allowed the event does not happen either."""
    nothing: dict[str, Any] = {"allow": [], "deny": []}
    for closed in ({"queries": nothing}, {"events": nothing}):
        channel = family.do("open", family.bob, **closed)["id"]
        refused = family.fault("change", family.ann, eci=channel, event="add", name="count")
        assert refused.startswith("Not allowed by channel policy")
    assert family.counts() == [0, 0, 0]


@pytest.mark.parametrize("inner", ["change", "ask"])
def test_a_turn_cannot_wait_for_one_that_waits_for_it(family: Family, inner: str) -> None:
    """Ann has an event run by Bob, whose rule asks Ann: no deadlock, but a fault for both."""
    back = {"eci": family.ann, "event": "add", "name": "count", "args": {}}
    asked = {"eci": family.bob, "event": inner, "attrs": back, "name": "count"}
    assert "wait" in family.fault("change", family.ann, **asked)
    assert family.counts() == [0, 0, 0]
    assert family.do("change", family.ann, eci=family.bob, event="add", name="count") == 1


def test_two_turns_that_cross_do_not_wait_for_ever(family: Family) -> None:
    """At least one of them is told so; the other may go on."""

    async def cross() -> list[Any]:
        send = family.engine.host.run_event
        changing = (
            send(Eci(mine), "n", "change", {"eci": other, "event": "add", "name": "count"})
            for mine, other in ((family.ann, family.bob), (family.bob, family.ann))
        )
        return list(await asyncio.gather(*changing))

    replies = family.engine.run(cross())
    faults = [reply.message for reply in replies if isinstance(reply, Fault)]
    assert len(faults) >= 1
    assert all("wait for each other" in message for message in faults)
    assert len(faults) + sum(isinstance(reply, EventReply) for reply in replies) == 2


# --- events ----------------------------------------------------------------------------------------


def test_an_event_that_nobody_takes_fails_the_turn(family: Family) -> None:
    """`event:send` would only write a line in the engine's log."""
    nothing: dict[str, Any] = {"allow": [], "deny": []}
    closed = family.do("open", family.bob, events=nothing)["id"]
    assert "there is no channel nowhere here" in family.fault("tell", family.ann, eci="nowhere", name="add")
    assert "Not allowed by channel policy" in family.fault("tell", family.ann, eci=closed, name="add")


def test_an_event_for_another_pico_is_run_by_it(family: Family) -> None:
    """After the commit; the rule has its id at once."""
    eid = family.do("tell", family.ann, eci=family.bob, name="add")
    assert family.counts() == [0, 0, 1]
    assert _last_record(family, family.bob).turn.event.eid == eid


# --- the log ---------------------------------------------------------------------------------------


def test_a_pico_reads_its_own_log(family: Family) -> None:
    """A map for each event, the oldest first, with what its rules wrote and why it failed."""
    family.do("add", family.ann)
    family.engine.reply("n:fail", {}, family.ann)
    family.engine.settle()
    added, failed, *later = family.ask("logs", family.ann)[-3:]
    assert (added["domain"], added["name"], added["error"]) == ("n", "add", None)
    [line] = added["lines"]
    assert (line["level"], line["rid"], line["rule"]) == ("info", "n", "add")
    assert "added" in (line["message"], line["value"])
    assert failed["name"] == "fail"
    assert failed["error"] is not None
    assert [one["name"] for one in later] == ["error"]


def test_the_log_reaches_twelve_hours_back(family: Family) -> None:
    family.do("add", family.ann)
    family.engine.clock.time_ms += 11 * 3_600_000
    assert family.ask("logs", family.ann)
    family.engine.clock.time_ms += 2 * 3_600_000
    assert family.ask("logs", family.ann) == []
    family.do("add", family.ann)
    assert [one["name"] for one in family.ask("logs", family.ann)] == ["add"]


def test_a_long_log_ends_with_the_newest(family: Family) -> None:
    """It is read in pieces, and none is missing."""
    for _ in range(100):
        family.do("add", family.bob)
    times = [one["eid"] for one in family.ask("logs", family.bob) if one["name"] == "add"]
    assert len(set(times)) == 100


# --- flushing --------------------------------------------------------------------------------------


def test_a_pico_flushes_a_ruleset_of_its_own(family: Family) -> None:
    """Its state stays; other picos keep the text they have."""
    family.do("add", family.ann)
    url = family.engine.publish(NEIGHBOUR.replace("{ x }", '{ "new " + x }'))
    assert family.do("flush", family.ann, url=url) == "n"
    assert family.ask("echo", family.ann, x="x") == "new x"
    assert family.ask("echo", family.bob, x="x") == "x"
    assert family.counts() == [0, 1, 0]


def test_a_flush_that_cannot_be_is_a_fault(family: Family) -> None:
    """A text that is gone, is broken, or is of another ruleset now: the old one stays in force."""
    url = family.engine.publish(NEIGHBOUR)
    assert "nothing was published" in family.fault("flush", family.ann, url="file:///gone.krl")
    family.engine.published.texts[url] = "ruleset other {}"
    assert "is the ruleset other now" in family.fault("flush", family.ann, url=url)
    family.engine.published.texts[url] = "ruleset n {"
    assert "K1" in family.fault("flush", family.ann, url=url)
    assert family.ask("echo", family.ann, x=1) == 1


# --- channels without a policy ---------------------------------------------------------------------


def test_an_engine_can_have_new_channels_closed() -> None:
    """What is made without a policy lets nothing in; what has one is as it says, and relatives may talk."""
    engine = Engine(Settings(default_channel_policy="deny"))
    family = make_family(engine)
    assert family.do("open", family.ann)["eventPolicy"] == {"allow": [], "deny": []}
    everything = {"allow": [{"domain": "*", "name": "*"}], "deny": []}
    half = family.do("open", family.ann, events=everything)
    assert (half["eventPolicy"], half["queryPolicy"]) == (everything, {"allow": [], "deny": []})
    to_root = family.ask("family", family.ann)["parent"]
    assert family.do("ask", family.ann, eci=to_root, name="echo", args={"x": 1}) == 1
    assert _last_record(family, family.ann).turn.inputs.default_policy == "deny"
    engine.close()
