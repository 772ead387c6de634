"""What every journal promises of mail for others, held against the real one and the fake."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.adapters.local.journal import SqliteJournal
from engine.core.dids import Did
from engine.ports import (
    DropMail,
    DropOldMail,
    Journal,
    KeepMail,
    KeepMailClient,
    MailSize,
    RemoveMailClient,
    WaitingMail,
)
from tests.engine.in_loop import in_loop
from tests.fakes.memory_journal import Disk, MemoryJournal

ZOE, YAN = Did("did:example:zoe"), Did("did:example:yan")
HOME, WORK = "did:example:home", "did:example:work"


@pytest.fixture(params=["sqlite", "memory"])
def open_journal(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Journal]:
    disk = Disk()

    def open_one() -> Journal:
        if request.param == "sqlite":
            return SqliteJournal(tmp_path / "journal.sqlite")
        return MemoryJournal(disk)

    return open_one


def letter(id: str, to: str = HOME, at_s: int = 10, client: Did = ZOE) -> KeepMail:
    return KeepMail(client, id, to, at_s, at_s + 100, b"envelope " + id.encode())


@in_loop
async def test_a_client_is_found_by_each_of_its_dids(open_journal: Callable[[], Journal]) -> None:
    """As they were said last, and after a restart; a DID stays with whoever said it first."""
    journal = open_journal()
    await journal.commit([KeepMailClient(ZOE, "old", [HOME])])
    await journal.commit([KeepMailClient(ZOE, "new", [WORK]), KeepMailClient(YAN, "other", [WORK, HOME])])
    await journal.close()
    mail = open_journal().mail
    assert (mail.client_state(ZOE), mail.client_state(YAN), mail.count_clients()) == ("new", "other", 2)
    assert (mail.client_of(WORK), mail.client_of(HOME)) == (ZOE, YAN)
    assert mail.client_of("did:example:nobody") is None


@in_loop
async def test_mail_waits_in_order(open_journal: Callable[[], Journal]) -> None:
    """One row for each; what waits already is not kept twice, and one may ask for the next after another."""
    journal = open_journal()
    await journal.commit([letter("a"), letter("b", WORK, 11), letter("a", at_s=12), letter("c", at_s=13)])
    first, *rest = journal.mail.after(ZOE, 0, 9)
    assert first == WaitingMail(1, "a", 10, b"envelope a")
    assert [one.id for one in rest] == ["b", "c"]
    assert [one.id for one in journal.mail.after(ZOE, first.n, 1)] == ["b"]
    assert [one.id for one in journal.mail.after(ZOE, 0, 9, HOME)] == ["a", "c"]
    assert journal.mail.last(ZOE) == rest[-1].n
    assert (list(journal.mail.after(YAN, 0, 9)), journal.mail.last(YAN)) == ([], 0)
    await journal.close()


@in_loop
async def test_what_was_fetched_is_gone(open_journal: Callable[[], Journal]) -> None:
    """Of that client only, also when it came in the same commit; sizes follow, and last over a restart."""
    journal = open_journal()
    await journal.commit([letter("a"), letter("b", WORK), letter("a", client=YAN), DropMail(ZOE, ["a", "x"])])
    await journal.close()
    journal = open_journal()
    assert [one.id for one in journal.mail.after(ZOE, 0, 9)] == ["b"]
    assert journal.mail.size() == MailSize(2, 20)
    assert journal.mail.size(ZOE) == journal.mail.size(ZOE, WORK) == MailSize(1, 10)
    assert journal.mail.size(ZOE, HOME) == MailSize(0, 0)
    await journal.commit([letter("a")])
    assert journal.mail.size(ZOE) == MailSize(2, 20)
    assert journal.mail.last(ZOE) > journal.mail.after(ZOE, 0, 1)[0].n
    await journal.close()


@in_loop
async def test_of_what_waits_one_can_leave_out_some(open_journal: Callable[[], Journal]) -> None:
    """How much it is, and when the oldest and the newest came without it."""
    journal = open_journal()
    await journal.commit([letter("a", at_s=1), letter("b", WORK, 2), letter("c", at_s=3)])
    mail = journal.mail
    assert mail.sizes_of(ZOE, ["a", "c", "nothing"]) == MailSize(2, 20)
    assert mail.sizes_of(ZOE, ["a", "b"], WORK) == MailSize(1, 10)
    assert mail.sizes_of(ZOE, []) == mail.sizes_of(YAN, ["a"]) == MailSize(0, 0)
    assert (mail.received_s(ZOE), mail.received_s(ZOE, newest=True)) == (1, 3)
    assert (mail.received_s(ZOE, None, ["a"]), mail.received_s(ZOE, HOME, ["c"], newest=True)) == (2, 1)
    assert mail.received_s(ZOE, WORK, ["b"]) is None
    await journal.close()


@in_loop
async def test_mail_does_not_wait_for_ever(open_journal: Callable[[], Journal]) -> None:
    """It goes when its time is over, and all of it with its client."""
    journal = open_journal()
    await journal.commit([letter("a", at_s=1), letter("b", at_s=2), letter("c", client=YAN)])
    await journal.commit([KeepMailClient(ZOE, "state", [HOME]), DropOldMail(101)])
    assert [one.id for one in journal.mail.after(ZOE, 0, 9)] == ["b"]
    await journal.commit([RemoveMailClient(ZOE)])
    assert journal.mail.client_state(ZOE) is journal.mail.client_of(HOME) is None
    assert journal.mail.size() == journal.mail.size(YAN) == MailSize(1, 10)
    await journal.close()
