"""What the engine that runs here knows of a pico's name for life, for those who type nothing but the name."""

from __future__ import annotations

from dataclasses import dataclass

from engine.commands.client import find_engine
from engine.commands.failure import Failure, NoEngine
from engine.core.dids import Did, keys_in, scid_in, show_did
from engine.ports import KeptLog


@dataclass(frozen=True, slots=True)
class KnownName:
    """The log that proves a name, and today's DIDs of the engines in it that have moved since."""

    log: KeptLog
    moved: tuple[Did, ...] = ()
    is_open: bool | None = None
    """Whether its pico has a channel for messages to it; None where that is another engine's to know."""

    def newest(self, did: Did) -> Did:
        keys = keys_in(did)
        return next((one for one in self.moved if keys is not None and keys_in(one) == keys), did)


def find_name(to: str, url: str | None) -> KnownName | None:
    """None for DIDs of another kind, for a name with a hint (`?src=`), and where no engine runs."""
    if scid_in(to) is None or "?" in to:
        return None
    try:
        with find_engine(url) as engine:
            told = engine.log_of(to)
    except NoEngine:
        return None
    except Failure as failure:
        raise Failure(
            f"the engine knows no log of {show_did(to)}: {failure.message}",
            "`picomesh did log ECI`, on the engine of that pico, prints an address that says where to ask",
        ) from None
    return KnownName(KeptLog(told["log"], told["approvals"]), tuple(map(Did, told["moved"])), told["open"])
