"""What an engine and its mediator are called, to each other and to everybody else; it outlives a restart.

Where the mediator changes its DID the engine follows, and is named after the new one. To the mediator it
stays who it was when they agreed, or it would be somebody whose mail nobody takes in yet.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from engine.core.dids import Did, did_of, same_did, show_did
from engine.ports import Journal, Letter, SetFact
from engine.runtime.identities import Identities

logger = logging.getLogger(__name__)

FACT = "mediator"


class NoMail(Exception):
    """The mediator did not do what it was asked; says why."""


@dataclass(frozen=True, slots=True)
class Names:
    configured: Did
    """What the mediator was called when somebody chose it."""
    mediator: Did
    since_s: int
    """When it came to be called so, as it has proven; 0 if it is called as it was."""
    me: Did
    """As whom its client agreed with it."""
    dids: tuple[Did, ...]
    """All by which this engine has been called since then: mail may be for any."""


def nobody() -> None:
    """Whoever has to know that the engine is called otherwise."""


class Arrangement:
    def __init__(self, configured: Did, identities: Identities, journal: Journal) -> None:
        self._identities = identities
        self._journal = journal
        self.names = self._read(configured)
        self.moved: Callable[[], None] = nobody
        """Called when the DID of this engine has changed, since its mediator's has."""

    def _read(self, configured: Did) -> Names:
        kept = json.loads(self._journal.fact(FACT) or "{}")
        if kept.get("configured") == configured:
            return Names(**{**kept, "dids": tuple(kept["dids"])})
        me = self._identities.called_at(configured)
        return Names(configured, configured, 0, me, (me,))

    def take_effect(self) -> None:
        """From now on the engine is reached by way of the mediator."""
        self._identities.reached_by(self.names.mediator)

    async def heed(self, letter: Letter) -> None:
        """An answer of the mediator, by the DID that is known or by one that proves to have followed it.
        Raises `NoMail`."""
        rotation, mediator = letter.rotation, did_of(self.names.mediator)
        if letter.sender is None:
            raise NoMail("nobody is proven to answer")
        if same_did(letter.sender, mediator):
            return
        if rotation is None or rotation.new is None or not same_did(rotation.prior, mediator):
            raise NoMail("somebody else answers")
        if rotation.issued_s <= self.names.since_s:
            raise NoMail("what it is called now is not newer than what it was called")
        await self._follow(Did(rotation.new), rotation.issued_s)

    async def _follow(self, mediator: Did, since_s: int) -> None:
        before = self.names
        dids = (*before.dids, self._identities.called_at(mediator))
        names = replace(before, mediator=mediator, since_s=since_s, dids=dids)
        await self._journal.commit([SetFact(FACT, json.dumps(asdict(names)))])
        self.names = names
        self.take_effect()
        logger.info("the mediator %s is %s now", show_did(before.mediator), show_did(mediator))
        self.moved()
