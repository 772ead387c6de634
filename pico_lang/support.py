"""What compiled code calls besides the operators: small things that are not worth inlining."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pico_lang.builtins import OPERATORS
from pico_lang.calls import call
from pico_lang.errors import RuntimeFault
from pico_lang.operators import add
from pico_lang.runtime import Runtime
from pico_lang.utf16 import units, whole
from pico_lang.values import Action, Function, Value


def chevron(rt: Runtime, parts: Sequence[str]) -> str:
    """The text of a chevron from its parts, which are strings already."""
    rt.meter.check_string(sum(map(len, parts)))
    return whole("".join(parts))


def add_all(rt: Runtime, operands: Iterable[Value]) -> Value:
    """A long chain of `+`, from the left."""
    first, *others = operands
    total = first
    for operand in others:
        total = add(rt, total, operand)
    return total


def entries(rt: Runtime, collection: Value) -> Iterator[tuple[Value, Value, bool]]:
    """What `foreach` runs over: value, key and whether it is the last; each costs a step.

    Arrays have number keys, maps their own, strings string indices; anything else is empty.
    """
    pairs: list[tuple[Value, Value]] = []
    match collection:
        case list():
            pairs = [(value, float(index)) for index, value in enumerate(collection)]
        case dict():
            pairs = [(value, key) for key, value in collection.items()]
        case str():
            pairs = [(char, str(index)) for index, char in enumerate(units(collection))]
    final = len(pairs) - 1
    for index, (value, key) in enumerate(pairs):
        rt.meter.charge(1)
        yield value, key, index == final


def member(provided: Mapping[str, Value], domain: str, name: str) -> Value:
    """`domain:name` of a used module."""
    try:
        return provided[name]
    except KeyError:
        offered = ", ".join(sorted(provided)) or "nothing"
        raise RuntimeFault(
            "R605", f"module {domain} does not provide {name}; it provides: {offered}"
        ) from None


def act(
    rt: Runtime, name: str, value: Value, arguments: Sequence[Value], named: Mapping[str, Value] | None = None
) -> Value:
    """Run an action that is known only now."""
    if not isinstance(value, Action):
        raise RuntimeFault("R603", f"{name} is not an action")
    return call(rt, value.run, arguments, named)


def operator_value(rt: Runtime, name: str) -> Function:
    """A standard operator as a function value, for `xs.map(uc)`.

    Callers look at how many parameters a function has, so there is one shape for each number; what a
    missing argument means is the operator's to say.
    """
    operator = OPERATORS[name]
    shaped: Function = _SHAPES[operator.__code__.co_argcount - 1](rt, operator)
    shaped.__defaults__ = operator.__defaults__
    return shaped


Operator = Callable[..., Value]

_SHAPES: dict[int, Callable[[Runtime, Operator], Any]] = {
    1: lambda rt, operator: lambda x=None: operator(rt, x),
    2: lambda rt, operator: lambda x=None, a=None: operator(rt, x, a),
    3: lambda rt, operator: lambda x=None, a=None, b=None: operator(rt, x, a, b),
    4: lambda rt, operator: lambda x=None, a=None, b=None, c=None: operator(rt, x, a, b, c),
    6: lambda rt, operator: (
        lambda x=None, a=None, b=None, c=None, d=None, e=None: operator(rt, x, a, b, c, d, e)
    ),
}
