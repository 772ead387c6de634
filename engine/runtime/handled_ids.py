"""Ids of events that a pico has handled so long ago that their records do not go along when it moves.

With the records of the last turns the ids of these go along; of all earlier ones a few bytes each, so that an
event that is repeated later is not run again, wherever the pico lives by then. They are kept in the order of
the turns, in pieces that never change once they are full: of those only the last is new at the next move.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import count
from typing import Any

from engine.core.codec import Plain
from engine.core.model import PicoId
from engine.core.multiformats import from_base64url, to_base64url
from engine.ports import Journal, SetFact

HANDLED = "handled"
"""What they are called beside a state."""
BYTES = 12
"""Of one id: two are taken for the same once in ten million million million million times."""
IN_A_PIECE = 4_096
AT_ONCE = 2_000
"""Ids that are read before it is somebody else's turn."""


@dataclass(slots=True)
class HandledIds:
    """Of one pico, up to a turn. It is read on, and keeps what it has read."""

    to: int = 0
    pieces: list[str] = field(default_factory=list)

    async def read_on(self, journal: Journal, pico: PicoId, to: int) -> None:
        if self.to < int(journal.fact(_to(pico)) or 0):  # the pico has been elsewhere meanwhile
            self.to, self.pieces = kept(journal, pico)
        for first in range(self.to + 1, to + 1, AT_ONCE):
            self._add(map(digest, journal.handled(pico, first, min(first + AT_ONCE - 1, to))))
            await asyncio.sleep(0)
        self.to = max(self.to, to)

    def _add(self, digests: Iterable[bytes]) -> None:
        new = b"".join(digests)
        if self.pieces and len(self.pieces[-1]) < FULL:
            new = from_base64url(self.pieces.pop()) + new
        size = IN_A_PIECE * BYTES
        self.pieces += [to_base64url(new[at : at + size]) for at in range(0, len(new), size)]


def digest(eid: str) -> bytes:
    return sha256(eid.encode("utf-8", "surrogatepass")).digest()[:BYTES]


FULL = len(to_base64url(bytes(IN_A_PIECE * BYTES)))


class Digests:
    """Those of ids, to be looked for."""

    def __init__(self, pieces: Iterable[str]) -> None:
        found = b"".join(map(from_base64url, pieces))
        self._sorted = b"".join(sorted(found[at : at + BYTES] for at in range(0, len(found), BYTES)))

    def __contains__(self, eid: str) -> bool:
        wanted, many = digest(eid), range(len(self._sorted) // BYTES)
        place = bisect_left(many, wanted, key=self._at)
        return place < len(many) and self._at(place) == wanted

    def _at(self, place: int) -> bytes:
        return self._sorted[place * BYTES : (place + 1) * BYTES]


# --- on the way, and in a journal -------------------------------------------------------------------


def pack(ids: HandledIds) -> dict[str, Plain]:
    return {"to": ids.to, "pieces": list(ids.pieces)}


def unpack(plain: Plain) -> HandledIds:
    """Raises `ValueError` and others where it is none."""
    if plain is None:
        return HandledIds()
    told: dict[str, Any] = dict(plain)
    pieces = [str(one) for one in told["pieces"]]
    if any(len(from_base64url(one)) % BYTES for one in pieces):
        raise ValueError("ids of events that were handled are cut off")
    return HandledIds(int(told["to"]), pieces)


def kept(journal: Journal, pico: PicoId) -> tuple[int, list[str]]:
    """What a pico has brought along, and up to which turn."""
    to, pieces = journal.fact(_to(pico)), list[str]()
    if not to:
        return 0, []
    for n in count():
        piece = journal.fact(_piece(pico, n))
        if not piece:
            return int(to), pieces
        pieces.append(piece)
    raise AssertionError("count has no end")


def keeping(journal: Journal, pico: PicoId, ids: HandledIds) -> list[SetFact]:
    """By which they are here, in the place of those that were."""
    before = len(kept(journal, pico)[1])
    if not ids.to and not before:
        return []
    writes = [SetFact(_to(pico), str(ids.to) if ids.to else "")]
    writes += [SetFact(_piece(pico, n), piece) for n, piece in enumerate(ids.pieces)]
    return writes + [SetFact(_piece(pico, n), "") for n in range(len(ids.pieces), before)]


def brought(journal: Journal, pico: PicoId) -> Digests:
    return Digests(kept(journal, pico)[1])


def _to(pico: PicoId) -> str:
    return f"handled of {pico}"


def _piece(pico: PicoId, n: int) -> str:
    return f"handled of {pico} {n}"
