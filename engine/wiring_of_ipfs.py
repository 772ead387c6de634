"""The part of an engine's wiring by which rulesets reach blocks of IPFS, their texts are found there, and
names lead to heads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from engine.config import Settings
from engine.core.blocks.heads import SignedHead
from engine.core.cids import Cid
from engine.core.model import PicoId
from engine.ports import Journal, Keys
from engine.runtime.consultants import Consultants
from engine.runtime.deposits import Deposits
from engine.runtime.host import Host
from engine.runtime.ipfs_module import ipfs_module
from engine.runtime.naming_heads import NamingHeads
from engine.runtime.seals import Seals
from engine.runtime.texts_in_stores import TextsInStores
from engine.runtime.vault import Vault

if TYPE_CHECKING:
    from engine.adapters.ipfs.ipns import HeadNames

WEB = "http"
"""The module that a pico has to be granted to have something fetched from elsewhere."""


@dataclass(frozen=True, slots=True)
class InTheOpen:
    """What an engine shows to everybody."""

    deposits: Deposits
    naming: NamingHeads | None
    names: HeadNames | None

    async def close(self) -> None:
        """Before the stores are."""
        await self.deposits.close()
        if self.naming is not None:
            await self.naming.close()
        if self.names is not None:
            await self.names.close()


@dataclass(frozen=True, slots=True)
class _Found:
    """The blocks of stores that are opened when one of them is wanted, if there can be any."""

    vault: Vault
    settings: Settings

    async def get_many(self, cids: Iterable[Cid]) -> dict[Cid, bytes]:
        if not self.settings.ipfs_api.addresses and not self.vault.is_there():
            return {}
        return await (await self.vault.stores()).get_many(cids)


def give_ipfs(
    host: Host, journal: Journal, consultants: Consultants, settings: Settings, vault: Vault
) -> Deposits:
    """Let the picos of a host use the module `ipfs`, and rulesets be found by their CIDs."""
    found = _Found(vault, settings)
    sealing = host.sealing
    assert sealing is not None, "a host with stores seals its picos"
    deposits = Deposits(
        vault.stores,
        sealing.seals.policies.of,
        settings.ipfs_pico_bytes,
        lambda pico: journal.end(pico) is not None,
    )
    consultants.add(ipfs_module(found, deposits))
    nodes, most = len(settings.ipfs_api.addresses), settings.ruleset_limit
    texts = TextsInStores(found, nodes, lambda pico: host.may_use(PicoId(pico), WEB), most)
    host.look_elsewhere(texts.find)
    _forget_the_gone(host, deposits, vault)
    return deposits


def _forget_the_gone(host: Host, deposits: Deposits, vault: Vault) -> None:
    """Where there never were any blocks, no stores are opened to find out."""

    def gone(pico: PicoId) -> None:
        if vault.is_there():
            deposits.note_gone(pico)

    host.when_gone(gone)


def open_to_all(
    host: Host, seals: Seals, deposits: Deposits, keys: Keys, settings: Settings, vault: Vault
) -> InTheOpen:
    """Begin: release what is nobody's, and publish names if that is wanted."""
    if vault.is_there():
        deposits.start()
    if not settings.ipns or not settings.ipfs_api.addresses:
        return InTheOpen(deposits, None, None)
    names: HeadNames = import_module("engine.adapters.ipfs.ipns").open_names(settings)
    naming, before = NamingHeads(names, keys), seals.told

    def told(pico: PicoId, signed: SignedHead) -> None:
        before(pico, signed)
        naming.note(pico, signed)

    seals.told = told
    if host.seal_desk is not None:
        host.seal_desk.naming = naming
    return InTheOpen(deposits, naming, names)
