"""A turn is a function of what is recorded: it can be run again, cold or warm, and folded instead."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.births import new_pico
from engine.core.kernel import react
from engine.core.messages import Asks, Done, Failed
from engine.core.records import begin, decode_record, fold, seal
from tests.campaign import examples
from tests.engine.core.bench import Bench
from tests.engine.core.making import ROOT

LIBRARY = """
ruleset library {
  meta { provides next, born }
  global {
    born = ent:made.defaultsTo("before")
    next = function(n) { n.defaultsTo(0) + 1 }
  }
  rule make { select when lab make fired { ent:made := "after" } }
}
"""
LAB = """
ruleset lab {
  meta { use module library alias lib shares born, n }
  global {
    channels = ctx:channels.length()
    born = function() { [lib:born, channels, start] }
    start = ent:n
    n = function() { ent:n }
  }
  rule step {
    select when lab step
    if lib:next(ent:n) < 4 then send_directive("step", {"n": ent:n, "channels": channels})
    fired { ent:n := lib:next(ent:n); raise lab event "stepped" attributes {"n": ent:n} }
    else { ent:wrong := "four" - 1 }
  }
  rule pair {
    select when lab step before lab make
    every { ctx:newChannel(["made"]) setting(c); ctx:event(c{"id"}, "lab", "hello", {"from": meta:picoId})
            ctx:event(c{"id"}, "lab", "again") }
    fired { ent:last := c; log info c }
  }
  rule child {
    select when lab bear
    ctx:newPico([{"url": "file:///library.krl"}]) setting(eci)
    fired { ent:child := eci }
  }
  rule bury {
    select when lab bury where not ent:child.isnull()
    ctx:delPico(ent:child)
    fired { clear ent:child }
  }
  rule sample { select when lab roll sample { send_directive("a") send_directive("b") } }
}
"""
EVENTS = st.lists(
    st.sampled_from(["step", "make", "bear", "bury", "roll", "reinstall", "break", "stepped"]), max_size=12
)


def play(bench: Bench, names: list[str], forgetful: bool = False) -> Bench:
    """Run these events; `reinstall` is one of the engine's own, `break` is one that fails."""
    for name in names:
        if forgetful:
            bench.forget()
        if name == "reinstall":
            bench.install("file:///library.krl", {"again": True})
        elif name == "break":
            bench.install(
                bench.publish(f'{LAB[:-2]} rule x {{ select when d t within "x" hours }} }}', "file:///bad")
            )
        else:
            bench.run("lab", name)
    return bench


@settings(max_examples=examples(60))
@given(EVENTS)
def test_keeping_rulesets_open_changes_no_result(names: list[str]) -> None:
    """A pico that is woken for every single event does exactly what a warm one does."""
    warm, cold = Bench(LIBRARY, LAB), Bench(LIBRARY, LAB)
    assert play(warm, names).outcomes == play(cold, names, forgetful=True).outcomes
    assert warm.query("lab", "born") == cold.query("lab", "born")


@settings(max_examples=examples(60))
@given(EVENTS)
def test_a_recorded_history_runs_again_and_folds_to_the_same_pico(names: list[str]) -> None:
    """Every turn, from its record alone, gives the same outcome and the same state."""
    bench = play(Bench(LIBRARY, LAB), names)
    head, bodies = begin(new_pico(ROOT)), []
    for turn, outcome in zip(bench.turns, bench.outcomes, strict=True):
        assert isinstance(outcome, Done | Failed)
        head, body = seal(head, turn, outcome)
        bodies.append(body)
    assert fold(begin(new_pico(ROOT)), bodies) == head
    pico = new_pico(ROOT)
    for body, outcome in zip(bodies, bench.outcomes, strict=True):
        assert react(pico, decode_record(body).turn, bench.programs, bench.budget) == outcome
        pico = outcome.pico  # type: ignore[union-attr]
    assert pico == head.pico


def test_a_turn_changes_nothing_outside_its_outcome() -> None:
    """The pico it began with is the same pico afterwards: running the turn again says so."""
    bench = Bench(LIBRARY, LAB)
    before = bench.pico
    first = bench.run("lab", "step")
    again = react(before, bench.turns[-1], bench.programs, bench.budget, bench.opened)
    assert again == first


def test_a_question_is_asked_again_until_it_is_answered_and_then_never() -> None:
    """A turn with too few answers asks the next question from the same state."""
    bench = Bench(LIBRARY, LAB)
    before = bench.pico
    bench.run("lab", "bear")
    turn = bench.turns[-1]
    unanswered = type(turn)(turn.event, type(turn.inputs)(turn.inputs.time_ms, turn.inputs.seed))
    asks = react(before, unanswered, bench.programs, bench.budget, bench.opened)
    assert isinstance(asks, Asks)
    assert (asks.question.kind, asks.question.content) == ("ruleset", {"url": "file:///library.krl"})


def test_every_message_of_a_pico_has_an_id_of_its_own() -> None:
    """Receivers tell repeated messages from new ones by these ids."""
    bench = play(Bench(LIBRARY, LAB), ["step", "make", "step", "make"])
    ids = [
        effect.eid
        for outcome in bench.outcomes
        if isinstance(outcome, Done)
        for effect in outcome.effects
        if hasattr(effect, "eid")
    ]
    assert len(ids) == 4
    assert all(a != b for a, b in pairwise(sorted(ids)))
