"""Small states that were opened and checked when they were staged, so that they need not be to live here.

After a restart, or when many are on their way, they are opened again from what is durable.
"""

from __future__ import annotations

from collections import OrderedDict

from engine.core.migration.messages import Head
from engine.runtime.moves.loads import Arrived

MOST = 64


class Opened:
    def __init__(self) -> None:
        self._states: OrderedDict[str, Arrived] = OrderedDict()

    def keep(self, did: str, arrived: Arrived) -> None:
        self._states.pop(did, None)
        self._states[did] = arrived
        while len(self._states) > MOST:
            self._states.popitem(last=False)

    def take(self, did: str, head: Head) -> Arrived | None:
        """That of a pico, if it is what this head says; it is forgotten here."""
        found = self._states.pop(did, None)
        return found if found is not None and found.head == head else None

    def drop(self, did: str) -> None:
        self._states.pop(did, None)
