"""Rulesets that an engine could run once and cannot any more: each is set aside, and everything else of
its pico, and of the engine, goes on.

That a version of the engine does not take a text any more is played by another text in its place on the
disk, or by none.
"""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from engine.config import Settings
from engine.core.messages import Event, Fault, Refusal
from engine.core.model import EventId, Inputs, Rid, RulesetHash
from engine.core.records import encode_request
from engine.runtime.genesis import WRANGLER
from engine.runtime.replies import FlushReply, LookReply
from tests.compatibility.engine import Engine

COUNTER = """
ruleset counter {
  meta { shares n  provides next }
  global { n = function() { ent:n.defaultsTo(0) } next = function(x) { x + 1 } }
  rule count { select when c t  always { ent:n := n() + 1 } }
  rule both { select when c a before c b  send_directive("both") }
  rule plan { select when c plan  fired { schedule c event "t" at time:add(time:now(), { "seconds": 60 }) } }
}
"""
WITNESS = """
ruleset witness {
  meta { shares seen, errors, rulesets }
  global {
    seen = function() { ent:seen.defaultsTo(0) }
    errors = function() { ent:errors.defaultsTo([]) }
    rulesets = function() { ctx:rulesets }
  }
  rule see { select when c t  always { ent:seen := seen() + 1 } }
  rule err { select when system error  always { ent:errors := errors().append(event:attrs) } }
}
"""
BROKEN = "ruleset counter { rule count { select when c t  always { ent:n := nothing_of_that_name } } }"


