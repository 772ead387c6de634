"""What every journal promises, held against the real one and the one tests use in its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.adapters.local.journal import SqliteJournal
from engine.core.did_keys import DidKey
from engine.core.dids import Did
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.core.records import record_hash
from engine.ports import (
    AcceptEvent,
    AppendRecord,
    Beside,
    BindChannel,
    BindRuleset,
    BirthPico,
    ClearTimer,
    DropParts,
    DueTimer,
    EndErrand,
    EndRest,
    Fence,
    Journal,
    JournalFailed,
    KeepDid,
    KeepErrand,
    KeepPart,
    KeepRest,
    KeepRuleset,
    KeepSignature,
    KeepTurn,
    KeptRuleset,
    NoteRuleset,
    Overtaken,
    Place,
    RemovePico,
    SaveSnapshot,
    SetFact,
    SetTimer,
    Stored,
    UnbindChannel,
    UnbindRuleset,
)
from tests.engine.in_loop import in_loop
from tests.fakes.memory_journal import Disk, MemoryJournal

OpenJournal = Callable[[], Journal]
"""Opens a journal over the same durable content every time."""

ANN, BOB = PicoId("ann"), PicoId("bob")
E1, E2 = EventId("e1"), EventId("e2")
OLD, NEW = RulesetHash("11"), RulesetHash("22")
MIA, TOM = DidKey("did:key:mia"), DidKey("did:key:tom")
FIRST = DueTimer(0, PicoId(""), "")
BORN = BirthPico(ANN, None, 0, b"ann at 0")


@pytest.fixture(params=["sqlite", "memory"])
def open_journal(request: pytest.FixtureRequest, tmp_path: Path) -> OpenJournal:
    disk = Disk()

    def open_one() -> Journal:
        if request.param == "sqlite":
            return SqliteJournal(tmp_path / "journal.sqlite")
        return MemoryJournal(disk)

    return open_one


def woken(journal: Journal, pico: PicoId) -> Stored:
    stored = journal.load(pico)
    assert stored is not None
    return stored


@in_loop
async def test_the_newest_record_is_noted_apart_from_it(open_journal: OpenJournal) -> None:
    """Whichever of a batch it is, after a restart too, and until the pico is gone."""
    journal = open_journal()
    assert journal.end(ANN) is None
    await journal.commit([BORN, AppendRecord(ANN, 1, None, b"one"), AppendRecord(ANN, 2, None, b"two")])
    assert journal.end(ANN) == (2, record_hash(b"two"))
    await journal.commit([AppendRecord(ANN, 3, E1, b"three")])
    await journal.close()
    journal = open_journal()
    assert journal.end(ANN) == (3, record_hash(b"three"))
    await journal.commit([RemovePico(ANN)])
    assert journal.end(ANN) is None


@in_loop
async def test_a_snapshot_may_come_in_pieces(open_journal: OpenJournal) -> None:
    """In whatever order, in several commits. Until a pico takes them they are nothing, also after a restart;
    then they are its snapshot, until it has another or is removed."""
    journal = open_journal()
    await journal.commit([KeepPart(ANN, 1, b"is "), KeepPart(ANN, 11, b"here")])
    await journal.commit([KeepPart(ANN, 0, b"overwritten")])
    await journal.close()
    journal = open_journal()
    assert (journal.loose_parts(), journal.load(ANN), list(journal.picos("", 9))) == (3, None, [])
    await journal.commit([KeepPart(ANN, 0, b"ann "), BirthPico(ANN, None, 4, b"", parts=3)])
    await journal.commit([AppendRecord(ANN, 5, E1, b"five"), DropParts(), DropParts(ANN)])
    await journal.close()
    journal = open_journal()
    assert journal.loose_parts() == 0
    assert (woken(journal, ANN).snapshot_seq, woken(journal, ANN).snapshot) == (4, b"ann is here")
    await journal.commit([SaveSnapshot(ANN, 5, b"ann later")])
    assert woken(journal, ANN).snapshot == b"ann later"
    await journal.commit([RemovePico(ANN)])
    assert journal.loose_parts() == 0
    await journal.close()


@in_loop
async def test_pieces_that_no_pico_has_taken_go_when_they_are_to(open_journal: OpenJournal) -> None:
    """Those for one pico, or all; and never those of one that lives."""
    journal = open_journal()
    await journal.commit([KeepPart(ANN, 0, b"a"), BirthPico(ANN, None, 0, b"", parts=1)])
    await journal.commit([KeepPart(BOB, 0, b"b"), KeepPart(PicoId("cat"), 0, b"c")])
    await journal.commit([DropParts(BOB)])
    assert journal.loose_parts() == 1
    await journal.commit([DropParts(), KeepPart(BOB, 0, b"b again")])
    assert journal.loose_parts() == 1
    await journal.commit([BirthPico(BOB, None, 0, b"", parts=1)])
    assert (woken(journal, ANN).snapshot, woken(journal, BOB).snapshot) == (b"a", b"b again")
    await journal.commit([RemovePico(ANN)])
    assert journal.loose_parts() == 0
    await journal.close()


@in_loop
async def test_pieces_may_wait_for_a_pico_under_another_name(open_journal: OpenJournal) -> None:
    """While the one of its own name is still what it was; in one commit that goes, and the other is there."""
    journal, coming = open_journal(), PicoId("ann coming")
    await journal.commit([KeepPart(ANN, 0, b"ann "), KeepPart(ANN, 1, b"as she was"), KeepPart(ANN, 2, b"!")])
    await journal.commit([BirthPico(ANN, None, 4, b"", parts=3), AppendRecord(ANN, 5, E1, b"five")])
    await journal.commit([KeepPart(coming, 0, b"ann "), KeepPart(coming, 1, b"comes back")])
    assert (woken(journal, ANN).snapshot, journal.loose_parts()) == (b"ann as she was!", 2)
    await journal.commit(
        [
            RemovePico(ANN),
            BirthPico(ANN, None, 7, b"", parts=2, parts_of=coming),
            AppendRecord(ANN, 8, E1, b"8"),
        ]
    )
    await journal.close()
    journal = open_journal()
    stored = woken(journal, ANN)
    assert (stored.snapshot_seq, stored.snapshot, list(stored.records)) == (7, b"ann comes back", [b"8"])
    assert journal.loose_parts() == 0
    await journal.commit([RemovePico(ANN), DropParts()])
    assert journal.loose_parts() == 0
    await journal.close()


@in_loop
async def test_a_snapshot_that_lacks_a_piece_is_nothing(open_journal: OpenJournal) -> None:
    """Rather than something that may look like a pico."""
    journal = open_journal()
    await journal.commit([KeepPart(ANN, 0, b"{}"), BirthPico(ANN, None, 0, b"", parts=2)])
    assert woken(journal, ANN).snapshot == b""
    await journal.close()


@in_loop
async def test_a_new_journal_is_empty(open_journal: OpenJournal) -> None:
    """Looking for anything finds nothing, and says so without an error."""
    journal = open_journal()
    assert journal.load(ANN) is None
    assert journal.find_record(ANN, E1) is None
    assert not journal.is_accepted(ANN, E1)
    assert list(journal.records(ANN, 0, 9)) == []
    assert journal.find_channel(Eci("x")) is None
    assert list(journal.waiting()) == []
    assert list(journal.errands()) == []
    assert list(journal.timers_after(FIRST, 9)) == []
    assert journal.ruleset_at("file:x") is None
    assert list(journal.kept_rulesets()) == []
    assert list(journal.signatures(OLD)) == []
    assert list(journal.places()) == []
    assert list(journal.holders("file:x", OLD)) == []
    assert journal.fact("root") is None
    await journal.close()


@in_loop
async def test_what_is_committed_is_there_after_reopening(open_journal: OpenJournal) -> None:
    """A pico, its records and its waiting events come back in order."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E2, b"later")])
    await journal.commit([AppendRecord(ANN, 1, E1, b"one")])
    await journal.commit([AppendRecord(ANN, 2, None, b"two")])
    await journal.close()

    journal = open_journal()
    assert journal.load(ANN) == Stored(0, b"ann at 0", [b"one", b"two"], [b"later"])
    assert list(journal.waiting()) == [ANN]
    await journal.close()


