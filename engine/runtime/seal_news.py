"""A pico is told that its state is sealed, if one of its rules wants to know: the event `engine:sealed`.

It has an id that follows from the head, and is durable before it runs, so it comes once for each head.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from engine.core.blocks.heads import SignedHead
from engine.core.cids import cid_text
from engine.core.messages import Event
from engine.core.model import Eci, EventId, Pico, PicoId
from engine.core.quarantine import healthy
from engine.runtime.equipment import ProgramStore
from engine.runtime.sealing import DOMAIN, NAME
from pico_lang.values import Value

Accept = Callable[[Event], Awaitable[object]]
"""Has an event run that a pico sends to itself, once, even if the engine ends before."""


class SealNews:
    def __init__(self, programs: ProgramStore, look: Callable[[PicoId], Pico | None], accept: Accept) -> None:
        self._programs = programs
        self._look = look
        self._accept = accept

    async def tell(self, pico: PicoId, signed: SignedHead) -> None:
        found = self._look(pico)
        if found is not None and await self._listens(found):
            await self._accept(_event(pico, signed))

    async def _listens(self, pico: Pico) -> bool:
        digests = [ruleset.hash for ruleset in healthy(pico.rulesets)]
        await self._programs.prepare(self._programs.missing(digests))
        programs = map(self._programs.get, digests)
        return any(program is not None and program.listeners(DOMAIN, NAME) for program in programs)


def _event(pico: PicoId, signed: SignedHead) -> Event:
    head = cid_text(signed.cid)
    attrs: Mapping[str, Value] = {
        "root": cid_text(signed.head.root),
        "head": head,
        "sequence": float(signed.head.sequence),
    }
    return Event(Eci(pico), DOMAIN, NAME, attrs, EventId(f"sealed {head}"), sender=pico)
