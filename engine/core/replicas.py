"""How many stores, and which, are to have a pico's blocks besides the engine's own; none is asked for that.

The same pico gets the same stores each time, and another store in the list takes only its share of picos.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True, slots=True)
class Replication:
    """A policy. The names are those of stores."""

    copies: int = 1
    """How many stores are to have everything; those in `always` are counted."""
    always: tuple[str, ...] = ()
    """Stores that are among them whenever they are there, even if that makes more copies."""
    among: tuple[str, ...] | None = None
    """From which the others are picked; None: from all that there are."""


NOWHERE = Replication(copies=0)
"""Nobody but the engine itself has the blocks."""


def choose(replication: Replication, keeper: str, stores: Iterable[str]) -> tuple[str, ...]:
    """The stores for a keeper; fewer than `copies` if there are no more.

    Each store draws a number for the keeper, and the lowest are taken. So a store that comes or goes changes
    only who is to be in it, and nothing between the others.
    """
    there = sorted(set(stores))
    chosen = [store for store in there if store in replication.always]
    others = [
        store
        for store in there
        if store not in chosen and (replication.among is None or store in replication.among)
    ]
    others.sort(key=lambda store: sha256(f"{store}\0{keeper}".encode()).digest())
    return (*chosen, *others[: max(0, replication.copies - len(chosen))])
