"""Calling function values: from the operators that take callbacks, and from programs.

A KRL function is a Python function whose positional parameters all have defaults, so too few arguments
are no matter. Too many are: they are dropped here, where possible once per callback and not per call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault
from pico_lang.runtime import Runtime
from pico_lang.values import Value

Callback = Callable[..., Value]

_PREFIX = re.compile(r"v[0-9]+_")
"""Compiled code numbers its names; what follows is the name in the program."""


def call(rt: Runtime, f: Value, args: Sequence[Value], named: Mapping[str, Value] | None = None) -> Value:
    """Call a value with positional and named arguments; of two for one parameter the named one counts."""
    takes = parameter_count(f)
    if not named:
        return f(*args[:takes])
    arguments = [*args[:takes], *[None] * (takes - len(args))]
    for index, name in enumerate(parameter_names(f)):
        if name in named:
            arguments[index] = named[name]
    return f(*arguments)


def parameter_count(f: Value) -> int:
    """How many parameters a function value has; a fault if the value is none."""
    if f.__class__ is not FunctionType:
        raise RuntimeFault("R602", f"{to_string(f)} is not a function")
    return int(f.__code__.co_argcount)


def parameter_names(f: FunctionType) -> list[str]:
    """The names of a function's parameters as its program has them."""
    code = f.__code__
    return [_PREFIX.sub("", name, count=1) for name in code.co_varnames[: code.co_argcount]]


def callback(rt: Runtime, f: Value, arity: int) -> Callback:
    """A function value as something that can be called with exactly `arity` arguments."""
    takes = parameter_count(f)
    if takes >= arity:
        return _checked(f)
    return _DROP.get(takes, _drop_rest)(f, takes)


def _checked(f: Value) -> Callback:
    """What `parameter_count` found to be a function, for the type checker."""
    return f  # type: ignore[no-any-return]


def _drop_all(f: Callback, takes: int) -> Callback:
    return lambda *_: f()


def _drop_but_one(f: Callback, takes: int) -> Callback:
    return lambda a, *_: f(a)


def _drop_but_two(f: Callback, takes: int) -> Callback:
    return lambda a, b, *_: f(a, b)


def _drop_rest(f: Callback, takes: int) -> Callback:
    return lambda *arguments: f(*arguments[:takes])


_DROP = {0: _drop_all, 1: _drop_but_one, 2: _drop_but_two}
"""By the number of parameters; naming the arguments is twice as fast as slicing them."""
