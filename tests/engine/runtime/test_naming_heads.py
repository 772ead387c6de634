"""Names of heads: the newest one is published, and nobody is kept from anything by it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from engine.adapters.keys import SeedKeys
from engine.core.blocks.heads import SignedHead
from engine.core.cids import Cid
from engine.core.model import PicoId
from engine.ports import StoreUnavailable
from engine.runtime.naming_heads import NamingHeads, name_purpose, record_number
from tests.engine.core.blocks.test_heads import FIRST, signed
from tests.engine.in_loop import in_loop

KEYS = SeedKeys(b"k" * 32)
ANNS, BENS = PicoId("ann"), PicoId("ben")


def head(sequence: int, epoch: int = 1) -> SignedHead:
    return signed(replace(FIRST, sequence=sequence, epoch=epoch))


@dataclass
class Names:
    """Nodes that take what they are told, when they may."""

    published: list[tuple[bytes, Cid, int]] = field(default_factory=list)
    may: asyncio.Event = field(default_factory=asyncio.Event)
    is_dead: bool = False

    def name(self, seed: bytes) -> str:
        return f"name of {seed.hex()}"

    async def publish(self, seed: bytes, head: Cid, sequence: int) -> str:
        await self.may.wait()
        if self.is_dead:
            raise StoreUnavailable("node", "it is dead")
        self.published.append((seed, head, sequence))
        return "name"


@in_loop
async def test_the_newest_head_is_published_under_the_picos_own_key() -> None:
    """Of those that came meanwhile the others are left out."""
    names = Names()
    naming = NamingHeads(names, KEYS)
    naming.note(ANNS, head(1))
    await asyncio.sleep(0)
    for sequence in (2, 3):
        naming.note(ANNS, head(sequence))
    naming.note(BENS, head(9))
    names.may.set()
    await naming.wait_rested()
    own = {pico: KEYS.derive(name_purpose(pico)) for pico in (ANNS, BENS)}
    assert own[ANNS] != own[BENS]
    assert [(seed, cid) for seed, cid, _ in names.published] == [
        (own[ANNS], head(1).cid),
        (own[ANNS], head(3).cid),
        (own[BENS], head(9).cid),
    ]


def test_a_later_epoch_is_newer_than_every_turn_before() -> None:
    numbers = [record_number(head(*at).head) for at in ((1, 1), (2, 1), (999_999, 1), (1, 2), (0, 3))]
    assert numbers == sorted(numbers)
    assert max(numbers) < 1 << 63


@in_loop
async def test_nodes_that_fail_cost_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    """The next seal publishes again."""
    names = Names(is_dead=True)
    names.may.set()
    naming = NamingHeads(names, KEYS)
    naming.note(ANNS, head(1))
    await naming.wait_rested()
    names.is_dead = False
    naming.note(ANNS, head(2))
    await naming.wait_rested()
    assert [cid for _, cid, _ in names.published] == [head(2).cid]


@in_loop
async def test_an_engine_that_stops_does_not_wait_long_for_names() -> None:
    """What can be published soon is: the last seals were a moment ago."""
    names = Names()
    naming = NamingHeads(names, KEYS, patience_s=0.01)
    naming.note(ANNS, head(1))
    await asyncio.sleep(0)
    await asyncio.wait_for(naming.close(), 5)
    assert names.published == []
    names.may.set()
    naming.note(ANNS, head(2))
    naming.note(BENS, head(3))
    await naming.close()
    assert len(names.published) == 2
