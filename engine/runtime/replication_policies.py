"""In how many stores a pico's sealed state is to be, and in which: what its owner has said, or what is usual.

What was said is kept in the journal, and sealed with the pico, so that it holds where it is brought back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from engine.core.codec import Plain
from engine.core.model import PicoId
from engine.core.replicas import Replication
from engine.ports import Journal, SetFact


class Policies:
    def __init__(self, journal: Journal, usual: Replication) -> None:
        self._journal = journal
        self._usual = usual

    def of(self, pico: PicoId) -> Replication:
        return self.read(self.told(pico))

    def read(self, said: Plain) -> Replication:
        """What was said of a pico; None is as usual."""
        return self._usual if said is None else _read(said)

    def told(self, pico: PicoId) -> Plain:
        """What was said of that pico, as it is sealed; None if nothing was."""
        kept = self._journal.fact(_fact(pico))
        return None if kept is None else json.loads(kept)

    async def say(self, pico: PicoId, copies: int | None, stores: Sequence[str] | None) -> Replication:
        """So many copies, in these stores or in any; without either, as is usual."""
        if copies is None and stores is None:
            await self._journal.commit([SetFact(_fact(pico), "null")])
            return self._usual
        among = None if stores is None else list(dict.fromkeys(stores))
        said = {"copies": len(among or ()) if copies is None else copies, "among": among}
        await self._journal.commit([self.write(pico, said)])
        return self.of(pico)

    def write(self, pico: PicoId, said: Plain) -> SetFact:
        """What the journal keeps. Raises `ValueError` for what was never said."""
        _read(said)
        return SetFact(_fact(pico), json.dumps(said))


def _read(said: Plain) -> Replication:
    match said:
        case {"copies": copies, "among": among} if _is_count(copies):
            if among is None:
                return Replication(copies=int(copies))
            if isinstance(among, list) and all(isinstance(store, str) for store in among):
                return Replication(copies=int(copies), among=tuple(among))
    raise ValueError(f"{said!r} says nothing of copies")


def _is_count(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and 0 <= given < 1_000


def tell(replication: Replication) -> Mapping[str, Any]:
    """For people and programs."""
    among = None if replication.among is None else [*replication.always, *replication.among]
    return {"copies": replication.copies, "stores": among}


def _fact(pico: PicoId) -> str:
    return f"replication of {pico}"
