"""What becomes of a declared module: members for the compiler, and calls for the kernel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.autosend import ask_later
from engine.core.catalogue import Call, Domain
from engine.core.consultation import MODULE, make_content, read_value
from engine.core.messages import Question
from engine.core.world import World
from engine.plugins.declaration import AUTOSEND, Declared
from engine.plugins.values import ForeignValue, from_python
from pico_lang.errors import RuntimeFault
from pico_lang.host import Member, MemberKind
from pico_lang.values import Value, to_stored

STEPS_OF_A_QUESTION = 1_000
"""What a question costs. A turn is run again from its beginning with every answer, so the number of its
questions has to be small."""


def make_domain(name: str, members: Mapping[str, Declared]) -> Domain:
    """A module as a catalogue has it. One of functions alone reaches nothing, so every pico may use it."""
    return Domain(
        name,
        {member: Member(_kind(one), _parameters(one)) for member, one in members.items()},
        {member: _make_call(name, member, one) for member, one in members.items()},
        is_free=all(one.kind == "function" for one in members.values()),
    )


def _kind(declared: Declared) -> MemberKind:
    if declared.kind == "function":
        return "function"
    # What does something out there has no place in a query, and so in no expression.
    return "action" if declared.acts else "both"


def _parameters(declared: Declared) -> tuple[str, ...]:
    names = tuple(one.name for one in declared.parameters)
    return (*names, AUTOSEND) if declared.kind == "effect" else names


def _make_call(module: str, name: str, declared: Declared) -> Call:
    match declared.kind:
        case "function":
            return _function(f"{module}:{name}", declared)
        case "question":
            return _question(module, name, declared)
        case "effect":
            return _effect(module, name, declared)


def _function(path: str, declared: Declared) -> Call:
    def call(world: World, *given: Value) -> Value:
        meter = world.run.meter
        meter.charge(declared.steps)
        values = _read(world, path, declared, given)
        arguments = [one.pass_on(values[one.name]) for one in declared.parameters]
        return to_stored(
            _run(path, declared, [meter, *arguments] if declared.takes_meter else arguments), meter
        )

    return call


def _run(path: str, declared: Declared, arguments: list[Any]) -> Value:
    """What its Python code gives. A mistake in there is a fault of the turn, and nobody else's."""
    try:
        return from_python(declared.run(*arguments))
    except (RuntimeFault, RecursionError, MemoryError):
        raise
    except ForeignValue as problem:
        raise RuntimeFault("R612", f"{path} gave {problem}") from problem
    except (Exception, SystemExit) as problem:  # `sys.exit` in there would end the engine
        raise RuntimeFault("R612", f"{path} failed: {type(problem).__name__}: {problem}") from problem


def _question(module: str, name: str, declared: Declared) -> Call:
    path = f"{module}:{name}"

    def call(world: World, *given: Value) -> Value:
        run = world.run
        run.meter.charge(STEPS_OF_A_QUESTION)
        values = _read(world, path, declared, given)
        content = make_content(module, name, values, run.next_key() if declared.acts else None)
        return read_value(run.meter, run.learned.ask(MODULE, content))

    return call


def _effect(module: str, name: str, declared: Declared) -> Call:
    path = f"{module}:{name}"

    def call(world: World, *given: Value) -> None:
        *arguments, event = given
        world.run.meter.charge(STEPS_OF_A_QUESTION)
        values = _read(world, path, declared, arguments)
        content = make_content(module, name, values, world.run.next_key())
        usual = {"eci": world.pico_id, "domain": module, "name": name}
        ask_later(world, Question(MODULE, content), usual if event is None else event)

    return call


def _read(
    world: World, path: str, declared: Declared, given: tuple[Value, ...] | list[Value]
) -> dict[str, Value]:
    """The arguments by name, as they are to be."""
    meter = world.run.meter
    pairs = zip(declared.parameters, given, strict=True)
    return {one.name: one.read(path, value, meter) for one, value in pairs}
