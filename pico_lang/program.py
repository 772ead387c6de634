"""A compiled ruleset: made once from its text, and opened once for every pico that has it.

`compile_ruleset` is the way from text to `Program`: parse, resolve, check, compile. A `Program` is
shared and holds nothing of any pico; `Program.instantiate` runs the global block for one and gives an
`Instance`, whose rules and shared functions the kernel runs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal

from pico_lang import nodes as n
from pico_lang import operators, support
from pico_lang.builtins import OPERATORS
from pico_lang.calls import call
from pico_lang.checks import check
from pico_lang.coercion import to_string, truthy
from pico_lang.compiler import CompiledCode, compile_ruleset_code
from pico_lang.declared import describe_testing
from pico_lang.diagnostics import Diagnostic, RulesetRefused, Severity, diagnostic
from pico_lang.errors import RuntimeFault
from pico_lang.host import Host, Modules
from pico_lang.meter import Budget, Meter
from pico_lang.names import resolve
from pico_lang.parser import parse
from pico_lang.runtime import Runtime
from pico_lang.selection import EventFacts, Rule, Selection, make_rule, select
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS
from pico_lang.tracebacks import FAILURES, located
from pico_lang.values import Action, Value, in_js_order

Ending = Literal["done", "last", "error"]
"""How a rule ended: normally; skipping the ruleset's other rules; skipping all that waits."""

COMMON_NAMESPACE: dict[str, Any] = {
    "__builtins__": {},
    "type": type,
    "float": float,
    "dict": dict,
    "str": str,
    "truthy": truthy,
    "to_string": to_string,
    "call": call,
    "Action": Action,
    "in_js_order": in_js_order,
    **{f"op_{name}": operator for name, operator in OPERATORS.items()},
    **{
        name: getattr(support, name)
        for name in ("chevron", "add_all", "entries", "member", "act", "operator_value")
    },
    **{
        name: getattr(operators, name)
        for name in (
            "add",
            "subtract",
            "multiply",
            "divide",
            "modulo",
            "negate",
            "less",
            "less_equal",
            "greater",
            "greater_equal",
            "compare",
            "compare_strings",
            "equals",
            "not_equals",
            "contains",
            "like",
            "read_path",
        )
    },
}
"""Everything compiled code can reach besides its own variables."""


REMEMBERED_EVENTS = 1_024
"""Kinds of event for which a ruleset remembers who listens."""


@dataclass(frozen=True, slots=True)
class ModuleUse:
    """One `use module` of a ruleset."""

    rid: str
    alias: str


