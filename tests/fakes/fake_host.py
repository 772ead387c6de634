"""An engine without a disk or a language: one pico that remembers its events and answers from a table.

It obeys `engine.adapters.http.host.Host`: unknown channels are refused, a repeated event id is answered
from the first run, a draining engine takes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.messages import Fault, Refusal
from engine.core.model import Eci, EventId, PicoId, Rid, RulesetHash
from engine.plugins.collection import NO_PLUGINS
from engine.plugins.describing import Document, tell_modules
from engine.runtime.access import Access
from engine.runtime.assistants import Assistants
from engine.runtime.equipment import NoSecondChance
from engine.runtime.feed import Feed
from engine.runtime.gallery import Gallery
from engine.runtime.histories import Histories
from engine.runtime.mail import Mail
from engine.runtime.moves.moves import Moves
from engine.runtime.replies import EventReply, FlushReply, LookReply, PicoView, QueryReply
from engine.runtime.seal_desk import SealDesk
from engine.runtime.stock import Stock
from engine.runtime.vitals import Vitals
from pico_lang.errors import Place
from pico_lang.values import Value
from tests.engine.runtime.shell import NoPrograms
from tests.fakes.access import owned_access
from tests.fakes.clock import SetClock
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.shelf import memory_shelf
from tests.fakes.tally_kernel import TallyKernel

ROOT = Eci("root-eci")
CLOSED = Eci("closed-eci")
FAULT = Fault("R601", "a map cannot be a number", (Place("counter", 3, 7, "rule increment"),))
RULESET_URL = "file:///counter.krl"


@dataclass(frozen=True)
class Seen:
    """An event as the host got it."""

    domain: str
    name: str
    attrs: Mapping[str, Value]


def no_histories() -> Histories:
    """The past of an engine on which nothing has happened."""
    return Histories(MemoryJournal(), TallyKernel(), NoPrograms(), NoSecondChance())


def empty_stock() -> Stock:
    """An engine that keeps no rulesets yet. The language is real."""
    journal, histories = MemoryJournal(), no_histories()
    return Stock(journal, memory_shelf(journal), histories.pico)


@dataclass
class FakeHost:
    """`events` is everything that was accepted, in order."""

    directives: Sequence[Mapping[str, Value]] = ()
    values: dict[tuple[str, str], Value] = field(default_factory=dict)
    draining: bool = False
    events: list[Seen] = field(default_factory=list)
    access: Access = field(default_factory=owned_access)
    feed: Feed = field(default_factory=lambda: Feed(SetClock().now_ms, lambda: "run"))
    histories: Histories = field(default_factory=no_histories)
    stock: Stock = field(default_factory=empty_stock)
    assistants: Assistants = field(init=False)
    gallery: Gallery | None = None
    vitals: Vitals | None = None
    seal_desk: SealDesk | None = None
    moves: Moves | None = None
    mail: Mail | None = None
    _replies: dict[EventId, EventReply] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Nothing is granted here."""
        journal = MemoryJournal()
        self.assistants = Assistants(journal, self.histories, memory_shelf(journal).text, self)

    def _refuse(self, eci: str) -> Refusal | None:
        if self.draining:
            return Refusal("draining", "the engine is stopping", "try again in a moment")
        if eci == CLOSED:
            return Refusal("denied", "Denied by channel policy")
        return None if eci == ROOT else Refusal("unknown", f"ECI not found {eci}", "it may have been deleted")

    def _take(self, seen: Seen, eid: EventId | None) -> EventReply:
        chosen = eid or EventId(f"event-{len(self.events)}")
        if chosen not in self._replies:
            self.events.append(seen)
            self._replies[chosen] = EventReply(chosen, list(self.directives))
        return self._replies[chosen]

    async def accept_event(
        self, eci: Eci, domain: str, name: str, attrs: Mapping[str, Value], eid: EventId | None = None
    ) -> EventId | Refusal:
        return self._refuse(eci) or self._take(Seen(domain, name, attrs), eid).eid

    async def run_event(
        self, eci: Eci, domain: str, name: str, attrs: Mapping[str, Value], eid: EventId | None = None
    ) -> EventReply | Refusal | Fault:
        """Events of the domain `fault` run into an error of their rule."""
        refusal = self._refuse(eci)
        if refusal is not None:
            return refusal
        if domain == "bug":
            raise ZeroDivisionError
        return FAULT if domain == "fault" else self._take(Seen(domain, name, attrs), eid)

    async def run_query(
        self, eci: Eci, rid: str, name: str, args: Mapping[str, Value]
    ) -> QueryReply | Refusal | Fault:
        """`echo/args` answers its arguments; the rest is in `values`."""
        refusal = self._refuse(eci)
        if refusal is not None:
            return refusal
        if (rid, name) == ("echo", "args"):
            return QueryReply(dict(args))
        if (rid, name) not in self.values:
            return Fault("R610", f'Ruleset {rid} does not have query function "{name}"')
        return QueryReply(self.values[rid, name])

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
        reply = await self.run_event(eci, domain, name, attrs, eid)
        return reply if isinstance(reply, (Refusal, Fault)) else await self.run_query(eci, rid, query, args)

    async def install(self, eci: Eci, url: str, config: Mapping[str, Value]) -> EventReply | Refusal | Fault:
        if url != RULESET_URL:
            return self._refuse(eci) or Fault("R608", f"cannot install {url}: nothing is there")
        return self._refuse(eci) or self._take(
            Seen("$engine", "install", {"url": url, "config": config}), None
        )

    async def flush_ruleset(self, url: str) -> FlushReply | Refusal:
        if url != RULESET_URL:
            return Refusal("unknown", f"no ruleset was ever installed from {url}")
        return FlushReply(url, Rid("counter"), RulesetHash("00ff"), "2026-01-01T00:00:00.000Z", ())

    async def look_at(self, eci: Eci, rid: str | None, texts: Sequence[str]) -> LookReply | Refusal | Fault:
        if (refusal := self._refuse(eci)) is not None:
            return refusal
        return LookReply("Array", [rid, *texts], ["ent:count"], [])

    async def upgrade(self, rid: Rid, source: str | None, eci: Eci | None) -> Document | Refusal:
        refusal = None if eci is None else self._refuse(eci)
        return refusal or {"rid": rid, "source": source, "eci": eci}

    async def try_upgrade(
        self, rid: Rid, source: str | None, eci: Eci | None, events: int
    ) -> Document | Refusal:
        refusal = None if eci is None else self._refuse(eci)
        return refusal or {"rid": rid, "source": source, "eci": eci, "events": events}

    async def roll_back(self, rid: Rid, eci: Eci | None, state: str | None) -> Document | Refusal | Fault:
        return self._refuse(eci or ROOT) or {"rid": rid, "eci": eci, "state": state}

    async def fork(self, name: str, seq: int | None = None) -> PicoView | Refusal | Fault:
        return self._refuse(name) or PicoView(PicoId("fork"), None, Eci("fork-eci"), (), ())

    async def list_modules(self) -> Document:
        return tell_modules(NO_PLUGINS)

    async def grant(self, eci: Eci, module: str, granted: bool) -> Document | Refusal | Fault:
        return self._refuse(eci) or {"pico": "root", "module": module, "granted": granted}

    def root_eci(self) -> Eci:
        return ROOT

    def root_id(self) -> PicoId:
        return PicoId("root")

    def is_channel(self, name: str) -> bool:
        return name in (ROOT, CLOSED, "child-eci", "ui-eci", "fork-eci")

    def ui_eci(self) -> Eci:
        return Eci("ui-eci")

    async def picture(self) -> PicoView:
        child = PicoView(PicoId("child"), "lamp", Eci("child-eci"), (), ())
        return PicoView(PicoId("root"), None, ROOT, (Rid("io.picolabs.wrangler"),), (child,))
