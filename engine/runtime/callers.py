"""Who brings an event or a query from outside, as far as that is proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.dids import Did
from engine.core.model import PicoId
from engine.core.vouching import Shown


@dataclass(frozen=True, slots=True)
class Caller:
    """Without a DID somebody who has been given an ECI; or, if `is_anonymous`, who knows a DID and does not
    say who he is."""

    did: Did | None = None
    is_anonymous: bool = False
    waiting: tuple[PicoId, ...] = ()
    """The picos of this engine that wait for the answer."""
    proven: Mapping[str, Any] | None = None
    """See `engine.core.messages.Event`."""
    shown: tuple[Shown, ...] = ()
    """The credentials that the channel's policy may count on."""

    @property
    def sender(self) -> PicoId | None:
        """What stands in an event. No DID is the id of a pico here, so it opens no family channel."""
        return None if self.did is None else PicoId(self.did)

    @property
    def via(self) -> tuple[PicoId, ...]:
        """Who waits, and at the end whoever asks."""
        return self.waiting if self.sender is None else (*self.waiting, self.sender)


LOCAL = Caller()
