"""A recorded turn that is run again comes out as recorded, or the first difference is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from engine.core.kernel import react
from engine.core.messages import Change, Fault, LogLine
from engine.core.model import Inputs, Pico
from engine.core.records import Record, begin, decode_record, seal
from engine.core.replay import Departure, departure, is_repeatable, texts_of
from tests.engine.core.bench import Bench

TEXT = """
ruleset dice {
  meta { shares last }
  global { last = function() { ent:last } }
  rule throw {
    select when dice thrown
    pre { n = random:integer(6, 1) }
    send_directive("thrown", {"n": n})
    fired { ent:last := n; log info n; raise dice event "seen" }
  }
  rule fail { select when dice lost pre { x = [1].map(1) } send_directive("x", {"x": x}) }
}
"""


def thrown(event: str = "thrown") -> tuple[Bench, Pico, Record]:
    """A bench, the pico before its last turn, and the record of that."""
    bench = Bench(TEXT)
    before = bench.pico
    outcome = bench.run("dice", event)
    _, body = seal(begin(before), bench.turns[-1], outcome)  # type: ignore[arg-type]
    return bench, before, decode_record(body)


def again(bench: Bench, before: Pico, record: Record) -> Departure | None:
    """What differs when the record's turn is run once more."""
    outcome = react(before, record.turn, bench.programs, bench.budget)
    return departure(record, outcome)


@pytest.mark.parametrize("event", ["thrown", "lost", "nothing"])
def test_a_turn_comes_out_as_it_was_recorded(event: str) -> None:
    """Also one that used chance, one that failed, and one that nobody listened to."""
    assert again(*thrown(event)) is None


@pytest.mark.parametrize(
    ("part", "touched"),
    [
        ("changes", {"changes": (Change("set_entity", ("dice", "last", 7.0)),)}),
        ("changes", {"changes": ()}),
        ("directives", {"directives": ()}),
        ("log", {"log": (LogLine("info", "dice", "throw", 7.0),)}),
        ("answer", {"answer": 7.0}),
        ("outcome", {"fault": Fault("R602", "it failed")}),
    ],
)
def test_what_was_altered_is_named(part: str, touched: dict[str, Any]) -> None:
    """With both sides."""
    bench, before, record = thrown()
    found = again(bench, before, replace(record, **touched))
    assert found is not None
    assert (found.seq, found.part) == (2, part)
    assert found.recorded != found.came_out


def test_another_seed_gives_another_throw() -> None:
    """An altered input is seen by what it leads to."""
    bench, before, record = thrown()
    turns = [replace(record.turn, inputs=Inputs(0, f"{seed:032x}")) for seed in range(8)]
    found = [again(bench, before, replace(record, turn=turn)) for turn in turns]
    assert any(one is not None and one.part == "changes" for one in found)


def test_a_turn_that_asks_what_it_did_not_ask_is_named() -> None:
    """Its answers were taken out of the record."""
    bench = Bench()
    before, url = bench.pico, bench.publish(TEXT)
    outcome = bench.install(url)
    _, body = seal(begin(before), bench.turns[-1], outcome)  # type: ignore[arg-type]
    record = decode_record(body)
    assert again(bench, before, record) is None
    assert texts_of(record) == (bench.urls[url].hash,)
    bare = replace(record, turn=replace(record.turn, inputs=replace(record.turn.inputs, answers=())))
    found = again(bench, before, bare)
    assert found is not None
    assert found.came_out == '"asks for ruleset, which has no recorded answer"'


def test_a_turn_that_fails_now_says_why() -> None:
    """It may be this engine that lacks something, and not the history."""
    bench, before, record = thrown("lost")
    assert record.fault is not None
    found = again(bench, before, replace(record, fault=None))
    assert found is not None
    assert (found.recorded, found.came_out) == (
        '"done"',
        f'"failed with {record.fault.code}": {record.fault.message}',
    )


def test_cost_and_wording_may_change() -> None:
    """Steps are counted, and failures put into words, as the version likes."""
    bench, before, record = thrown("lost")
    assert record.fault is not None
    reworded = replace(record.fault, message="something else")
    assert again(bench, before, replace(record, steps=7, fault=reworded)) is None
    other = replace(record.fault, code="R601")
    assert again(bench, before, replace(record, fault=other)) is not None


def test_what_a_limit_stopped_is_not_run_again() -> None:
    """It says nothing of the rules, and would take as long again."""
    _, _, record = thrown("lost")
    assert is_repeatable(record)
    assert not is_repeatable(replace(record, fault=Fault("R701", "too many steps")))
    assert not is_repeatable(replace(record, fault=Fault("R699", "the engine made a mistake")))
