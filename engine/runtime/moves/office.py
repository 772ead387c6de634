"""What moves need of the rest of the engine, and what they tell it: parts, patience, who wants to come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.core.dids import Did
from engine.core.messages import Event, Refusal
from engine.core.model import Eci, PicoId
from engine.core.signatures import Verify
from engine.ports import (
    Clock,
    Entropy,
    Journal,
    KeptLog,
    Keys,
    LifelongLogs,
)
from engine.runtime.channel_keys import ChannelKeys
from engine.runtime.identities import Identities
from engine.runtime.lives import Lives
from engine.runtime.mailbox import Mailbox
from engine.runtime.moves.freight import Freight
from engine.runtime.moves.landing import Landing
from engine.runtime.moves.luggage import Draw, Locker
from engine.runtime.moves.opened import Opened
from engine.runtime.moves.post import Post
from engine.runtime.moves.small_loads import SmallLoads
from engine.runtime.residents import Newcomer
from engine.runtime.state_keys import StateKeys


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient an engine is with others."""

    first_ms: int = 2_000
    """After which what was not answered is repeated; each time after twice as long."""
    longest_ms: int = 600_000
    phase_ms: int = 60_000
    """That a phase before the release may take, and so much more for each MiB:"""
    mib_ms: int = 1_000
    keep_ms: int = 7 * 24 * 3_600_000
    """For which the state of a pico that is gone is kept, and what arrives for it is forwarded."""
    doubt_ms: int = 20 * 60_000
    """For which an engine that was restored waits, so that nothing of its former life is under way."""


class Picos(Protocol):
    """What the engine has: see `engine.runtime.host`."""

    def wake(self, pico: PicoId) -> Mailbox | None: ...

    def find_mailbox(self, pico: PicoId) -> Mailbox | None: ...

    def put_away(self, pico: PicoId) -> None: ...

    def pause_errands(self, pico: PicoId) -> None: ...

    def resume_errands(self, pico: PicoId) -> None: ...

    async def take_in(self, event: Event) -> Refusal | None: ...

    def expect(self, newcomer: Newcomer) -> None: ...

    def welcome(self, pico: PicoId, due_ms: int | None) -> None: ...


@dataclass(frozen=True, slots=True)
class Told:
    """A ruleset of a pico that wants to come, with those who signed its text."""

    rid: str
    hash: str
    url: str
    signatures: tuple[tuple[str, str], ...] = ()
    """Author and signature, not verified."""


@dataclass(frozen=True, slots=True)
class Coming:
    """A pico that another engine offers."""

    did: str
    engine: Did
    size: int
    rulesets: tuple[Told, ...] = ()
    price: int = 0
    log: KeptLog | None = None


WhyNot = Callable[[Coming], str | None]
"""With which code a pico is refused, and after a colon the reason in words; or None."""
Inform = Callable[[PicoId, str, Mapping[str, str]], Awaitable[None]]


def nobody_may(one: Coming) -> str | None:
    """Of an engine that takes nobody in."""
    return "not-trusted"


def no_name(name: str) -> str | None:
    """Where engines have no names."""
    return None


Rotate = Callable[[Eci], Awaitable[object]]


async def rotate_nothing(eci: Eci) -> None:
    """Where channels have no DIDs."""


async def tell_nobody(pico: PicoId, what: str, attrs: Mapping[str, str]) -> None:
    """Where no rules want to know."""


def nobody_waits(did: str) -> None:
    """Where nobody does anything when a pico comes or goes."""


def nobody_minds(pico: PicoId) -> None:
    """Where nothing else is kept."""


class Resting(Protocol):
    @property
    def is_busy(self) -> bool: ...

    async def wait_rested(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(slots=True)
class Hooks:
    """What the rest of the engine is asked, and told. Set by the wiring."""

    why_not: WhyNot = nobody_may
    find_engine: Callable[[str], str | None] = no_name
    """May raise `NoSuchEngine`, which says more."""
    tell: Inform = tell_nobody
    known: Callable[[], Iterable[str]] = tuple
    """Engines that may know of a move that this one has forgotten."""
    left: Callable[[str], None] = nobody_waits
    """Told of a pico that is away, and for which something may wait."""
    rotate: Rotate = rotate_nothing
    url_of: Callable[[str], str | None] = no_name
    arrived: Callable[[str], None] = nobody_waits
    forgotten: Callable[[PicoId], None] = nobody_minds
    """Told of a pico that has been away for so long that nothing is kept of it."""


@dataclass(frozen=True, slots=True)
class Office:
    """What moves need of the engine."""

    journal: Journal
    lives: Lives
    logs: LifelongLogs
    identities: Identities
    post: Post
    freight: Freight
    locker: Locker
    loads: SmallLoads
    opened: Opened
    channel_keys: ChannelKeys
    state_keys: StateKeys
    keys: Keys
    sign: Callable[[bytes, bytes], bytes]
    verify: Verify
    clock: Clock
    entropy: Entropy
    draw: Draw
    picos: Picos
    landing: Landing
