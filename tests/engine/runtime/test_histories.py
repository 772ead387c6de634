"""What the engine tells of the past of its picos."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from engine.config import Settings
from engine.core.messages import Refusal
from engine.core.model import EventId, PicoId
from engine.core.records import decode_record, encode_record
from engine.runtime import histories
from tests.compatibility.engine import Engine

TEXT = """
ruleset tea {
  meta { use module io.picolabs.wrangler alias wrangler shares cups }
  global { cups = function() { ent:cups } }
  rule drink {
    select when tea offered where event:attrs{"sugar"} != "yes"
    send_directive("thanks")
    fired {
      ent:cups := ent:cups.defaultsTo(0) + 1;
      raise tea event "drunk" attributes {"cups": ent:cups};
      schedule tea event "wanted" at time:add(time:now(), {"minutes": 5})
    }
  }
  rule drunk { select when tea drunk where event:attrs{"cups"} > 2 send_directive("no more") }
  rule wanted {
    select when tea wanted
    event:send({"eci": wrangler:children()[0]{"eci"}, "domain": "child", "type": "called"})
  }
  rule stir { select when tea stirred foreach 0.range(999) setting(x) foreach 0.range(999) setting(y) noop() }
  rule spill { select when tea spilled pre { x = [1].map(1) } send_directive("x", {"x": x}) }
}
"""


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    opened.install(TEXT)
    yield opened
    opened.close()


def ask(engine: Engine, question: str, *words: Any) -> Any:
    """What the histories answer; not a refusal."""
    method = getattr(engine.host.histories, question)
    found = engine.run(method(*words))
    assert not isinstance(found, Refusal), found
    return found


def root(engine: Engine) -> str:
    return engine.host.root_eci()


def verdicts(told: Any) -> dict[str, str]:
    return {
        one["rule"]: one["verdict"]
        for event in told["events"]
        for one in event["rules"]
        if one["rid"] == "tea"
    }


def test_the_log_tells_every_event_with_the_rules_that_fired(engine: Engine) -> None:
    """The newest last, with what each costs."""
    engine.send("tea:offered")
    engine.send("tea:offered", sugar="yes")
    engine.fault("tea:spilled")
    offered, refused, spilled, error = ask(engine, "log", root(engine), 4)["events"]
    assert (offered["event"], offered["fired"]) == ("tea:offered", [{"rid": "tea", "rule": "drink"}])
    assert (offered["outcome"], offered["directives"]) == ("done", 1)
    assert offered["steps"] > 0
    assert offered["microseconds"] > 0
    assert offered["changed"][0] == ["entity", "tea", "cups"]
    assert (refused["attrs"]["sugar"], refused["fired"], refused["changed"]) == ("yes", [], [])
    assert refused["rules"] == [{"rid": "tea", "rule": "drink", "verdict": "not selected", "why": "refused"}]
    assert (spilled["outcome"], spilled["fault"]["code"]) == ("failed", "R602")
    assert [one["verdict"] for one in spilled["rules"]] == ["failed"]
    (told,) = spilled["sent"]
    assert (told["send"]["name"], told["send"]["eid"]) == ("error", error["eid"])
    assert [line["level"] for line in spilled["lines"]] == ["error"]
    assert (error["event"], error["seq"]) == ("system:error", offered["seq"] + 3)


def test_a_full_log_explains_every_event(engine: Engine) -> None:
    """The way `why` does, but for where the event came from."""
    engine.send("tea:offered")
    engine.fault("tea:spilled")
    for event in ask(engine, "log", root(engine), 3, True)["events"]:
        why = ask(engine, "why", EventId(event["eid"]), root(engine))
        assert {key: event[key] for key in why if key not in ("pico", "cause")} == {
            key: told for key, told in why.items() if key not in ("pico", "cause")
        }


def test_the_whole_log_begins_with_the_first_turn(engine: Engine) -> None:
    """The engine installed Wrangler in it."""
    events = ask(engine, "log", root(engine), 1_000)["events"]
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))
    assert events[0]["event"] == "$engine:install"


def test_why_an_event_led_to_what_it_led_to(engine: Engine) -> None:
    """Every rule with its verdict, and what was raised below what raised it."""
    reply = engine.reply("tea:offered")
    told = ask(engine, "why", reply.eid)  # type: ignore[union-attr]
    assert verdicts(told) == {"drink": "fired", "drunk": "not selected"}
    assert told["events"][1]["raised_by"] == {"event": 0, "rid": "tea", "rule": "drink"}
    assert told["cause"] is None
    (drink,) = [one for one in told["events"][0]["rules"] if one["rule"] == "drink"]
    assert {"part": ["entity", "tea", "cups"], "old": None, "new": 1} in drink["differences"]
    assert "note" not in told


def test_why_names_the_turn_that_sent_an_event_or_set_its_timer(engine: Engine) -> None:
    """From pico to pico, and through time."""
    child = engine.make_child("cup")
    engine.send("tea:offered")
    engine.move(5 * 60_000)
    wanted = ask(engine, "log", root(engine), 1)["events"][0]
    assert wanted["event"] == "tea:wanted"
    assert ask(engine, "why", wanted["eid"])["cause"]["event"] == "tea:offered"
    called = ask(engine, "log", child, 1)["events"][0]
    assert called["event"] == "child:called"
    assert ask(engine, "why", called["eid"])["cause"]["eid"] == wanted["eid"]


def test_an_event_that_nobody_handled_is_unknown(engine: Engine) -> None:
    for found in (
        engine.run(engine.host.histories.why(EventId("nothing"))),
        engine.run(engine.host.histories.log("nobody", 3)),
        engine.run(engine.host.histories.state("nobody")),
        engine.run(engine.host.histories.state(root(engine), 10_000)),
        engine.run(engine.host.histories.replay("nobody")),
    ):
        assert isinstance(found, Refusal)
        assert found.kind == "unknown"


def test_a_state_of_the_past_is_as_it_was_then(engine: Engine) -> None:
    engine.send("tea:offered")
    then = ask(engine, "state", root(engine))
    engine.send("tea:offered")
    assert then["entities"]["tea"]["cups"] == 1
    assert ask(engine, "state", root(engine), then["seq"]) == then
    assert ask(engine, "state", root(engine), None, "tea")["entities"] == {"cups": 2}
    found = ask(engine, "differences", root(engine), then["seq"], then["seq"] + 1)["differences"]
    assert {"part": ["entity", "tea", "cups"], "old": 1, "new": 2} in found
    assert [one["part"][0] for one in found] == ["entity", "timer"]
    assert ask(engine, "state", root(engine), 0)["rulesets"] == []


def test_a_history_replays_to_the_same_state(engine: Engine) -> None:
    """Of the root and of a child, past a snapshot, with failures and timers in it."""
    child = engine.make_child("cup")
    for _ in range(230):
        engine.send("tea:offered")
    engine.fault("tea:spilled")
    engine.move(5 * 60_000)
    for eci in (root(engine), child):
        told = ask(engine, "replay", eci)
        assert (told["refused"], told["departure"], told["skipped"]) == (None, None, [])
        assert told["from"] == 0
        assert told["repeated"] == told["to"] == told["last"]
        assert told["state"] == ask(engine, "state", eci)["state"]
    assert engine.disk.snapshots[PicoId(ask(engine, "log", root(engine), 1)["pico"])][0] > 0


def test_a_history_that_somebody_touched_is_refused_by_name(engine: Engine) -> None:
    """The record is named, whether it was changed or taken away."""
    for _ in range(4):
        engine.send("tea:offered")
    (records,) = [kept for kept in engine.disk.records.values() if len(kept) > 4]
    last = max(records)
    eid, body = records[last - 2]
    records[last - 2] = (eid, body.replace(b'"cups",2.0', b'"cups",9.0'))
    told = ask(engine, "replay", root(engine))
    assert (told["departure"]["seq"], told["departure"]["part"]) == (last - 2, "changes")
    assert (told["to"], told["last"]) == (last - 3, last)
    records[last - 2] = (eid, encode_record(decode_record(body)).replace(b'"steps":', b'"steps":1'))
    assert ask(engine, "replay", root(engine))["refused"]["seq"] == last - 1
    del records[last - 2]
    refused = ask(engine, "replay", root(engine))["refused"]
    assert refused == {"seq": last - 2, "reason": f"it says it is record {last - 1}"}
    told = engine.run(engine.host.histories.state(root(engine)))
    assert isinstance(told, Refusal)
    assert f"record {last - 1}" in told.reason


def test_an_end_that_somebody_touched_is_found(engine: Engine) -> None:
    """No later record vouches for the newest, but the journal has noted it apart."""
    for _ in range(3):
        engine.send("tea:offered")
    (records,) = engine.disk.records.values()
    last = max(records)
    eid, body = records[last]
    records[last] = (eid, body.replace(b'"steps":', b'"steps":1'))
    refused = ask(engine, "replay", root(engine))["refused"]
    assert (refused["seq"], "its hash was another" in refused["reason"]) == (last, True)
    del records[last]
    told = ask(engine, "replay", root(engine))
    assert told["refused"] == {"seq": last, "reason": "it is missing"}
    assert (told["to"], told["last"]) == (last - 1, last)


def test_a_snapshot_that_somebody_touched_is_found(engine: Engine) -> None:
    """It is not what the records before it lead to."""
    for _ in range(210):
        engine.send("tea:offered")
    ((pico, (seq, body)),) = engine.disk.snapshots.items()
    assert seq > 0
    engine.disk.snapshots[pico] = (seq, body.replace(b'"cups":', b'"cups":1'))
    refused = ask(engine, "replay", root(engine))["refused"]
    assert (refused["seq"], "kept after it" in refused["reason"]) == (seq, True)


def test_a_birth_that_somebody_touched_is_found(engine: Engine) -> None:
    """What a pico was born as is known from elsewhere, and is not what stands there."""
    ((pico, (seq, body)),) = engine.disk.snapshots.items()
    assert seq == 0
    engine.disk.snapshots[pico] = (seq, body.replace(b'"deny":[]', b'"deny":[["a","b"]]'))
    refused = ask(engine, "replay", root(engine))["refused"]
    assert (refused["seq"], "kept after it" in refused["reason"]) == (0, True)


@pytest.mark.parametrize("question", ["log", "replay"])
def test_picos_at_work_go_first(engine: Engine, question: str) -> None:
    """Looking back gives way after every turn that is run again."""
    for _ in range(20):
        engine.send("tea:offered")

    async def work_meanwhile() -> int:
        words = (100,) if question == "log" else ()
        looking = asyncio.ensure_future(getattr(engine.host.histories, question)(root(engine), *words))
        passes = 0
        while not looking.done():
            passes += 1
            await asyncio.sleep(0)
        return passes

    assert engine.run(work_meanwhile()) > 20


def test_a_turn_that_a_limit_stopped_is_told_from_its_record(engine: Engine) -> None:
    """It is not run again: that would take long once more, and say nothing new."""
    engine.fault("tea:stirred")
    stirred, _ = ask(engine, "log", root(engine), 2)["events"]
    assert (stirred["event"], stirred["fault"]["code"]) == ("tea:stirred", "R701")
    assert stirred["rules"] == [{"rid": "tea", "rule": "stir", "verdict": "failed", "why": ""}]
    assert (stirred["fired"], "microseconds" in stirred) == ([], False)


def test_a_log_does_not_run_through_a_long_life(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is before the last snapshot is then told from the records alone, and what comes after as ever."""
    engine = Engine(Settings(snapshot_every=5))
    engine.install(TEXT)
    saved, _ = engine.disk.snapshots[engine.host.tree().id]
    engine.send("tea:offered", sugar="yes")
    monkeypatch.setattr(histories, "MOST_CARRIED_OUT", 0)
    before, after = ask(engine, "log", root(engine), 2)["events"]
    assert (before["seq"], "rules" in before, before["lines"]) == (saved, False, [])
    assert (after["seq"], verdicts({"events": [after]})) == (saved + 1, {"drink": "not selected"})
    engine.close()