@in_loop
async def test_closing_finishes_what_was_taken(open_journal: OpenJournal) -> None:
    """A commit that nobody waited for is durable once the journal is closed."""
    journal = open_journal()
    journal.commit([BORN])
    await journal.close()
    journal = open_journal()
    assert journal.load(ANN) is not None
    await journal.close()


@in_loop
async def test_nothing_is_taken_after_closing(open_journal: OpenJournal) -> None:
    """A late commit fails and does not hang."""
    journal = open_journal()
    await journal.close()
    with pytest.raises(JournalFailed):
        await journal.commit([BORN])


@in_loop
async def test_commits_become_durable_in_the_order_of_the_calls(open_journal: OpenJournal) -> None:
    """A hundred commits are acknowledged first come, first served."""
    journal = open_journal()
    await journal.commit([BORN])
    order: list[int] = []

    async def append(seq: int) -> None:
        await journal.commit([AppendRecord(ANN, seq, None, b"r")])
        order.append(seq)

    await asyncio.gather(*map(append, range(1, 101)))
    assert order == list(range(1, 101))
    await journal.close()


@in_loop
async def test_a_reader_sees_only_what_is_durable(open_journal: OpenJournal) -> None:
    """Between the call of `commit` and its future, nothing of it is visible; afterwards all is."""
    journal = open_journal()
    durable = journal.commit([BORN, BindChannel(Eci("x"), ANN)])
    assert journal.load(ANN) is None
    assert journal.find_channel(Eci("x")) is None
    await durable
    assert journal.load(ANN) is not None
    assert journal.find_channel(Eci("x")) == ANN
    await journal.close()


