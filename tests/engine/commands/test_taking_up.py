"""Whoever brings a pico back with its owner's key file has its log go on, where the log allows it."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from engine.adapters.dids import did_of_key
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import SeedFile, SeedKeys
from engine.commands.opening_keys import Opener, find_opener
from engine.commands.recovery import FAR, OwnersFile
from engine.commands.taking_up import ENGINES, NOT_PROMISED, taking_up
from engine.config import Settings
from engine.core.dids import Did
from engine.core.model import PicoId
from engine.ports import Guard, KeptLog, OwnersKey, Promise
from engine.runtime.restoring import TakenUp
from tests.engine.adapters.dids.people import signer

PICO = PicoId("pico")
OLD, NEW = (SeedKeys(seed * 32) for seed in (b"o", b"n"))
PEOPLE = tuple(did_of_key(signer(number).multikey) for number in (1, 2, 3))


class Told:
    """An owner's key file, a log that the old engine has written, and what becomes of it in a new home."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "owner.key"
        self.seed = SeedFile(self.file).open(None)
        self.owner = OwnersFile(self.file, SeedKeys(self.seed))
        self.home = Settings(home=folder / "home")
        self.logs = LifelongLogs(OLD)
        self.log = self.logs.begin(PICO, None, Did("did:example:old"), None, time.time() - 60)

    def promise(self, number: int = 1) -> None:
        known = self.owner.known(number)
        change = Promise(OwnersKey(known["hash"], tuple(known["approving"])))
        self.log = self.logs.succession.change(PICO, self.log, change, time.time() - 30)

    def take_up(self, keys: SeedKeys = NEW, file: Path | None = None) -> TakenUp:
        opener = find_opener(self.home, file or self.file, None)
        assert opener is not None
        return taking_up(keys, opener)(PICO, self.log)


@pytest.fixture
def told(tmp_path: Path) -> Told:
    return Told(tmp_path)


def signs(keys: SeedKeys, log: KeptLog) -> KeptLog:
    """One more entry by the engine with these keys."""
    return LifelongLogs(keys).rotate(PICO, log, time.time())


def test_the_log_goes_on_in_the_name_of_the_new_home(told: Told) -> None:
    """Which may write in it from then on, and the old engine may not; the owner's next key is promised."""
    told.promise()
    taken = told.take_up()
    assert (taken.why_not, taken.owner) == (None, told.owner.owner())
    assert taken.log is not None
    promises = LifelongLogs(NEW).promises(PICO, taken.log, time.time())
    assert promises.now == {told.owner.known(2)["hash"]}
    signs(NEW, taken.log)
    with pytest.raises(ValueError, match="was not promised"):
        signs(OLD, taken.log)


def test_a_key_that_is_not_promised_only_opens(told: Told) -> None:
    """Its owner is one all the same, and it is said what is missing."""
    assert told.take_up() == TakenUp(None, told.owner.owner(), NOT_PROMISED)


def test_the_key_of_the_engine_itself_is_no_owners(told: Told, tmp_path: Path) -> None:
    """Whoever restores with a copy of engine.key is not made an owner of what follows."""
    told.promise()
    engine_key = tmp_path / "engine.key"
    seed = SeedFile(engine_key)
    seed.open(None)
    keys = SeedKeys(seed.open(None))
    told.log = LifelongLogs(keys).begin(PICO, None, Did("did:example:old"), None, time.time() - 60)
    assert told.take_up(file=engine_key) == TakenUp(why_not=ENGINES)
    assert told.take_up(keys, engine_key) == TakenUp(is_named=True)


def test_a_home_that_the_log_names_already_needs_nobody(told: Told) -> None:
    """As when engine.key is there again: no entry is spent."""
    told.promise()
    assert told.take_up(OLD) == TakenUp(None, told.owner.owner(), is_named=True)


def test_without_anybody_s_key_it_is_known_whether_the_log_names_the_home(told: Told) -> None:
    """With a copy of engine.key in it the home is that engine; another home can do nothing about the log."""
    by_guardians = Opener("guardians", lambda pico, boxes: {})
    assert taking_up(OLD, by_guardians)(PICO, told.log) == TakenUp(is_named=True)
    assert taking_up(NEW, by_guardians)(PICO, told.log) == TakenUp()


def test_an_owner_goes_on_beside_guardians_and_not_past_those_who_watch(told: Told) -> None:
    """Who named them may have wanted just that."""
    change = Guard(2, PEOPLE)
    told.log = told.logs.succession.change(PICO, told.log, change, time.time() - 40)
    told.promise()
    taken = told.take_up()
    assert taken.log is not None
    signs(NEW, taken.log)
    alone = Told(told.file.parent)
    known = alone.owner.known(1)
    alone.log = alone.logs.begin(PICO, None, Did("did:example:old"), known["hash"], time.time() - 60)
    owner = OwnersKey(known["hash"])  # who may sign, and is no party that may go without guardians
    change = Guard(2, PEOPLE, owner=owner)
    alone.log = alone.logs.succession.change(PICO, alone.log, change, time.time() - 30)
    taken = alone.take_up()
    assert taken.log is None
    assert "guardians have to approve it" in str(taken.why_not)


def test_an_engine_is_told_of_keys_ahead(told: Told) -> None:
    """Of an owner who has taken a log up many times, of those that come next."""
    assert told.owner.owner(FAR - 1).hashes == told.owner.owner().hashes
    later = told.owner.owner(FAR + 30)
    assert told.owner.known(FAR + 30)["hash"] == later.hashes[0] not in told.owner.owner().hashes
