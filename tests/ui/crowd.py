"""A home with thousands of picos below its root, written straight into its journal: that takes seconds."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from engine.adapters.local.journal import SqliteJournal
from engine.core.births import new_pico
from engine.core.model import Channel, Child, Eci, Pico, PicoId, Rid
from engine.core.records import begin, encode_snapshot
from engine.ports import BirthPico, SetFact, Write
from engine.runtime.genesis import ROOT_ECI, ROOT_EQUIPMENT, ROOT_PICO, WRANGLER
from engine.runtime.outbox import NOTHING_YET, differences
from engine.wiring import JOURNAL_FILE

ROOT, ENTRANCE = PicoId("root"), Eci("entrance")
AT_ONCE = 500


def fill_home(home: Path, count: int) -> None:
    """Before an engine has ever run on it."""
    with ThreadPoolExecutor(1) as elsewhere:  # a loop of a browser may run in this thread
        elsewhere.submit(asyncio.run, _fill(home, count)).result()


async def _fill(home: Path, count: int) -> None:
    journal = SqliteJournal(home / JOURNAL_FILE)
    children = [_child(number) for number in range(count)]
    root = new_pico(ROOT, None, [Channel(ENTRANCE, ("engine", "ui"))])
    root = replace(root, children=tuple(Child(Eci(one.id), one.id) for one in children))
    facts = {ROOT_PICO: ROOT, ROOT_ECI: ENTRANCE, ROOT_EQUIPMENT: "none"}
    await journal.commit([*_born(root, None), *(SetFact(*fact) for fact in facts.items())])
    for start in range(0, count, AT_ONCE):
        some = children[start : start + AT_ONCE]
        await journal.commit([write for one in some for write in _born(one, ROOT)])
    await journal.close()


def _child(number: int) -> Pico:
    pico = new_pico(PicoId(f"crowd{number:06}"), None, [Channel(Eci(f"door{number:06}"), ("ui",))])
    return replace(pico, entities={Rid(WRANGLER): {"name": f"pico {number}"}})


def _born(pico: Pico, parent: PicoId | None) -> list[Write]:
    snapshot = encode_snapshot(begin(pico))
    return [BirthPico(pico.id, parent, 0, snapshot), *differences(NOTHING_YET, pico)]
