"""Picos by the names that people gave them: `root/Kitchen/Lamp`, from the root pico down.
`root/Kitchen#guest` is that channel of it which has the tag.

Names are for people and prove nothing: two children may have the same one, and then an ECI has to be said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.adapters.http import WITHHELD
from engine.commands.failure import Failure

ROOT = "root"
"""What people write for the root pico wherever an ECI is asked for."""

MOST_NAMES = 12
"""Told of in an error; a family may have thousands."""


@dataclass(frozen=True, slots=True)
class PicoPath:
    names: Sequence[str]
    """From the root pico, which needs none, down."""
    tag: str | None
    """Of the channel that is meant; None: the one for people."""


def path_in(word: str) -> PicoPath | None:
    """What a word means that may be an ECI as well, which has no such letters."""
    path, mark, tag = word.partition("#")
    first, *names = path.split("/")
    return PicoPath(names, tag if mark else None) if first == ROOT else None


def tagged(channels: Sequence[dict[str, Any]], path: PicoPath) -> str:
    """Of what Wrangler's query `channels` gives, the one with the tag."""
    found = [str(channel["id"]) for channel in channels if path.tag in channel["tags"]]
    if len(found) == 1:
        return found[0]
    word = "/".join([ROOT, *path.names])
    if found:
        hint = f"say which, by its ECI: {', '.join(found)}"
        raise Failure(f"{len(found)} channels of {word} are tagged '{path.tag}'", hint)
    tags = ", ".join(sorted({tag for channel in channels for tag in channel["tags"]}))
    raise Failure(f"{word} has no channel tagged '{path.tag}'", f"one of the tags it has: {tags}")


def eci_at(tree: dict[str, Any], names: Sequence[str]) -> str:
    """The channel by which `tree`, as `/api/tree` gives it, says that the pico is reached."""
    pico, path = tree, ROOT
    for name in names:
        pico, path = _child(pico, path, name), f"{path}/{name}"
    if pico["eci"] is None:
        hint = "one tagged `ui` comes with io.picolabs.pico-engine-ui: install that on it"
        raise Failure(f"{path} has no channel that people can use", hint)
    # Whoever may only look is told no channel; what looks takes the id as well.
    return str(pico["id"] if pico["eci"] == WITHHELD else pico["eci"])


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
