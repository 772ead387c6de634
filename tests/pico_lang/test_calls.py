"""Function values are called with what they take, however much is offered."""

from __future__ import annotations

from typing import Any

import pytest

from pico_lang.calls import call, callback
from pico_lang.errors import RuntimeFault
from pico_lang.values import Action, Value
from tests.pico_lang.operating import surroundings


def nothing() -> Value:
    return "nothing"


def one(v0_a: Value = None) -> Value:
    return [v0_a]


def two(v0_a: Value = None, v1_b: Value = None) -> Value:
    return [v0_a, v1_b]


def three(v0_a: Value = None, v1_b: Value = None, v2_c: Value = None) -> Value:
    v3_local = v2_c
    return [v0_a, v1_b, v3_local]


CALLS: list[tuple[Any, list[Value], dict[str, Value], Value]] = [
    (nothing, [1, 2], {}, "nothing"),
    (one, [], {}, [None]),
    (two, [1], {}, [1, None]),
    (two, [1, 2, 3], {}, [1, 2]),
    (two, [], {"b": 2}, [None, 2]),
    (two, [1], {"a": 3}, [3, None]),
    (two, [1, 2, 3], {"c": 4}, [1, 2]),
    (three, [1], {"c": 3, "local": 4}, [1, None, 3]),
]


@pytest.mark.parametrize(("f", "args", "named", "expected"), CALLS)
def test_arguments_find_their_parameters(
    f: Any, args: list[Value], named: dict[str, Value], expected: Value
) -> None:
    """Fewer are null, more are dropped, of two for one parameter the named one counts."""
    assert call(surroundings(), f, args, named) == expected


@pytest.mark.parametrize("arity", [1, 2, 3, 4])
@pytest.mark.parametrize("f", [nothing, one, two, three])
def test_a_callback_takes_any_number_of_arguments(f: Any, arity: int) -> None:
    """It sees as many of them as it has parameters."""
    offered = list(range(arity))
    assert callback(surroundings(), f, arity)(*offered) == call(surroundings(), f, offered)


def test_a_function_that_takes_what_is_offered_is_called_directly() -> None:
    """No adapter stands between a loop and its function unless it has to."""
    assert callback(surroundings(), three, 3) is three


@pytest.mark.parametrize(
    ("value", "form"), [(None, "null"), ([], "[Array]"), ("f", "f"), (Action("open", nothing), "[Action]")]
)
def test_only_functions_can_be_called(value: Value, form: str) -> None:
    """The fault shows the value as a string, which is all a program could see of it."""
    for attempt in (lambda: call(surroundings(), value, []), lambda: callback(surroundings(), value, 1)):
        with pytest.raises(RuntimeFault) as found:
            attempt()
        assert (found.value.code, found.value.message) == ("R602", f"{form} is not a function")