@in_loop
async def test_the_record_of_an_event_is_found_and_empties_the_inbox(open_journal: OpenJournal) -> None:
    """Handling an accepted event takes it out of the inbox and leaves its record."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E1, b"event")])
    assert journal.is_accepted(ANN, E1)
    await journal.commit([AppendRecord(ANN, 1, E1, b"one")])
    assert not journal.is_accepted(ANN, E1)
    assert journal.find_record(ANN, E1) == b"one"
    assert list(journal.waiting()) == []
    await journal.close()


@in_loop
async def test_an_event_accepted_and_handled_in_one_batch_does_not_wait(open_journal: OpenJournal) -> None:
    """The two writes may reach the disk together."""
    journal = open_journal()
    await journal.commit([BORN])
    journal.commit([AcceptEvent(ANN, E1, b"event")])
    await journal.commit([AppendRecord(ANN, 1, E1, b"one")])
    assert not journal.is_accepted(ANN, E1)
    assert journal.find_record(ANN, E1) == b"one"
    await journal.close()


@in_loop
async def test_an_event_is_accepted_once(open_journal: OpenJournal) -> None:
    """Accepting again what waits keeps the first; accepting what was handled changes nothing."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E1, b"first")])
    await journal.commit([AcceptEvent(ANN, E1, b"second")])
    assert woken(journal, ANN).inbox == [b"first"]
    await journal.commit([AppendRecord(ANN, 1, E1, b"one")])
    await journal.commit([AcceptEvent(ANN, E1, b"third")])
    assert woken(journal, ANN).inbox == []
    await journal.close()


@in_loop
async def test_a_turn_begun_takes_the_place_of_its_event(open_journal: OpenJournal) -> None:
    """Where the event waited, with the latest that was said of the turn, until the record is there."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E1, b"event"), AcceptEvent(ANN, E2, b"later")])
    await journal.commit([KeepTurn(ANN, E1, b"begun")])
    await journal.commit([KeepTurn(ANN, E1, b"halfway")])
    await journal.close()

    journal = open_journal()
    assert woken(journal, ANN).inbox == [b"halfway", b"later"]
    await journal.commit([AcceptEvent(ANN, E1, b"sent again")])
    assert woken(journal, ANN).inbox == [b"halfway", b"later"]
    await journal.commit([AppendRecord(ANN, 1, E1, b"one")])
    assert woken(journal, ANN).inbox == [b"later"]
    await journal.commit([KeepTurn(ANN, E1, b"too late")])
    assert woken(journal, ANN).inbox == [b"later"]
    await journal.close()


@in_loop
async def test_a_turn_of_an_event_that_nobody_accepted_can_be_kept(open_journal: OpenJournal) -> None:
    """It waits like any other, and wakes its pico at the next start."""
    journal = open_journal()
    await journal.commit([BORN, KeepTurn(ANN, E1, b"begun")])
    assert journal.is_accepted(ANN, E1)
    assert list(journal.waiting()) == [ANN]
    await journal.close()


@in_loop
async def test_a_turn_begun_and_recorded_in_one_batch_is_over(open_journal: OpenJournal) -> None:
    """Whether or not its event had been accepted before or within it."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E1, b"event")])
    for seq, eid in enumerate([E1, E2], start=1):
        journal.commit([AcceptEvent(ANN, eid, b"event")])
        journal.commit([KeepTurn(ANN, eid, b"begun")])
        await journal.commit([AppendRecord(ANN, seq, eid, b"one")])
        assert woken(journal, ANN).inbox == []
    journal.commit([KeepTurn(ANN, EventId("e3"), b"begun")])
    await journal.commit([AppendRecord(ANN, 3, EventId("e3"), b"three")])
    assert woken(journal, ANN).inbox == []
    await journal.close()


