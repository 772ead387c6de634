"""A history that somebody has touched is refused, and the record is named."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from engine.core.messages import Change, Fault, LogLine, SendEvent
from engine.core.model import Eci, EventId, PicoId, Rid
from engine.core.records import BrokenChain, Record, begin, decode_record, encode_record, record_hash
from engine.core.replay import Departure
from engine.version import VERSION
from tests.histories.replaying import replay
from tests.histories.stored import FOLDER, History, programs, read

ORACLE = FOLDER / VERSION / "oracle.records"
Alteration = Callable[[Record], Record]
Forger = Callable[[Sequence[bytes]], list[bytes]]

ASKED = 3
"""The turn of the first question: it has an answer from outside, chance, a directive and a change."""


def oracle() -> History:
    return read(ORACLE)


def wrong_with(history: History, bodies: Sequence[bytes]) -> BrokenChain | Departure | None:
    """What a replay of these records says, which should end where the history ended."""
    replayed = replay(history.start, bodies, programs(ORACLE.parent))
    if replayed.wrong is not None:
        return replayed.wrong
    whole = replay(history.start, history.bodies, programs(ORACLE.parent))
    return replayed.walk.compare(whole.walk.head)


def altered(history: History, record: Record) -> list[bytes]:
    """The records with one of them in the place of that which has its number."""
    bodies = list(history.bodies)
    bodies[record.seq - 1] = encode_record(record)
    return bodies


def rechained(bodies: Sequence[bytes]) -> list[bytes]:
    """The same records, each made to name the hash of the one before it: what a forger does."""
    chain, found = decode_record(bodies[0]).previous, []
    for body in bodies:
        found.append(encode_record(replace(decode_record(body), previous=chain)))
        chain = record_hash(found[-1])
    return found


def asked(history: History) -> Record:
    return decode_record(history.bodies[ASKED - 1])


def with_another_answer(record: Record) -> Record:
    (answer,) = record.turn.inputs.answers
    inputs = replace(record.turn.inputs, answers=({**answer, "content": "forged"},))
    return replace(record, turn=replace(record.turn, inputs=inputs))


def test_the_history_itself_is_fine() -> None:
    """So that what follows is about the alterations."""
    history = oracle()
    assert wrong_with(history, history.bodies) is None
    assert wrong_with(history, rechained(history.bodies)) is None


def test_a_changed_result_is_found_by_running_the_turn_again() -> None:
    history = oracle()
    forged = Change("set_entity", ("oracle", "said", ["forged"]))
    found = wrong_with(history, altered(history, replace(asked(history), changes=(forged,))))
    assert isinstance(found, Departure)
    assert (found.seq, found.part) == (ASKED, "changes")
    assert "forged" in found.recorded
    assert "forged" not in found.came_out


@pytest.mark.parametrize("touched", [{"steps": 1}, {"previous": "0" * 64}])
def test_a_change_that_no_turn_shows_is_found_by_the_chain(touched: dict[str, int]) -> None:
    """The next record, or this one, names another hash."""
    history = oracle()
    found = wrong_with(history, altered(history, replace(asked(history), **touched)))  # type: ignore[arg-type]
    assert isinstance(found, BrokenChain)
    assert found.seq == (ASKED + 1 if "steps" in touched else ASKED)
    assert "hash" in found.reason


@pytest.mark.parametrize("seq", [1, ASKED, 10])
def test_a_dropped_record_is_missed(seq: int) -> None:
    history = oracle()
    assert wrong_with(history, [*history.bodies[: seq - 1], *history.bodies[seq:]]) == BrokenChain(
        seq, f"it says it is record {seq + 1}"
    )


def test_a_dropped_end_is_missed() -> None:
    """By whoever knows where the history ended, as the next snapshot does."""
    history = oracle()
    last = len(history.bodies)
    assert wrong_with(history, history.bodies[:-1]) == BrokenChain(last, "it is missing")


def test_reordered_records_are_found() -> None:
    """Whether or not they are numbered anew."""
    history = oracle()
    first, second, third = history.bodies[ASKED - 1 : ASKED + 2]
    bodies = [*history.bodies[: ASKED - 1], second, first, third, *history.bodies[ASKED + 2 :]]
    assert wrong_with(history, bodies) == BrokenChain(ASKED, f"it says it is record {ASKED + 1}")
    numbered = [encode_record(replace(decode_record(body), seq=seq)) for seq, body in enumerate(bodies, 1)]
    found = wrong_with(history, numbered)
    assert isinstance(found, BrokenChain)
    assert found.seq == ASKED
    forged = wrong_with(history, rechained(numbered))
    assert isinstance(forged, Departure)
    assert forged.seq == ASKED


@pytest.mark.parametrize("forger", [list, rechained])
def test_a_changed_answer_is_found_by_what_it_leads_to(forger: type[list[bytes]]) -> None:
    """Even when all records after it were made to fit."""
    history = oracle()
    found = wrong_with(history, forger(altered(history, with_another_answer(asked(history)))))
    assert isinstance(found, Departure)
    assert (found.seq, found.part) == (ASKED, "changes")
    assert "forged" in found.came_out


def test_another_birth_is_found_at_the_first_record() -> None:
    """It names the state that it was made on."""
    history = oracle()
    start = replace(history.start, chain="0" * 64)
    found = wrong_with(replace(history, start=start), history.bodies)
    assert isinstance(found, BrokenChain)
    assert found.seq == 1


def test_a_whole_forged_history_is_not_the_one_that_is_known() -> None:
    """Run again it comes out as it says; but it does not end in the record that a later state names."""
    history = oracle()
    log = replace(decode_record(history.bodies[-1]), steps=999)
    forged = rechained(altered(history, log))
    assert wrong_with(history, forged) == BrokenChain(
        len(forged), "it is not the record that a later state was made from"
    )


# --- one by one --------------------------------------------------------------------------------------


def with_another_time(record: Record) -> Record:
    return with_inputs(record, time_ms=record.turn.inputs.time_ms + 1)


def with_another_seed(record: Record) -> Record:
    return with_inputs(record, seed="00" * 16)


def with_no_answer(record: Record) -> Record:
    return with_inputs(record, answers=())


def with_inputs(record: Record, **parts: Any) -> Record:
    return replace(record, turn=replace(record.turn, inputs=replace(record.turn.inputs, **parts)))


def with_other_attributes(record: Record) -> Record:
    return with_event(record, attrs={**record.turn.event.attrs, "question": "forged"})


def with_another_event(record: Record) -> Record:
    return with_event(record, name="forged")


def with_another_sender(record: Record) -> Record:
    return with_event(record, sender=PicoId("forged"))


def with_event(record: Record, **parts: Any) -> Record:
    return replace(record, turn=replace(record.turn, event=replace(record.turn.event, **parts)))


def without_directives(record: Record) -> Record:
    return replace(record, directives=())


def with_another_effect(record: Record) -> Record:
    return replace(record, effects=(SendEvent(Eci("forged"), "forged", "forged", {}, EventId("forged")),))


def with_another_line(record: Record) -> Record:
    return replace(record, log=(LogLine("info", "oracle", None, "forged"),))


def with_an_answer(record: Record) -> Record:
    return replace(record, answer="forged")


def as_a_failure(record: Record) -> Record:
    return replace(record, fault=Fault("R601", "forged"))


def as_stopped_by_a_limit(record: Record) -> Record:
    """A failure that is not run again: it is taken as recorded."""
    return replace(record, fault=Fault("R701", "forged"), changes=(), directives=())


SHOWS: dict[Alteration, str] = {
    with_another_seed: "changes",
    with_no_answer: "outcome",
    with_another_event: "changes",
    without_directives: "directives",
    with_another_effect: "messages",
    with_another_line: "log",
    with_an_answer: "answer",
    as_a_failure: "outcome",
}
"""Parts of a record of which running the turn again says that it cannot have been so, and the part in
which that is seen."""

HIDDEN = (with_another_time, with_another_sender, with_other_attributes, as_stopped_by_a_limit)
"""Parts that nothing in this turn depends on (the attribute is only asked about, and the answer is the one
that was recorded), or that are taken as recorded: the chain alone has them."""


@pytest.mark.parametrize("forger", [list, rechained])
@pytest.mark.parametrize("alter", SHOWS, ids=lambda alter: alter.__name__)
def test_an_altered_part_is_named(alter: Alteration, forger: Forger) -> None:
    """Also when all records after it were made to fit."""
    history = oracle()
    found = wrong_with(history, forger(altered(history, alter(asked(history)))))
    assert isinstance(found, Departure)
    assert (found.seq, found.part) == (ASKED, SHOWS[alter])


@pytest.mark.parametrize("alter", HIDDEN, ids=lambda alter: alter.__name__)
def test_an_alteration_that_changes_nothing_is_found_by_the_chain(alter: Alteration) -> None:
    """The next record names the hash of what was there; and if that is forged too, the end does."""
    history = oracle()
    bodies = altered(history, alter(asked(history)))
    found = wrong_with(history, bodies)
    assert found is not None
    assert found.seq == ASKED + 1
    last = len(bodies)
    found = wrong_with(history, rechained(bodies))
    assert isinstance(found, BrokenChain | Departure)
    assert ASKED < found.seq <= last


def test_a_record_that_comes_twice_is_found() -> None:
    """As it is, and renumbered to look like another turn."""
    history = oracle()
    twice = [*history.bodies[:ASKED], history.bodies[ASKED - 1], *history.bodies[ASKED:]]
    assert wrong_with(history, twice) == BrokenChain(ASKED + 1, f"it says it is record {ASKED}")
    numbered = [encode_record(replace(decode_record(body), seq=seq)) for seq, body in enumerate(twice, 1)]
    found = wrong_with(history, numbered)
    assert isinstance(found, BrokenChain)
    assert found.seq == ASKED + 1
    forged = wrong_with(history, rechained(numbered))
    assert isinstance(forged, Departure)
    assert (forged.seq, forged.part) == (ASKED + 1, "changes")


@pytest.mark.parametrize("forger", [list, rechained])
def test_the_record_of_another_pico_is_found(forger: Forger) -> None:
    """Even with the number and the hash that are expected there."""
    history, other = oracle(), read(ORACLE.with_name("counter.records"))
    stranger = replace(decode_record(other.bodies[ASKED - 1]), previous=asked(history).previous)
    found = wrong_with(history, forger(altered(history, stranger)))
    assert found is not None
    assert found.seq == ASKED


def test_a_touched_birth_is_found_at_the_first_record() -> None:
    """The first record names the state id of what was born."""
    history = oracle()
    pico = replace(history.start.pico, entities={Rid("oracle"): {"said": ["forged"]}})
    found = wrong_with(replace(history, start=begin(pico)), history.bodies)
    assert isinstance(found, BrokenChain)
    assert found.seq == 1


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"format":1}', b'{"format":99}', b"\xff"])
def test_what_is_no_record_is_refused_and_not_a_crash(body: bytes) -> None:
    history = oracle()
    found = wrong_with(history, [*history.bodies[: ASKED - 1], body, *history.bodies[ASKED:]])
    assert isinstance(found, BrokenChain)
    assert found.seq == ASKED
