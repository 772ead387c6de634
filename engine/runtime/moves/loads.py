"""A state that is ready to go, and one that has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from engine.core import records
from engine.core.blocks.state import State
from engine.core.cids import Cid
from engine.core.migration.messages import Head
from engine.core.model import EMPTY
from engine.runtime.besides import Unpacked

Blocks = Mapping[Cid, bytes]


class NoFreight(Exception):
    """A state that could not be had, or is not what it is called. Says why."""


@dataclass(frozen=True, slots=True)
class Load:
    """A state as blocks. Those of a small one are here, of others in the store."""

    head: Head
    size: int
    """Bytes of all of them."""
    new: int
    """Bytes of those that were not there when it was loaded before."""
    blocks: Blocks = field(default_factory=lambda: EMPTY, repr=False)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A state that is here as a whole, and was checked."""

    state: State
    beside: Unpacked
    head: Head
    since: records.Head | None = None
    """As the pico was when it was fetched ahead: the records since then make this state of that one."""
    blocks: Blocks = field(default_factory=lambda: EMPTY, repr=False)
    """All of a small one that came in a message; they are in no store."""
