"""How a pico that comes gets into the journal: what is large in pieces beforehand, and then by its birth.

While it still lives elsewhere, the pieces wait for it; under a name of their own if the pico is here already,
as it was when it left. Its birth then takes the snapshot that they are, and adds the records since.
"""

from __future__ import annotations

from dataclasses import dataclass

from engine.core.model import Eci, PicoId
from engine.core.records import Head
from engine.ports import BirthPico, DropParts, Journal, Write
from engine.runtime.courtesy import resting
from engine.runtime.moves.fetching import records_after
from engine.runtime.moves.loads import Arrived
from engine.runtime.piecemeal import bring_in_parts
from engine.runtime.rebirths import around
from engine.runtime.residents import Newcomer


@dataclass(frozen=True, slots=True)
class Landed:
    """A snapshot that the journal has in pieces, or that is small."""

    head: Head
    body: bytes
    parts: int
    size: int
    name: PicoId
    """Under which the pieces wait."""


class Landing:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._landed: dict[PicoId, Landed] = {}

    async def bring(self, head: Head, rest: float = 0.0) -> Landed:
        """A pico as it is somewhere else, in pieces. Raises `JournalFailed`."""
        pico = head.pico.id
        self._landed.pop(pico, None)
        name = waiting_name(pico) if self._is_here(pico) else pico
        with resting(rest):
            arrived = await bring_in_parts(self._journal, head, (), under=name)
        self._landed[pico] = landed = Landed(head, arrived.body, arrived.parts, arrived.size, name)
        return landed

    def _is_here(self, pico: PicoId) -> bool:
        """As it was when it left, or what is left of that."""
        is_known = self._journal.find_channel(Eci(pico)) is not None
        return is_known or self._journal.beside(pico) is not None

    async def birth(self, arrived: Arrived) -> tuple[list[Write], Newcomer]:
        """By which a pico lives here that has arrived as a whole. Raises `JournalFailed`."""
        head, beside = arrived.state.head, arrived.beside
        pico = head.pico
        landed = self._landed.pop(pico.id, None)
        has_become_here = landed is not None and landed.name == pico.id and self._is_here(pico.id)
        if landed is None or landed.head is not arrived.since or has_become_here:
            landed = await self.bring(head)
            del self._landed[pico.id]
        since = records_after(beside.records, landed.head.pico.seq)
        newcomer = Newcomer(head, landed.size, [record.body for record in since])
        parent = None if pico.parent is None else self._journal.find_channel(pico.parent)
        name = landed.name if landed.parts and landed.name != pico.id else None
        born = BirthPico(pico.id, parent, landed.head.pico.seq, landed.body, landed.parts, name)
        return [born, *beside.records, *around(self._journal, arrived.state, beside)], newcomer

    async def forget(self, pico: PicoId) -> None:
        """It does not come. Raises `JournalFailed`."""
        if (landed := self._landed.pop(pico, None)) is not None and landed.parts:
            await self._journal.commit([DropParts(landed.name)])


def waiting_name(pico: PicoId) -> PicoId:
    return PicoId(f"{pico} coming")