@in_loop
async def test_a_rest_is_kept_until_it_is_ended(open_journal: OpenJournal) -> None:
    """The last that was said of it counts, and it goes with its pico."""
    journal = open_journal()
    await journal.commit([BORN, BirthPico(BOB, ANN, 0, b"bob at 0"), KeepRest(ANN, 3, 100)])
    await journal.commit([KeepRest(ANN, 3, 200), KeepRest(BOB, 7, 1), AcceptEvent(BOB, E1, b"one")])
    await journal.close()
    journal = open_journal()
    assert journal.waiting() == [BOB, ANN]
    assert [one and one.rest for one in map(journal.load, (ANN, BOB))] == [(3, 200), (7, 1)]
    journal.commit([KeepRest(ANN, 3, 300)])
    await journal.commit([EndRest(ANN), RemovePico(BOB), BirthPico(BOB, ANN, 0, b"another bob")])
    await journal.close()
    journal = open_journal()
    assert [one and one.rest for one in map(journal.load, (ANN, BOB))] == [None, None]
    assert journal.waiting() == []
    await journal.close()


@in_loop
async def test_errands_are_kept_until_they_are_ended(open_journal: OpenJournal) -> None:
    """In their order; one that ends in the batch in which it began was never there."""
    journal = open_journal()
    await journal.commit([BORN, KeepErrand(ANN, E2, b"second name, first come")])
    await journal.commit([KeepErrand(ANN, E1, b"other"), KeepErrand(BOB, E1, b"of bob")])
    journal.commit([KeepErrand(ANN, EventId("e3"), b"short")])
    await journal.commit([EndErrand(ANN, EventId("e3")), EndErrand(ANN, E1)])
    await journal.close()

    journal = open_journal()
    assert list(journal.errands()) == [(ANN, b"second name, first come"), (BOB, b"of bob")]
    await journal.close()


@in_loop
async def test_two_records_with_one_number_are_refused(open_journal: OpenJournal) -> None:
    """That would be two histories of one pico; the journal stops and keeps the first."""
    journal = open_journal()
    await journal.commit([BORN, AppendRecord(ANN, 1, None, b"one")])
    with pytest.raises(JournalFailed):
        await journal.commit([SetFact("half", "done"), AppendRecord(ANN, 1, None, b"other")])
    with pytest.raises(JournalFailed):
        await journal.commit([SetFact("later", "done")])
    await journal.close()

    journal = open_journal()
    assert list(journal.records(ANN, 1, 1)) == [b"one"]
    assert journal.fact("later") is None
    await journal.close()


@in_loop
async def test_a_snapshot_replaces_the_one_before_and_history_stays(open_journal: OpenJournal) -> None:
    """After it, waking reads only newer records, and older ones can still be had."""
    journal = open_journal()
    await journal.commit([BORN, AppendRecord(ANN, 1, None, b"one"), AppendRecord(ANN, 2, None, b"two")])
    await journal.commit([SaveSnapshot(ANN, 1, b"ann at 1")])
    assert journal.load(ANN) == Stored(1, b"ann at 1", [b"two"], [])
    assert list(journal.records(ANN, 1, 2)) == [b"one", b"two"]
    await journal.close()


