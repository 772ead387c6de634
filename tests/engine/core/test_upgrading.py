"""Upgrade blocks and rollbacks on a pico: in one turn, in the right order, and never by halves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from engine.core.codec import pack_pico
from engine.core.kernel import react
from engine.core.messages import Done, Failed, Outcome, Question
from engine.core.model import EMPTY, FormerText, InstalledRuleset, Rid
from engine.core.records import begin, decode_record, fold, seal, state_id
from engine.core.timekeeping import to_iso
from pico_lang.meter import Budget
from pico_lang.values import Value
from tests.engine.core.bench import Bench, names_of
from tests.engine.core.making import ROOT

LIST = """
ruleset notes {
  meta { version "1.0" shares notes }
  global { notes = function() { ent:list } }
  rule add { select when notes add fired { ent:list := ent:list.defaultsTo([]).append(event:attrs{"text"}) } }
}
"""
MAP = """
ruleset notes {
  meta {
    version "2.0"
    upgrade from "1.0" {
      ent:notes := numbered(ent:list)
      log info "numbered " + ent:notes.length()
      clear ent:list
    }
    shares notes, first
  }
  global {
    numbered = function(texts) { texts.reduce(function(all, text, n) { all.put("n" + n, text) }, {}) }
    notes = function() { ent:notes }
    first = ent:notes{"n0"}
  }
  rule add {
    select when notes add
    fired { ent:notes{"n" + ent:notes.length()} := event:attrs{"text"} }
  }
}
"""


def bench_with_notes(*texts: str) -> Bench:
    """A pico that has kept these texts with the first version."""
    bench = Bench()
    bench.keeps = 3
    bench.install(bench.publish(LIST))
    for text in texts:
        bench.done("notes", "add", {"text": text})
    return bench


def upgrade(bench: Bench, text: str = MAP) -> Outcome:
    return bench.install(bench.publish(text, "file:///notes.krl"))


def variables(bench: Bench) -> Mapping[str, Value]:
    return bench.pico.entities.get(Rid("notes"), EMPTY)


def notes(bench: Bench) -> InstalledRuleset:
    found = bench.pico.ruleset("notes")
    assert found is not None
    return found


def test_the_block_transforms_the_variables_in_the_turn_that_installs() -> None:
    """What it changed and logged is in the record of that turn."""
    bench = bench_with_notes("a", "b")
    outcome = upgrade(bench)
    assert isinstance(outcome, Done)
    assert variables(bench) == {"notes": {"n0": "a", "n1": "b"}}
    assert [line.message for line in outcome.log] == ["numbered 2"]
    bench.done("notes", "add", {"text": "c"})
    assert bench.query("notes", "notes") == {"n0": "a", "n1": "b", "n2": "c"}


def test_the_global_block_sees_the_new_variables() -> None:
    """Now, and whenever the pico wakes again."""
    bench = bench_with_notes("a")
    upgrade(bench)
    assert bench.query("notes", "first") == "a"
    bench.forget()
    assert bench.query("notes", "first") == "a"


def test_a_block_that_fails_leaves_the_old_text_and_its_variables() -> None:
    bench = bench_with_notes("a", "b")
    before = bench.pico
    failed = upgrade(bench, MAP.replace("clear ent:list", 'ent:list := 1 - "x"'))
    assert isinstance(failed, Failed)
    (place,) = failed.fault.places
    assert (failed.fault.code, place.within) == ("R601", "upgrade")
    assert (bench.pico.rulesets, bench.pico.entities) == (before.rulesets, before.entities)
    bench.done("notes", "add", {"text": "c"})
    assert bench.query("notes", "notes") == ["a", "b", "c"]


def test_an_endless_block_is_stopped() -> None:
    bench = bench_with_notes("a")
    bench.budget = Budget(steps=200)
    failed = upgrade(
        bench,
        MAP.replace("clear ent:list", "ent:list := round(1)").replace(
            "global {", "global { round = function(n) { round(n) }"
        ),
    )
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R701"
    assert notes(bench).former == ()


def test_another_text_of_the_same_version_runs_no_block() -> None:
    bench = bench_with_notes("a")
    upgrade(bench)
    upgrade(bench, MAP.replace('"1.0"', '"1.0", "*"').replace("rule add", "rule put"))
    assert variables(bench) == {"notes": {"n0": "a"}}


def test_the_same_text_once_more_runs_no_block() -> None:
    """Not even one that is for any version: it would transform what is transformed already."""
    bench = bench_with_notes("a")
    text = MAP.replace('"1.0"', '"*"')
    upgrade(bench, text)
    bench.done("notes", "add", {"text": "b"})
    upgrade(bench, text)
    assert variables(bench) == {"notes": {"n0": "a", "n1": "b"}}


def test_installing_for_the_first_time_runs_no_block() -> None:
    bench = Bench(MAP.replace('"1.0"', '"*"'))
    assert bench.pico.entities == {}


def test_a_flush_by_a_rule_upgrades_too() -> None:
    """`ctx:flush` is one more way for a new text to come."""
    bench = bench_with_notes("a")
    flusher = 'ruleset flusher { rule f { select when do flush ctx:flush("file:///notes.krl") } }'
    bench.install(bench.publish(flusher))
    bench.publish(MAP)
    bench.done("do", "flush")
    assert variables(bench) == {"notes": {"n0": "a"}}
    assert notes(bench).former[0].upgraded


def test_a_block_may_use_modules_and_what_it_learns_is_recorded() -> None:
    """Time comes from the turn; a module shows what it provides."""
    bench = bench_with_notes("a")
    bench.install(bench.publish("ruleset wrap { meta { provides up } global { up = function(x) { [x] } } }"))
    text = MAP.replace('version "2.0"', 'version "2.0" use module wrap').replace(
        "numbered(ent:list)", '{"at": time:now(), "n0": wrap:up(ent:list.head()), "event": event:attrs}'
    )
    before = bench.pico
    upgrade(bench, text)
    turn = bench.turns[-1]
    assert variables(bench)["notes"] == {"at": to_iso(turn.inputs.time_ms), "n0": ["a"], "event": None}
    again = react(before, turn, bench.programs, bench.budget)
    assert isinstance(again, Done)
    assert again.pico == bench.pico


def test_what_version_the_old_text_is_is_recorded() -> None:
    """So that the turn comes out the same where that text cannot be read any more."""
    bench = bench_with_notes("a")
    before = bench.pico
    upgrade(bench)
    del bench.programs[before.rulesets[0].hash]
    again = react(before, bench.turns[-1], bench.programs, bench.budget)
    assert again == bench.outcomes[-1]


def test_an_old_text_that_is_gone_has_no_version() -> None:
    """A block for any version runs; without one the log tells that none did."""
    bench = bench_with_notes("a")
    del bench.programs[notes(bench).hash]
    outcome = upgrade(bench)
    assert isinstance(outcome, Done)
    assert [(line.level, "not at hand" in str(line.message)) for line in outcome.log] == [("warn", True)]
    assert variables(bench) == {"list": ["a"]}
    del bench.programs[notes(bench).hash]
    upgrade(bench, MAP.replace("2.0", "2.1").replace('from "1.0"', 'from "*"'))
    assert variables(bench) == {"notes": {"n0": "a"}}


# --- remembering -----------------------------------------------------------------------------------


def test_a_pico_remembers_the_texts_it_had() -> None:
    """The newest first, with the turn that replaced each; no more of them than the engine keeps."""
    bench = bench_with_notes("a")
    hashes = [notes(bench).hash]
    upgrade(bench)
    first = FormerText("file:///notes.krl", hashes[0], {}, bench.pico.seq, upgraded=True)
    assert notes(bench).former == (first,)
    for number in range(3):
        hashes.append(notes(bench).hash)
        upgrade(bench, MAP.replace("n0", f"n{number + 1}"))
    assert [one.hash for one in notes(bench).former] == hashes[:0:-1]
    assert not any(one.upgraded for one in notes(bench).former)


def test_a_text_that_is_the_same_is_not_another_one() -> None:
    """Installed again with another configuration, a ruleset has the past it had."""
    bench = bench_with_notes("a")
    upgrade(bench)
    before = notes(bench).former
    bench.install("file:///notes.krl", {"key": 1.0})
    assert (notes(bench).config, notes(bench).former) == ({"key": 1.0}, before)


def test_histories_that_do_not_know_of_former_texts_remember_none() -> None:
    """Their answers do not say how many are kept; their states have the ids they had."""
    bench = bench_with_notes("a")
    bench.keeps = None
    upgrade(bench)
    assert notes(bench).former == ()
    (packed,) = pack_pico(bench.pico)["rulesets"]
    assert "former" not in packed


def test_former_texts_are_part_of_the_stored_pico() -> None:
    """Folding the record of an upgrade gives the same pico, and so does running it again."""
    bench = bench_with_notes("a")
    before = bench.pico
    upgrade(bench)
    outcome = bench.outcomes[-1]
    assert isinstance(outcome, Done)
    head, body = seal(begin(before), bench.turns[-1], outcome)
    assert decode_record(body).changes == outcome.changes
    assert state_id(fold(begin(before), [body]).pico) == state_id(head.pico) == state_id(bench.pico)


# --- going back ------------------------------------------------------------------------------------


def roll_back(bench: Bench, state: str | None = None) -> Outcome:
    to = next((one.hash for one in notes(bench).former), "none")
    attrs = {"rid": "notes", "to": to} | ({} if state is None else {"state": state})
    return bench.run("$engine", "rollback", attrs)


def knows(past: Mapping[str, Any]) -> Any:
    def answer(question: Question) -> Mapping[str, Any]:
        assert question.kind == "variables"
        assert question.content["rid"] == "notes"
        return past

    return answer


def test_a_rollback_without_changed_variables_just_goes_back() -> None:
    bench = bench_with_notes("a")
    old = notes(bench)
    upgrade(bench, LIST.replace("append(", "append(2).append("))
    bench.done("notes", "add", {"text": "b"})
    assert isinstance(roll_back(bench), Done)
    assert (notes(bench).hash, notes(bench).former) == (old.hash, ())
    bench.done("notes", "add", {"text": "c"})
    assert variables(bench) == {"list": ["a", 2.0, "b", "c"]}


def test_a_block_that_changed_nothing_leaves_nothing_to_decide() -> None:
    bench = bench_with_notes("a")
    upgrade(
        bench, LIST.replace('version "1.0"', 'version "1.1" upgrade from "1.0" { log info "nothing to do" }')
    )
    assert [former.upgraded for former in notes(bench).former] == [False]
    assert isinstance(roll_back(bench), Done)
    assert variables(bench) == {"list": ["a"]}


@pytest.mark.parametrize("state", [None, "both"])
def test_a_rollback_over_an_upgrade_needs_a_decision(state: str | None) -> None:
    bench = bench_with_notes("a")
    upgrade(bench)
    before = bench.pico
    failed = roll_back(bench, state)
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R607"
    assert (bench.pico.rulesets, bench.pico.entities) == (before.rulesets, before.entities)


def test_the_variables_of_now_can_be_kept() -> None:
    bench = bench_with_notes("a")
    upgrade(bench)
    assert isinstance(roll_back(bench, "keep"), Done)
    assert variables(bench) == {"notes": {"n0": "a"}}
    assert bench.query("notes", "notes") is None


def test_the_variables_of_then_can_be_restored() -> None:
    """Those that were not there then are gone, and what the turn learned of the past is recorded."""
    bench = bench_with_notes("a", "b")
    then = variables(bench)
    upgrade(bench)
    bench.done("notes", "add", {"text": "c"})
    bench.outside = knows({"variables": then})
    assert isinstance(roll_back(bench, "restore"), Done)
    assert variables(bench) == {"list": ["a", "b"]}
    assert bench.turns[-1].inputs.answers == ({"variables": then},)
    assert bench.query("notes", "notes") == ["a", "b"]


def test_a_past_that_nobody_knows_is_not_restored() -> None:
    bench = bench_with_notes("a")
    upgrade(bench)
    bench.outside = knows({"error": "the history does not go back so far"})
    failed = roll_back(bench, "restore")
    assert isinstance(failed, Failed)
    assert (failed.fault.code, "does not go back" in failed.fault.message) == ("R608", True)
    assert variables(bench) == {"notes": {"n0": "a"}}


def test_going_back_runs_no_upgrade_block() -> None:
    """Not even that of an old text which is for any version."""
    bench = bench_with_notes()
    upgrade(bench, LIST.replace('"1.0"', '"1.5" upgrade from "*" { ent:by := "block" }'))
    upgrade(bench, LIST.replace('"1.0"', '"1.6"'))
    assert variables(bench) == {"by": "block"}
    bench.done("notes", "add", {"text": "a"})
    assert isinstance(roll_back(bench), Done)
    assert variables(bench) == {"by": "block", "list": ["a"]}


def test_rollbacks_go_back_one_text_at_a_time() -> None:
    bench = bench_with_notes()
    texts = [notes(bench).hash]
    for version in ("1.1", "1.2"):
        upgrade(bench, LIST.replace("1.0", version))
        texts.append(notes(bench).hash)
    went_back = []
    for _ in range(2):
        roll_back(bench)
        went_back.append(notes(bench).hash)
    assert went_back == texts[1::-1]
    failed = roll_back(bench)
    assert isinstance(failed, Failed)
    assert "no earlier text" in failed.fault.message


def test_what_is_not_there_cannot_be_rolled_back() -> None:
    failed = Bench().run("$engine", "rollback", {"rid": "notes", "to": "1"})
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R605"


def test_a_rollback_opens_what_uses_the_ruleset_once_more() -> None:
    bench = Bench()
    bench.keeps = 3
    module = 'ruleset module { meta { provides v } global { v = "old" } }'
    user = "ruleset user { meta { use module module alias m shares seen } global { seen = m:v } }"
    bench.install(bench.publish(module))
    bench.install(bench.publish(user))
    bench.install(bench.publish(module.replace("old", "new")))
    assert bench.query("user", "seen") == "new"
    attrs = {"rid": "module", "to": bench.pico.rulesets[0].former[0].hash}
    assert isinstance(bench.run("$engine", "rollback", attrs), Done)
    assert bench.query("user", "seen") == "old"


def test_only_the_engine_can_roll_back() -> None:
    """A ruleset that raises such an event raises just an event."""
    raising = 'raise event "$engine:rollback" attributes {"rid": "r", "to": event:attrs{"to"}}'
    text = f"ruleset r {{ rule up {{ select when d t fired {{ {raising} }} }} }}"
    bench = Bench()
    bench.keeps = 3
    bench.install(bench.publish(text))
    bench.install(bench.publish(text.replace("rule up", "rule ups")))
    held = bench.pico.rulesets
    assert names_of(bench.done("d", "t", {"to": held[0].former[0].hash})) == []
    assert bench.pico.rulesets == held
    assert bench.pico.id == ROOT


def test_a_rollback_undoes_what_was_seen_and_nothing_else() -> None:
    """Another text may have come since somebody looked."""
    bench = bench_with_notes("a")
    seen = notes(bench).hash
    upgrade(bench)
    upgrade(bench, MAP.replace("rule add", "rule put"))
    failed = bench.run("$engine", "rollback", {"rid": "notes", "to": seen})
    assert isinstance(failed, Failed)
    assert "another text meanwhile" in failed.fault.message
