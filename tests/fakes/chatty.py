"""A plugin that talks on standard output, where worker processes have their way to the engine."""

from __future__ import annotations

from engine.plugins import Module

print("a word on being imported")


def loud(given: float) -> float:
    """The same, said aloud."""
    print(f"{given} it is")
    return given


LOUD = Module("loud", functions={"loud": loud})
