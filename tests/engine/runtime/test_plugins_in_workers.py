"""Functions of plugins in worker processes: the same modules, found by their names."""

from __future__ import annotations

import pytest

from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.core.messages import Done, Failed
from engine.core.model import Pico
from engine.plugins import Module
from engine.plugins.calls import make_domain
from engine.plugins.references import check_references, describe, read_catalogue
from engine.runtime.workshop import Workshop
from tests.engine.core.bench import Bench
from tests.engine.in_loop import in_loop
from tests.engine.runtime.overruns import LIMITS, SMALL, library_of
from tests.fakes.chatty import LOUD
from tests.fakes.garden import ARITHMETIC, Garden, celsius

MODULES = [ARITHMETIC, LOUD, Garden().module()]
CATALOGUE = Catalogue([*BUILT_IN.domains.values(), *(make_domain(one.name, one.members) for one in MODULES)])


def overrun(body: str) -> tuple[Bench, Pico, Failed]:
    """A pico whose rule does too much for a small budget."""
    bench = Bench(budget=SMALL, catalogue=CATALOGUE)
    bench.done("$engine", "grant", {"module": "garden"})
    work = f"0.range(2500).map(function(x) {{ {body} }}).length()"
    bench.install(bench.publish(f"ruleset a {{ rule r {{ select when d t fired {{ ent:n := {work} }} }} }}"))
    pico = bench.pico
    failed = bench.failed("d", "t")
    assert failed.retry_bigger, failed
    return bench, pico, failed


@pytest.mark.parametrize(
    "body", ["arithmetic:celsius(x)", 'arithmetic:bed(x, "salad")', "loud:loud(x)", "garden:celsius(x)"]
)
def test_a_turn_goes_on_where_there_is_more_room(body: str) -> None:
    """With the functions of all plugins, whatever they print."""

    @in_loop
    async def run() -> None:
        bench, pico, failed = overrun(body)
        workshop = Workshop(library_of(bench).find, LIMITS, 1, describe(MODULES, with_code=True))
        try:
            outcome = await workshop.react(pico, bench.turns[-1], lambda: failed)
        finally:
            await workshop.close()
        assert isinstance(outcome, Done), outcome
        assert outcome.pico.entities["a"] == {"n": 2501.0}  # type: ignore[index]

    run()


def test_what_is_described_is_what_there_is() -> None:
    """The same members for whoever compiles, and the same freedom to use them."""
    found = read_catalogue(describe(MODULES, with_code=True))
    assert found.modules == CATALOGUE.modules
    assert {name: one.is_free for name, one in found.domains.items()} == {
        name: one.is_free for name, one in CATALOGUE.domains.items()
    }


def test_whoever_compiles_imports_nothing() -> None:
    """Its description names no code."""
    shown = repr(describe(MODULES, with_code=False))
    assert "tests.fakes" in repr(describe(MODULES, with_code=True))
    assert "tests.fakes" not in shown


def test_functions_that_nobody_else_can_find_are_noticed() -> None:
    """Lambdas, inner functions, partial ones; not methods of questions, which run in the engine alone."""

    def inner(x: float) -> float:
        return x

    assert check_references(Module("m", functions={"f": celsius})) is None
    assert check_references(Garden().module()) is None
    for function in (inner, lambda x: x, Garden().module):
        reason = check_references(Module("m", functions={"f": function}))
        assert reason is not None
        assert "worker processes cannot find its function f" in reason
