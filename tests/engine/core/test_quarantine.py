"""A ruleset that cannot be woken is set aside by a turn of its own, and the rest of its pico goes on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.codec import pack_pico, unpack_pico
from engine.core.kernel import react
from engine.core.messages import Asks, Done, Failed, Outcome, SendEvent, Turn, Unable
from engine.core.model import RulesetHash
from engine.core.quarantine import LONGEST_REASON, cannot_wake, describe
from engine.core.records import state_id
from pico_lang.errors import RuntimeFault
from pico_lang.meter import Budget
from tests.engine.core.bench import Bench, names_of
from tests.engine.core.making import make_turn
from tests.engine.core.test_kernel_events import COUNTER, tell

WITNESS = tell(
    "witness",
    'select when counter increment send_directive("seen")',
    'select when d rulesets send_directive("rulesets", ctx:rulesets)',
    'select when d uninstall ctx:uninstall(event:attrs{"rid"})',
)
MODULE = "ruleset module { meta { provides plus } global { plus = function(n) { n + 1 } } }"
USER = """
ruleset user {
  meta { use module module alias m shares one }
  global { one = m:plus(0) }
  rule r { select when d t send_directive("used", {"n": m:plus(1)}) }
}
"""


def lose(bench: Bench, rid: str) -> None:
    """Have the text of a ruleset not be at hand any more, as after a change of version."""
    del bench.programs[hash_of(bench, rid)]
    bench.forget()


def find(bench: Bench, rid: str) -> None:
    """Have it at hand again."""
    program = bench.urls[f"file:///{rid}.krl"]
    bench.programs[RulesetHash(program.hash)] = program
    bench.forget()


def hash_of(bench: Bench, rid: str) -> RulesetHash:
    ruleset = bench.pico.ruleset(rid)
    assert ruleset is not None
    return ruleset.hash


def unable_in(bench: Bench) -> tuple[Unable, ...]:
    """What the next turn of the pico would say that it cannot wake."""
    outcome = bench.react(make_turn("d", "nothing", seq=bench.pico.seq + 1))
    return outcome.unable if isinstance(outcome, Failed) else ()


def set_aside(bench: Bench) -> Done:
    """Do what the shell does with that."""
    return bench.done("$engine", "quarantine", describe(unable_in(bench)))


def reason_of(bench: Bench, rid: str) -> str | None:
    """Why a ruleset is in quarantine, or None."""
    ruleset = bench.pico.ruleset(rid)
    assert ruleset is not None
    return None if ruleset.quarantine is None else ruleset.quarantine.reason


def answers_about_programs(bench: Bench) -> None:
    """Have the bench answer as the shell does whether a kept text can be run."""
    bench.outside = lambda question: (
        {"rid": question.content["rid"], "hash": question.content["hash"]}
        if question.content["hash"] in bench.programs
        else {"error": "its text does not compile any more"}
    )


def test_a_turn_names_every_ruleset_that_cannot_be_woken() -> None:
    """And nothing else of it can be told from the failure of old: whoever knows nothing of quarantine is
    told that the turn failed."""
    bench = Bench(COUNTER, WITNESS, MODULE)
    hashes = {rid: hash_of(bench, rid) for rid in ("counter", "module")}
    lose(bench, "counter")
    lose(bench, "module")
    assert [(one.rid, one.hash, one.code, one.module) for one in unable_in(bench)] == [
        ("counter", hashes["counter"], "R609", None),
        ("module", hashes["module"], "R609", None),
    ]


def test_the_others_go_on() -> None:
    """The one that is set aside sees nothing, whether or not its text is there; what it has is kept."""
    bench = Bench(COUNTER, WITNESS)
    bench.done("counter", "increment")
    lose(bench, "counter")
    set_aside(bench)
    assert names_of(bench.done("counter", "increment")) == ["seen"]
    find(bench, "counter")
    assert names_of(bench.done("counter", "increment")) == ["seen"]
    assert bench.pico.entities == {"counter": {"n": 1.0}}


def test_half_matched_events_and_timers_are_kept() -> None:
    """A timer fires for the others all the same: an event goes to a channel, not to a ruleset."""
    patient = tell(
        "patient",
        'select when d a before d b send_directive("both")',
        'select when d plan fired { schedule counter event "increment" at "2030-01-01T00:00:00Z" }',
    )
    bench = Bench(patient, WITNESS)
    bench.done("d", "a")
    bench.done("d", "plan")
    patterns, timers = bench.pico.patterns, bench.pico.timers
    lose(bench, "patient")
    set_aside(bench)
    assert (bench.pico.patterns, bench.pico.timers) == (patterns, timers)
    bench.done("d", "b")
    assert bench.pico.patterns == patterns


def test_it_is_told_once() -> None:
    """In the log, and as an event to the pico's own rules like any other failure."""
    bench = Bench(COUNTER, WITNESS)
    lose(bench, "counter")
    done = set_aside(bench)
    (line,) = done.log
    assert (line.level, line.rid, line.value) == ("error", "counter", "R609")
    assert "counter is quarantined: the text of counter" in str(line.message)
    (told,) = done.effects
    assert isinstance(told, SendEvent)
    assert (str(told.eci), told.domain, told.name) == (bench.pico.id, "system", "error")
    assert (told.attrs["rid"], told.attrs["genus"], told.attrs["code"]) == ("counter", "system", "R609")
    assert bench.done("counter", "increment").log == ()


