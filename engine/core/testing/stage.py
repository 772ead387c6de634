"""A few picos in memory, with a clock that moves when told to: all that a test needs of an engine.

Turns run through the real kernel, one after the other. What an engine would take from outside comes
from whoever made the stage: texts of rulesets, chance as a seed, and answers that were given beforehand.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.core.births import new_pico
from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN, engine
from engine.core.inspection import Viewpoint, evaluate_at, take_seat
from engine.core.kernel import Opened, answer, look, react
from engine.core.messages import (
    Answered,
    AskLater,
    Asks,
    CreatePico,
    DeletePico,
    Done,
    Effect,
    Event,
    Failed,
    Fault,
    LogLine,
    Query,
    Question,
    SendEvent,
    Turn,
)
from engine.core.model import Channel, Eci, EventId, Inputs, Pico, PicoId, RulesetHash, Timer
from engine.core.policy import UPKEEP, allows_event
from engine.core.reports import report
from engine.core.run import Run
from engine.core.scheduling import firing
from engine.core.testing.answers import GivenAnswers, ask_for_answer
from engine.core.wills import last_words
from pico_lang.errors import RuntimeFault
from pico_lang.evaluation import Evaluated
from pico_lang.meter import Budget
from pico_lang.nodes import Snippet
from pico_lang.program import Program
from pico_lang.source import Source
from pico_lang.values import Value

STAR = PicoId("pico")
"""The pico that a test is about. Others come about as its children."""
DOOR = Eci("door")
"""The channel through which a test sends it events."""

FIRST_MOMENT_MS = 1_767_225_600_000
"""2026-01-01T00:00:00Z, when every play begins that is not told another time."""

BUDGET = Budget(steps=20_000_000, depth=10_000, regexp_ms=2_000, raised_events=10_000)
"""About what an engine allows a turn in the end; there is no neighbour here who could be harmed."""

MOST_TURNS = 10_000
"""Turns that one event, or one wait, may lead to before it is taken for something that never ends."""

FindRuleset = Callable[[str], Program | str]
"""The program behind a URL, or why there is none."""


@dataclass(slots=True)
class Happenings:
    """What has come of the last thing that was done on the stage."""

    directives: list[Mapping[str, Value]] = field(default_factory=list)
    raised: list[Event] = field(default_factory=list)
    sent: list[SendEvent] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    log: list[LogLine] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the test forgot to say, or what an engine would not have put up with."""


