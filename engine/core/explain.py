"""How a turn came to its outcome: which rules were shown which event, and what each made of it.

None of this is recorded. A turn that is run again comes out the same, so it is run again under the
eyes of an observer, who takes notes wherever one rule ends and the next begins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.core.catalogue import Catalogue
from engine.core.differences import Difference, differences_of
from engine.core.domains import BUILT_IN
from engine.core.kernel import Opened, react
from engine.core.messages import Done, Effect, Event, LogLine, Outcome, Turn
from engine.core.model import EMPTY, Pico, Quarantine, Rid
from engine.core.programs import Programs
from engine.core.quarantine import healthy
from engine.core.run import Run, Triable
from pico_lang.meter import Budget
from pico_lang.program import Ending
from pico_lang.selection import EventFacts, Selection
from pico_lang.values import Value

Verdict = Literal["fired", "held back", "not selected", "not reached", "failed"]
"""`held back`: selected, but its condition did not hold. `not reached`: a rule before it was the last."""


class Mark(NamedTuple):
    """How far a run has come at some moment."""

    steps: int = 0
    changes: int = 0
    directives: int = 0
    effects: int = 0
    log: int = 0
    raised: int = 0


@dataclass(frozen=True, slots=True)
class Trial:
    """One rule that was shown one event."""

    event: int
    """Its number in `Explanation.events`."""
    rid: str
    rule: str
    verdict: Verdict
    why: str
    """What the event expression says of the event: see `pico_lang.event_patterns`."""
    bindings: Mapping[str, Value] = field(default_factory=lambda: EMPTY)
    times: int = 0
    """How often it fired; more than once in a `foreach`."""
    ending: Ending | None = None
    steps: int = 0
    differences: tuple[Difference, ...] = ()
    directives: tuple[Mapping[str, Value], ...] = ()
    effects: tuple[Effect, ...] = ()
    log: tuple[LogLine, ...] = ()
    raised: tuple[int, ...] = ()
    """The numbers of the events it raised."""


@dataclass(frozen=True, slots=True)
class Bystander:
    """A rule that was shown no event of the turn, because it listens to others."""

    rid: str
    rule: str
    active: bool
    listens: tuple[str, ...]
    """As domain:type."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A turn with its reasons. When it failed, the differences of its trials are those that were taken
    back."""

    outcome: Outcome
    events: tuple[Event, ...]
    """The turn's own, then those that rules raised, in that order."""
    trials: tuple[Trial, ...]
    bystanders: tuple[Bystander, ...]
    quarantined: Mapping[Rid, Quarantine] = field(default_factory=lambda: EMPTY)
    """Rulesets that were shown nothing, because they cannot be run."""


def explain(
    pico: Pico,
    turn: Turn,
    programs: Programs,
    budget: Budget,
    opened: Opened | None = None,
    catalogue: Catalogue = BUILT_IN,
) -> Explanation:
    """Run a turn again on the pico it was run on."""
    notebook = Notebook()
    outcome = react(pico, turn, programs, budget, opened, notebook, catalogue)
    raised = () if notebook.run is None else tuple(notebook.run.raised)
    trials = tuple(notebook.read(pico, isinstance(outcome, Done)))
    tried = {(trial.rid, trial.rule) for trial in trials}
    bystanders = tuple(one for one in _rules(pico, programs) if (one.rid, one.rule) not in tried)
    aside = {one.rid: one.quarantine for one in pico.rulesets if one.quarantine is not None}
    return Explanation(outcome, (turn.event, *raised), trials, bystanders, aside)


def _rules(pico: Pico, programs: Programs) -> Iterator[Bystander]:
    for ruleset in healthy(pico.rulesets):
        program = programs.get(ruleset.hash)
        for rule in () if program is None else program.rules:
            listens = ("*",) if rule.machine is None else sorted(map(":".join, rule.machine.listens))
            yield Bystander(ruleset.rid, rule.name, rule.active, tuple(listens))


@dataclass(slots=True)
class Note:
    """What was seen of one rule and one event."""

    event: Event
    rid: str
    rule: str
    begin: Mark | None = None
    end: Mark | None = None
    """None when it did not come to its end."""
    selection: Selection | None = None
    ending: Ending | None = None
    times: int = 0


