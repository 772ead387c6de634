"""Owners and guardians of picos: who is named, and what is asked of them.

What comes of it is one more entry in the log of the pico. Where this engine may not write it alone there is a
request instead, a text that is handed to those who may; when they have done their part the entry comes back
like any other (`Lives.extend`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.messages import Refusal
from engine.core.model import Eci, PicoId
from engine.ports import BadLog, Guard, KeptLog, LogChange, OwnersKey, Promise, Succession
from engine.runtime.lives import Document, Lives, needed

HINT = "`picomesh did log ECI` shows the log, and who its guardians are"


class Guarding:
    def __init__(self, lives: Lives, succession: Succession) -> None:
        self._lives = lives
        self._succession = succession

    async def guard(self, eci: Eci, change: Guard) -> Document | Refusal:
        """Name guardians, or nobody."""
        return await self._lives.write(
            eci, lambda pico, log, now_s: self._succession.change(pico, needed(log), change, now_s)
        )

    async def promise(self, eci: Eci, owner: OwnersKey) -> Document | Refusal:
        """Have the log promise a key of the owner's; from its first entry on, if it is made now."""

        def write(pico: PicoId, log: KeptLog | None, now_s: int) -> KeptLog:
            if log is None:
                return self._lives.first(pico, owner.hash, now_s)
            return self._succession.change(pico, log, Promise(owner), now_s)

        return await self._lives.write(eci, write)

    async def ask(
        self, eci: Eci, change: LogChange, note: str, whole: KeptLog | None = None
    ) -> Mapping[str, Any] | Refusal:
        """A request to those who have to sign or approve the change; nothing is changed. `whole` is a log for
        a pico that has none here."""
        found = self._lives.find(eci)
        if isinstance(found, Refusal):
            return found
        pico, kept, now_s = found
        if kept is not None and whole is not None:
            return Refusal("malformed", "the pico has a log here already", "leave --log out to go on with it")
        try:
            return {
                "pico": pico,
                "request": self._succession.ask(pico, needed(kept or whole), change, note, now_s),
            }
        except BadLog as problem:
            return Refusal("malformed", str(problem), HINT)