def test_setting_aside_what_is_so_already_changes_nothing() -> None:
    """Or has another text by now, or is gone: several may have found the same."""
    bench = Bench(COUNTER, WITNESS)
    lose(bench, "counter")
    unable = unable_in(bench)
    set_aside(bench)
    again = [*unable, replace(unable[0], rid="witness"), replace(unable[0], rid="nobody")]
    done = bench.done("$engine", "quarantine", describe(again))
    assert (done.changes, done.effects, done.log) == ((), (), ())


def test_a_query_to_it_says_since_when_and_why_and_what_to_do() -> None:
    bench = Bench(COUNTER, WITNESS)
    lose(bench, "counter")
    set_aside(bench)
    failed = bench.ask("counter", "n")
    assert isinstance(failed, Failed)
    assert failed.fault.code == "R615"
    assert "quarantined since 2023-11-14T22:13:20.000Z because the text of counter" in failed.fault.message
    assert "install or flush a mended text, or uninstall it" in failed.fault.message
    assert failed.unable == ()


def test_the_users_of_a_module_go_with_it() -> None:
    """With a reason that names it."""
    bench = Bench(MODULE, USER, WITNESS)
    lose(bench, "module")
    set_aside(bench)
    assert [one.rid for one in bench.pico.rulesets if one.quarantine] == ["module", "user"]
    assert str(reason_of(bench, "user")).startswith("its module module cannot be opened: the text of module")
    assert names_of(bench.done("counter", "increment")) == ["seen"]


def test_a_user_that_was_awake_goes_too() -> None:
    """Whether it is, is no part of the pico."""
    bench = Bench(MODULE, USER)
    module = bench.pico.ruleset("module")
    assert module is not None
    found = Unable("module", module.hash, "R609", "a reason")
    bench.done("$engine", "quarantine", describe([found]))
    assert [one.rid for one in unable_in(bench)] == ["user"]


def test_a_mended_module_mends_its_users() -> None:
    """Their global blocks are run anew, since what they saw in the module may be another thing."""
    bench = Bench(MODULE, USER)
    answers_about_programs(bench)
    lose(bench, "module")
    set_aside(bench)
    bench.publish(MODULE.replace("n + 1", "n + 100"))
    bench.install("file:///module.krl")
    assert not any(one.quarantine for one in bench.pico.rulesets)
    assert bench.query("user", "one") == 100.0
    assert bench.done("d", "t").directives[0]["options"] == {"n": 101.0}


def test_users_that_wait_for_each_other_are_mended_whatever_their_order() -> None:
    """A ruleset keeps its place when a new text of it begins to use one that was installed after it."""
    bench = Bench("ruleset early { meta { shares two } global { two = 0 } }", MODULE, USER)
    bench.publish(USER.replace("shares one", "provides one shares one"))
    bench.install("file:///user.krl")
    bench.publish("ruleset early { meta { use module user alias u shares two } global { two = u:one + 1 } }")
    bench.install("file:///early.krl")
    answers_about_programs(bench)
    lose(bench, "module")
    set_aside(bench)
    assert reason_of(bench, "early") is not None
    bench.publish(MODULE.replace("n + 1", "n + 100"))
    bench.install("file:///module.krl")
    assert not any(one.quarantine for one in bench.pico.rulesets)
    assert bench.query("early", "two") == 101.0


def test_whoever_waits_for_another_reason_now_still_looks_anew() -> None:
    """What it saw before its module changed would be put into the wrong places."""
    seeing = """
    ruleset user {
      meta { use module module alias m shares seen }
      global { seen = [m:first, ctx:channels.length()] }
    }
    """
    bench = Bench("ruleset module { meta { provides first } global { first = ent:x } }", seeing)
    answers_about_programs(bench)
    lose(bench, "module")
    set_aside(bench)
    lose(bench, "user")
    bench.publish("ruleset module { meta { provides first } global { first = [ctx:picoId, ent:x] } }")
    bench.install("file:///module.krl")
    assert reason_of(bench, "user") == "its text does not compile any more"
    find(bench, "user")
    bench.done("$engine", "release")
    assert bench.query("user", "seen") == [["root-pico", None], 1.0]