@in_loop
async def test_the_last_word_on_a_channel_counts(open_journal: OpenJournal) -> None:
    """Bound and unbound, or unbound and bound again, in one batch."""
    journal = open_journal()
    await journal.commit([BindChannel(Eci("x"), ANN), UnbindChannel(Eci("x"))])
    assert journal.find_channel(Eci("x")) is None
    journal.commit([UnbindChannel(Eci("x"))])
    await journal.commit([BindChannel(Eci("x"), BOB)])
    assert journal.find_channel(Eci("x")) == BOB
    await journal.close()


@in_loop
async def test_timers_are_due_in_order(open_journal: OpenJournal) -> None:
    """The earliest first, as many as asked for, after the one that was named; cleared ones not at all."""
    journal = open_journal()
    await journal.commit([SetTimer(ANN, "late", 30), SetTimer(ANN, "soon", 10), SetTimer(BOB, "then", 20)])
    await journal.commit([SetTimer(ANN, "late", 25), SetTimer(BOB, "gone", 5), ClearTimer(BOB, "gone")])
    in_order = [DueTimer(10, ANN, "soon"), DueTimer(20, BOB, "then"), DueTimer(25, ANN, "late")]
    assert list(journal.timers_after(FIRST, 9)) == in_order
    assert list(journal.timers_after(FIRST, 1)) == in_order[:1]
    assert list(journal.timers_after(in_order[0], 9)) == in_order[1:]
    assert list(journal.timers_after(in_order[-1], 9)) == []
    await journal.close()


@in_loop
async def test_timers_that_are_due_together_have_an_order_too(open_journal: OpenJournal) -> None:
    """By pico and then by name, so that reading on after any of them leaves none out and none twice."""
    journal = open_journal()
    timers = [DueTimer(10, pico, name) for pico in (ANN, BOB) for name in ("a", "b", "c")]
    await journal.commit([SetTimer(one.pico, one.timer, one.due_ms) for one in reversed(timers)])
    for number, one in enumerate([FIRST, *timers]):
        assert list(journal.timers_after(one, 2)) == timers[number : number + 2]
    await journal.close()


@in_loop
async def test_what_waits_for_a_pico_that_is_born_again_is_kept(open_journal: OpenJournal) -> None:
    """Also what was accepted by a commit before, which is not durable yet; but not what it has handled."""
    journal = open_journal()
    await journal.commit([BORN, AcceptEvent(ANN, E1, b"one"), AppendRecord(ANN, 1, None, b"here")])
    journal.commit([AcceptEvent(ANN, E2, b"two")])
    again = BirthPico(ANN, None, 4, b"ann again")
    await journal.commit([RemovePico(ANN, keeps_inbox=True), again, AppendRecord(ANN, 4, E1, b"four")])
    assert woken(journal, ANN).inbox == [b"two"]
    assert list(journal.waiting()) == [ANN]
    assert journal.end(ANN) == (4, record_hash(b"four"))
    await journal.close()


@in_loop
async def test_a_removed_pico_leaves_nothing_but_its_neighbours(open_journal: OpenJournal) -> None:
    """Also what was written for it earlier in the same batch goes, and what comes later stays."""
    journal = open_journal()
    await journal.commit([BORN, BirthPico(BOB, ANN, 0, b"bob at 0"), BindChannel(Eci("b"), BOB)])
    assert (list(journal.children(ANN)), list(journal.children(None))) == ([BOB], [ANN])
    journal.commit([AppendRecord(BOB, 1, E1, b"one"), AcceptEvent(BOB, E2, b"two"), SetTimer(BOB, "t", 1)])
    journal.commit([RemovePico(BOB)])
    await journal.commit([AppendRecord(ANN, 1, None, b"bob is gone")])

    assert journal.load(BOB) is None
    assert journal.find_record(BOB, E1) is None
    assert list(journal.children(ANN)) == []
    assert list(journal.waiting()) == []
    assert journal.find_channel(Eci("b")) is None
    assert list(journal.timers_after(FIRST, 9)) == []
    assert woken(journal, ANN).records == [b"bob is gone"]
    await journal.close()


