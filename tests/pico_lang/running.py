"""Running pieces of the language without an engine: what the tests of the compiler share."""

from __future__ import annotations

from collections.abc import Mapping

from pico_lang.errors import RuntimeFault
from pico_lang.evaluation import evaluate_expression
from pico_lang.meter import Budget, Meter
from pico_lang.program import Instance, ModuleUse, Program, compile_ruleset
from pico_lang.runtime import Runtime
from pico_lang.selection import EventFacts
from pico_lang.source import Source
from pico_lang.values import Value
from tests.fakes.recording_host import MODULES, RecordingHost


def evaluate(text: str, host: RecordingHost | None = None, budget: Budget | None = None) -> Value:
    """The value of an expression."""
    runtime = Runtime(Meter(budget or Budget()), host or RecordingHost())
    return evaluate_expression(Source(text, "expression"), runtime, MODULES)


def fault(text: str, budget: Budget | None = None) -> RuntimeFault:
    """The fault that evaluating an expression ends in."""
    try:
        value = evaluate(text, budget=budget)
    except RuntimeFault as found:
        return found
    raise AssertionError(f"expected a fault, got {value!r}")


def ruleset(body: str, meta: str = "", declared: str = "") -> Program:
    """A compiled ruleset `test.ruleset` with these rules, meta items and global declarations."""
    text = f"ruleset test.ruleset {{ meta {{ {meta} }} global {{ {declared} }} {body} }}"
    return compile_ruleset(Source(text, "test.ruleset"), MODULES)


def open_instance(program: Program, host: RecordingHost, budget: Budget | None = None) -> Instance:
    """The program opened for a pico that has no other rulesets."""
    return program.instantiate(Runtime(Meter(budget or Budget()), host), {}, _no_modules)


def run_upgrade(
    program: Program, host: RecordingHost, version: str | None, budget: Budget | None = None
) -> None:
    """The program's upgrade block for that version, run on the variables that the host has."""
    program.upgrade(version, Runtime(Meter(budget or Budget()), host), {}, _no_modules)


def _no_modules(use: ModuleUse, configuration: Mapping[str, Value]) -> Instance:
    raise AssertionError(f"{use.rid} is not here")


def run_rules(
    program: Program, attrs: Mapping[str, Value] | None = None, name: str = "tick", domain: str = "test"
) -> RecordingHost:
    """Show one event to every rule of a ruleset, as the kernel would; what the host was asked."""
    host = RecordingHost(attrs)
    instance = open_instance(program, host)
    for rule in instance.rules_for(domain, name):
        chosen = rule.select(EventFacts(domain, name, host.attrs), None, 0)
        if chosen.fired and rule.run(chosen.bindings) != "done":
            break
    return host
