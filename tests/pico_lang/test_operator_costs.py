"""No operator makes anything large, or takes long, that the turn has not paid for."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import pytest

from pico_lang import equality, json_text
from pico_lang.builtins import OPERATORS
from pico_lang.errors import BudgetSpent
from pico_lang.meter import LOOK_INSIDE, Budget, Meter
from pico_lang.operators import add, equals, less, multiply, read_path
from pico_lang.values import RegExp, Value, to_stored
from tests.pico_lang.operating import op_fault, surroundings

MANY = [None] * 200_000
LONG = "a" * 9_000_000
SPACES = " " * 9_000_000

TOO_LARGE: list[tuple[str, list[Any]]] = [
    ("range", [0, 1e300]),
    ("range", [0, 1_000_000]),
    ("put", [[], 4_294_967_294, 1]),
    ("set", [{}, ["a", 4_294_967_294], 1]),
    ("sprintf", [LONG, "%s%s"]),
    ("join", [[LONG, LONG], ""]),
    ("join", [["", ""], LONG + LONG]),
    ("replace", [LONG, "a", LONG]),
]


@pytest.mark.parametrize(("name", "arguments"), TOO_LARGE, ids=[name for name, _ in TOO_LARGE])
def test_what_would_be_too_large_is_not_begun(name: str, arguments: list[Any]) -> None:
    """A budget of steps without end does not help: sizes have limits of their own."""
    assert op_fault(name, *arguments, budget=Budget(steps=10**12)).code == "R703"


TOO_LONG: list[tuple[str, list[Any]]] = [
    *((name, [MANY]) for name in ("map", "filter", "collect", "sort", "unique", "once", "join", "encode")),
    ("index", [MANY, 1]),
    ("union", [MANY, []]),
    ("get", [{}, MANY]),
    *((name, [LONG]) for name in ("uc", "lc", "capitalize", "trim", "decode", "typeof")),
    ("split", [LONG, ""]),
    ("split", [LONG, "a"]),
    ("contains", [LONG, "b"]),
    ("replace", [LONG, "b", "c"]),
    ("match", [LONG, RegExp("b")]),
    ("range", [SPACES, 1]),
    ("band", [SPACES, 1]),
    ("substr", ["a", SPACES]),
    ("extract", ["a" * 200_000, RegExp("a", "g")]),
]


@pytest.mark.parametrize(
    ("name", "arguments"), TOO_LONG, ids=[f"{name}-{n}" for n, (name, _) in enumerate(TOO_LONG)]
)
def test_what_takes_long_is_paid_for(name: str, arguments: list[Any]) -> None:
    """One call uses up more steps than a turn has, whatever time it would take."""
    assert op_fault(name, *arguments, budget=Budget(regexp_ms=60_000)).code == "R701"


@pytest.mark.parametrize(
    ("operator", "a", "b"),
    [(multiply, SPACES, 1.0), (less, SPACES, 1.0), (equals, LONG + "b", LONG + "c"), (read_path, {}, LONG)],
)
def test_infix_operators_pay_for_long_strings_too(operator: Any, a: Value, b: Value) -> None:
    """Converting, comparing and looking up take time in proportion to the length."""
    with pytest.raises(BudgetSpent) as spent:
        operator(surroundings(Budget()), a, b)
    assert spent.value.code == "R701"


def test_sorting_pays_for_its_comparisons() -> None:
    """Sixteen for each of 50,000 entries: making the array alone would be within a turn's steps."""
    entries: list[Value] = [float(number) for number in range(50_000)]
    for order in (None, "reverse", "numeric"):
        assert op_fault("sort", entries, order, budget=Budget()).code == "R701"


def test_a_string_grows_to_its_limit_and_no_further() -> None:
    """The limit is checked before the longer string is made."""
    rt = surroundings(Budget(steps=10**9, string_length=1_000))
    assert len(add(rt, "a" * 999, "b")) == 1_000
    with pytest.raises(BudgetSpent, match=r"1,001 characters; the limit is 1,000"):
        add(rt, "a" * 1_000, "b")


@pytest.mark.parametrize("name", ["append", "put"])
def test_a_loop_may_build_a_thousand_entries(name: str) -> None:
    """Copies are cheap: growing a collection one by one does not use up a turn."""
    rt = surroundings(Budget())
    value: Value = [] if name == "append" else {}
    for number in range(1_000):
        grown = (float(number),) if name == "append" else (f"k{number}", 1.0)
        value = OPERATORS[name](rt, value, *grown)
    assert len(value) == 1_000


def test_callbacks_are_called_without_taking_from_the_c_stack() -> None:
    """A recursion through `map` may be twenty thousand levels deep; each level of C would take about
    half a kilobyte of the eight megabytes a thread has."""
    rt = surroundings(Budget(steps=10**9))

    def deeper(v0_n: Value = None) -> Value:
        return v0_n if v0_n == 0 else OPERATORS["map"](rt, [v0_n - 1.0], deeper)[0]

    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    try:
        assert deeper(20_000.0) == 0.0
    finally:
        sys.setrecursionlimit(before)


@pytest.mark.parametrize("walk", [to_stored, lambda value, meter: json_text.encode(meter, value)])
def test_every_look_into_an_array_is_paid_for(walk: Callable[[Value, Meter], Value]) -> None:
    """Looking takes longer than a step, so one array that is held 2^40 times uses up a budget about as soon
    as an endless loop does."""
    meter = Meter(Budget())
    walk([[[]] * 100], meter)
    assert Budget().steps - meter.steps >= 102 * LOOK_INSIDE


@pytest.mark.parametrize("compare", [equality.equals, lambda meter, one, _: equality.fingerprint(meter, one)])
def test_comparing_pays_for_every_look_too(compare: Callable[[Meter, Value, Value], object]) -> None:
    """The same walk, over two values at once or one."""
    meter = Meter(Budget())
    compare(meter, [[[]] * 100], [[[] for _ in range(100)]])
    assert Budget().steps - meter.steps >= 102 * LOOK_INSIDE
