"""Plugins that are installed: what distributions have under the entry point group `picomesh.modules`.

Importing one runs code of others, and anything may come of it; what does is told, and the rest goes on.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from engine.plugin_choice import NO_PLUGIN, PluginChoice
from engine.plugins.collection import Found, Plugin, Problem
from engine.plugins.declaration import Module

GROUP = "picomesh.modules"
"""An entry point in it is called like its module: `weather = "my_package:WEATHER"`."""


def discover(choice: PluginChoice) -> Found:
    """Those that are chosen, in the order of their names, and what is to be said against others."""
    if choice == NO_PLUGIN:
        return Found()
    points = sorted(entry_points(group=GROUP), key=lambda one: (one.name, _origin(one)))
    loaded = [_load(point) for point in points if choice.takes(point.name)]
    missing = sorted(set(choice.names) - {point.name for point in points})
    return Found(
        [one for one in loaded if isinstance(one, Plugin)],
        [
            *(one for one in loaded if isinstance(one, Problem)),
            *(Problem(name, "the setting plugins", "nothing of that name is installed") for name in missing),
        ],
    )


def _load(point: EntryPoint) -> Plugin | Problem:
    try:
        found = point.load()
    except (Exception, SystemExit) as problem:
        return _problem(point, f"{point.value} cannot be loaded: {type(problem).__name__}: {problem}")
    if not isinstance(found, Module):
        return _problem(point, f"{point.value} is no engine.plugins.Module, but a {type(found).__name__}")
    if found.name != point.name:
        return _problem(point, f"its module is called {found.name}; the entry point has to be called so too")
    return Plugin(found, _origin(point))


def _problem(point: EntryPoint, reason: str) -> Problem:
    return Problem(point.name, _origin(point), reason)


def _origin(point: EntryPoint) -> str:
    """The distribution, as people install it."""
    return "an unknown distribution" if point.dist is None else f"{point.dist.name} {point.dist.version}"
