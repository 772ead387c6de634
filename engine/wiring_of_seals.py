"""The part of an engine's wiring that seals picos: stores of blocks, and what turns states into blocks."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from engine.adapters.blocks import Database, LocalBlocks, NotBlocks, SqliteLedger
from engine.adapters.dids.lifelong import LifelongLogs
from engine.adapters.dids.own import make_own_did
from engine.adapters.keys import BlockCipher, KeyBoxes
from engine.adapters.signing.ed25519 import sign, verify
from engine.config import BadSetting, Settings
from engine.core.replicas import Replication
from engine.ports import BlockStore, Journal, Keys, StoreUnavailable
from engine.runtime.background import Background
from engine.runtime.captures import Captures
from engine.runtime.channel_keys import ChannelKeys
from engine.runtime.host import Host
from engine.runtime.kept_heads import KeptHeads
from engine.runtime.many_stores import ManyStores
from engine.runtime.meeting_heads import MeetingHeads
from engine.runtime.owners_promises import OwnersPromises
from engine.runtime.replication import SHARE
from engine.runtime.replication_policies import Policies
from engine.runtime.seal_desk import SealDesk
from engine.runtime.sealed_trees import SealedTrees
from engine.runtime.sealing import Sealing, When
from engine.runtime.seals import Seals
from engine.runtime.state_keys import StateKeys
from engine.runtime.vault import Opened, Vault

if TYPE_CHECKING:
    from engine.adapters.ipfs import IpfsBlocks

BLOCKS_FILE = "blocks.db"


def give_seals(host: Host, journal: Journal, keys: Keys, settings: Settings, vault: Vault) -> Seals:
    """Let the picos of a host that has DIDs be sealed into these stores."""
    assert host.mail is not None, "a host with keys has DIDs"
    clock = host.equipment.clock
    lives, boxes = host.mail.lives, KeyBoxes(os.urandom)
    logs, state_keys = LifelongLogs(keys), StateKeys(journal, keys, boxes, os.urandom)
    heads = KeptHeads(journal, logs, lives.kept, verify, clock.now_ms)
    promises = OwnersPromises(journal, state_keys.owners, lives, logs, logs.succession, clock.now_ms)
    seals = Seals(
        journal,
        Captures(journal, host),
        SealedTrees(journal, BlockCipher()),
        heads,
        lives,
        state_keys,
        Policies(journal, Replication(settings.seal_copies)),
        promises,
        vault.stores,
        keys,
        sign,
        boxes.name,
        clock.now_ms,
        host.take_turn,
        host.mail.named,
    )
    when = When(settings.seal == "on", settings.seal_after_s)

    async def remove_garbage() -> None:
        await (await vault.local()).collect()

    meeting = MeetingHeads(journal, heads, lives, vault.stores)
    watch = meeting.look_round_quietly
    sealing = Sealing(seals, journal, when, remove_garbage, vault.is_there, watch)
    host.have_sealed(sealing)
    host.seal_desk = SealDesk(sealing, journal, vault, meeting)
    return seals


def channel_keys(journal: Journal, keys: Keys) -> ChannelKeys:
    """Those that picos have brought along."""
    return ChannelKeys(journal, keys, KeyBoxes(os.urandom), make_own_did)


def make_vault(settings: Settings, now_ms: Callable[[], int]) -> Vault:
    """The stores of an engine, which are opened when they are first needed. Raises `BadSetting` when nodes
    are named that cannot be used."""
    nodes = _nodes(settings)

    async def open_stores() -> Opened:
        try:
            database = Database(settings.home / BLOCKS_FILE)
        except NotBlocks as problem:
            raise StoreUnavailable("local", str(problem)) from problem
        try:
            local = LocalBlocks(database, now_ms)
            usual = Replication(settings.seal_copies)
            stores = ManyStores(local, nodes, SqliteLedger(database), usual, background=Background(SHARE))
            await stores.start()
        except BaseException:
            await database.close()
            raise
        return Opened(stores, local, database.close)

    return Vault(open_stores, (settings.home / BLOCKS_FILE).exists)


def _nodes(settings: Settings) -> list[BlockStore]:
    """Those in the settings. Nothing that has to do with IPFS is loaded where there are none."""
    if not settings.ipfs_api.addresses:
        return []
    if find_spec("aioipfs") is None:
        raise BadSetting("ipfs_api names IPFS nodes, for which pip install 'picomesh[ipfs]' is needed")
    nodes: list[IpfsBlocks] = import_module("engine.adapters.ipfs.opening").open_nodes(settings)
    return list(nodes)