def test_a_reason_is_told_in_one_line_of_a_length_that_people_read() -> None:
    ruleset = Bench(COUNTER).pico.rulesets[0]
    reason = cannot_wake(ruleset, RuntimeFault("R601", "a\n b " + "c" * 10_000), None).unable[0].reason
    assert reason.startswith("a b ccc")
    assert len(reason) == LONGEST_REASON


def test_a_user_whose_own_text_is_broken_does_not_keep_its_module_from_being_mended() -> None:
    """It stays where it is, now for a reason of its own, which no wording of ours is part of."""
    bench = Bench(MODULE, USER, WITNESS)
    answers_about_programs(bench)
    lose(bench, "module")
    set_aside(bench)
    lose(bench, "user")
    bench.publish(MODULE.replace("n + 1", "n + 100"))
    assert isinstance(bench.install("file:///module.krl"), Done)
    assert reason_of(bench, "module") is None
    assert reason_of(bench, "user") == "its text does not compile any more"
    find(bench, "user")
    bench.publish(MODULE.replace("n + 1", '"a" - n'))
    bench.install("file:///module.krl")
    bench.done("$engine", "release")
    assert str(reason_of(bench, "user")).startswith("opening it again failed with R601")


def test_a_broken_module_can_be_uninstalled_once_nobody_depends_on_it() -> None:
    """A user that waits for it in quarantine still does."""
    bench = Bench(MODULE, USER, WITNESS)
    lose(bench, "module")
    set_aside(bench)
    failed = bench.failed("d", "uninstall", {"rid": "module"})
    assert "Cannot uninstall module because user depends on it" in failed.fault.message
    bench.done("d", "uninstall", {"rid": "user"})
    bench.done("d", "uninstall", {"rid": "module"})
    assert [one.rid for one in bench.pico.rulesets] == ["witness"]


@pytest.mark.parametrize("text", [COUNTER, COUNTER.replace("+ 1", "+ 10")])
def test_installing_it_again_ends_it(text: str) -> None:
    """The same text or a mended one; the variables are there."""
    bench = Bench(COUNTER)
    bench.done("counter", "increment")
    lose(bench, "counter")
    set_aside(bench)
    bench.publish(text)
    bench.install("file:///counter.krl")
    assert reason_of(bench, "counter") is None
    bench.done("counter", "increment")
    assert bench.pico.entities["counter"]["n"] > 1.0  # type: ignore[index]


def test_flushing_it_ends_it() -> None:
    """Although its text is the one that was there."""
    flusher = tell("flusher", 'select when d flush ctx:flush("file:///counter.krl")')
    bench = Bench(COUNTER, flusher)
    lose(bench, "counter")
    set_aside(bench)
    find(bench, "counter")
    bench.done("d", "flush")
    assert reason_of(bench, "counter") is None


def test_it_can_be_let_out_again_and_is_what_it_was() -> None:
    """A value that its global block once drew stays, and so does every half-matched event."""
    drawn = "ruleset r { meta { shares drawn } global { drawn = random:uuid() } rule t { select when d t } }"
    bench = Bench(drawn, tell("p", 'select when d a before d b send_directive("both")'))
    answers_about_programs(bench)
    before = bench.query("r", "drawn")
    bench.done("d", "a")
    lose(bench, "r")
    lose(bench, "p")
    set_aside(bench)
    assert bench.done("$engine", "release").changes == ()
    find(bench, "r")
    find(bench, "p")
    done = bench.done("$engine", "release")
    assert [line.message for line in done.log] == [
        "ruleset r is quarantined no more",
        "ruleset p is quarantined no more",
    ]
    assert bench.query("r", "drawn") == before
    assert names_of(bench.done("d", "b")) == ["both"]


def test_a_ruleset_that_missed_a_change_of_others_looks_anew() -> None:
    """What it read before would be put into the wrong places otherwise."""
    seeing = """
    ruleset user {
      meta { use module module alias m shares seen }
      global { seen = [m:first, ctx:channels.length()] }
    }
    """
    first = "ruleset module { meta { provides first } global { first = ent:x } }"
    bench = Bench(first, seeing)
    answers_about_programs(bench)
    lose(bench, "user")
    set_aside(bench)
    bench.publish("ruleset module { meta { provides first } global { first = [ctx:picoId, ent:x] } }")
    bench.install("file:///module.krl")
    find(bench, "user")
    bench.done("$engine", "release")
    assert bench.query("user", "seen") == [["root-pico", None], 1.0]


