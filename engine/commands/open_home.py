"""A home as commands use it without an engine: its journal and its stores of blocks.

To change it they have it to themselves; to look, an engine may run on it meanwhile.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from engine.adapters.blocks import Database, LocalBlocks
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.keys import BlockCipher, KeyBoxes, SeedFile, SeedKeys
from engine.adapters.local.home import HomeBusy, HomeLock, take_home
from engine.adapters.local.journal import SqliteJournal
from engine.adapters.signing.ed25519 import verify
from engine.commands.failure import Failure
from engine.commands.passphrase import find_passphrase
from engine.config import BadSetting, Settings
from engine.core.dids import Did
from engine.core.replicas import Replication
from engine.ports import BlockStore, Journal, Keys
from engine.runtime.kept_heads import KeptHeads
from engine.runtime.lives import Lives, stay_of
from engine.runtime.many_stores import ManyStores
from engine.runtime.replication_policies import Policies
from engine.runtime.restoring import Restoring
from engine.runtime.sealed_states import Trust
from engine.runtime.state_keys import StateKeys
from engine.runtime.vault import Vault
from engine.wiring import JOURNAL_FILE, SEED_FILE
from engine.wiring_of_seals import BLOCKS_FILE, channel_keys, make_vault


@dataclass(frozen=True, slots=True)
class OpenHome:
    """To look into."""

    settings: Settings
    journal: SqliteJournal
    keys: SeedKeys
    store: BlockStore
    """What is there of blocks."""


@dataclass(frozen=True, slots=True)
class OwnHome(OpenHome):
    """To be changed."""

    stores: ManyStores
    """Those of the home, and the nodes that its settings name."""


def now_ms() -> int:
    return int(time.time() * 1000)


def trust() -> Trust:
    """Heads are believed by logs, and those by themselves."""
    logs = LifelongLogs(SeedKeys(bytes(32)))  # to read logs takes no key
    return Trust(verify, lambda log: logs.acting(log, time.time()))


@asynccontextmanager
async def look_into(settings: Settings) -> AsyncIterator[OpenHome]:
    """An engine may run on it."""
    if not (settings.home / JOURNAL_FILE).is_file():
        raise Failure(f"{settings.home} is no home of an engine", "--home names another")
    keys, journal = _keys(settings), SqliteJournal(settings.home / JOURNAL_FILE)
    database = Database(settings.home / BLOCKS_FILE)
    try:
        yield OpenHome(settings, journal, keys, LocalBlocks(database, now_ms))
    finally:
        await database.close()
        await journal.close()


@asynccontextmanager
async def own_home(settings: Settings) -> AsyncIterator[OwnHome]:
    """No engine runs on it meanwhile. It is made if it is not there; there is no pico in it then, and it is
    gone again if nothing comes of it."""
    is_new = not settings.home.exists()
    lock = _taken(settings)
    try:
        keys, vault = _keys(settings), _stores(settings)
        journal = SqliteJournal(settings.home / JOURNAL_FILE)
        try:
            stores = await vault.stores()
            yield OwnHome(settings, journal, keys, stores, stores)
        finally:
            await vault.close()
            await journal.close()
    except BaseException:
        if is_new:
            shutil.rmtree(settings.home, ignore_errors=True)
        raise
    finally:
        lock.release()


def _keys(settings: Settings) -> SeedKeys:
    return SeedKeys(SeedFile(settings.home / SEED_FILE).open(find_passphrase(settings)))


def _taken(settings: Settings) -> HomeLock:
    try:
        return take_home(settings.home)
    except HomeBusy as busy:
        raise Failure(str(busy), "stop it first, and start it again afterwards") from None


def _stores(settings: Settings) -> Vault:
    try:
        return make_vault(settings, now_ms)
    except BadSetting as problem:
        raise Failure(str(problem)) from None


def lives_of(journal: Journal, keys: Keys) -> Lives:
    return Lives(journal, LifelongLogs(keys, partial(stay_of, journal.fact)), now_ms, _tell_nobody)


def _tell_nobody(name: Did) -> None:
    """Nobody is connected."""


def heads_of(home: OpenHome) -> KeptHeads:
    return heads_in(home.journal)


def heads_in(journal: Journal) -> KeptHeads:
    """Those that a journal keeps. It takes no key to check them."""
    nobody = SeedKeys(bytes(32))
    return KeptHeads(journal, LifelongLogs(nobody), lives_of(journal, nobody).kept, verify, now_ms)


def policies_of(home: OpenHome) -> Policies:
    return Policies(home.journal, Replication(home.settings.seal_copies))


def state_keys_of(home: OpenHome) -> StateKeys:
    return StateKeys(home.journal, home.keys, KeyBoxes(os.urandom), os.urandom)


def restoring_in(home: OpenHome) -> Restoring:
    """What brings picos back into it."""
    lives = lives_of(home.journal, home.keys)
    return Restoring(
        home.journal,
        heads_of(home),
        lives,
        state_keys_of(home),
        policies_of(home),
        trust(),
        BlockCipher(),
        channel_keys(home.journal, home.keys),
    )
