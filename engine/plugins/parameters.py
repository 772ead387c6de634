"""The parameters of a plugin's members, read from the annotations of Python functions.

What a ruleset passes is held against them before any Python code sees it.
"""

from __future__ import annotations

import inspect
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from engine.plugins.values import ForeignValue, from_python, to_python
from pico_lang import json_text
from pico_lang.errors import TypeFault
from pico_lang.meter import Budget, Meter
from pico_lang.values import Value, is_null, to_stored, type_of

Type = Literal["Number", "Integer", "String", "Boolean", "Array", "Map", "Any"]
"""Those of the language; an Integer is a Number without decimals, and an `int` in Python."""

_TYPES: Mapping[Any, Type] = {
    float: "Number",
    int: "Integer",
    str: "String",
    bool: "Boolean",
    list: "Array",
    Sequence: "Array",
    dict: "Map",
    Mapping: "Map",
    Any: "Any",
    object: "Any",
    inspect.Parameter.empty: "Any",
}
_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


class BadSignature(Exception):
    """A Python function that cannot be a member of a module; the message says why."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One of them. A ruleset may leave it out, or pass null, if there is a default or it takes null."""

    name: str
    type: Type
    takes_null: bool
    default: Value = None

    @property
    def is_needed(self) -> bool:
        return not self.takes_null and self.default is None

    def __str__(self) -> str:
        shown = f"{self.name}: {self.type}"
        if self.default is not None:
            return f"{shown} = {json_text.encode(_UNMETERED, self.default)}"
        return f"{shown} or null" if self.takes_null and self.type != "Any" else shown

    def read(self, member: str, given: Value, meter: Meter) -> Value:
        """What is passed for it. Raises `TypeFault`, which names both."""
        if is_null(given):
            if self.is_needed:
                raise TypeFault(f"{member} needs {self.name}, {_A[self.type]}")
            return self.default
        if not self._fits(given):
            raise TypeFault(f"{member}: {self.name} is {_A[self.type]}, not {_describe(given)}")
        return to_stored(given, meter)

    def _fits(self, given: Value) -> bool:
        kind = type_of(given)
        if self.type == "Integer":
            return kind == "Number" and float.is_integer(given)
        if self.type == "Any":
            return kind not in ("Function", "Action")
        return self.type == ("String" if kind == "Hex" else kind)

    def pass_on(self, value: Value) -> Any:
        """As Python code gets it."""
        return int(value) if self.type == "Integer" and value is not None else to_python(value)


_A: Mapping[Type, str] = {
    "Number": "a Number",
    "Integer": "a Number without decimals",
    "String": "a String",
    "Boolean": "a Boolean",
    "Array": "an Array",
    "Map": "a Map",
    "Any": "a value that can be stored",
}
_UNMETERED = Meter(Budget(steps=2**62, string_length=2**62, collection_size=2**62))


def _describe(given: Value) -> str:
    kind = type_of(given)
    return f"{kind} {json_text.encode(_UNMETERED, given)}" if kind in ("Number", "Boolean") else kind


# --- from Python's signatures ------------------------------------------------------------------------


def read_parameters(function: Callable[..., Any], leading: int = 0) -> tuple[Parameter, ...]:
    """Those of a Python function after the first few, which are not the ruleset's. Raises `BadSignature`."""
    found = list(_signature(function).parameters.values())
    if len(found) < leading:
        raise BadSignature("it has to take a Call as its first parameter")
    hints = _hints(function)
    return tuple(_read(one, hints.get(one.name, one.annotation)) for one in found[leading:])


def first_type(function: Callable[..., Any]) -> Any:
    """What the first parameter is annotated with."""
    first = next(iter(_signature(function).parameters.values()), None)
    return None if first is None else _hints(function).get(first.name, first.annotation)


def _signature(function: Callable[..., Any]) -> inspect.Signature:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError) as problem:
        raise BadSignature(f"its parameters are not known: {problem}") from problem


def _hints(function: Callable[..., Any]) -> Mapping[str, Any]:
    try:
        return get_type_hints(_annotated(function))
    except TypeError:
        return {}
    except Exception as problem:
        raise BadSignature(f"its annotations cannot be read: {problem}") from problem


def _annotated(function: Any) -> Any:
    """What has the annotations of a callable, whichever kind of one it is."""
    while isinstance(function, partial):
        function = function.func
    function = inspect.unwrap(function)
    return function if inspect.isroutine(function) else type(function).__call__


def _read(one: inspect.Parameter, annotation: Any) -> Parameter:
    if one.kind not in _POSITIONAL:
        raise BadSignature(f"its parameter {one.name} cannot be passed by place and by name, as rulesets do")
    if not one.name.isascii():
        raise BadSignature(f"its parameter {one.name} has a name that rulesets cannot write")
    kind, takes_null = _read_type(one.name, annotation)
    if one.default is inspect.Parameter.empty or one.default is None:
        return Parameter(one.name, kind, takes_null or one.default is None)
    try:
        default = from_python(one.default)
    except ForeignValue as problem:
        raise BadSignature(f"the default of its parameter {one.name} is {problem}") from problem
    return Parameter(one.name, kind, takes_null, default)


def _read_type(name: str, annotation: Any) -> tuple[Type, bool]:
    parts = get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else (annotation,)
    named = [part for part in parts if part is not type(None)]
    kind = _TYPES.get(get_origin(named[0]) or named[0]) if len(named) == 1 else None
    if kind is None:
        raise BadSignature(
            f"its parameter {name} is annotated {annotation}; "
            f"rulesets can pass float, int, str, bool, list, dict or Any, and None with these"
        )
    return kind, len(parts) > len(named) or kind == "Any"
