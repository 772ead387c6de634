"""The credentials of a home: places are never given twice, revoking is for good, the file is the owner's."""

from __future__ import annotations

import random
import sqlite3
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from engine.adapters.credentials import (
    HOME,
    CredentialStore,
    Held,
    Issued,
    Issuer,
    Place,
    StoreUnusable,
    open_store,
    store,
)

FILE = store.FILE


def names() -> Iterator[str]:
    return (f"urn:list:{number}" for number in count(1))


def test_what_was_put_in_is_there_when_it_is_opened_again(tmp_path: Path) -> None:
    """Issued, held and revoked."""
    with closing(open_store(tmp_path / FILE)) as opened:
        place = opened.take_place(lambda most: 5, lambda: "urn:list:1")
        opened.add_issued("urn:a", place, "text")
        opened.hold(Held("urn:b", "did:x:y", "other"))
        opened.revoke("urn:a", 100)
    with closing(open_store(tmp_path / FILE)) as again:
        assert again.issued() == [Issued("urn:a", Place("urn:list:1", 5), "text", 100)]
        assert again.held() == [Held("urn:b", "did:x:y", "other")]
        assert (again.lists(), again.revoked("urn:list:1")) == (["urn:list:1"], [5])


def test_a_place_is_never_given_twice(tmp_path: Path) -> None:
    """Not even one whose credential was never issued, as after a crash in between."""
    choices = iter([3, 3, 3, 4])
    with closing(open_store(tmp_path / FILE)) as opened:
        opened.take_place(lambda most: next(choices), lambda: "urn:list:1")
    with closing(open_store(tmp_path / FILE)) as again:
        assert again.take_place(lambda most: next(choices), lambda: "urn:list:2").index == 4
        assert again.lists() == ["urn:list:1"]


def test_commands_at_once_take_different_places(tmp_path: Path) -> None:
    """Each with a connection of its own, as processes have; they choose alike and wait for each other."""

    def take(number: int) -> Place:
        chance = random.Random(number % 2)
        with closing(open_store(tmp_path / FILE)) as opened:
            return opened.take_place(lambda most: chance.randrange(20), lambda: f"urn:list:{number}")

    with ThreadPoolExecutor(8) as pool:
        places = list(pool.map(take, range(16)))
    assert len(set(places)) == 16
    assert len({place.list for place in places}) == 1


def test_nobody_else_chooses_while_a_place_is_chosen(tmp_path: Path) -> None:
    """The transaction is a writer's from the start: else two would read the same and one would fail."""

    def choose(most: int) -> int:
        other = sqlite3.connect(tmp_path / FILE, timeout=0)
        with closing(other), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        return 2

    with closing(open_store(tmp_path / FILE)) as opened:
        opened.take_place(lambda most: 1, lambda: "urn:list:1")
        assert opened.take_place(choose, lambda: "urn:list:2") == Place("urn:list:1", 2)


def test_a_list_that_is_half_full_is_followed_by_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the next free place is found quickly; the old list stays."""
    monkeypatch.setattr(store, "FILLED", 2)
    fresh, chance = names(), random.Random(1)
    with closing(open_store(tmp_path / FILE)) as opened:
        places = [opened.take_place(chance.randrange, lambda: next(fresh)) for _ in range(5)]
        assert [place.list[-1] for place in places] == ["1", "1", "2", "2", "3"]
        assert len(opened.lists()) == 3


def test_each_issuer_has_lists_of_its_own(tmp_path: Path) -> None:
    """A list is signed by one, and believed of nobody else."""
    pico, fresh = Issuer("did:x:pico", "did:x:pico#key-1", "life/pico/key-1"), names()
    with closing(open_store(tmp_path / FILE)) as opened:
        places = [opened.take_place(lambda most: 1, fresh.__next__, one) for one in (HOME, pico)]
        places.append(opened.take_place(lambda most: 2, fresh.__next__, pico))
        assert [place.list for place in places] == ["urn:list:1", "urn:list:2", "urn:list:2"]
        assert [opened.issuer_of(name) for name in opened.lists()] == [HOME, pico]


FIRST_FORMAT = """
CREATE TABLE lists (n INTEGER PRIMARY KEY, list TEXT NOT NULL UNIQUE);
CREATE TABLE places (list TEXT NOT NULL, place INTEGER NOT NULL, PRIMARY KEY (list, place)) WITHOUT ROWID;
CREATE TABLE issued (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, list TEXT NOT NULL, place INTEGER NOT NULL,
    text TEXT NOT NULL, revoked_s INTEGER, UNIQUE (list, place));