@in_loop
async def test_ruleset_texts_are_kept_by_hash_and_found_by_url(open_journal: OpenJournal) -> None:
    """A newer text under a URL does not take the older one away from those who run it."""
    journal = open_journal()
    await journal.commit([KeepRuleset(OLD, "file:a", "old text")])
    await journal.commit([KeepRuleset(NEW, "file:a", "new text")])
    assert journal.ruleset_at("file:a") == NEW
    assert journal.ruleset_text(OLD) == "old text"
    assert journal.ruleset_text(NEW) == "new text"
    await journal.close()


@in_loop
async def test_kept_rulesets_are_listed_with_what_was_noted_first(open_journal: OpenJournal) -> None:
    """By name, then by age; one of which nothing was noted is listed too."""
    journal = open_journal()
    texts = [
        KeepRuleset(RulesetHash(digest), f"file:{digest}", "text") for digest in ("44", "33", "22", "11")
    ]
    await journal.commit([*texts, NoteRuleset(OLD, Rid("r"), "1.0", 7), NoteRuleset(NEW, Rid("r"), None, 8)])
    await journal.commit(
        [NoteRuleset(OLD, Rid("other"), "9.9", 9), NoteRuleset(texts[1].hash, Rid("a"), "", 9)]
    )
    await journal.close()
    journal = open_journal()
    assert list(journal.kept_rulesets()) == [
        KeptRuleset(RulesetHash("44"), None, None, None),
        KeptRuleset(RulesetHash("33"), Rid("a"), "", 9),
        KeptRuleset(OLD, Rid("r"), "1.0", 7),
        KeptRuleset(NEW, Rid("r"), None, 8),
    ]
    await journal.close()


@in_loop
async def test_a_text_has_one_signature_of_each_author(open_journal: OpenJournal) -> None:
    """A newer one takes the place of the older."""
    journal = open_journal()
    await journal.commit([KeepSignature(OLD, TOM, "tom's"), KeepSignature(OLD, MIA, "mia's")])
    await journal.commit([KeepSignature(OLD, TOM, "tom's next"), KeepSignature(NEW, TOM, "another")])
    assert list(journal.signatures(OLD)) == [(MIA, "mia's"), (TOM, "tom's next")]
    assert list(journal.signatures(NEW)) == [(TOM, "another")]
    await journal.close()


@in_loop
async def test_it_is_known_who_has_which_ruleset_from_where(open_journal: OpenJournal) -> None:
    """Until the ruleset or the pico goes. What is bound twice is bound."""
    journal = open_journal()
    await journal.commit([BORN, BirthPico(BOB, None, 0, b"")])
    await journal.commit([BindRuleset(ANN, "file:a", OLD), BindRuleset(BOB, "file:a", OLD)])
    await journal.commit([BindRuleset(ANN, "file:a", OLD), BindRuleset(ANN, "file:b", NEW)])
    assert list(journal.places()) == [Place("file:a", OLD, 2), Place("file:b", NEW, 1)]
    assert list(journal.holders("file:a", OLD)) == [ANN, BOB]
    assert list(journal.holders("file:a", OLD, 1)) == [ANN]
    assert journal.holds(ANN, "file:b")
    assert not journal.holds(BOB, "file:b")
    await journal.commit([UnbindRuleset(ANN, "file:a", OLD), BindRuleset(ANN, "file:a", NEW)])
    await journal.commit([UnbindRuleset(ANN, "file:nothing", OLD)])
    assert list(journal.places()) == [
        Place("file:a", OLD, 1),
        Place("file:a", NEW, 1),
        Place("file:b", NEW, 1),
    ]
    assert list(journal.holders("file:a", OLD)) == [BOB]
    await journal.commit([RemovePico(BOB)])
    assert list(journal.holders("file:a", OLD)) == []
    await journal.close()


@in_loop
async def test_of_what_is_bound_and_unbound_at_once_the_last_counts(open_journal: OpenJournal) -> None:
    """Commits that share a transaction are one after the other all the same."""
    journal = open_journal()
    commits = [
        journal.commit([BORN, BindRuleset(ANN, "file:a", OLD), BindRuleset(ANN, "file:b", OLD)]),
        journal.commit([UnbindRuleset(ANN, "file:a", OLD)]),
        journal.commit([UnbindRuleset(ANN, "file:b", OLD)]),
        journal.commit([BindRuleset(ANN, "file:b", OLD)]),
    ]
    await asyncio.gather(*commits)
    assert list(journal.places()) == [Place("file:b", OLD, 1)]
    await journal.close()