class Patient:
    """An engine of which a pico has a ruleset that breaks when a version changes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.kept: dict[RulesetHash, str] = {}
        engine.install(COUNTER, WITNESS)
        engine.send("c:t")

    def hash_of(self, rid: str, eci: str | None = None) -> RulesetHash:
        pico = self.engine.run(self.engine.host.histories.pico(eci or self.engine.host.root_eci()))
        assert not isinstance(pico, Refusal)
        ruleset = pico.ruleset(rid)
        assert ruleset is not None
        return ruleset.hash

    def lose(self, rid: str, instead: str | None = None) -> None:
        """The next start is that of a version for which the text is no ruleset."""
        digest = self.hash_of(rid)
        self.kept[digest] = self.engine.disk.texts[digest]
        if instead is None:
            del self.engine.disk.texts[digest]
        else:
            self.engine.disk.texts[digest] = instead

    def find(self) -> None:
        """The one after that can run everything."""
        self.engine.disk.texts |= self.kept

    def restart(self) -> None:
        """What the engine does by itself at a start, and no more."""
        self.engine.run(self.engine.host.drain())
        self.engine._start()

    def meta(self, rid: str = "counter") -> Any:
        found = self.engine.query("witness/rulesets")
        return next(one["meta"] for one in found if one["rid"] == rid)

    def turns(self) -> list[str]:
        """The events of the pico so far."""
        told = self.engine.run(self.engine.host.histories.log(self.engine.host.root_eci(), 1000))
        assert isinstance(told, dict)
        return [event["event"] for event in told["events"]]


@pytest.fixture
def patient(engine: Engine) -> Patient:
    return Patient(engine)


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        (None, "its text is not in the journal"),
        (BROKEN, "its text does not compile any more: "),
        ('ruleset counter { global { x = "a" - 1 } }', "1 cannot be subtracted from a"),
        ("ruleset counter { global { x = ctx:picoId } }", "its global block reads more than it did"),
        ("ruleset counter { meta { use module gone alias g } }", "its module gone cannot be opened"),
    ],
    ids=["absent", "refused", "fails", "reads more", "module"],
)
def test_whatever_is_wrong_with_it_the_others_go_on(
    patient: Patient, instead: str | None, reason: str
) -> None:
    """The event that meets it runs, and its sender never hears of it."""
    patient.lose("counter", instead)
    patient.restart()
    patient.engine.send("c:t")
    patient.engine.settle()
    assert patient.engine.query("witness/seen") == 2
    assert reason in patient.meta()["quarantined"]["reason"]


def test_it_is_told_once(patient: Patient) -> None:
    """By one record, one event to the pico's rules and one entry in the engine's log."""
    patient.lose("counter")
    with capture_logs() as entries:
        patient.restart()
        for _ in range(3):
            patient.engine.send("c:t")
        patient.engine.settle()
    (told,) = [entry for entry in entries if entry["event"] == "ruleset quarantined"]
    assert told["pico"] == patient.engine.host.tree().id
    assert (told["rid"], told["code"], told["reason"]) == (
        "counter",
        "R609",
        "its text is not in the journal",
    )
    assert told["mend"] == "install or flush a mended text, or uninstall it"
    (error,) = patient.engine.query("witness/errors")
    assert (error["rid"], error["genus"]) == ("counter", "system")
    assert patient.turns().count("$engine:quarantine") == 1


def test_picos_are_not_woken_to_see_whether_they_are_well(patient: Patient) -> None:
    """A start says nothing of a ruleset that nobody needs yet."""
    patient.lose("counter")
    with capture_logs() as entries:
        patient.restart()
        patient.engine.settle()
    assert entries == []


def test_an_upgrade_to_the_same_text_ends_it(patient: Patient) -> None:
    """What is unchanged is left alone, unless it does not run."""
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    patient.engine.settle()
    assert "quarantined" in patient.meta()
    told = patient.engine.run(patient.engine.host.upgrade(Rid("counter"), None, None))
    assert not isinstance(told, Refusal)
    assert (len(told["upgraded"]), told["unchanged"], told["failed"]) == (1, [], [])
    assert "quarantined" not in patient.meta()


def test_a_query_finds_out_too(patient: Patient) -> None:
    """One to another ruleset is answered at once; one to this says what is the matter. That many ask at
    the same time is no more than one finding."""
    patient.lose("counter")
    patient.restart()
    with capture_logs() as entries:
        assert patient.engine.query("witness/seen") == 1
        for _ in range(3):
            refused = patient.engine.ask("counter/n", {})
            assert isinstance(refused, Fault)
            assert refused.code == "R615"
            assert "its text is not" in refused.message
        patient.engine.settle()
    assert len(entries) == 1
    assert patient.turns().count("$engine:quarantine") == 1


def test_a_prompt_finds_out_too(patient: Patient) -> None:
    patient.lose("counter")
    patient.restart()
    host = patient.engine.host
    look = patient.engine.run(host.look_at(host.root_eci(), "witness", ["ent:seen + 1"]))
    assert isinstance(look, LookReply)
    assert look.value == 2
    look = patient.engine.run(host.look_at(host.root_eci(), "counter", ["ent:n"]))
    assert isinstance(look, Fault)
    assert look.code == "R615"


def test_what_it_has_is_there_when_a_later_version_can_run_it_again(patient: Patient) -> None:
    """It is let out when the pico wakes: variables, half-matched events and all."""
    patient.engine.send("c:a")
    patient.lose("counter", BROKEN)
    patient.restart()
    patient.engine.send("c:t")
    patient.find()
    with capture_logs() as entries:
        patient.restart()
        assert patient.engine.names("c:b") == ["both"]
    assert entries == []
    assert patient.engine.query("counter/n") == 1
    assert patient.turns()[-2:] == ["$engine:release", "c:b"]


def test_the_first_query_finds_what_can_be_let_out_at_work(patient: Patient) -> None:
    """What wakes the pico may be the query itself: it is answered when the others have been let out."""
    patient.lose("counter", BROKEN)
    patient.restart()
    patient.engine.send("c:t")
    patient.find()
    patient.restart()
    assert patient.engine.query("counter/n") == 1
    assert patient.turns()[-1] == "$engine:release"


def test_a_query_of_what_stays_in_quarantine_is_refused_all_the_same(patient: Patient) -> None:
    """Waiting for a release that does not come ends as well."""
    patient.lose("counter", BROKEN)
    patient.restart()
    patient.engine.send("c:t")
    patient.restart()
    refused = patient.engine.ask("counter/n", {})
    assert isinstance(refused, Fault)
    assert refused.code == "R615"


def test_while_nothing_has_changed_it_stays_and_nothing_is_recorded(patient: Patient) -> None:
    """But the log says so again when the pico wakes."""
    patient.lose("counter", BROKEN)
    patient.restart()
    patient.engine.send("c:t")
    patient.engine.settle()
    before = patient.turns()
    with capture_logs() as entries:
        patient.restart()
        patient.engine.send("c:t")
    assert patient.turns() == [*before, "c:t"]
    assert [(entry["event"], entry["rid"]) for entry in entries] == [("ruleset still quarantined", "counter")]


def test_its_timers_fire_for_the_others(patient: Patient) -> None:
    """What was scheduled is an event on a channel. What it has scheduled itself is kept as well."""
    patient.engine.send("c:plan")
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:x")
    patient.engine.move(by_ms=61_000)
    assert patient.engine.query("witness/seen") == 2


def test_a_mended_text_ends_it(patient: Patient) -> None:
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    patient.engine.install(COUNTER.replace("n() + 1", "n() + 10"))
    patient.engine.send("c:t")
    assert patient.engine.query("counter/n") == 11
    assert "quarantined" not in patient.meta()


def test_a_flush_of_the_whole_engine_ends_it(patient: Patient) -> None:
    """Though the text is still the one that is installed."""
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    assert isinstance(patient.engine.flush(COUNTER), FlushReply)
    patient.engine.send("c:t")
    assert patient.engine.query("counter/n") == 2


def test_it_can_be_uninstalled(patient: Patient) -> None:
    patient.lose("counter")
    patient.restart()
    patient.engine.uninstall("counter")
    assert "counter" not in patient.engine.host.tree().rulesets


def test_wrangler_itself_can_be_mended(patient: Patient) -> None:
    """Nobody can ask a Wrangler that does not run to install it, but the engine can."""
    patient.lose(WRANGLER, "ruleset io.picolabs.wrangler { nonsense }")
    patient.restart()
    patient.engine.send("c:t")
    refused = patient.engine.ask(f"{WRANGLER}/id", {})
    assert isinstance(refused, Fault)
    assert refused.code == "R615"
    flushed = patient.engine.run(patient.engine.host.flush_ruleset(f"library:{WRANGLER}"))
    assert isinstance(flushed, FlushReply)
    assert patient.engine.query(f"{WRANGLER}/id") == patient.engine.host.tree().id


def test_the_owner_can_install_past_a_broken_wrangler(patient: Patient) -> None:
    """By HTTP, through a channel of the owner's and no other."""
    patient.lose(WRANGLER, "ruleset io.picolabs.wrangler { nonsense }")
    child = patient.engine.make_child("child")
    patient.restart()
    root = patient.engine.host.root_eci()
    refused = patient.engine.http("POST", f"/c/{child}/query/{WRANGLER}/id")
    assert (refused.status_code, refused.json()["code"]) == (503, "R615")
    given = {"eci": child, "url": f"library:{WRANGLER}"}
    assert patient.engine.http("GET", "/api/install", params=given).status_code == 405
    family = patient.engine.run(patient.engine.host.histories.state(child))["parent"]  # type: ignore[index]
    denied = patient.engine.http("POST", "/api/install", json={**given, "eci": family})
    assert (denied.status_code, denied.json()["code"]) == (403, "denied")
    for eci in (child, root):
        assert patient.engine.http("POST", "/api/install", json={**given, "eci": eci}).status_code == 200
    assert patient.engine.query(f"{WRANGLER}/name", child) == "child"
    assert patient.engine.query(f"{WRANGLER}/children")[0]["name"] == "child"