OpenModule = Callable[[ModuleUse, Mapping[str, Value]], "Instance"]
"""Makes the instance of a used module, configured as its user wants it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a ruleset besides its code: plain data."""

    rid: str
    hash: str
    """SHA-256 of the text, hex."""
    shares: frozenset[str]
    provides: frozenset[str]
    uses: tuple[ModuleUse, ...]
    rules: tuple[Rule, ...]
    warnings: tuple[Diagnostic, ...]
    testing: Mapping[str, Value]
    """The predefined value of `__testing`."""
    upgrades: tuple[frozenset[str], ...] = ()
    """For each upgrade block, the versions it is for."""


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """A ruleset ready to run."""

    facts: Facts
    compiled: CompiledCode
    source: Source
    meta: Mapping[str, Value]
    """`version`, `name`, `description` and `author`, as far as the ruleset gives them."""
    _instantiate: Callable[..., tuple[Mapping[str, Value], Sequence[Any]]]
    _upgrades: Sequence[Callable[..., None]] = ()
    _listeners: dict[tuple[str, str], Sequence[int]] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """The version that the ruleset gives itself in meta, as a text."""
        version = self.meta.get("version")
        return None if version is None else to_string(version)

    @property
    def rid(self) -> str:
        return self.facts.rid

    @property
    def hash(self) -> str:
        return self.facts.hash

    @property
    def shares(self) -> frozenset[str]:
        return self.facts.shares

    @property
    def provides(self) -> frozenset[str]:
        return self.facts.provides

    @property
    def uses(self) -> tuple[ModuleUse, ...]:
        return self.facts.uses

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self.facts.rules

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        return self.facts.warnings

    def instantiate(
        self, runtime: Runtime, configuration: Mapping[str, Value], open_module: OpenModule
    ) -> Instance:
        """Run the global block. Raises `RuntimeFault` with its places when that fails."""

        used: dict[str, Mapping[str, Value]] = {}
        use = self._user_of_modules(open_module, used)
        try:
            declared, functions = self._instantiate(runtime, configuration, use, self.facts.testing)
            limits = tuple(map(_limit_of, self.rules, functions))
        except FAILURES as failure:
            raise located(failure) from failure
        return Instance(self, runtime, declared, functions, limits, used)

    def listeners(self, domain: str, name: str) -> Sequence[int]:
        """Which rules are active and could be selected by such an event. Found once for all picos that have
        the ruleset; strangers choose the names, so not all that are asked for are remembered."""
        found = self._listeners.get((domain, name))
        if found is None:
            found = tuple(i for i, rule in enumerate(self.rules) if rule.listens_to(domain, name))
            if len(self._listeners) < REMEMBERED_EVENTS:
                self._listeners[domain, name] = found
        return found

    def upgrades_from(self, version: str | None) -> bool:
        """Whether it has an upgrade block for a text of that version; None is one that says none."""
        return self._upgrade_for(version) is not None

    def upgrade(
        self,
        version: str | None,
        runtime: Runtime,
        configuration: Mapping[str, Value],
        open_module: OpenModule,
    ) -> None:
        """Run the upgrade block for that version. Raises `RuntimeFault` with its places when that fails."""
        index = self._upgrade_for(version)
        if index is None:
            return
        use = self._user_of_modules(open_module, {})
        try:
            self._upgrades[index](runtime, configuration, use, self.facts.testing)
        except FAILURES as failure:
            raise located(failure) from failure

    def _upgrade_for(self, version: str | None) -> int | None:
        """Its own version needs none: else each new text of it would change the variables once more."""
        if version is not None and version == self.version:
            return None
        for wanted in (version, n.ANY_VERSION):
            for index, versions in enumerate(self.facts.upgrades):
                if wanted in versions:
                    return index
        return None

    def _user_of_modules(
        self, open_module: OpenModule, used: dict[str, Mapping[str, Value]]
    ) -> Callable[[int, Mapping[str, Value]], Mapping[str, Value]]:
        """What compiled code calls to use one of its modules; `used` comes to hold what they provide."""

        def use(index: int, given: Mapping[str, Value]) -> Mapping[str, Value]:
            module = self.uses[index]
            used[module.alias] = open_module(module, given).provided()
            return used[module.alias]

        return use


def _limit_of(rule: Rule, functions: Sequence[Any]) -> float | None:
    return rule.within_ms(functions[-1])


class RunnableRule:
    """A rule of one instance: the shared description and the functions that close over its pico."""

    __slots__ = ("_conditions", "_run", "_runtime", "_select_where", "_within_ms", "rule")

    def __init__(
        self,
        rule: Rule,
        runtime: Runtime,
        run: Callable[[Mapping[str, Value]], Ending],
        select_where: Callable[[Mapping[str, Value]], bool] | None,
        conditions: Sequence[Callable[[Mapping[str, Value]], bool] | None],
        within_ms: float | None,
    ) -> None:
        self.rule = rule
        self._runtime = runtime
        self._run = run
        self._select_where = select_where
        self._conditions = conditions
        self._within_ms = within_ms

    @property
    def name(self) -> str:
        return self.rule.name

    def select(self, event: EventFacts, state: Value, time_ms: int) -> Selection:
        """Whether this event selects the rule, and what is half-matched afterwards."""
        try:
            if self._select_where is not None:
                return Selection(self._select_where({}), None, {}, "where")
            return select(self.rule, self._runtime, self._conditions, self._within_ms, event, state, time_ms)
        except FAILURES as failure:
            raise located(failure) from failure

    def run(self, bindings: Mapping[str, Value]) -> Ending:
        """Run the selected rule to its end, with the names its event expression captured."""
        try:
            return self._run(bindings)
        except FAILURES as failure:
            raise located(failure) from failure


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """A ruleset opened for one pico."""

    program: Program
    runtime: Runtime
    declared: Mapping[str, Value]
    functions: Sequence[Any]
    """Of each rule; most rules of most picos never run, so the rest of them is made when they do."""
    limits: Sequence[float | None]
    """Of each rule, the milliseconds of its `within`."""
    used: Mapping[str, Mapping[str, Value]]
    """What its modules provide, by the names it uses them under."""

    @property
    def rules(self) -> Sequence[RunnableRule]:
        """All of them, in textual order."""
        return [self._rule(index) for index in range(len(self.program.rules))]

    def rules_for(self, domain: str, name: str) -> Sequence[RunnableRule]:
        """The active rules that this event could select, in textual order."""
        return [self._rule(index) for index in self.program.listeners(domain, name)]

    def _rule(self, index: int) -> RunnableRule:
        run, select_where, conditions, _ = self.functions[index]
        rule = self.program.rules[index]
        return RunnableRule(rule, self.runtime, run, select_where, conditions, self.limits[index])

    def query(self, name: str, args: Mapping[str, Value]) -> Value:
        """The value of a shared name; functions get arguments by name, or by place as "0", "1", ….

        Raises `RuntimeFault`; whether the name is shared is the caller's to ask.
        """
        value = self.declared[name]
        if not callable(value):
            return value
        positional: list[Value] = []
        while (key := str(len(positional))) in args:
            positional.append(args[key])
        try:
            return call(self.runtime, value, positional, args)
        except FAILURES as failure:
            raise located(failure) from failure

    def provided(self) -> Mapping[str, Value]:
        """What the ruleset provides to those that use it as a module."""
        return {name: self.declared[name] for name in self.declared if name in self.program.provides}


