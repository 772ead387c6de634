"""Playing a test: its steps on a stage of its own, one after the other.

Everything that is wrong is found, not only the first thing: an expectation that is not met does not
keep the next ones from being looked at. Only when a step cannot be carried out does a test end early.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.core.draft import UNMETERED, Draft
from engine.core.events import read_attributes
from engine.core.inspection import Viewpoint
from engine.core.messages import Fault, Query
from engine.core.testing.answers import GivenAnswer, read_answer
from engine.core.testing.expectations import judge
from engine.core.testing.findings import Finding, Verdict, fault_finding
from engine.core.testing.stage import DOOR, FIRST_MOMENT_MS, FindRuleset, Happenings, Stage
from engine.core.timekeeping import parse_time
from pico_lang import nodes as n
from pico_lang.coercion import to_number, to_string
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.evaluation import Evaluated
from pico_lang.paths import to_path
from pico_lang.program import Program
from pico_lang.selection import UNIT_MS
from pico_lang.source import Span
from pico_lang.suites import Suite
from pico_lang.values import Value, to_stored

LONGEST_WAIT_MS = 100 * UNIT_MS["year"]

Preset = n.GivenPreset | n.GivenConfiguration


def play(
    suite: Suite, test: n.Test, url: str, find_ruleset: FindRuleset, catalogue: Catalogue = BUILT_IN
) -> Verdict:
    """Play one test. `url` is how the program of the suite is called; others are found by theirs."""

    def find(wanted: str) -> Program | str:
        return suite.program if wanted == url else find_ruleset(wanted)

    player = _Player(suite, Stage(find, catalogue), test)
    try:
        player.set_stage(url)
        player.take_steps()
    except _Ended:
        pass
    return Verdict(test.name.value, test.name.span, tuple(player.findings))


class _Ended(Exception):
    """The test cannot go on; why is among the findings."""


class _Player:
    """One test on its way."""

    def __init__(self, suite: Suite, stage: Stage, test: n.Test) -> None:
        self.findings: list[Finding] = []
        self._suite = suite
        self._stage = stage
        self._steps = test.steps
        self._known: dict[str, Value] = {}
        self._act: n.Node = test.name
        """What has caused the happenings on the stage."""
        self._may_fail = False
        """Whether somebody has said that errors were to be expected of it."""

    # --- before it begins ----------------------------------------------------------------------------

    def set_stage(self, url: str) -> None:
        """Do what has to come first, then install the ruleset."""
        config: Value = {}
        for step in self._steps:
            with self._told_at(step):
                match step:
                    case n.GivenPreset(kind="time", value=text):
                        self._stage.time_ms = _read_time(text.value)
                    case n.GivenPreset(kind="seed", value=text):
                        self._stage.seed = text.value
                    case n.GivenPreset(value=text):
                        self._install(text.value, {}, step)
                    case n.GivenConfiguration(value=value):
                        config = to_stored(self._evaluate(value, None))
        self._install(url, config, self._act)

    def _install(self, url: str, config: Value, cause: n.Node) -> None:
        self._stage.install(url, config)
        happened = self._stage.happenings
        for fault in happened.faults:
            self.findings.append(self._fault_finding(fault, cause.span))
        if happened.faults:
            raise _Ended
        self._stage.happenings = Happenings()

    # --- steps ---------------------------------------------------------------------------------------

    def take_steps(self) -> None:
        for step in self._steps:
            if isinstance(step, n.Expectation):
                self._expect(step)
            elif not isinstance(step, Preset):
                with self._told_at(step):
                    self._take(step)
        self._look_back()

    def _take(self, step: n.Declaration | n.GivenEntity | n.GivenAnswer | n.Send | n.Wait) -> None:
        match step:
            case n.Declaration():
                snippet = n.Snippet(step.span, (step,), None)
                self._known |= self._evaluate_snippet(snippet, self._rid).declared
            case n.GivenEntity():
                self._set_entity(step)
            case n.GivenAnswer():
                self._give_answer(step)
            case n.Send():
                attrs = None if step.attributes is None else self._value_of(step.attributes)
                self._begin(step)
                self._stage.send(step.domain, step.name, read_attributes(UNMETERED, attrs))
            case n.Wait():
                duration_ms = self._read_duration(step)
                self._begin(step)
                self._stage.wait(duration_ms)

    def _begin(self, act: n.Node) -> None:
        self._look_back()
        self._act, self._may_fail = act, False

    def _look_back(self) -> None:
        """What came of the last act and has not been expected."""
        happened = self._stage.happenings
        span = self._act.span
        self.findings += [Finding(complaint, span) for complaint in happened.complaints]
        if not self._may_fail:
            self.findings += [self._fault_finding(fault, span) for fault in happened.faults]

    def _set_entity(self, step: n.GivenEntity) -> None:
        draft = Draft(self._stage.star)
        value = to_stored(self._value_of(step.value))
        if step.path is None:
            draft.set_entity(self._rid, step.name.id, value)
        else:
            path = to_path(UNMETERED, self._value_of(step.path))
            draft.set_entity_path(self._rid, step.name.id, path, value)
        self._stage.star = draft.finish(draft.seq)

    def _give_answer(self, step: n.GivenAnswer) -> None:
        asked = None if step.asked is None else to_string(self._value_of(step.asked))
        answer = read_answer(step.domain, step.name.id, self._value_of(step.answer))
        self._stage.answers.add(GivenAnswer(step.domain, step.name.id, asked, answer))

    def _read_duration(self, step: n.Wait) -> int:
        amount = self._value_of(step.amount)
        number = to_number(amount)
        if number is None or not 0 <= number * UNIT_MS[step.unit] <= LONGEST_WAIT_MS:
            raise TypeFault(f"one can wait for 0 to 100 years, not for {to_string(amount)} {step.unit}s")
        return round(number * UNIT_MS[step.unit])

    # --- expectations --------------------------------------------------------------------------------

    def _expect(self, step: n.Expectation) -> None:
        if isinstance(step, n.ExpectError):
            self._may_fail = True
        try:
            finding = judge(step, self._stage, self._value_of, self._suite.source)
        except RuntimeFault as fault:
            told = Fault(fault.code, fault.message, fault.places)
            finding = self._fault_finding(told, step.span)
        if finding is not None:
            self.findings.append(finding)

    @contextmanager
    def _told_at(self, step: n.TestStep) -> Iterator[None]:
        """Whatever goes wrong with a step ends the test: what comes after it would mean nothing."""
        try:
            yield
        except RuntimeFault as fault:
            told = Fault(fault.code, fault.message, fault.places)
            self.findings.append(self._fault_finding(told, step.span))
            raise _Ended from None

    def _fault_finding(self, fault: Fault, span: Span) -> Finding:
        return fault_finding(fault, span, self._suite.program.source, self._rid)

    # --- values --------------------------------------------------------------------------------------

    @property
    def _rid(self) -> str:
        return self._suite.program.rid

    def _value_of(self, expression: n.Expression) -> Value:
        return self._evaluate(expression, self._rid)

    def _evaluate(self, expression: n.Expression, rid: str | None) -> Value:
        return self._evaluate_snippet(n.Snippet(expression.span, (), expression), rid).value

    def _evaluate_snippet(self, snippet: n.Snippet, rid: str | None) -> Evaluated:
        given = {"directives": self._stage.happenings.directives, "query": self._query()}
        viewpoint = Viewpoint(rid, {**given, **self._known})
        return self._stage.evaluate(snippet, self._suite.source, viewpoint)

    def _query(self) -> Value:
        """The function `query(name, args, rid)`; its parameters are named as those of compiled code are."""

        def query(v0_name: Value = None, v1_args: Value = None, v2_rid: Value = None) -> Value:
            rid = self._rid if v2_rid is None else to_string(v2_rid)
            args = read_attributes(UNMETERED, v1_args)
            return self._stage.query(Query(DOOR, rid, to_string(v0_name), args))

        return query


def _read_time(text: str) -> int:
    found = parse_time(text, FIRST_MOMENT_MS)
    if found is None:
        raise TypeFault(f'a time is written as "2026-02-28T12:00:00Z", not as "{text}"')
    return found