@in_loop
async def test_a_fact_can_be_set_anew(open_journal: OpenJournal) -> None:
    """The newest value counts."""
    journal = open_journal()
    await journal.commit([SetFact("root", "a")])
    await journal.commit([SetFact("root", "b")])
    assert journal.fact("root") == "b"
    await journal.close()


@in_loop
async def test_facts_are_found_by_how_they_begin(open_journal: OpenJournal) -> None:
    """Letter for letter, and in order; nothing else is a pattern."""
    journal = open_journal()
    names = ("log of b", "log of a", "log", "Log of c", "log%of d", "logs")
    await journal.commit([SetFact(name, "x") for name in names])
    assert list(journal.fact_names("log of ")) == ["log of a", "log of b"]
    assert list(journal.fact_names("log%")) == ["log%of d"]
    assert list(journal.fact_names("nothing")) == []
    await journal.close()


@in_loop
async def test_waiting_picos_are_named_once_the_longest_waiting_first(open_journal: OpenJournal) -> None:
    """Whoever wakes them at start begins with the oldest event."""
    journal = open_journal()
    await journal.commit([BORN, BirthPico(BOB, None, 0, b"")])
    await journal.commit([AcceptEvent(BOB, E1, b""), AcceptEvent(ANN, E1, b""), AcceptEvent(BOB, E2, b"")])
    assert list(journal.waiting()) == [BOB, ANN]
    await journal.close()


@in_loop
async def test_a_channel_may_have_several_dids(open_journal: OpenJournal) -> None:
    """The newest stands first, the older ones still lead to it; one that is kept again stays where it is."""
    journal = open_journal()
    x, y, z = Eci("x"), Eci("y"), Eci("z")
    await journal.commit([BORN, BindChannel(x, ANN), KeepDid(Did("did:one"), x), KeepDid(Did("did:two"), x)])
    await journal.commit([KeepDid(Did("did:one"), x), KeepDid(Did("did:three"), y)])
    await journal.close()
    journal = open_journal()
    assert list(journal.dids_of(x)) == ["did:two", "did:one"]
    assert [journal.find_did(Did(did)) for did in ("did:one", "did:two", "did:three", "did:four")] == [
        x,
        x,
        y,
        None,
    ]
    assert list(journal.dids_of(z)) == []
    await journal.close()


@in_loop
async def test_dids_go_with_their_channels(open_journal: OpenJournal) -> None:
    """With one that is unbound, and with all of a pico that is removed."""
    journal = open_journal()
    x, y, z = Eci("x"), Eci("y"), Eci("z")
    channels = [BindChannel(x, ANN), BindChannel(y, ANN), BindChannel(z, BOB)]
    dids = [KeepDid(Did(f"did:{eci}"), eci) for eci in (x, y, z)]
    await journal.commit([BORN, BirthPico(BOB, None, 0, b"bob at 0"), *channels, *dids])
    await journal.commit([UnbindChannel(x)])
    assert [journal.find_did(Did(f"did:{eci}")) for eci in (x, y, z)] == [None, y, z]
    await journal.commit([RemovePico(ANN)])
    assert [journal.find_did(Did(f"did:{eci}")) for eci in (x, y, z)] == [None, None, z]
    await journal.close()


@in_loop
async def test_what_is_kept_beside_a_pico_is_told_together(open_journal: OpenJournal) -> None:
    """All of it, in its order, and nothing of its neighbours."""
    journal = open_journal()
    x, y = Eci("x"), Eci("y")
    await journal.commit(
        [BORN, BirthPico(BOB, None, 0, b"bob at 0"), BindChannel(x, ANN), BindChannel(y, BOB)]
    )
    assert journal.beside(ANN) == Beside(None, [], [], None, [])
    names = [KeepDid(Did(did), eci) for did, eci in (("did:b", x), ("did:other", y), ("did:a", x))]
    events = [AcceptEvent(ANN, E2, b"two"), AcceptEvent(BOB, E1, b"of bob"), AcceptEvent(ANN, E1, b"one")]
    await journal.commit([AppendRecord(ANN, 1, None, b"record"), *names, *events])
    await journal.commit([KeepErrand(ANN, E1, b"errand"), KeepErrand(BOB, E1, b"other"), KeepRest(ANN, 1, 5)])
    await journal.close()

    journal = open_journal()
    dids = [(Did("did:b"), x), (Did("did:a"), x)]
    end = (1, record_hash(b"record"))
    assert journal.beside(ANN) == Beside(end, [b"two", b"one"], [b"errand"], (1, 5), dids)
    await journal.commit([RemovePico(ANN)])
    assert journal.beside(ANN) is None
    await journal.close()