def compile_ruleset(source: Source, modules: Modules) -> Program:
    """Parse, check and compile a ruleset for a host with these built-in modules.

    Raises `RulesetRefused` with everything that is wrong with the text.
    """
    tree = parse(source)
    try:
        return _compile(tree, source, modules)
    except RecursionError:
        # Nesting is bounded by the parser, but how deep the stack was before is not ours to know.
        found = diagnostic("K105", "expressions nested too deeply to be compiled", tree.rid.span)
        raise RulesetRefused([found], source) from None


def _compile(tree: n.Ruleset, source: Source, modules: Modules) -> Program:
    names = resolve(tree, [*OPERATORS, *ACTIONS])
    found = check(tree, names, modules)
    if any(one.severity is Severity.ERROR for one in found):
        raise RulesetRefused(found, source)
    return load_program(tree, compile_ruleset_code(tree, names, modules, source), source, found)


def load_program(
    tree: n.Ruleset, compiled: CompiledCode, source: Source, warnings: Sequence[Diagnostic]
) -> Program:
    """The program of a tree that was just compiled."""
    return make_program(_facts(tree, source, warnings), compiled, source)


def _facts(tree: n.Ruleset, source: Source, warnings: Sequence[Diagnostic]) -> Facts:
    return Facts(
        rid=tree.rid.id,
        hash=sha256(source.text.encode("utf-8", "surrogatepass")).hexdigest(),
        shares=_names(tree, n.Shares),
        provides=_names(tree, n.Provides),
        uses=tuple(
            ModuleUse(item.rid.id, (item.alias or item.rid).id)
            for item in tree.meta
            if isinstance(item, n.UseModule)
        ),
        rules=tuple(make_rule(rule) for rule in tree.rules),
        warnings=tuple(warnings),
        testing=describe_testing(tree),
        upgrades=tuple(
            frozenset(version.value for version in item.versions)
            for item in tree.meta
            if isinstance(item, n.Upgrade)
        ),
    )


def make_program(facts: Facts, compiled: CompiledCode, source: Source) -> Program:
    """A program from compiled code: the namespace it runs in is made here, and holds nothing else."""
    namespace = {**COMMON_NAMESPACE, **compiled.constants}
    exec(compiled.code, namespace)
    meta = _describe(namespace["describe"])
    return Program(facts, compiled, source, meta, namespace["instantiate"], namespace["upgrades"])


def _names(tree: n.Ruleset, kind: type[n.Shares | n.Provides]) -> frozenset[str]:
    shared = {"__testing"} if kind is n.Shares else set()
    for item in tree.meta:
        if isinstance(item, kind):
            shared |= {name.id for name in item.names}
    return frozenset(shared)


def _describe(describe: Callable[[Runtime], Mapping[str, Value]]) -> Mapping[str, Value]:
    """The texts of meta; one that cannot be computed without a pico is left out."""
    try:
        return describe(Runtime(Meter(Budget()), _Nobody()))
    except RuntimeFault:
        return {}


class _Nobody:
    """The host of code that has none."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeFault("R605", f"there is no pico here that could answer {name}")


def nobody() -> Host:
    """A host for expressions that run without a pico; every request of it is a fault."""
    return _Nobody()