def test_the_tree_shows_it(patient: Patient) -> None:
    """Healthy picos are shown as ever."""
    patient.engine.make_child("child")
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    shown = patient.engine.get("/api/tree").json()
    assert shown["quarantined"] == {"counter": "its text is not in the journal"}
    assert "quarantined" not in shown["children"][0]


def test_the_past_says_what_was_shown_nothing(patient: Patient) -> None:
    """From the turn on that set it aside, and not before."""
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    root = patient.engine.host.root_eci()
    told = patient.engine.run(patient.engine.host.histories.log(root, 3))
    assert isinstance(told, dict)
    aside, event, *_ = [one for one in told["events"] if one["event"] in ("$engine:quarantine", "c:t")][-2:]
    first = patient.engine.run(patient.engine.host.histories.why(aside["eid"]))
    second = patient.engine.run(patient.engine.host.histories.why(event["eid"]))
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["quarantined"] == {}
    assert [one["part"] for one in first["differences"]] == [["ruleset", "counter"]]
    assert second["quarantined"]["counter"]["reason"] == "its text is not in the journal"


def test_its_users_are_set_aside_with_a_module_and_mended_with_it(patient: Patient) -> None:
    user = """
    ruleset user {
      meta { use module counter alias c shares two }
      global { two = function() { c:next(1) } }
    }
    """
    patient.engine.install(user)
    patient.lose("counter", BROKEN)
    patient.restart()
    patient.engine.send("c:t")
    assert patient.meta("user")["quarantined"]["module"] == "counter"
    patient.engine.install(COUNTER.replace("x + 1", "x + 2"))
    assert patient.engine.query("user/two") == 3


