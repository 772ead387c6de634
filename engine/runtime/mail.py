"""The engine as those see it who know DIDs: who it is, who its channels are, and what it takes in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from engine.core.dids import Did, did_of, scid_in
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci
from engine.ports import Envelopes, KeptLog
from engine.runtime.admission import unknown_channel
from engine.runtime.announcing import Announcing
from engine.runtime.arrivals import Arrivals
from engine.runtime.channel_keys import NamedChannel
from engine.runtime.collecting import Collecting
from engine.runtime.desks import Desk
from engine.runtime.endings import Endings
from engine.runtime.evacuation import Evacuation
from engine.runtime.guarding import Guarding
from engine.runtime.identities import Identities
from engine.runtime.introducing import Have, Wish, introduce
from engine.runtime.letters import Letters
from engine.runtime.lines import Line
from engine.runtime.lives import Document, Lives
from engine.runtime.mediator import Mediator
from engine.runtime.mesh.engines import Engines
from engine.runtime.receipts import Receipt
from engine.runtime.reception import Reception
from engine.runtime.told_logs import ToldLogs
from engine.runtime.vouching import PicosVouching
from engine.runtime.whereabouts import Whereabouts
from pico_lang.values import Value


class Mail:
    def __init__(
        self,
        identities: Identities,
        reception: Reception,
        letters: Letters,
        mediator: Mediator,
        has_channel: Callable[[Eci], bool],
        have: Have,
        lives: Lives,
        announcing: Announcing,
        logs: ToldLogs,
        whereabouts: Whereabouts,
        guarding: Guarding,
        endings: Endings,
        vouching: PicosVouching,
        envelopes: Envelopes,
        desks: list[Desk],
        arrivals: Arrivals,
    ) -> None:
        self.identities = self._identities = identities
        self.envelopes = envelopes
        self.desks = desks
        """What takes in messages to the engine itself."""
        self.reception = self._reception = reception
        self._arrivals = arrivals
        self._has_channel = has_channel
        self._mediator = mediator
        self._have = have
        self._announcing = announcing
        self._logs = logs
        self._whereabouts = whereabouts
        self.lives = lives
        self.guarding = guarding
        self.endings = endings
        self.vouching = vouching
        self.letters = letters
        self.when_reached: Callable[[], None] = lambda: None
        """Told when others can answer."""
        self.url_of: Callable[[str], str | None] = lambda did: None
        """Where the engine with that DID is reached."""
        self.collecting: Collecting | None = None
        """What fetches the mail of an engine that nobody can reach."""
        self.engines: Engines | None = None
        """The engines that this one knows."""
        self.evacuation: Evacuation | None = None
        """What has all its picos go there."""

    def reached_at(self, url: str) -> None:
        """Say that the engine is at this URL, or let its mediator say where it is."""
        self.lives.url = url
        self._identities.reached_at(f"{url.rstrip('/')}/didcomm")
        if self.collecting is not None:
            self.collecting.arrangement.moved = self._announcing.start
            self.collecting.start()
        self._announcing.start()
        if self.engines is not None:
            self.engines.start()
        self.when_reached()
        self._arrivals.start()

    def engine_did(self) -> Did:
        return self._identities.engine

    async def channel_did(self, eci: Eci) -> Did | Refusal:
        """The DID of a channel, which is made if it has none yet."""
        return await self._identities.name(eci) if self._has_channel(eci) else unknown_channel(eci)

    def named(self, eci: Eci, dids: Sequence[Did]) -> list[NamedChannel]:
        """See `Identities.named`."""
        return self._identities.named(eci, dids)

    async def life(self, eci: Eci, recovery: str | None = None) -> Document | Refusal:
        """The name for life of a pico and its log, made if it has none yet."""
        return await self.lives.begin(eci, recovery)

    async def log_of(self, did: str) -> KeptLog | None:
        """Of one of our picos, or of somebody whom one of them knows."""
        scid = scid_in(did)
        return None if scid is None else await self._logs.current(did) or self._logs.told(scid)

    def is_open(self, did: str) -> bool | None:
        """Whether a pico that is here has a channel for messages to that name for life; None of others."""
        if self.lives.pico_of(did) is None:
            return None
        owner = self._identities.find(did_of(did))
        return owner is not None and not owner.is_closed

    def moved_in(self, log: KeptLog) -> list[Did]:
        """Today's DIDs of the engines in it that are known to be somewhere else now."""
        return self._whereabouts.moved_in(log.lines)

    async def introduce(
        self, eci: Eci, wish: Wish, attrs: Mapping[str, Value]
    ) -> Mapping[str, Value] | Refusal | Fault:
        """Have a pico invite somebody, accept an invitation, or change the DID of a channel."""
        return await introduce(self._have, eci, wish, attrs)

    async def receive(self, envelope: bytes, line: Line | None = None) -> Receipt:
        return await self._reception.receive(envelope, line)

    def deliveries(self, line: Line) -> AsyncIterator[bytes]:
        """What goes along a line without being asked for. It has no end; `close` the line when it is over."""
        return self._mediator.deliveries(line)

    def close(self, line: Line) -> None:
        self._mediator.close(line)

    async def wait_rested(self) -> None:
        await self._arrivals.wait_rested()
        await self._reception.wait_rested()
        await self.endings.wait_rested()

    def stop(self) -> None:
        self._reception.stop()
        self._announcing.stop()
        if self.evacuation is not None:
            self.evacuation.stop()
        if self.engines is not None:
            self.engines.stop()
        self._arrivals.stop()
        self.endings.stop()
        if self.collecting is not None:
            self.collecting.stop()