def test_what_is_in_quarantine_comes_out_the_same_wherever_it_is_run() -> None:
    """On an engine that could run the text, and on one that could not: the state says it, not the engine."""
    bench = Bench(COUNTER, WITNESS, MODULE, USER)
    answers_about_programs(bench)
    lose(bench, "module")
    set_aside(bench)
    bench.turns.clear()
    for event in (("counter", "increment"), ("d", "rulesets"), ("d", "t"), ("$engine", "release")):
        bench.run(*event)
    start = replace(bench.pico, seq=0)
    without = dict(bench.programs)
    find(bench, "module")
    assert without.keys() != bench.programs.keys()
    outcomes: list[list[Outcome]] = []
    for programs in (without, bench.programs):
        pico, seen = start, []
        for turn in bench.turns:
            outcome = react(pico, turn, programs, Budget())
            seen.append(outcome)
            pico = pico if isinstance(outcome, Asks) else outcome.pico
        outcomes.append(seen)
    assert outcomes[0] == outcomes[1]


def test_rulesets_are_told_of_it() -> None:
    """`ctx:rulesets` has the quarantine where the text and its warnings would stand."""
    bench = Bench(COUNTER, WITNESS)
    lose(bench, "counter")
    set_aside(bench)
    (directive,) = bench.done("d", "rulesets").directives
    counter, witness = directive["options"]
    assert "quarantined" not in witness["meta"]
    assert "krl" in witness["meta"]
    assert counter["meta"]["quarantined"]["code"] == "R609"
    assert counter["meta"]["quarantined"]["since"] == "2023-11-14T22:13:20.000Z"
    assert "krl" not in counter["meta"]


def test_it_is_part_of_the_state_only_while_it_lasts() -> None:
    """A pico that was mended has the state id it would have had."""
    bench = Bench(COUNTER, WITNESS)
    answers_about_programs(bench)
    before = bench.pico
    lose(bench, "counter")
    set_aside(bench)
    assert unpack_pico(pack_pico(bench.pico)) == bench.pico
    assert state_id(replace(bench.pico, seq=before.seq)) != state_id(before)
    find(bench, "counter")
    bench.done("$engine", "release")
    assert state_id(replace(bench.pico, seq=before.seq)) == state_id(before)


def test_a_limit_is_for_a_larger_budget_first() -> None:
    """A ruleset that was opened with more than there is now may still be woken elsewhere; what one
    uses up is not the next one's fault."""
    bench = Bench(budget=Budget(steps=100_000))
    long = "ruleset long { global { x = 0.range(40000) } rule t { select when d t } }"
    bench.install(bench.publish(long))
    bench.install(bench.publish(COUNTER))
    bench.budget = Budget(steps=100)
    bench.forget()
    failed = bench.failed("d", "t")
    assert failed.retry_bigger
    assert [(one.rid, one.code, one.is_limit) for one in failed.unable] == [("long", "R701", True)]


def test_a_limit_does_not_keep_one_in_quarantine() -> None:
    """Where it was let out with more than there is now, the record says so; so it is tried with more."""
    bench = Bench(budget=Budget(steps=100_000))
    answers_about_programs(bench)
    bench.install(bench.publish("ruleset long { global { x = 0.range(40000).map(function(n) { n }) } }"))
    lose(bench, "long")
    set_aside(bench)
    bench.install(bench.publish(MODULE))  # whatever it saw may be another thing now
    find(bench, "long")
    bench.budget = Budget(steps=100)
    failed = bench.failed("$engine", "release")
    assert (failed.fault.code, failed.retry_bigger) == ("R701", True)
    assert reason_of(bench, "long") is not None


def test_upkeep_sets_aside_what_stands_in_its_way() -> None:
    """Who uses a module is not known of a text that cannot be read, so it must not be guessed."""
    bench = Bench(MODULE, USER)
    lose(bench, "user")
    url = bench.publish(MODULE.replace("n + 1", "n + 100"))
    failed = bench.install(url)
    assert isinstance(failed, Failed)
    assert [one.rid for one in failed.unable] == ["user"]
    bench.done("$engine", "quarantine", describe(failed.unable))
    assert isinstance(bench.install(url), Done)


def test_a_turn_of_nobody_is_refused() -> None:
    """Only the engine sets aside; what it says must be understood."""
    turn = Turn(make_turn("$engine", "quarantine", {"rulesets": "all"}).event, make_turn("d", "t").inputs)
    outcome = react(Bench().pico, turn, {}, Budget())
    assert isinstance(outcome, Failed)
    assert outcome.fault.code == "R606"
