"""How the kernel answers a running ruleset: the one way out of the language.

A `World` is the place of one ruleset on one pico; it has one for itself and one for each use it
makes of another as a module. Whoever runs the pico points `run` at the turn that is on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, cast

from engine.core.catalogue import not_granted
from engine.core.events import read_attributes, read_event_name
from engine.core.messages import Event, Query
from engine.core.model import InstalledRuleset, Timer
from engine.core.run import LogLevel, Run
from engine.core.scheduling import add_timer, read_timing, show_timer
from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault, TypeFault
from pico_lang.paths import to_path
from pico_lang.program import Program
from pico_lang.values import Value, to_stored

LONGEST_PATH = 64
"""Keys in a path that is assigned to. With the bound on a kept value it bounds how deep an entity
variable can become by many small assignments."""

STEPS_OF_A_TIMER = 250
"""What scheduling an event costs: reading a time or a cron expression, an id, an entry of its own. As long as
that many steps of a program."""


class World:
    """Obeys `pico_lang.host.Host` for one ruleset of one pico."""

    __slots__ = ("program", "rid", "ruleset", "run", "sees_turn")

    def __init__(self, run: Run, ruleset: InstalledRuleset, program: Program, sees_turn: bool) -> None:
        self.run = run
        self.ruleset = ruleset
        self.program = program
        self.rid = ruleset.rid
        self.sees_turn = sees_turn
        """Not so in the service of another ruleset, or in a global block: those are to be the same
        whatever event happens to be handled."""

    @property
    def pico_id(self) -> str:
        return self.run.draft.id

    def require(self, module: str, what: str) -> None:
        """Fail unless the pico may use a module. For what comes down to using it by another name."""
        if not self.run.surroundings.catalogue.is_granted(module, self.run.draft.grants):
            raise not_granted(self.pico_id, module, what)

    @property
    def event(self) -> Event | None:
        """The event in progress, as far as it concerns this ruleset."""
        return self.run.event if self.sees_turn else None

    @property
    def query(self) -> Query | None:
        """The query in progress, as far as it concerns this ruleset."""
        return self.run.query if self.sees_turn else None

    # --- entity variables ---

    def get_entity(self, name: str) -> Value:
        return self.run.draft.entity(self.rid, name)

    def set_entity(self, name: str, value: Value) -> None:
        kept = to_stored(value, self.run.meter)
        if self._owns_variables():
            self.run.draft.set_entity(self.rid, name, kept)

    def set_entity_path(self, name: str, path: Value, value: Value) -> None:
        kept = to_stored(value, self.run.meter)
        if self._owns_variables():
            self.run.draft.set_entity_path(self.rid, name, self._read_path(path), kept)

    def clear_entity(self, name: str) -> None:
        self.run.draft.set_entity(self.rid, name, None)

    def clear_entity_path(self, name: str, path: Value) -> None:
        self.run.draft.clear_entity_path(self.rid, name, self._read_path(path))

    def _read_path(self, path: Value) -> list[str]:
        keys = to_path(self.run.meter, path)
        if len(keys) > LONGEST_PATH:
            raise TypeFault(f"a path of {len(keys)} keys; an assignment takes up to {LONGEST_PATH}")
        for key in keys:
            self.run.meter.check_string(len(key))
        return keys

    def _owns_variables(self) -> bool:
        """A rule that has just uninstalled its own ruleset runs on, but has no variables any more."""
        return self.rid not in self.run.gone

    # --- modules of the engine ---

    def read_property(self, domain: str, name: str) -> Value:
        return self._member(domain, name)(self)

    def call_function(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        return self._member(domain, name)(self, *arguments)

    def run_action(self, domain: str, name: str, arguments: Sequence[Value]) -> Value:
        # Whatever an action is told may be in the record afterwards, so it costs what writing it does.
        to_stored(list(arguments), self.run.meter)
        return self._member(domain, name)(self, *arguments)

    def _member(self, domain: str, name: str) -> Callable[..., Value]:
        try:
            return self.run.surroundings.domains[domain, name]
        except KeyError:
            raise RuntimeFault("R605", f"there is no {domain}:{name} here") from None

    # --- rules ---

    def send_directive(self, name: Value, options: Value) -> Value:
        """The directive, which an action's `setting` can name."""
        run = self.run
        run.meter.charge(1)
        directive = {
            "type": "directive",
            "name": to_stored(name, run.meter),
            "options": {} if options is None else to_stored(options, run.meter),
            "meta": {"rid": run.rid, "rule_name": run.rule, "txnId": run.txn_id},
        }
        run.directives.append(directive)
        return directive

    def raise_event(self, domain: str | None, event: Value, for_rid: Value, attributes: Value) -> None:
        found_domain, name = read_event_name(domain, event)
        attrs = read_attributes(self.run.meter, attributes)
        self._raise(found_domain, name, attrs, None if for_rid is None else to_string(for_rid))

    def _raise(self, domain: str, name: str, attrs: dict[str, Value], for_rid: str | None) -> None:
        now = self._now()
        self.run.raise_event(Event(now.eci, domain, name, attrs, now.eid, for_rid, now.sender))

    def _now(self) -> Event:
        if self.run.event is None:
            raise RuntimeFault("R607", "only a rule that handles an event can raise another")
        return self.run.event

    def schedule(
        self,
        domain: str | None,
        event: Value,
        kind: Literal["at", "repeat"],
        timing: Value,
        attributes: Value,
    ) -> Value:
        run = self.run
        target, name = read_event_name(domain, event)
        attrs = read_attributes(run.meter, attributes)
        kept, due_ms = read_timing(kind, timing, run.learned.time_ms)
        run.meter.charge(STEPS_OF_A_TIMER)
        run.meter.check_copy(len(run.draft.timers))
        timer_id = run.learned.chance.id()
        timer = Timer(timer_id, self.rid, kind, kept, due_ms, self._now().eci, target, name, attrs)
        if self._owns_variables():
            add_timer(run.draft, timer)
        return show_timer(timer)

    def log(self, level: str, message: Value, value: Value) -> None:
        self.run.write_log(cast(LogLevel, level), self.rid, message, value)

    def raise_error(self, level: str, value: Value) -> None:
        """`error level value`. While `system:error` is handled it only reaches the log: an error
        about an error would go round for ever."""
        self.run.write_log(cast(LogLevel, level), self.rid, value)
        if level == "error":
            self.run.waiting.clear()
        if not is_error_event(self._now()):
            self._raise("system", "error", self._describe_error(level, value), self.rid)

    def _describe_error(self, level: str, value: Value) -> dict[str, Value]:
        return {
            "level": level,
            "data": to_stored(value, self.run.meter),
            "rid": self.rid,
            "rule_name": self.run.rule,
            "genus": "user",
        }

    def choose_sample(self, count: int) -> int:
        return self.run.learned.chance.below(count)

    def fired(self) -> None:
        """Nothing of it is kept: a turn can be run again by whoever wants to know."""
        if self.run.observer is not None:
            self.run.observer.fired()


def is_error_event(event: Event) -> bool:
    """Whether this event tells of an error; one that happens then is told to nobody else."""
    return event.domain == "system" and event.name == "error"
