"""Picos by the names that people know, for commands that show what happens to many."""

from __future__ import annotations

import time
from typing import Any

from engine.commands.client import EngineClient
from engine.commands.failure import Failure

AGAIN_S = 5.0
"""How often the tree is looked at for picos that were not there before, at most."""
SHORT = 8


class Names:
    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine
        self._known: dict[str, str] = {}
        self._looked_s: float | None = None

    def of(self, pico: str) -> str:
        """As a path, `root/Kitchen`; the beginning of its id where there is none."""
        if pico not in self._known and self._may_look():
            self._look()
        return self._known.get(pico, f"{pico[:SHORT]}…")

    def _may_look(self) -> bool:
        return self._looked_s is None or time.monotonic() - self._looked_s > AGAIN_S

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        try:
            waiting = [(self._engine.tree(), "root")]
        except Failure:
            return  # a name is no reason to stop
        while waiting:
            pico, path = waiting.pop()
            self._known[pico["id"]] = path
            waiting += [(child, f"{path}/{_name(child)}") for child in pico["children"]]


def _name(pico: dict[str, Any]) -> str:
    return str(pico["name"] or f"{pico['id'][:SHORT]}…")
