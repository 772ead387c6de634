"""What was too much for the engine's own process goes straight to a worker, for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.core.failures import fail_turn
from engine.core.messages import Answered, Fault, Outcome, Query, Turn
from engine.core.model import Eci, Inputs, Pico
from engine.runtime.equipment import Looked
from engine.runtime.overruns import MOST_KINDS, TIMES_ELSEWHERE, Overruns
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shell import start_shell
from tests.fakes.tally_kernel import DOMAIN

IN_THE_WORKER = Fault("R701", "too much for the worker, too")


@dataclass
class Helper:
    """A second chance that notes what it was given."""

    given: list[str] = field(default_factory=list)

    async def react(self, pico: Pico, turn: Turn, first: Callable[[], Outcome], /) -> Outcome:
        self.given.append(turn.event.name)
        return fail_turn(pico, turn, IN_THE_WORKER)

    async def answer(
        self, pico: Pico, query: Query, inputs: Inputs, first: Callable[[], Looked], /
    ) -> Looked:
        self.given.append(query.name)
        return Answered(1.0)


@in_loop
async def test_the_next_of_a_kind_is_not_tried_here() -> None:
    """Until it was in the worker often enough: then it may have become lighter. The worker's word counts."""
    helper = Helper()
    shell = await start_shell(second_chance=helper)
    for times in range(1, TIMES_ELSEWHERE + 2):
        assert await shell.do("root", "overrun") == IN_THE_WORKER
        assert (len(shell.kernel.ran), len(helper.given)) == (1, times)
    assert await shell.do("root", "overrun") == IN_THE_WORKER
    assert len(shell.kernel.ran) == 2


@in_loop
async def test_other_events_of_the_pico_stay_here() -> None:
    """A worker takes longer for what is little."""
    helper = Helper()
    shell = await start_shell(second_chance=helper)
    await shell.do("root", "overrun")
    assert await shell.add("root") == 1
    assert helper.given == ["overrun"]


@in_loop
async def test_queries_are_remembered_like_events() -> None:
    """Each by its name."""
    helper = Helper()
    shell = await start_shell(second_chance=helper)
    for _ in range(3):
        await shell.host.run_query(Eci("root"), DOMAIN, "overrun", {})
    assert await shell.total("root") == 0
    assert (shell.kernel.ran, helper.given) == (["overrun"], ["overrun"] * 3)


def test_strangers_cannot_fill_the_memory() -> None:
    """The names of events are theirs to choose."""
    overruns = Overruns()
    for number in range(MOST_KINDS + 1):
        overruns.note(("event", str(number)))
    assert overruns.take(("event", "0"))
    assert not overruns.take(("event", str(MOST_KINDS)))
