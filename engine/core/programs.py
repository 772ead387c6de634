"""Compiled rulesets as the kernel meets them, and those of one pico that are awake.

An awake ruleset has run its global block and is ready for events. Keeping it awake saves time and
changes nothing: what its global block saw was recorded with its installation, so that waking it
again gives the same. A pico's `Instances` may therefore be thrown away at any moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from engine.core.model import InstalledRuleset, RulesetHash
from pico_lang.meter import Budget, Meter
from pico_lang.program import Instance, Program, RunnableRule

SeatType = TypeVar("SeatType")

REMEMBERED_EVENTS = 256
"""Kinds of event for which an awake ruleset remembers who listens; strangers choose the names."""


class Programs(Protocol):
    """Where the kernel finds compiled rulesets."""

    def get(self, digest: RulesetHash, /) -> Program | None:
        """The program with that hash, if it is at hand."""


@dataclass(slots=True)
class Awake(Generic[SeatType]):
    """A ruleset that is ready to run, with its own seat first and those in the modules it uses."""

    ruleset: InstalledRuleset
    instance: Instance
    seats: Sequence[SeatType]
    _listening: dict[tuple[str, str], Sequence[RunnableRule]] = field(default_factory=dict)

    @property
    def program(self) -> Program:
        return self.instance.program

    def rules_for(self, domain: str, name: str) -> Sequence[RunnableRule]:
        """The rules that could select such an event, in the order of the text."""
        rules = self._listening.get((domain, name))
        if rules is None:
            rules = self.instance.rules_for(domain, name)
            if len(self._listening) < REMEMBERED_EVENTS:
                self._listening[domain, name] = rules
        return rules


class Instances(Generic[SeatType]):
    """The rulesets of one pico that are awake, and the meter that their code counts down."""

    __slots__ = ("_awake", "_complete_for", "meter")

    def __init__(self, meter: Meter | None = None) -> None:
        self.meter = meter or Meter(Budget())
        self._awake: dict[str, Awake[SeatType]] = {}
        self._complete_for: tuple[InstalledRuleset, ...] | None = None

    def get(self, ruleset: InstalledRuleset) -> Awake[SeatType] | None:
        """The awake form of exactly this installation of a ruleset."""
        awake = self._awake.get(ruleset.rid)
        return awake if awake is not None and awake.ruleset is ruleset else None

    def put(self, awake: Awake[SeatType]) -> None:
        """Have it in place of any other of that name. Should the turn that did this fail, the other
        has to be made again, so nothing counts as complete from here on."""
        self._awake[awake.ruleset.rid] = awake
        self._complete_for = None

    def is_complete(self, rulesets: tuple[InstalledRuleset, ...]) -> bool:
        """Whether `complete` was said of these very rulesets, so that none has to be looked for."""
        return self._complete_for is rulesets

    def complete(self, rulesets: tuple[InstalledRuleset, ...]) -> None:
        """All of these are awake that are to run; whatever else was has been uninstalled or set aside."""
        names = {ruleset.rid for ruleset in rulesets if ruleset.quarantine is None}
        self._awake = {rid: awake for rid, awake in self._awake.items() if rid in names}
        self._complete_for = rulesets

    def forget(self) -> None:
        """Have none of them awake. They and the last run refer to each other: whoever just drops them leaves
        them in memory until Python looks for circles among old objects, which it does rarely."""
        self._awake = {}
        self._complete_for = None

    def seats(self) -> Iterable[SeatType]:
        """Every seat there is."""
        return (seat for awake in self._awake.values() for seat in awake.seats)
