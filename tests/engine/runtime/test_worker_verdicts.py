"""What a turn or a query comes to that is run again in a worker process."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.core.kernel import answer, react
from engine.core.messages import Answered, Asks, Done, Failed, Query, SendEvent
from engine.core.model import Eci, Inputs
from engine.core.records import state_id
from engine.runtime.worker_process import WorkerMistake
from tests.engine.core.bench import Bench
from tests.engine.core.making import NOW_MS, ROOT, SEED
from tests.engine.core.test_kernel_events import tell
from tests.engine.in_loop import in_loop
from tests.engine.runtime.overruns import BIG, LIMITS, LOOP, SMALL, library_of, over, overrun, workshop

A_MILLION = "0.range(999).map(function(n) { 0.range(999).length() })"
"""Steps, roughly, in an expression."""

HEAVY = f"""
ruleset heavy {{
  rule work {{
    select when d t
    pre {{ done = {A_MILLION} }}
    every {{
      send_directive("worked", {{"times": done.length(), "with": event:attrs}})
      ctx:newChannel(["made"])
      ctx:event(meta:eci, "d", "u", {{"n": 1.5}})
    }}
    fired {{
      ent:total := ent:total.defaultsTo(0) + done.length()
      ent:deep{{["a", "b"]}} := [null, true, "ü", 0.1]
    }}
  }}
}}
"""


@in_loop
async def test_it_is_what_a_bigger_budget_would_have_given_here() -> None:
    """State, messages, ids, directives and the count of steps, to the last bit."""
    heavy = overrun(HEAVY, attrs={"b": 2.0, "a": [None]})
    here = react(heavy.pico, heavy.turn, heavy.bench.programs, BIG)
    async with workshop(library_of(heavy.bench)) as open_workshop:
        there = await heavy.retried(open_workshop)
    assert isinstance(there, Done)
    assert there == here
    assert there.steps > 900_000
    assert state_id(there.pico) == state_id(here.pico)


RUNAWAYS = {
    "an endless loop": ("R701", LOOP),
    "an endless recursion": ("R702", "pre { f = function(n) { f(n + 1) } x = f(0) }"),
    "an endless raise": ("R705", 'or d u fired { raise d event "u" }'),
    "a string doubled without end": (
        "R703",
        'pre { x = 0.range(99).reduce(function(s, n) { s + s }, "ten chars.") }',
    ),
    "an array doubled without end": (
        "R703",
        "pre { x = 0.range(99).reduce(function(a, n) { a.append(a) }, [1]) }",
    ),
    "arrays in arrays": (
        "R701",
        "pre { x = 0.range(9999).map(function(n) { 0.range(9999) }) }",
    ),
    "a hundred megabytes at once": ("R703", "pre { x = 0.range(100000000) }"),
    "a catastrophic regular expression": (
        "R704",
        """pre {
             s = 0.range(99).reduce(function(s, n) { s + "a" }, "")
             x = (s + "b").match(re#(a|aa)+$#)
           }""",
    ),
}


@in_loop
async def test_a_runaway_is_stopped_there_too_with_the_code_of_what_it_did() -> None:
    """Where a count decides, so that every machine says the same; and the worker lives on."""
    runaways = {name: over(body) for name, (_, body) in RUNAWAYS.items()}
    async with workshop(library_of(*(one.bench for one in runaways.values()))) as open_workshop:
        failures = {name: await one.refused(open_workshop) for name, one in runaways.items()}
        assert len(open_workshop.pids) == 1
    codes = {name: failed.fault.code for name, failed in failures.items()}
    assert codes == {name: code for name, (code, _) in RUNAWAYS.items()}
    for name, failed in failures.items():
        assert failed.pico == runaways[name].failed.pico
        assert failed.log[-1].value == failed.fault.code
        assert failed.fault.places[-1].within == "rule r0"


RECURSIONS = {
    "itself": "1 + f(n - 1)",
    "map": "1 + [n].map(function(m) { f(m - 1) }).head()",
    "sort": "[n, -1].sort(function(a, b) { f(n - 1) - (n - 1) }).head()",
    "reduce": "1 + [n, n].reduce(function(a, b) { f(b - 1) })",
    "replace": '1 + "-".replace(re#-#, function(m) { f(n - 1) }).as("Number")',
    "pairwise": "1 + [[n], [n]].pairwise(function(a, b) { f(a - 1) }).head()",
}
"""What `f` of `n` is when it is `n`, by way of `f` of one less."""


def recursion(step: str) -> Bench:
    """A pico that shares a function `f` which calls itself `n` levels deep, and is `n`."""
    f = f"function(n) {{ n == 0 => 0 | {step} }}"
    return Bench(f"ruleset deep {{ meta {{ shares f }} global {{ f = {f} }} }}", budget=SMALL)


@in_loop
@pytest.mark.parametrize("through", RECURSIONS)
async def test_calls_nest_deeply_or_are_stopped_but_never_break_the_worker(through: str) -> None:
    """Whatever the recursion passes through: twelve thousand levels are fine, a million are refused,
    and the process that counted them answers the next query."""
    bench = recursion(RECURSIONS[through])
    inputs = Inputs(NOW_MS, SEED)
    async with workshop(library_of(bench)) as open_workshop:

        async def levels(n: float) -> Answered | Asks | Failed:
            query = Query(Eci(ROOT), "deep", "f", {"n": n})
            failed = answer(bench.pico, query, inputs, bench.programs, SMALL)
            assert isinstance(failed, Failed)
            return await open_workshop.answer(bench.pico, query, inputs, lambda: failed)

        endless = await levels(1e6)
        worker = open_workshop.pids
        answered = await levels(12_000.0)
        assert open_workshop.pids == worker
    assert isinstance(endless, Failed)
    assert endless.fault.code == "R702"
    assert isinstance(answered, Answered)
    assert answered.value == 12_000.0


@in_loop
async def test_an_action_that_calls_itself_is_stopped() -> None:
    """Actions take from the C stack with every call, which has to be large enough for all of them."""
    text = "ruleset a { global { go = defaction(n) { go(n + 1) } } rule r { select when d t go(0) } }"
    endless = overrun(text)
    async with workshop(library_of(endless.bench)) as open_workshop:
        assert (await endless.refused(open_workshop)).fault.code == "R702"


@in_loop
async def test_a_turn_may_ask_from_there() -> None:
    """The question comes back like any other; with its answer the turn ends."""
    asking = over(f'pre {{ x = {A_MILLION} }} ctx:install("file:///b.krl") fired {{ ent:x := x.length() }}')
    asking.bench.publish("ruleset b { global { one = 1 } }")
    async with workshop(library_of(asking.bench)) as open_workshop:
        asks = await asking.retried(open_workshop)
        assert isinstance(asks, Asks)
        assert (asks.question.kind, asks.question.content["url"]) == ("ruleset", "file:///b.krl")
        found = {"rid": "b", "hash": asking.bench.urls["file:///b.krl"].hash, "url": "file:///b.krl"}
        inputs = replace(asking.turn.inputs, answers=(found,))
        done = await open_workshop.react(
            asking.pico, replace(asking.turn, inputs=inputs), lambda: asking.failed
        )
    assert isinstance(done, Done)
    assert [one.rid for one in done.pico.rulesets] == ["a", "b"]
    assert done.pico.entities == {"a": {"x": 1000.0}}


@in_loop
async def test_a_text_is_asked_for_once() -> None:
    """However many turns need it."""
    heavy = overrun(HEAVY)
    library = library_of(heavy.bench)
    async with workshop(library) as open_workshop:
        first, second = await heavy.retried(open_workshop), await heavy.retried(open_workshop)
    assert first == second
    assert library.asked == [heavy.pico.rulesets[0].hash]


@in_loop
async def test_a_text_that_is_nowhere_is_a_fault_of_the_turn() -> None:
    """As in the engine's own process. When it turns up later it is found."""
    heavy = overrun(HEAVY)
    library = library_of(heavy.bench)
    texts = dict(library.texts)
    library.texts.clear()
    async with workshop(library) as open_workshop:
        assert (await heavy.refused(open_workshop)).fault.code == "R609"
        library.texts.update(texts)
        assert isinstance(await heavy.retried(open_workshop), Done)


@in_loop
async def test_what_a_turn_may_leave_behind_is_bounded() -> None:
    """The engine would have to read and record it. Counted in bytes, so it is the same everywhere; the
    log and the pico's own rules hear of the reason that counts, not of the first one."""
    doubled = '0.range(16).reduce(function(s, n) { s + s }, "ten chars.")'
    large = over(f"pre {{ x = {A_MILLION} }} fired {{ ent:x := {doubled} }}")
    limits = replace(LIMITS, outcome_bytes=1_000_000)
    async with workshop(library_of(large.bench), limits) as open_workshop:
        failed = await large.refused(open_workshop)
    assert failed.fault.code == "R703"
    assert failed.fault.message.endswith(" bytes; the limit is 1,000,000")
    assert failed.log[-1].value == "R703"
    (told,) = failed.effects
    assert isinstance(told, SendEvent)
    assert told.attrs["code"] == "R703"


@in_loop
async def test_a_mistake_of_ours_comes_back_as_one() -> None:
    """Here a half-matched event that is no such thing, which no history can lead to. The worker lives on."""
    broken = overrun(tell("a", "select when d t before d u", f"select when d t pre {{ x = {A_MILLION} }}"))
    pico = replace(broken.pico, patterns={"a": {"r0": "nonsense"}})  # type: ignore[dict-item]
    async with workshop(library_of(broken.bench)) as open_workshop:
        with pytest.raises(WorkerMistake, match="Traceback"):
            await open_workshop.react(pico, broken.turn, lambda: broken.failed)
        assert isinstance(await broken.retried(open_workshop), Done)