class Stage:
    """The picos, the time, and what is still to come."""

    def __init__(self, find_ruleset: FindRuleset, catalogue: Catalogue = BUILT_IN) -> None:
        self.time_ms = FIRST_MOMENT_MS
        self.seed = "picomesh"
        self._find_ruleset = find_ruleset
        self._catalogue = catalogue
        self._programs: dict[RulesetHash, Program] = {}
        self._turns = 0
        self.answers = GivenAnswers()
        star = new_pico(STAR, None, [Channel(DOOR, ("test",))])
        # Whether a pico is granted what a ruleset needs is no matter of the ruleset.
        self._picos = {STAR: replace(star, grants=dict.fromkeys(catalogue.domains, True))}
        self._opened: dict[PicoId, Opened] = {}
        self._waiting: deque[Event] = deque()
        self.happenings = Happenings()

    def get(self, digest: RulesetHash, /) -> Program | None:
        """As `engine.core.programs.Programs`: everything that was installed here is at hand."""
        return self._programs.get(digest)

    @property
    def star(self) -> Pico:
        """The pico the test is about, as it is now."""
        return self._picos[STAR]

    @star.setter
    def star(self, pico: Pico) -> None:
        self._picos[STAR] = pico

    # --- what is done --------------------------------------------------------------------------------

    def install(self, url: str, config: Mapping[str, Value]) -> None:
        """Put a ruleset on the star; what goes wrong is among the happenings."""
        self._begin()
        attrs = {"url": url, "config": config}
        self._run(self.star, Event(Eci(STAR), UPKEEP, "install", attrs, self._new_eid(), sender=STAR))
        self._settle()

    def send(self, domain: str, name: str, attrs: Mapping[str, Value]) -> None:
        """Send the star an event, and let everything happen that comes of it at once."""
        self._begin()
        self._waiting.append(self._arriving(domain, name, attrs))
        self._settle()

    def _arriving(self, domain: str, name: str, attrs: Mapping[str, Value]) -> Event:
        """What an engine tells its pico comes from the pico itself, so that rules can believe it."""
        if domain == engine.NAME and name in engine.TOLD:
            return Event(Eci(STAR), domain, name, attrs, self._new_eid(), sender=STAR)
        return Event(DOOR, domain, name, attrs, self._new_eid())

    def wait(self, duration_ms: int) -> None:
        """Let time pass, with all that is scheduled until then."""
        self._begin()
        until_ms = self.time_ms + duration_ms
        for _ in range(MOST_TURNS):
            due = self._next_timer(until_ms)
            if due is None:
                break
            pico, timer = due
            self.time_ms = max(self.time_ms, timer.due_ms)
            self._run(pico, firing(pico.id, timer))
            self._settle()
        else:
            self.happenings.complaints.append(f"more than {MOST_TURNS:,} scheduled events became due")
        self.time_ms = max(self.time_ms, until_ms)

    def _begin(self) -> None:
        self.happenings = Happenings()

    def _next_timer(self, until_ms: int) -> tuple[Pico, Timer] | None:
        due = [
            (timer.due_ms, timer.id, pico, timer)
            for pico in self._picos.values()
            for timer in pico.timers.values()
            if timer.due_ms <= until_ms
        ]
        return min(due, key=lambda one: one[:2])[2:] if due else None

    # --- what can be asked ---------------------------------------------------------------------------

    def query(self, query: Query) -> Value:
        """What the star answers; raises `RuntimeFault`."""
        inputs = self._inputs_of_looking()
        while True:
            # Not with the opened rulesets at hand: the query may come from an expression in their midst.
            outcome = answer(self.star, query, inputs, self, BUDGET, None, self._catalogue)
            if not isinstance(outcome, Asks):
                return _value(outcome)
            inputs = self._learn(inputs, outcome.question)

    def evaluate(self, snippet: Snippet, source: Source, viewpoint: Viewpoint) -> Evaluated:
        """What a snippet gives on the star as it is; raises `RuntimeFault`."""
        modules = self._catalogue.modules

        def see(run: Run) -> Value:
            return evaluate_at(take_seat(run, viewpoint.rid), snippet, source, viewpoint.known, modules)

        inputs = self._inputs_of_looking()
        while True:
            outcome = look(self.star, inputs, self, BUDGET, see, self._opened_of(STAR), self._catalogue)
            if not isinstance(outcome, Asks):
                found: Evaluated = _value(outcome)
                return found
            inputs = self._learn(inputs, outcome.question)

    # --- turns ---------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Deliver until nothing is on its way any more."""
        for _ in range(MOST_TURNS):
            if not self._waiting:
                return
            self._deliver(self._waiting.popleft())
        self._waiting.clear()
        self.happenings.complaints.append(f"more than {MOST_TURNS:,} events followed each other")

    def _deliver(self, event: Event) -> None:
        pico = next((one for one in self._picos.values() if event.eci in one.channels), None)
        if pico is None:
            self._note(f"{event.domain}:{event.name} went to {event.eci}, where there is no pico")
            return
        refusal = allows_event(pico.channels[event.eci], event.sender, event.domain, event.name)
        if refusal is not None:
            self._note(f"{event.domain}:{event.name} was refused: {refusal.reason}")
            return
        self._run(pico, event)

    def _note(self, message: str) -> None:
        self.happenings.log.append(LogLine("warn", "", None, message))

    def _run(self, pico: Pico, event: Event) -> None:
        inputs = self._inputs()
        while True:
            outcome = react(
                pico, Turn(event, inputs), self, BUDGET, self._opened_of(pico.id), None, self._catalogue
            )
            match outcome:
                case Asks(question):
                    inputs = self._learn(inputs, question)
                case Done() | Failed():
                    self._commit(outcome)
                    return

    def _commit(self, outcome: Done | Failed) -> None:
        happened = self.happenings
        self._picos[outcome.pico.id] = outcome.pico
        happened.log += outcome.log
        if isinstance(outcome, Failed):
            happened.faults.append(outcome.fault)
        else:
            happened.directives += outcome.directives
            happened.raised += outcome.raised
            happened.sent += [one for one in outcome.effects if isinstance(one, SendEvent)]
        for effect in outcome.effects:
            self._perform(effect, outcome.pico.id)

    def _perform(self, effect: Effect, sender: PicoId) -> None:
        match effect:
            case SendEvent(eci, domain, name, attrs, eid):
                self._waiting.append(Event(eci, domain, name, attrs, eid, sender=sender))
            case CreatePico(pico):
                self._picos[pico.id] = pico
            case DeletePico(pico_id):
                for gone in list(self._remove(pico_id)):
                    self._execute(gone)
            case AskLater(question):
                told = report(effect, self._answer(question))
                if told is not None:
                    self._perform(told, sender)

    def _remove(self, pico_id: PicoId) -> Iterator[Pico]:
        gone = self._picos.pop(pico_id, None)
        if gone is not None:
            yield gone
            for child in gone.children:
                yield from self._remove(child.pico)

    def _execute(self, gone: Pico) -> None:
        for words in last_words(gone):
            if any(words.eci in one.channels for one in self._picos.values()):
                self._perform(words, gone.id)

    def _opened_of(self, pico: PicoId) -> Opened:
        return self._opened.setdefault(pico, Opened())

    # --- what comes from outside -----------------------------------------------------------------------

    def _inputs(self) -> Inputs:
        self._turns += 1
        return Inputs(self.time_ms, f"{self.seed}/{self._turns}")

    def _inputs_of_looking(self) -> Inputs:
        """Always of the same seed: one more expectation must not change the chance of later turns."""
        return Inputs(self.time_ms, self.seed)

    def _new_eid(self) -> EventId:
        return EventId(f"event-{self._turns + 1}")

    def _learn(self, inputs: Inputs, question: Question) -> Inputs:
        return Inputs(inputs.time_ms, inputs.seed, (*inputs.answers, self._answer(question)))

    def _answer(self, question: Question) -> Mapping[str, Any]:
        if question.kind == "ruleset":
            return self._fetch(question.content["url"])
        if question.kind == "rulesets":
            return {"rulesets": [self._fetch(url) for url in question.content["urls"]]}
        if question.kind == "recipient":
            return {}  # a test does not know who else is there, so whoever is sent something takes it
        if question.kind == "recipients":
            return {"reachable": question.content["ecis"]}
        answer = self.answers.take(question)
        if answer is None:
            complaint = ask_for_answer(question)
            if complaint not in self.happenings.complaints:
                self.happenings.complaints.append(complaint)
            return {"error": "the test gives no answer to this request"}
        return answer

    def _fetch(self, url: str) -> Mapping[str, Any]:
        found = self._find_ruleset(url)
        if isinstance(found, str):
            return {"error": found}
        digest = RulesetHash(found.hash)
        self._programs[digest] = found
        return {"rid": found.rid, "hash": digest, "url": url}


def _value(outcome: Answered | Failed) -> Value:
    if isinstance(outcome, Answered):
        return outcome.value
    raise fault_of(outcome.fault)


def fault_of(fault: Fault) -> RuntimeFault:
    """The fault as it was before it was recorded."""
    again = RuntimeFault(fault.code, fault.message)
    again.places = fault.places
    return again
