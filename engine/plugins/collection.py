"""The plugins of one engine: those its host program gave it and those that were found installed.

What cannot be had is left out and told of, unless the host program itself gave it: then it is told at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.core.catalogue import Catalogue
from engine.core.domains import BUILT_IN
from engine.plugins.calls import make_domain
from engine.plugins.declaration import BadModule, Declared, Module
from engine.plugins.references import check_references

HOST = "the host program"
"""Where modules come from that were given in Python."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A module and where it comes from."""

    module: Module
    origin: str

    @property
    def name(self) -> str:
        return self.module.name


@dataclass(frozen=True, slots=True)
class Problem:
    """A plugin that was found and cannot be had."""

    name: str
    origin: str
    reason: str

    def __str__(self) -> str:
        return f"the plugin {self.name} of {self.origin} is left out: {self.reason}"


@dataclass(frozen=True, slots=True)
class Found:
    """What is installed on this machine."""

    plugins: Sequence[Plugin] = ()
    problems: Sequence[Problem] = ()


@dataclass(frozen=True)
class Plugins:
    """Those that an engine has."""

    plugins: Sequence[Plugin] = ()
    problems: Sequence[Problem] = field(default=())

    @cached_property
    def catalogue(self) -> Catalogue:
        """All modules, the built-in ones too."""
        own = (make_domain(one.name, one.module.members) for one in self.plugins)
        return Catalogue([*BUILT_IN.domains.values(), *own])

    @property
    def modules(self) -> Sequence[Module]:
        return [one.module for one in self.plugins]

    def find(self, name: str) -> Plugin | None:
        """The plugin of that name."""
        return next((one for one in self.plugins if one.name == name), None)

    def member(self, module: str, name: str) -> Declared | None:
        """A member of one of them."""
        plugin = self.find(module)
        return None if plugin is None else plugin.module.members.get(name)


NO_PLUGINS = Plugins()


def collect(given: Iterable[Module], found: Found, for_workers: bool) -> Plugins:
    """All that can be had. Raises `BadModule` for a given one that cannot.

    With `for_workers`, functions have to be such that other processes find them.
    """
    own = [Plugin(module, HOST) for module in given]
    for one in own:
        reason = _reason_against(one, own, for_workers)
        if reason is not None:
            raise BadModule(f"the module {one.name} cannot be given to an engine: {reason}")
    kept, problems = list(own), list(found.problems)
    for one in found.plugins:
        reason = _reason_against(one, [*own, *found.plugins], for_workers)
        if reason is None:
            kept.append(one)
        else:
            problems.append(Problem(one.name, one.origin, reason))
    return Plugins(tuple(kept), tuple(problems))


def _reason_against(plugin: Plugin, all_of_them: Sequence[Plugin], for_workers: bool) -> str | None:
    if plugin.name in BUILT_IN.domains:
        return f"a module {plugin.name} is built in; give it another name"
    others = [one.origin for one in all_of_them if one.name == plugin.name and one is not plugin]
    if others:
        # Not one of them by some order of ours: which code a pico runs must not depend on it.
        return f"{' and '.join(others)} has a module {plugin.name} too; leave one of them out"
    return check_references(plugin.module) if for_workers else None
