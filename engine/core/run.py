"""One run: everything that one event, query or initialisation has at hand and leaves behind.

A `Run` is the only mutable thing of a turn besides its draft. It knows nothing of rules; it hands
out answers in the order in which they were recorded, and collects what is to happen afterwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256
from typing import Any, Literal, Protocol

from engine.core.catalogue import Catalogue, DomainCalls
from engine.core.chance import Chance
from engine.core.draft import Draft
from engine.core.messages import Effect, Event, LogLine, Query, Question, SendEvent
from engine.core.model import Eci, EventId, Inputs, Pico, PicoId, Rid
from engine.core.programs import Instances, Programs
from pico_lang.errors import BudgetSpent, Interrupted
from pico_lang.meter import Budget, Meter
from pico_lang.program import Ending
from pico_lang.selection import EventFacts, Selection
from pico_lang.values import Value, to_stored

LogLevel = Literal["error", "warn", "info", "debug", "klog"]


class Asking(Interrupted):
    """Leaves a run that cannot go on before a question has its answer."""

    def __init__(self, question: Question) -> None:
        super().__init__(question)
        self.question = question


class Learned:
    """What a run learns from outside itself: time, chance, and answers in the order of its questions.

    The making of a child draws on the same source as the turn in which it happens.
    """

    def __init__(self, inputs: Inputs) -> None:
        self.time_ms = inputs.time_ms
        self.default_policy = inputs.default_policy
        self._inputs = inputs
        self._asked = 0
        self._rulesets: dict[str, Mapping[str, Any]] = {}

    @cached_property
    def chance(self) -> Chance:
        # Most turns need none, and making one costs more than a small turn does.
        return Chance(self._inputs.seed)

    @property
    def asked(self) -> int:
        """How many questions the run has had answered."""
        return self._asked

    def ask(self, kind: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """The next answer; when there is none yet, leave the run to get it."""
        if self._asked == len(self._inputs.answers):
            raise Asking(Question(kind, content))
        self._asked += 1
        return self._inputs.answers[self._asked - 1]

    def ask_ruleset(self, url: str) -> Mapping[str, Any]:
        """What is behind a URL, asked once in a run: it runs anew with every answer, so a thousand children
        that get the same ruleset would take a thousand runs."""
        known = self._rulesets.get(url)
        if known is None or self._has_another(url):
            known = self._rulesets[url] = self.ask("ruleset", {"url": url})
        return known

    def expect_rulesets(self, urls: Iterable[str]) -> None:
        """Ask what is behind several URLs at once, for the same reason."""
        unknown = self._unknown(urls)
        following = self._following()
        # In a turn from before it was asked so, the answers are one for each.
        if len(unknown) > 1 and (following is None or "rulesets" in following):
            found = self.ask("rulesets", {"urls": unknown})["rulesets"]
            self._rulesets.update(zip(unknown, found, strict=True))

    def ask_early(self, urls: Iterable[str]) -> None:
        """Leave the run for what the other two would leave it for next, before anything is done
        that has to be done again when it runs anew."""
        if self._following() is None and (unknown := self._unknown(urls)):
            if len(unknown) == 1:
                self.ask_ruleset(unknown[0])
            self.expect_rulesets(unknown)

    def _unknown(self, urls: Iterable[str]) -> list[str]:
        return [url for url in dict.fromkeys(urls) if url not in self._rulesets]

    def _following(self) -> Mapping[str, Any] | None:
        """The next answer, if there is one already."""
        answers = self._inputs.answers
        return answers[self._asked] if self._asked < len(answers) else None

    def _has_another(self, url: str) -> bool:
        """Whether this is a turn from when each time was asked anew: then it goes on with its next answer."""
        following = self._following() or {}
        return following.get("url") == url and "hash" in following


STEPS_OF_A_MESSAGE = 40
"""What sending an event costs: an id, and its writing down. As long as that many steps of a program."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stays the same from one run to the next: compiled rulesets, modules, limits."""

    programs: Programs
    catalogue: Catalogue
    domains: DomainCalls
    """What of it the pico may use, and may not."""
    budget: Budget


