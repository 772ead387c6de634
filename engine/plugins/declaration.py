"""How a module is declared: functions that run inside a turn, questions and effects that run outside it.

A declaration is checked where it is made, so that what is wrong with it is told to whoever wrote it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.model import PicoId
from engine.plugins.parameters import BadSignature, Parameter, first_type, read_parameters
from pico_lang.meter import Meter
from pico_lang.words import RESERVED

AUTOSEND = "autosend"
"""The parameter that every effect has besides its own."""

STEPS_OF_A_FUNCTION = 20
"""What a call of a plugin's function costs at least, besides the size of what goes in and out."""

Kind = Literal["function", "question", "effect"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class BadModule(Exception):
    """A module that cannot be had as it is declared; the message says which, why and how to mend it."""


class CannotAnswer(Exception):
    """What a question or an effect raises when there is no answer; the ruleset is told the message."""


@dataclass(frozen=True, slots=True)
class Call:
    """On whose behalf a question or an effect is called: always its first argument."""

    pico: PicoId
    key: str | None
    """What names this deed. It is the same however often the deed is asked for, so that it can be done once;
    None when nothing is done."""


@dataclass(frozen=True, slots=True)
class Function:
    """Runs inside the turn. It is pure: the same arguments give the same value, for ever and everywhere, and
    nothing else happens. Turns are run again, also by other versions, and have to come out the same.

    One that may work long takes the turn's `Meter` as its first parameter, and charges it as it goes on.
    """

    run: Callable[..., Any]
    steps: int = STEPS_OF_A_FUNCTION
    """What a call costs, besides the size of arguments and value."""


@dataclass(frozen=True, slots=True)
class Question:
    """Runs outside the turn, which waits; its answer is recorded, so a turn that is run again asks nobody.

    With `acts` it does something out there. Then it is for rules alone, the turn is durable before it is
    asked, and it gets a key.
    """

    ask: Callable[..., Awaitable[Any]]
    acts: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """Runs after the commit, at least once under one key; what comes of it is an event for the pico."""

    perform: Callable[..., Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Declared:
    """One member, as the engine needs to know it."""

    kind: Kind
    run: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    about: str = ""
    acts: bool = False
    steps: int = 0
    takes_meter: bool = False

    @property
    def signature(self) -> str:
        """Parameters, as people read them."""
        shown = [str(one) for one in self.parameters]
        return ", ".join([*shown, AUTOSEND] if self.kind == "effect" else shown)


@dataclass(frozen=True, slots=True)
class Module:
    """A module that rulesets can call as `name:member(…)`. Raises `BadModule`.

    Parameters and their types are those of the Python functions, in whose docstrings the first line is what
    people are told. A function that stands for itself is as good as one in a `Function`.
    """

    name: str
    functions: Mapping[str, Function | Callable[..., Any]] = field(default_factory=dict)
    questions: Mapping[str, Question | Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    effects: Mapping[str, Effect | Callable[..., Awaitable[Any]]] = field(default_factory=dict)
    about: str = ""
    members: Mapping[str, Declared] = field(init=False)

    def __post_init__(self) -> None:
        _check_word(self.name, "a module")
        names = [*self.functions, *self.questions, *self.effects]
        for name in names:
            _check_word(name, f"a member of the module {self.name}")
            if names.count(name) > 1:
                raise BadModule(f"the module {self.name} has two members called {name}")
        if not names:
            raise BadModule(f"the module {self.name} has no members; give it functions, questions or effects")
        object.__setattr__(self, "members", dict(self._declare()))

    def _declare(self) -> Any:
        for name, function in self.functions.items():
            yield name, self._checked(name, _declare_function, function)
        for name, question in self.questions.items():
            yield name, self._checked(name, _declare_question, question)
        for name, effect in self.effects.items():
            yield name, self._checked(name, _declare_effect, effect)

    def _checked(self, name: str, declare: Callable[[Any], Declared], given: Any) -> Declared:
        try:
            return declare(given)
        except BadSignature as problem:
            raise BadModule(f"{self.name}:{name} cannot be a member of a module: {problem}") from problem


def _check_word(name: object, what: str) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name in RESERVED or name == "ent":
        raise BadModule(f"{what} cannot be called {name!r}; take letters, digits and _, and no reserved word")


def _declare_function(given: Function | Callable[..., Any]) -> Declared:
    one = given if isinstance(given, Function) else Function(given)
    _check_callable(one.run)
    if _is_async(one.run):
        raise BadSignature("it is async, and a function has nothing to wait for; make it a question")
    if one.steps < 0:
        raise BadSignature("it cannot cost less than nothing")
    takes_meter = first_type(one.run) is Meter
    parameters = read_parameters(one.run, leading=int(takes_meter))
    return Declared("function", one.run, parameters, _about(one.run), False, one.steps, takes_meter)


def _declare_question(given: Question | Callable[..., Awaitable[Any]]) -> Declared:
    one = given if isinstance(given, Question) else Question(given)
    return Declared("question", one.ask, _read_waiting(one.ask), _about(one.ask), one.acts)


def _declare_effect(given: Effect | Callable[..., Awaitable[Any]]) -> Declared:
    one = given if isinstance(given, Effect) else Effect(given)
    parameters = _read_waiting(one.perform)
    if any(parameter.name == AUTOSEND for parameter in parameters):
        raise BadSignature(f"{AUTOSEND} is a parameter that every effect has; give it another name")
    return Declared("effect", one.perform, parameters, _about(one.perform), acts=True)


def _read_waiting(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    _check_callable(function)
    if not _is_async(function):
        raise BadSignature("it is not async, and the engine does not wait for it; write async def")
    if first_type(function) is not Call:
        raise BadSignature("its first parameter has to be the Call: async def name(call: Call, …)")
    return read_parameters(function, leading=1)


def _check_callable(function: object) -> None:
    if not callable(function):
        raise BadSignature(f"{function!r} is no function")


def _is_async(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004 – not whether there is one, but of which kind
    )


def _about(function: Callable[..., Any]) -> str:
    """The first line of its docstring; that of a class that happens to be callable says nothing of it."""
    written = inspect.getdoc(function) if inspect.isroutine(function) else None
    return (written or "").partition("\n")[0]
