"""A history that somebody has touched is refused, and the record is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from engine.core.messages import Change
from engine.core.records import BrokenChain, Record, decode_record, encode_record, record_hash
from engine.core.replay import Departure
from engine.version import VERSION
from tests.histories.replaying import replay
from tests.histories.stored import FOLDER, History, programs, read

ORACLE = FOLDER / VERSION / "oracle.records"
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
