"""What every mailbox of an engine works with: the kernel, and the ports and services of the shell."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.explain import Explanation
from engine.core.inspection import Viewpoint
from engine.core.messages import Answered, Asks, Failed, Outcome, Query, Question, Turn
from engine.core.model import DefaultPolicy, Inputs, Pico, PicoId, RulesetHash
from engine.core.programs import Instances
from engine.plugins.collection import NO_PLUGINS, Plugins
from engine.ports import Clock, Entropy, Journal
from engine.runtime.courtesy import Company
from engine.runtime.rota import Rota
from pico_lang.program import Program
from pico_lang.source import Source


class Kernel(Protocol):
    """The pure half, with its programs and budgets at hand: see `engine.core.kernel`."""

    def react(self, pico: Pico, turn: Turn, instances: Instances[Any], /) -> Outcome:
        """Run a turn."""

    def explain(self, pico: Pico, turn: Turn, instances: Instances[Any], /) -> Explanation:
        """Run a turn again, under observation."""

    def answer(
        self, pico: Pico, query: Query, inputs: Inputs, instances: Instances[Any], /
    ) -> Answered | Asks | Failed:
        """Run a query."""

    def evaluate(
        self, pico: Pico, viewpoint: Viewpoint, texts: Sequence[Source], inputs: Inputs, /
    ) -> Answered | Asks | Failed:
        """Evaluate what people type: see `engine.core.inspection`. Raises `RulesetRefused`."""


Looked = Answered | Asks | Failed
"""What a query comes to."""

AnswerKind = Callable[[PicoId, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Answers one kind of question: of that pico, with that content."""


class Answers(Protocol):
    """See `engine.runtime.questions`."""

    async def answer(self, pico: PicoId, question: Question) -> Mapping[str, Any]:
        """What the question of a pico asks for, or `{"error": …}`."""

    def learn(self, kinds: Mapping[str, AnswerKind]) -> None:
        """Answer these kinds of questions too."""


class SecondChance(Protocol):
    """See `engine.runtime.workshop`. `first` tells what the run comes to with the engine's own budget, which
    may have been found out already; it is asked where there is no second chance."""

    async def react(self, pico: Pico, turn: Turn, first: Callable[[], Outcome], /) -> Outcome:
        """Run a turn with more of everything."""

    async def answer(
        self, pico: Pico, query: Query, inputs: Inputs, first: Callable[[], Looked], /
    ) -> Looked:
        """Run a query with more of everything."""


class NoSecondChance:
    """What failed has failed."""

    async def react(self, pico: Pico, turn: Turn, first: Callable[[], Outcome], /) -> Outcome:
        return first()

    async def answer(
        self, pico: Pico, query: Query, inputs: Inputs, first: Callable[[], Looked], /
    ) -> Looked:
        return first()


class ProgramStore(Protocol):
    """See `engine.runtime.programs`."""

    def missing(self, digests: Iterable[RulesetHash]) -> Sequence[RulesetHash]:
        """Those that are not compiled."""

    async def prepare(self, digests: Iterable[RulesetHash]) -> None:
        """Compile them."""

    def get(self, digest: RulesetHash, /) -> Program | None:
        """The program; None when there is none of that hash."""

    def trouble(self, digest: RulesetHash) -> str | None:
        """Why there is no program of that hash, as far as it is known."""


@dataclass(frozen=True, slots=True)
class Equipment:
    """One of each, shared by all."""

    kernel: Kernel
    journal: Journal
    programs: ProgramStore
    questions: Answers
    clock: Clock
    entropy: Entropy
    rota: Rota
    second_chance: SecondChance = NoSecondChance()  # noqa: RUF009 – it has no state
    default_policy: DefaultPolicy = "allow"
    plugins: Plugins = NO_PLUGINS
    message_keep_ms: int = 72 * 3_600_000
    """For how long a message is tried again that nobody takes."""
    company: Company = field(default_factory=Company)

    def draw_inputs(self) -> Inputs:
        """What a new run may know of the world."""
        return Inputs(self.clock.now_ms(), self.entropy.seed(), default_policy=self.default_policy)
