"""Picos by the names that people gave them: `root/Kitchen/Lamp`, from the root pico down.

Names are for people and prove nothing: two children may have the same one, and then an ECI has to be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.commands.failure import Failure

ROOT = "root"
"""What people write for the root pico wherever an ECI is asked for."""

MOST_NAMES = 12
"""Told of in an error; a family may have thousands."""


def names_in(word: str) -> Sequence[str] | None:
    """Those below the root pico, if the word is a path."""
    first, *names = word.split("/")
    return names if first == ROOT and names else None


def eci_at(tree: dict[str, Any], names: Sequence[str]) -> str:
    """The channel by which `tree`, as `/api/tree` gives it, says that the pico is reached."""
    pico, path = tree, ROOT
    for name in names:
        pico, path = _child(pico, path, name), f"{path}/{name}"
    if pico["eci"] is None:
        hint = "one tagged `ui` comes with io.picolabs.pico-engine-ui: install that on it"
        raise Failure(f"{path} has no channel that people can use", hint)
    return str(pico["eci"])


def _child(parent: dict[str, Any], path: str, name: str) -> dict[str, Any]:
    named = [child for child in parent["children"] if child["name"] == name]
    if len(named) == 1:
        found: dict[str, Any] = named[0]
        return found
    if named:
        ecis = ", ".join(str(child["eci"]) for child in named[:MOST_NAMES])
        raise Failure(f"{len(named)} picos are called {path}/{name}", f"say which, by its ECI: {ecis}")
    if parent.get("is_cut"):
        raise Failure(f"picos below {path} are too deep to be found by name", "name it by its ECI")
    names = sorted({f"{path}/{child['name']}" for child in parent["children"]})
    told = ", ".join(names[:MOST_NAMES]) + (" …" if len(names) > MOST_NAMES else "")
    raise Failure(f"{path} has no child called '{name}'", told or "`picomesh tree` shows the picos there are")
