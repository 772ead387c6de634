"""The modules that an engine has, built in or not: one table for those who compile rulesets and run them.

What a pico may use of them depends on its grants. The table of calls that fits is chosen when a run
begins: a module that is not granted is in it too, with calls that say so, and a call that is granted costs
nothing more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from engine.core.model import Grants
from pico_lang.errors import RuntimeFault
from pico_lang.host import Member, Modules
from pico_lang.values import Value

Call = Callable[..., Value]
"""What a member does: a function of a `World` and the arguments in the order of its parameters."""

DomainCalls = Mapping[tuple[str, str], Call]
"""(domain, name) → what that member does."""

MOST_TABLES = 64
"""Tables of calls kept; each is for another set of modules that picos go without."""


@dataclass(frozen=True, slots=True)
class Domain:
    """One module: what its members are called, and what each one does."""

    name: str
    members: Mapping[str, Member]
    calls: Mapping[str, Call]
    is_free: bool = True
    """Whether a pico may use it of whom nobody has said anything."""


class Catalogue:
    """All of them."""

    def __init__(self, domains: Iterable[Domain]) -> None:
        self.domains: Mapping[str, Domain] = {one.name: one for one in domains}
        self.modules: Modules = {one.name: one.members for one in self.domains.values()}
        """For whoever compiles."""
        self._all: DomainCalls = {
            (one.name, name): call for one in self.domains.values() for name, call in one.calls.items()
        }
        self._tables: dict[frozenset[str], DomainCalls] = {}
        self._usual = self._without(self._refused({}))

    def calls(self, grants: Grants) -> DomainCalls:
        """The calls as a pico with these grants may make them."""
        return self._usual if not grants else self._without(self._refused(grants))

    def is_granted(self, domain: str, grants: Grants) -> bool:
        """Whether a pico with these grants may use a module."""
        return grants.get(domain, self.domains[domain].is_free)

    def _refused(self, grants: Grants) -> frozenset[str]:
        return frozenset(name for name in self.domains if not self.is_granted(name, grants))

    def _without(self, refused: frozenset[str]) -> DomainCalls:
        table = self._tables.get(refused)
        if table is None:
            if len(self._tables) >= MOST_TABLES:
                self._tables.clear()
            table = self._tables[refused] = {
                path: _refusing(*path) if path[0] in refused else call for path, call in self._all.items()
            }
        return table


class _Somewhere(Protocol):
    """As much of `engine.core.world.World` as a refusal has to know."""

    @property
    def pico_id(self) -> str: ...


def _refusing(domain: str, name: str) -> Call:
    def refuse(world: _Somewhere, *arguments: Value) -> NoReturn:
        raise not_granted(world.pico_id, domain, f"{domain}:{name}")

    return refuse


def not_granted(pico: str, domain: str, what: str) -> RuntimeFault:
    """Why a pico cannot do something that takes a module, and who can mend it."""
    return RuntimeFault(
        "R611",
        f"{what} needs the module {domain}, which this pico may not use; "
        f"whoever runs the engine can let it: picomesh grant {pico} {domain}",
    )
