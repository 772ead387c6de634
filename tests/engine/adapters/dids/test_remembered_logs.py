"""Logs that were verified before: what that saves, and that nothing else follows from it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.adapters.dids import log_verification, remembered_logs
from engine.adapters.dids.kept_logs import keep
from engine.adapters.dids.log_entries import Entry
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.remembered_logs import RememberedLogs
from engine.ports import KeptLog
from tests.engine.adapters.dids.guarded import HOST, MEMBERS, keeping, watched
from tests.engine.adapters.dids.people import NOW_S, Diary, signer

LATER_S = NOW_S + 10 * 3600


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The numbers of the entries whose hashes were computed, as they are."""
    numbers: list[int] = []
    check = log_verification._check_chain

    def noting(entry: Entry, number: int, before: str) -> None:
        numbers.append(number)
        check(entry, number, before)

    monkeypatch.setattr(log_verification, "_check_chain", noting)
    return numbers


def grown(length: int, place: str = "site.example:picos:7") -> KeptLog:
    diary = Diary.begin(signer(1), place=place)
    for _ in range(length - 1):
        diary.write(signer(1))
    return keep(diary.log)


def test_a_log_that_has_grown_is_verified_where_it_has_grown(verified: list[int]) -> None:
    short, long = grown(3), grown(5)
    logs = RememberedLogs()
    verified.clear()
    assert logs.read(short, LATER_S).epoch == 3
    assert logs.read(short, LATER_S).epoch == 3
    assert logs.read(long, LATER_S).epoch == 5
    assert verified == [1, 2, 3, 4, 5]


def test_a_shorter_one_is_as_good_as_before(verified: list[int]) -> None:
    """It is the log as it was, and says so: what is remembered is not put in its place."""
    short, long = grown(3), grown(5)
    logs = RememberedLogs()
    logs.read(long, LATER_S)
    verified.clear()
    assert logs.read(short, LATER_S).epoch == 3
    assert verified == []


def test_an_entry_that_was_changed_is_refused_though_it_was_seen_as_it_was() -> None:
    """What is compared is all of the entry, signatures too."""
    kept = grown(3)
    logs = RememberedLogs()
    logs.read(kept, LATER_S)
    first, second, third = kept.lines.rstrip("\n").split("\n")
    with pytest.raises(DidRefused):
        logs.read(
            KeptLog("\n".join([first, second.replace('proofValue":"z', 'proofValue":"z2'), third])), LATER_S
        )
    with pytest.raises(DidRefused):
        logs.read(KeptLog("\n".join([first, third])), LATER_S)


def test_two_stories_are_both_read() -> None:
    """Which of them is true is for whoever knows what was so before."""
    diary = Diary.begin(signer(1))
    other = replace(diary)
    one = keep(diary.write(signer(1)))
    two = keep(other.write(signer(1), state={**diary.log.newest.entry.state, "service": []}))
    logs = RememberedLogs()
    ids = {logs.read(kept, LATER_S).newest.entry.version_id for kept in (one, two, one)}
    assert len(ids) == 2


def test_approvals_are_wanted_each_time() -> None:
    """They come beside the log: that they were there once does not help whoever shows it without."""
    diary = watched()
    diary.write(HOST[1], keeping(HOST[2]), witnesses=MEMBERS[:2])
    kept = keep(diary.log, diary.approvals)
    logs = RememberedLogs()
    assert logs.read(kept, LATER_S).epoch == 2
    with pytest.raises(DidRefused):
        logs.read(KeptLog(kept.lines), LATER_S)


def test_so_many_are_remembered_and_no_more(monkeypatch: pytest.MonkeyPatch, verified: list[int]) -> None:
    monkeypatch.setattr(remembered_logs, "MOST_LOGS", 2)
    kept = [grown(1, f"site.example:picos:{number}") for number in range(3)]
    logs = RememberedLogs()
    verified.clear()
    for one in (*kept, kept[2], kept[1]):
        logs.read(one, LATER_S)
    assert len(verified) == 3
    logs.read(kept[0], LATER_S)
    assert len(verified) == 4


def test_they_take_so_much_room_and_no_more(monkeypatch: pytest.MonkeyPatch, verified: list[int]) -> None:
    """But the newest is remembered, however long it is."""
    long, other = grown(4), grown(4, "site.example:picos:8")
    monkeypatch.setattr(remembered_logs, "MOST_BYTES", len(long.lines) + 10)
    logs = RememberedLogs()
    verified.clear()
    for one in (long, long, other, other):
        logs.read(one, LATER_S)
    assert len(verified) == 8
    logs.read(long, LATER_S)
    assert len(verified) == 12