class Notebook:
    """`engine.core.run.Observer`. Everything a run leaves behind it leaves in lists, so what one rule
    did lies between the lengths they had when it began and when the next one did."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self._notes: list[Note] = []
        self._begun: list[Note] = []

    # --- taking notes ---

    def watch(self, run: Run, event: Event, rules: Sequence[Triable]) -> Sequence[Triable]:
        self.run = run
        notes = [Note(event, run.rid or "", rule.name) for rule in rules]
        self._notes += notes
        return [Watched(rule, note, self) for rule, note in zip(rules, notes, strict=True)]

    def fired(self) -> None:
        self._begun[-1].times += 1

    def begin(self, note: Note) -> None:
        """This rule is about to be shown its event."""
        note.begin = self.mark()
        self._begun.append(note)

    def mark(self) -> Mark:
        run = self.run
        if run is None:
            return Mark()
        steps = run.surroundings.budget.steps - max(run.meter.steps, 0)
        return Mark(
            steps,
            len(run.draft.recorded),
            len(run.directives),
            len(run.effects),
            len(run.log),
            len(run.raised),
        )

    # --- reading them ---

    def read(self, pico: Pico, succeeded: bool) -> Iterator[Trial]:
        """The notes as trials, in the order in which rulesets were shown events. `pico` is what the run
        began with."""
        run = self.run
        if run is None:
            return
        numbers = {id(event): number for number, event in enumerate(run.raised, 1)}
        begins = [note.begin for note in self._begun if note.begin is not None]
        ends = iter([*begins[1:], self.mark()])
        # A timer is used up before the first rule sees its event.
        _, pico = differences_of(pico, run.draft.recorded[: begins[0].changes if begins else 0])
        for note in self._notes:
            number = numbers.get(id(note.event), 0)
            if note.begin is None:
                yield Trial(number, note.rid, note.rule, "not reached", "")
            else:
                failed = not succeeded and note is self._begun[-1]
                trial, pico = _read(run, note, number, (note.begin, next(ends)), pico, failed)
                yield trial


def _read(
    run: Run, note: Note, number: int, marks: tuple[Mark, Mark], pico: Pico, failed: bool
) -> tuple[Trial, Pico]:
    begin, following = marks
    differences, after = differences_of(pico, run.draft.recorded[begin.changes : following.changes])
    selection, end = note.selection, note.end or following
    trial = Trial(
        number,
        note.rid,
        note.rule,
        _judge(note, failed),
        "" if selection is None else selection.why,
        EMPTY if selection is None else selection.bindings,
        note.times,
        note.ending,
        end.steps - begin.steps,
        differences,
        tuple(run.directives[begin.directives : following.directives]),
        tuple(run.effects[begin.effects : following.effects]),
        tuple(run.log[begin.log : following.log]),
        # Among the turn's events its own comes first.
        tuple(range(begin.raised + 1, following.raised + 1)),
    )
    return trial, after


def _judge(note: Note, failed: bool) -> Verdict:
    if failed and note.ending is None and (note.selection is None or note.selection.fired):
        return "failed"
    if note.selection is None or not note.selection.fired:
        return "not selected"
    return "fired" if note.times else "held back"


class Watched:
    """A rule that is shown an event while somebody takes notes."""

    __slots__ = ("_note", "_notebook", "_rule")

    def __init__(self, rule: Triable, note: Note, notebook: Notebook) -> None:
        self._rule = rule
        self._note = note
        self._notebook = notebook

    @property
    def name(self) -> str:
        return self._rule.name

    def select(self, event: EventFacts, state: Value, time_ms: int, /) -> Selection:
        self._notebook.begin(self._note)
        selection = self._note.selection = self._rule.select(event, state, time_ms)
        if not selection.fired:
            self._note.end = self._notebook.mark()
        return selection

    def run(self, bindings: Mapping[str, Value], /) -> Ending:
        ending = self._note.ending = self._rule.run(bindings)
        self._note.end = self._notebook.mark()
        return ending
