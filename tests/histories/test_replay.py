"""Every history that was ever recorded leads to the same states, for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.core.kernel import react
from engine.core.records import decode_record, encode_record, fold
from engine.core.replay import departure, is_repeatable
from engine.version import VERSION
from pico_lang.meter import Budget
from tests.histories.replaying import replay
from tests.histories.stored import FOLDER, all_histories, programs, read

EVERY = pytest.mark.parametrize("path", all_histories(), ids=lambda path: f"{path.parent.name}-{path.stem}")


@EVERY
def test_a_history_replays_to_the_recorded_states(path: Path) -> None:
    """Each turn, run again, gives the state id that it gave; the last record is the one that it was."""
    history = read(path)
    replayed = replay(history.start, history.bodies, programs(path.parent))
    assert replayed.wrong is None
    assert replayed.states == history.states
    assert replayed.walk.head.chain == history.end
    assert replayed.walk.repeated == len(history.bodies)


@EVERY
def test_a_history_replays_in_a_pico_that_is_woken_for_every_turn(path: Path) -> None:
    """What is kept in memory between turns changes nothing."""
    history, known = read(path), programs(path.parent)
    head = history.start
    for body in history.bodies:
        record = decode_record(body)
        assert is_repeatable(record)
        assert departure(record, react(head.pico, record.turn, known, Budget())) is None
        head = fold(head, [body])
    assert head.chain == history.end


@EVERY
def test_records_of_this_format_are_written_as_they_were(path: Path) -> None:
    """Reading a record and writing it again gives the bytes that its hash was made of."""
    for body in read(path).bodies:
        assert encode_record(decode_record(body)) == body


def test_this_version_has_its_histories() -> None:
    """With failures, timers, answers, children and rulesets that changed among what they went through."""
    found = {path.stem: read(path) for path in (FOLDER / VERSION).glob("*.records")}
    assert set(found) == {"counter", "reminder", "oracle", "family", "child", "limits", "heir", "upgrade"}
    text = b"".join(body for history in found.values() for body in history.bodies)
    words = (
        "fault",
        "timer",
        "answers",
        "create",
        "delete",
        "ask",
        "remove_ruleset",
        "set_pattern",
        "set_grant",
        "former",
        "upgraded",
    )
    assert [word for word in words if f'"{word}"'.encode() not in text] == []
