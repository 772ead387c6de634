"""The commands about what was, against a running engine."""

from __future__ import annotations

import re

from engine.commands.client import EngineClient
from tests.scenarios.test_commands import read, run


def test_an_event_is_found_in_the_log_and_explained(engine: EngineClient) -> None:
    """What `log` shows, `why` takes."""
    eid = read(engine, "send", "root", "counter:increment", "by=3", "ticket=past")["eid"]
    shown = run(engine, "log", "root", "-n", "1").output
    assert "counter:increment" in shown
    assert "counter/increment" in shown
    assert eid in shown
    assert re.search(r"\d+ steps, \d+ µs", shown)
    assert 'changed counter ent:count, counter ent:tickets{"past"}' in shown
    why = run(engine, "why", eid).output
    assert f"{eid}, " in why
    assert "counter/remember_ticket: fired" in why
    assert 'counter ent:tickets{"past"}: null → 1' in why
    assert "rules listen to other events" in why
    assert "counter/reset counter:reset" in run(engine, "why", eid, "root", "--all").output


def test_the_log_says_which_rules_failed_or_did_not_fire(engine: EngineClient) -> None:
    """Why, in few words; a full log has all of it."""
    run(engine, "send", "root", "counter:increment", "by=2")
    run(engine, "send", "root", "wrangler:new_child_request")
    run(engine, "send", "root", "wrangler:channel_deletion_request", "eci=nobody")
    shown = run(engine, "log", "root", "-n", "4").output
    assert "not counter/remember_ticket: an attribute" in shown
    assert "not io.picolabs.wrangler/new_child: its condition did not hold" in shown
    assert "log warn: " in shown
    assert "→ io.picolabs.wrangler/delete_channel failed" in shown
    assert "sent system:error to" in shown
    full = run(engine, "log", "root", "-n", "4", "--full").output
    assert "counter ent:count: " in full
    assert "failed: this pico has no channel nobody" in full
    assert "_headers" not in full


def test_rules_that_did_not_fire_say_why(engine: EngineClient) -> None:
    """In words, not in the machine's."""
    eid = read(engine, "send", "root", "counter:increment")["eid"]
    assert "counter/remember_ticket: not selected (an attribute" in run(engine, "why", eid).output
    upkeep = read(engine, "log", "root", "-n", "1000")["events"][0]["eid"]
    assert "no rule was shown it" in run(engine, "why", upkeep).output


def test_states_are_compared(engine: EngineClient) -> None:
    """By the numbers of two turns."""
    run(engine, "send", "root", "counter:reset")
    run(engine, "send", "root", "counter:increment", "by=4")
    last = read(engine, "state", "root")["seq"]
    assert read(engine, "state", "root", "--rid", "counter")["entities"]["count"] == 4
    assert read(engine, "state", "root", "--at", "0")["rulesets"] == []
    shown = run(engine, "state", "root", "--diff", str(last - 1), str(last)).output
    assert "counter ent:count\n  - null\n  + 4\n" in shown
    assert run(engine, "state", "root", "--diff", str(last), str(last)).output == "nothing differs\n"
    assert run(engine, "state", "root", "--diff", "1", "2", "--at", "1").exit_code == 2


def test_a_history_is_replayed(engine: EngineClient) -> None:
    """To the state that is there."""
    found = read(engine, "replay", "root")
    assert found["state"] == read(engine, "state", "root")["state"]
    shown = run(engine, "replay", "root")
    assert f"{found['last']} run again, as recorded" in shown.output
    assert shown.exit_code == 0


def test_a_fork_begins_with_the_state_and_goes_its_own_way(engine: EngineClient) -> None:
    """The command shows the channel that the next command takes."""
    run(engine, "send", "root", "counter:reset")
    run(engine, "send", "root", "counter:increment", "by=4")
    eci = read(engine, "fork", "root")["eci"]
    run(engine, "send", eci, "counter:increment", "by=3")
    assert read(engine, "query", eci, "counter/count") == 7
    assert read(engine, "query", "root", "counter/count") == 4
    made = re.search(r"ECI (\w+)", run(engine, "fork", "root", "--at", "1").output)
    assert made is not None
    assert read(engine, "state", made[1])["entities"].get("counter") is None


def test_a_ruleset_that_is_not_there_holds_nothing(engine: EngineClient) -> None:
    """Which is said, with those that are there; a misspelt name must not look like an empty ruleset."""
    result = run(engine, "state", "root", "--rid", "countre")
    assert result.exit_code == 1
    assert "has no ruleset countre" in result.output
    assert "io.picolabs.wrangler" in result.output


def test_what_is_unknown_is_said(engine: EngineClient) -> None:
    for words in (("why", "nothing"), *((one, "nobody") for one in ("log", "state", "replay", "fork"))):
        result = run(engine, *words)
        assert (result.exit_code, result.output.startswith("error: ")) == (1, True)
