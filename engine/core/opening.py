"""Opening rulesets: running the global block of one for a pico, the first time or once more.

Whatever a global block reads of its pico is recorded with the installation and given back when the
pico is woken later, so a value computed in `global` stays what it was although the pico has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core.model import InstalledRuleset
from engine.core.programs import Awake
from engine.core.quarantine import FAILINGS, cannot_wake, refuse_quarantined
from engine.core.run import Run
from engine.core.world import World
from pico_lang.errors import RuntimeFault
from pico_lang.program import Instance, ModuleUse, OpenModule, Program
from pico_lang.runtime import Runtime
from pico_lang.values import Value, to_stored

Seen = Mapping[str, Any]
"""One thing a global block read: `{"value": …}`."""


class Memory:
    """What a global block sees: looked up and noted the first time, told from the notes afterwards."""

    def __init__(self, notes: Sequence[Seen] | None = None) -> None:
        self.is_first = notes is None
        self.notes: list[Seen] = list(notes or ())
        self._told = 0

    def look(self, find: Callable[[], Value]) -> Value:
        if self.is_first:
            self.notes.append({"value": find()})
        elif self._told == len(self.notes):
            raise RuntimeFault("R609", "its global block reads more than it did when it was installed")
        self._told += 1
        return self.notes[self._told - 1]["value"]


class FirstLook(World):
    """The world as a global block sees it."""

    __slots__ = ("memory",)

    def __init__(self, run: Run, ruleset: InstalledRuleset, program: Program, memory: Memory) -> None:
        super().__init__(run, ruleset, program, sees_turn=False)
        self.memory = memory

    def get_entity(self, name: str) -> Value:
        return self.memory.look(lambda: super(FirstLook, self).get_entity(name))

    def read_property(self, domain: str, name: str) -> Value:
        return self._look_at(domain, name, ())

    def call_function(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        return self._look_at(domain, name, arguments)

    def _look_at(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        member = self._member(domain, name)
        return self.memory.look(lambda: to_stored(member(self, *arguments), self.run.meter))

    def log(self, level: str, message: Value, value: Value) -> None:
        if self.memory.is_first:
            super().log(level, message, value)


class Opening:
    """The opening of one ruleset together with the modules it uses."""

    def __init__(self, run: Run, memory: Memory) -> None:
        self._run = run
        self._memory = memory
        self._opened: list[tuple[Runtime, World]] = []
        self.to_blame: str | None = None
        """The module that could not be opened, of those that the ruleset itself uses."""

    def open(self, ruleset: InstalledRuleset, program: Program) -> Instance:
        """The instance, with every world in it looking at the run from here on."""
        instance = self._open(ruleset, program, {}, ())
        for runtime, world in self._opened:
            runtime.host = world
        return instance

    def upgrade(self, ruleset: InstalledRuleset, program: Program, version: str | None) -> None:
        """Run the program's upgrade block for that version. Nothing of it is remembered for later."""
        runtime = Runtime(self._run.meter, World(self._run, ruleset, program, sees_turn=False))
        program.upgrade(version, runtime, {}, self._opener_of_modules((ruleset.rid,)))

    @property
    def worlds(self) -> list[World]:
        """The ruleset's own world first, then those of its modules."""
        return [world for _, world in self._opened]

    def _open(
        self,
        ruleset: InstalledRuleset,
        program: Program,
        configuration: Mapping[str, Value],
        users: tuple[str, ...],
    ) -> Instance:
        chain = (*users, ruleset.rid)
        world = World(self._run, ruleset, program, sees_turn=not users)
        runtime = Runtime(self._run.meter, FirstLook(self._run, ruleset, program, self._memory))
        self._opened.append((runtime, world))
        return program.instantiate(runtime, configuration, self._opener_of_modules(chain))

    def _opener_of_modules(self, chain: tuple[str, ...]) -> OpenModule:
        def open_module(use: ModuleUse, configured: Mapping[str, Value]) -> Instance:
            try:
                return self._open(*self._find_module(use.rid, chain), configured, chain)
            except FAILINGS:
                self.to_blame = use.rid
                raise

        return open_module

    def _find_module(self, rid: str, chain: tuple[str, ...]) -> tuple[InstalledRuleset, Program]:
        if rid in chain:
            raise RuntimeFault("R605", f"Dependency Cycle Found: {' -> '.join((*chain, rid))}")
        ruleset = self._run.draft.ruleset(rid)
        if ruleset is None:
            raise RuntimeFault("R605", f"Module not found: {rid}; install it before {chain[-1]}")
        refuse_quarantined(ruleset)
        return ruleset, program_of(self._run, ruleset)


def program_of(run: Run, ruleset: InstalledRuleset) -> Program:
    """The compiled text of an installed ruleset."""
    program = run.surroundings.programs.get(ruleset.hash)
    if program is None:
        raise RuntimeFault("R609", f"the text of {ruleset.rid} ({ruleset.hash[:12]}…) is not at hand")
    return program


def readable_program(run: Run, ruleset: InstalledRuleset) -> Program:
    """The same of a ruleset that is to go on; that it cannot is `CannotWake`."""
    try:
        return program_of(run, ruleset)
    except RuntimeFault as fault:
        raise cannot_wake(ruleset, fault, None) from fault


def wake(run: Run, ruleset: InstalledRuleset) -> Awake[World]:
    """The awake form of an installed ruleset, made again from what was recorded if need be.

    Raises `CannotWake`, and refuses one that is set aside.
    """
    awake: Awake[World] | None = run.instances.get(ruleset)
    if awake is None:
        refuse_quarantined(ruleset)
        awake = _make_again(run, ruleset)
        run.instances.put(awake)
    return awake


def _make_again(run: Run, ruleset: InstalledRuleset) -> Awake[World]:
    opening = Opening(run, Memory(ruleset.inputs.answers))
    try:
        instance = opening.open(ruleset, program_of(run, ruleset))
    except FAILINGS as failure:
        raise cannot_wake(ruleset, failure, opening.to_blame) from failure
    return Awake(ruleset, instance, opening.worlds)