@in_loop
async def test_all_picos_are_found_some_at_a_time(open_journal: OpenJournal) -> None:
    """By id, from the one after the last that was seen."""
    journal = open_journal()
    await journal.commit([BirthPico(PicoId(name), None, 0, b"") for name in ("c", "a", "b")])
    assert list(journal.picos("", 2)) == ["a", "b"]
    assert list(journal.picos("b", 2)) == ["c"]
    assert list(journal.picos("c", 2)) == []
    await journal.close()


@in_loop
async def test_the_ids_of_what_was_handled_can_be_had_by_turns(open_journal: OpenJournal) -> None:
    """In their order, and without those that nobody may ask for again."""
    journal = open_journal()
    await journal.commit([BORN, AppendRecord(ANN, 1, E2, b"one"), AppendRecord(ANN, 2, None, b"two")])
    await journal.commit([AppendRecord(ANN, 3, E1, b"three"), AppendRecord(BOB, 1, E1, b"bob")])
    assert list(journal.handled(ANN, 1, 3)) == [E2, E1]
    assert [list(journal.handled(ANN, first, 9)) for first in (2, 3, 4)] == [[E1], [E1], []]
    await journal.close()


@in_loop
async def test_a_fence_keeps_out_turns_of_other_epochs(open_journal: OpenJournal) -> None:
    """All that comes with such a turn is refused at once, before it is on its way; so it is after a restart,
    and the journal goes on with what others commit."""
    journal = open_journal()
    await journal.commit([BORN, AppendRecord(ANN, 1, None, b"one")])
    assert (journal.epoch(ANN), journal.lets(ANN, 0), journal.lets(ANN, 7)) == (0, True, True)
    journal.commit([Fence(ANN, None), AcceptEvent(ANN, E1, b"kept")])
    assert not journal.lets(ANN, 0), "though it is not durable yet"
    for _ in range(2):
        with pytest.raises(Overtaken):
            journal.commit([SetFact("half", "done"), AppendRecord(ANN, 2, E1, b"late", 0)])
        await journal.commit([SetFact("another", "done")])
        assert (journal.epoch(ANN), journal.fact("half"), journal.fact("another")) == (None, None, "done")
        assert journal.is_accepted(ANN, E1)
        await journal.close()
        journal = open_journal()
    await journal.commit([Fence(ANN, 7), AppendRecord(ANN, 2, E1, b"two", 7)])
    with pytest.raises(Overtaken):
        journal.commit([AppendRecord(ANN, 3, None, b"late", 0)])
    assert (journal.epoch(ANN), list(journal.records(ANN, 1, 9))) == (7, [b"one", b"two"])
    await journal.close()


@in_loop
async def test_a_fence_goes_with_its_pico(open_journal: OpenJournal) -> None:
    """One that comes back in the same commit brings records of other times; then its new fence holds. What is
    refused moves no fence."""
    journal = open_journal()
    await journal.commit([BORN, Fence(ANN, None), Fence(BOB, 3)])
    with pytest.raises(Overtaken):
        journal.commit([Fence(BOB, None), AppendRecord(ANN, 1, None, b"one")])
    assert journal.lets(BOB, 3)
    await journal.commit([RemovePico(ANN), BORN, AppendRecord(ANN, 1, None, b"one"), Fence(ANN, 4)])
    with pytest.raises(Overtaken):
        journal.commit([AppendRecord(ANN, 2, None, b"two")])
    await journal.commit([AppendRecord(ANN, 2, None, b"two", 4)])
    await journal.commit([RemovePico(ANN)])
    await journal.close()
    journal = open_journal()
    assert (journal.epoch(ANN), journal.epoch(BOB)) == (0, 3)
    await journal.close()