class Triable(Protocol):
    """A rule that can be shown an event, and run if that selects it: see `pico_lang.program`."""

    @property
    def name(self) -> str: ...

    def select(self, event: EventFacts, state: Value, time_ms: int, /) -> Selection: ...

    def run(self, bindings: Mapping[str, Value], /) -> Ending: ...


class Observer(Protocol):
    """Somebody who wants to know how a run comes to its outcome. Being seen changes nothing."""

    def watch(self, run: Run, event: Event, rules: Sequence[Triable]) -> Sequence[Triable]:
        """The rules of one ruleset, each as one that is watched; they are about to be shown an event."""

    def fired(self) -> None:
        """The rule that runs has fired."""


@dataclass(slots=True)
class Run:
    """The run of one turn on one pico, or the making of a child inside one."""

    draft: Draft
    learned: Learned
    surroundings: Surroundings
    instances: Instances[Any]
    meter: Meter
    event: Event | None = None
    """The event being handled; None in a query and while a ruleset is initialised."""
    query: Query | None = None
    via: tuple[PicoId, ...] = ()
    """The picos that wait for the answer of this run, the last of which asked for it."""
    txn_id: str | None = None
    rid: str | None = None
    """The ruleset whose rule is running, whatever module it has called."""
    rule: str | None = None
    raised: list[Event] = field(default_factory=list)
    waiting: deque[tuple[Rid, Event]] = field(default_factory=deque)
    """Events that rulesets have yet to be shown."""
    gone: set[str] = field(default_factory=set)
    """Rulesets uninstalled by this very run, whose rule may still be running."""
    directives: list[Mapping[str, Value]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    observer: Observer | None = None

    def for_child(self, pico: Pico) -> Run:
        """The run in which a child of this pico is made."""
        draft = Draft(pico, self.meter)
        via = (*self.via, self.draft.id)
        domains = self.surroundings.catalogue.calls(pico.grants)
        surroundings = replace(self.surroundings, domains=domains)
        return Run(draft, self.learned, surroundings, Instances(self.meter), self.meter, via=via)

    def show(self, event: Event) -> None:
        """Let the rulesets that are installed now see an event after all that already wait."""
        for ruleset in self.draft.rulesets:
            if event.for_rid is None or event.for_rid == ruleset.rid:
                self.waiting.append((ruleset.rid, event))

    def raise_event(self, event: Event) -> None:
        self.raised.append(event)
        limit = self.surroundings.budget.raised_events
        if len(self.raised) > limit:
            raise BudgetSpent("R705", f"more than {limit:,} raised events in one turn")
        self.show(event)

    def send_event(self, eci: str, domain: str, name: str, attrs: Mapping[str, Value]) -> EventId:
        """Have an event delivered once the turn is committed; its id."""
        self.meter.charge(STEPS_OF_A_MESSAGE)
        eid = self.next_eid()
        self.effects.append(SendEvent(Eci(eci), domain, name, attrs, eid))
        return eid

    def next_key(self) -> str:
        """What names the next thing that is asked of the outside: derived from pico, turn and position,
        so that a turn that is run again asks under the same name.

        The event's id is part of it because a pico restored from an old copy counts its turns anew.
        """
        place = f"{self.draft.id}/{self.draft.seq + 1}/{self.txn_id}/{self.learned.asked}/{len(self.effects)}"
        return sha256(place.encode()).hexdigest()[:32]

    def next_eid(self) -> EventId:
        """An id derived from pico, turn and position, so that a repeated turn sends the same one."""
        place = f"{self.draft.id}/{self.draft.seq + 1}/{len(self.effects)}"
        return EventId(sha256(place.encode()).hexdigest()[:32])

    def write_log(self, level: LogLevel, rid: str, message: Value, value: Value = None) -> None:
        self.meter.charge(1)
        told = to_stored(message, self.meter), to_stored(value, self.meter)
        self.log.append(LogLine(level, rid, self.rule, *told))