CREATE TABLE held (
    n INTEGER PRIMARY KEY, issuer TEXT NOT NULL, id TEXT NOT NULL, text TEXT NOT NULL, UNIQUE (issuer, id));
INSERT INTO lists (list) VALUES ('urn:list:1');
INSERT INTO places VALUES ('urn:list:1', 5);
INSERT INTO issued (id, list, place, text, revoked_s) VALUES ('urn:a', 'urn:list:1', 5, 'text', 100);
PRAGMA user_version = 1;
PRAGMA application_id = 0x70696376;
"""


def _take(opened: CredentialStore, place: int) -> Place:
    return opened.take_place(lambda most: place, lambda: "urn:list:2")


def test_a_store_of_the_first_format_is_read(tmp_path: Path) -> None:
    """Everything in it was the home's, which goes on with the same list; and it opens again."""
    with closing(sqlite3.connect(tmp_path / FILE)) as old:
        old.executescript(FIRST_FORMAT)
    for place in (6, 7):
        with closing(open_store(tmp_path / FILE)) as opened:
            assert opened.issued() == [Issued("urn:a", Place("urn:list:1", 5), "text", 100)]
            assert _take(opened, place) == Place("urn:list:1", place)
            assert opened.issuer_of("urn:list:1") == HOME


def test_revoking_is_for_good(tmp_path: Path) -> None:
    """The second time changes nothing; what was not issued here is not revoked."""
    with closing(open_store(tmp_path / FILE)) as opened:
        opened.add_issued("urn:a", Place("urn:list:1", 5), "text")
        revoked = [opened.revoke("urn:a", when) for when in (100, 200)]
        assert [one.revoked_s for one in revoked if one] == [100, 100]
        assert opened.revoke("urn:b", 100) is None


def test_a_failed_change_leaves_nothing(tmp_path: Path) -> None:
    """And the store can be used afterwards."""

    def fail(most: int) -> int:
        raise KeyboardInterrupt

    with closing(open_store(tmp_path / FILE)) as opened:
        with pytest.raises(KeyboardInterrupt):
            opened.take_place(fail, lambda: "urn:list:1")
        assert opened.lists() == []
        assert opened.take_place(lambda most: 0, lambda: "urn:list:2") == Place("urn:list:2", 0)


def test_a_newer_credential_of_the_same_name_takes_the_place_of_the_older(tmp_path: Path) -> None:
    """Of the same issuer; another's with that name is another one."""
    with closing(open_store(tmp_path / FILE)) as opened:
        for issuer, text in (("did:x:1", "old"), ("did:x:2", "other"), ("did:x:1", "new")):
            opened.hold(Held("urn:a", issuer, text))
        assert {(one.issuer, one.text) for one in opened.held()} == {("did:x:1", "new"), ("did:x:2", "other")}


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """File and folder."""
    open_store(tmp_path / "home" / FILE).close()
    assert stat.S_IMODE((tmp_path / "home" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_looking_makes_nothing(tmp_path: Path) -> None:
    """Where there is no store there is an empty one to look into, and no file."""
    with closing(open_store(tmp_path / "home" / FILE, make=False)) as opened:
        assert (opened.issued(), opened.held(), opened.lists()) == ([], [], [])
    assert not (tmp_path / "home").exists()


def _other_database(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")


def _newer_format(path: Path) -> None:
    open_store(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")


def _no_database(path: Path) -> None:
    path.write_bytes(b"not a database, and long enough to tell" * 100)


@pytest.mark.parametrize("spoil", [_other_database, _newer_format, _no_database])
def test_what_cannot_be_understood_is_left_alone(tmp_path: Path, spoil: object) -> None:
    """The message names the file."""
    assert callable(spoil)
    spoil(tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreUnusable, match=FILE):
        open_store(tmp_path / FILE)
    assert (tmp_path / FILE).read_bytes() == before


def test_a_store_needs_a_folder_it_can_write(tmp_path: Path) -> None:
    """A file stands where the home should be."""
    (tmp_path / "home").write_text("")
    with pytest.raises(StoreUnusable):
        open_store(tmp_path / "home" / FILE)
