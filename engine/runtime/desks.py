"""What takes in messages to the engine itself: one desk for each matter, asked in turn.

A desk knows the types of its messages. What none of them takes is for `reception` to answer.
"""

from __future__ import annotations

from typing import Protocol

from engine.ports import Letter
from engine.runtime.receipts import Handled


class Desk(Protocol):
    def is_for_it(self, type: str) -> bool: ...

    async def hear(self, letter: Letter) -> Handled:
        """A message of such a type, encrypted to a DID of this engine; its sender may be anybody."""
