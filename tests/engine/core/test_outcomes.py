"""Outcomes cross over to another process and back without loss, and failures can be told anew."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.codec import Unreadable
from engine.core.draft import apply
from engine.core.gentle import PIECE
from engine.core.messages import (
    Answered,
    Asks,
    Change,
    Done,
    Effect,
    Failed,
    Fault,
    LogLine,
    Outcome,
    Question,
    SendEvent,
    Unable,
)
from engine.core.model import Eci, EventId, Pico
from engine.core.outcomes import read_outcome, retell, unpack_outcome, write_outcome
from pico_lang.values import Value
from tests.engine.core import strategies as some
from tests.engine.core.bench import Bench
from tests.engine.core.test_kernel_events import tell

changes = st.lists(some.changes, max_size=4).map(tuple)
effects = st.lists(some.effects, max_size=3).map(tuple)
logs = st.lists(some.log_lines, max_size=3).map(tuple)
steps = st.integers(0, 10**9)


def carried_over(outcome: Outcome | Answered, pico: Pico) -> Outcome | Answered:
    """The outcome of a run on `pico` as it arrives from another process."""
    return read_outcome(write_outcome(outcome), pico)


@given(some.picos, changes, st.lists(some.maps, max_size=2).map(tuple), effects, logs, some.values, steps)
def test_what_a_turn_did_is_carried_over(
    pico: Pico,
    changed: tuple[Change, ...],
    directives: tuple[dict[str, Value], ...],
    caused: tuple[Effect, ...],
    log: tuple[LogLine, ...],
    answer: Value,
    used: int,
) -> None:
    """The pico itself is not sent: its changes lead to it on either side."""
    done = Done(apply(pico, changed, pico.seq + 1), changed, directives, caused, log, answer, used)
    assert carried_over(done, pico) == done


@given(
    some.picos,
    changes,
    some.faults,
    effects,
    logs,
    steps,
    st.booleans(),
    st.lists(some.unable, max_size=2).map(tuple),
)
def test_a_failure_is_carried_over(
    pico: Pico,
    changed: tuple[Change, ...],
    fault: Fault,
    caused: tuple[Effect, ...],
    log: tuple[LogLine, ...],
    used: int,
    retry_bigger: bool,
    unable: tuple[Unable, ...],
) -> None:
    after = apply(pico, changed, pico.seq + 1)
    failed = Failed(after, fault, log, caused, used, retry_bigger, changed, unable)
    assert carried_over(failed, pico) == failed


@given(some.picos, some.values, logs, some.maps)
def test_answers_and_questions_are_carried_over(
    pico: Pico, value: Value, log: tuple[LogLine, ...], content: dict[str, Value]
) -> None:
    answered, asks = Answered(value, log, 7), Asks(Question("ruleset", content))
    assert carried_over(answered, pico) == answered
    assert carried_over(asks, pico) == asks


def test_a_long_outcome_arrives_a_piece_at_a_time() -> None:
    """Whoever reads it can do something else in between."""
    bench = Bench()
    sent = tuple(SendEvent(Eci("there"), "d", f"t{n}\n", {}, EventId(f"e{n}")) for n in range(2 * PIECE + 1))
    done = Done(apply(bench.pico, (), 1), (), (), sent, (), None, 7)
    breaths: list[None] = []
    assert read_outcome(write_outcome(done), bench.pico, lambda: breaths.append(None)) == done
    assert len(breaths) == 2 + len(sent)


def test_what_did_not_change_stays_the_very_same() -> None:
    """The shell looks at identities to see what it need not write."""
    bench = Bench(tell("a", "select when d t fired { ent:n := 1 }"))
    before = bench.pico
    done = carried_over(bench.done("d", "t"), before)
    assert isinstance(done, Done)
    assert done.pico == bench.pico
    assert done.pico.channels is before.channels
    assert done.pico.rulesets is before.rulesets


def test_an_outcome_of_no_known_kind_is_refused() -> None:
    with pytest.raises(Unreadable, match="unknown kind"):
        unpack_outcome({"perhaps": 1}, Bench().pico)


def test_a_failure_told_anew_gives_the_new_reason_wherever_it_gave_the_old_one() -> None:
    """In the fault, in the pico's log and in the event that tells the pico's own rules."""
    bench = Bench(tell("a", 'select when d t pre { x = "seen".klog("x") y = "a" - 1 }'))
    failed = bench.failed("d", "t")
    again = retell(failed, Fault("R706", "too much"))
    assert again.fault == Fault("R706", "too much")
    assert [(line.level, line.value) for line in again.log] == [("klog", "seen"), ("error", "R706")]
    (told,) = again.effects
    assert isinstance(told, SendEvent)
    assert (told.attrs["code"], told.attrs["data"], told.attrs["eid"]) == ("R706", "too much", "event-2")
    assert again.pico is failed.pico