def test_the_history_can_be_run_again(patient: Patient) -> None:
    """By a version that can run the text, also where it was set aside."""
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    patient.engine.settle()
    patient.find()
    patient.restart()
    patient.engine.send("c:t")
    told = patient.engine.run(patient.engine.host.histories.replay(patient.engine.host.root_eci()))
    assert isinstance(told, dict)
    assert (told["refused"], told["departure"], told["skipped"]) == (None, None, [])


def test_a_fork_takes_it_along(patient: Patient) -> None:
    """A ruleset that does not run in the original does not run in a copy."""
    patient.lose("counter")
    patient.restart()
    patient.engine.send("c:t")
    made = patient.engine.run(patient.engine.host.fork(patient.engine.host.root_eci()))
    assert not isinstance(made, (Refusal, Fault))
    assert made.eci is not None
    patient.engine.send("c:t", made.eci)
    assert patient.engine.query("witness/seen", made.eci) == 3
    refused = patient.engine.ask("counter/n", {}, made.eci)
    assert isinstance(refused, Fault)
    assert refused.code == "R615"


def test_another_pico_that_asks_it_is_told(patient: Patient) -> None:
    child = patient.engine.make_child("child")
    asker = """
    ruleset asker {
      meta { shares ask }
      global { ask = function(eci) { ctx:query(eci, "counter", "n") } }
    }
    """
    patient.engine.install(asker, eci=child)
    root = patient.engine.host.root_eci()
    assert patient.engine.query("asker/ask", child, eci=root) == 1
    patient.lose("counter")
    patient.restart()
    refused = patient.engine.ask("asker/ask", {"eci": root}, child)
    assert isinstance(refused, Fault)
    assert "ruleset counter is quarantined since" in refused.message


def test_a_turn_that_had_begun_is_not_run_without_it(patient: Patient) -> None:
    """Its answers were given to all rulesets together, and would go to the wrong ones. It fails, which is
    in the record; the one after it is run without."""
    root = patient.engine.host.root_eci()
    pico = patient.engine.disk.channels[root]
    event = Event(root, "c", "t", {}, EventId("begun"))
    inputs = Inputs(patient.engine.clock.time_ms, "00" * 16, ({"value": 1.0},))
    patient.lose("counter")
    patient.engine.run(patient.engine.host.drain())
    patient.engine.disk.inbox[pico, event.eid] = encode_request(event, None, inputs)
    patient.engine._start()
    patient.engine.send("c:t")
    patient.engine.settle()
    told = patient.engine.run(patient.engine.host.histories.log(root, 5))
    assert isinstance(told, dict)
    begun, *after = [
        (one["event"], one["outcome"]) for one in told["events"] if one["event"] != "system:error"
    ]
    assert begun == ("c:t", "failed")
    assert after == [("$engine:quarantine", "done"), ("c:t", "done")]
    assert patient.engine.query("witness/seen") == 2


def test_a_limit_of_this_engine_sets_aside_as_well() -> None:
    """Without a worker there is nobody else to wake it; an engine with more of everything lets it out."""
    heavy = """
    ruleset heavy { meta { shares many } global { x = 0.range(200000)  many = function() { x.length() } } }
    """
    engine = Engine(Settings(turn_steps=1_000_000))
    engine.install(heavy, WITNESS)
    for steps, code in ((1_000, "R615"), (1_000_000, None)):
        engine.run(engine.host.drain())
        engine.settings = Settings(turn_steps=steps)
        engine._start()
        engine.send("c:t")
        reply = engine.ask("heavy/many", {})
        assert (reply.code if isinstance(reply, Fault) else None) == code
    assert engine.query("witness/seen") == 2
    engine.close()
