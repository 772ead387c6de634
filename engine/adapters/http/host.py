"""What the HTTP face asks of the engine behind it: `engine.runtime.host.Host`, as far as it is used here.

The tests' fake obeys the same protocol, so that every route can be tried without a disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId, PicoId, Rid
from engine.plugins.describing import Document
from engine.runtime.access import Access
from engine.runtime.assistants import Assistants
from engine.runtime.feed import Feed
from engine.runtime.gallery import Gallery
from engine.runtime.histories import Histories
from engine.runtime.mail import Mail
from engine.runtime.moves.moves import Moves
from engine.runtime.replies import EventReply, FlushReply, LookReply, PicoView, QueryReply
from engine.runtime.seal_desk import SealDesk
from engine.runtime.stock import Stock
from engine.runtime.vitals import Vitals
from pico_lang.values import Value


class Host(Protocol):
    """The picos of this engine, as a caller from outside may use them."""

    access: Access
    """Who is let in to what is not for everybody."""
    feed: Feed
    """What happens, for those who watch."""
    histories: Histories
    """Their past."""
    assistants: Assistants
    """What programs of others may do with them."""
    stock: Stock
    """The rulesets that are kept here."""
    mail: Mail | None
    """What comes for its DIDs, if it has any."""
    seal_desk: SealDesk | None
    moves: Moves | None
    """Where its picos are sealed, if it has stores of blocks."""

    @property
    def gallery(self) -> Gallery | None:
        """Its picos, for those who look; an engine of a test may have none."""

    @property
    def vitals(self) -> Vitals | None:
        """How it is, in figures."""

    async def accept_event(
        self, eci: Eci, domain: str, name: str, attrs: Mapping[str, Value], eid: EventId | None = None
    ) -> EventId | Refusal:
        """Make an event durable; it runs later."""

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Mapping[str, Value], eid: EventId | None = None
    ) -> EventReply | Refusal | Fault:
        """Run an event and wait for its commit."""

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Mapping[str, Value]
    ) -> QueryReply | Refusal | Fault:
        """Call a shared function on the last committed state."""

    async def run_event_query(
        self,
        eci: Eci,
        domain: str,
        name: str,
        attrs: Mapping[str, Value],
        rid: str,
        query: str,
        args: Mapping[str, Value],
        eid: EventId | None = None,
    ) -> QueryReply | Refusal | Fault:
        """An event and a query right after it, with no other turn in between."""

    async def install(self, eci: Eci, url: str, config: Mapping[str, Value]) -> EventReply | Refusal | Fault:
        """Install a ruleset without asking those that the pico has."""

    async def flush_ruleset(self, url: str) -> FlushReply | Refusal:
        """Read a ruleset's URL again."""

    async def look_at(self, eci: Eci, rid: str | None, texts: Sequence[str]) -> LookReply | Refusal | Fault:
        """Evaluate what somebody types on a pico's state, which stays as it is."""

    async def upgrade(self, rid: Rid, source: str | None, eci: Eci | None) -> Document | Refusal:
        """Bring a new text of a ruleset into force on a pico, or on all that have it."""

    async def try_upgrade(
        self, rid: Rid, source: str | None, eci: Eci | None, events: int
    ) -> Document | Refusal:
        """What it would have come to, had it been in force during the last events."""

    async def roll_back(self, rid: Rid, eci: Eci | None, state: str | None) -> Document | Refusal | Fault:
        """Put the previous text of a ruleset back on a pico, or on all that had another one."""

    async def fork(self, name: str, seq: int | None = None) -> PicoView | Refusal | Fault:
        """Make a pico that begins as another is, or was after some turn."""

    async def list_modules(self) -> Document:
        """What rulesets can call, and which pico may."""

    async def grant(self, eci: Eci, module: str, granted: bool) -> Document | Refusal | Fault:
        """Say whether a pico may use a module."""

    def is_channel(self, name: str) -> bool:
        """Whether that is an ECI or a DID by which a pico is reached here."""

    def root_eci(self) -> Eci:
        """A channel to the root pico through which people may do everything."""

    def root_id(self) -> PicoId:
        """The root pico."""

    def ui_eci(self) -> Eci:
        """The channel of the root pico that user interfaces begin with."""

    async def picture(self) -> PicoView:
        """The root pico and all below it."""
