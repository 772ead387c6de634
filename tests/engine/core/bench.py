"""A pico on the work bench: a kernel with real rulesets, one turn after the other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from textwrap import dedent
from typing import Any

from engine.core.births import new_pico
from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.core.kernel import Opened, answer, react
from engine.core.messages import Answered, Asks, Done, Failed, Outcome, Query, Question, Turn
from engine.core.model import Eci, Inputs, Pico, RulesetHash
from pico_lang.meter import Budget
from pico_lang.program import Program, compile_ruleset
from pico_lang.source import Source
from pico_lang.values import Value
from tests.engine.core.making import NOW_MS, ROOT, SEED, make_turn


class Bench:
    """A pico, rulesets by URL, and the outcomes of its turns.

    It answers `ruleset` questions from the texts it was given, as the shell would, by running the turn
    again with the answer.
    """

    def __init__(self, *texts: str, budget: Budget | None = None, catalogue: Catalogue = BUILT_IN) -> None:
        self.pico: Pico = new_pico(ROOT)
        self.budget = budget or Budget()
        self.catalogue = catalogue
        self.opened = Opened()
        self.programs: dict[RulesetHash, Program] = {}
        self.urls: dict[str, Program] = {}
        self.turns: list[Turn] = []
        self.outcomes: list[Outcome] = []
        self.outside: Callable[[Question], Mapping[str, Any]] = _nobody
        """Answers what is not about rulesets."""
        self.keeps: int | None = None
        """How many former texts of a ruleset are remembered; None for an engine that knows of none."""
        for text in texts:
            self.install(self.publish(text))

    def publish(self, text: str, url: str | None = None) -> str:
        """Make a text available under a URL, its rid if none is given."""
        program = compile_ruleset(Source(dedent(text)), self.catalogue.modules)
        self.programs[RulesetHash(program.hash)] = program
        url = url or f"file:///{program.rid}.krl"
        self.urls[url] = program
        return url

    def install(self, url: str, config: Mapping[str, Value] | None = None) -> Outcome:
        return self.run("$engine", "install", {"url": url, "config": dict(config or {})})

    def forget(self) -> None:
        """Close all rulesets, as if the pico had not been needed for a while."""
        self.opened = Opened()

    def run(self, domain: str, name: str, attrs: Mapping[str, Value] | None = None) -> Outcome:
        """Run an event to its end and keep the pico it gives."""
        return self.run_turn(make_turn(domain, name, attrs, self.pico.seq + 1))

    def react(self, turn: Turn) -> Outcome:
        """Run a turn as far as it comes by itself."""
        return react(self.pico, turn, self.programs, self.budget, self.opened, catalogue=self.catalogue)

    def run_turn(self, turn: Turn) -> Outcome:
        outcome = self.react(turn)
        while isinstance(outcome, Asks):
            turn = self._with_answer(turn, outcome)
            outcome = self.react(turn)
        self.turns.append(turn)
        self.outcomes.append(outcome)
        self.pico = outcome.pico
        return outcome

    def _with_answer(self, turn: Turn, asks: Asks) -> Turn:
        own = {
            "ruleset": self._find_ruleset,
            "rulesets": self._find_rulesets,
            "version": self._find_version,
        }
        found = own.get(asks.question.kind, self.outside)(asks.question)
        return replace(turn, inputs=replace(turn.inputs, answers=(*turn.inputs.answers, found)))

    def _find_ruleset(self, question: Question) -> Mapping[str, Any]:
        url = question.content["url"]
        program = self.urls.get(url)
        if program is None:
            return {"error": "there is no such text"}
        found = {"rid": program.rid, "hash": program.hash, "url": url}
        return found if self.keeps is None else {**found, "keeps": self.keeps}

    def _find_rulesets(self, question: Question) -> Mapping[str, Any]:
        each = (Question("ruleset", {"url": url}) for url in question.content["urls"])
        return {"rulesets": [self._find_ruleset(one) for one in each]}

    def _find_version(self, question: Question) -> Mapping[str, Any]:
        program = self.programs.get(question.content["hash"])
        return {"error": "the text is not at hand"} if program is None else {"version": program.version}

    def done(self, domain: str, name: str, attrs: Mapping[str, Value] | None = None) -> Done:
        """Run an event that has to succeed."""
        outcome = self.run(domain, name, attrs)
        assert isinstance(outcome, Done), outcome
        return outcome

    def failed(self, domain: str, name: str, attrs: Mapping[str, Value] | None = None) -> Failed:
        """Run an event that has to fail."""
        outcome = self.run(domain, name, attrs)
        assert isinstance(outcome, Failed), outcome
        return outcome

    def query(self, rid: str, name: str, args: Mapping[str, Value] | None = None) -> Value:
        """The value of a shared name."""
        outcome = self.ask(rid, name, args)
        assert isinstance(outcome, Answered), outcome
        return outcome.value

    def ask(self, rid: str, name: str, args: Mapping[str, Value] | None = None) -> Answered | Asks | Failed:
        return self.answer(Query(Eci(ROOT), rid, name, dict(args or {})))

    def answer(self, query: Query) -> Answered | Asks | Failed:
        """Run a query as far as it comes by itself."""
        inputs = Inputs(NOW_MS, SEED)
        return answer(self.pico, query, inputs, self.programs, self.budget, self.opened, self.catalogue)


def _nobody(question: Question) -> Mapping[str, Any]:
    raise AssertionError(f"nobody answers questions of kind {question.kind}")


def names_of(outcome: Done) -> list[Value]:
    """The names of the directives, in order: the shortest trace a rule can leave."""
    return [directive["name"] for directive in outcome.directives]
