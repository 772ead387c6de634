"""What the language costs, beside the same thing in plain Python; and how fast it is read and compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial, reduce

from rich.table import Table

from engine.commands.hints import counter_ruleset
from engine.core.domains import MODULES
from pico_lang.meter import Budget, Meter
from pico_lang.parser import parse
from pico_lang.program import Instance, ModuleUse, compile_ruleset, nobody
from pico_lang.program_files import freeze, thaw
from pico_lang.runtime import Runtime
from pico_lang.source import Source
from tests.benchmarks.measure import best_of

RULESET = """
ruleset speed {
  meta { shares fib, pipeline, text, numbers }
  global {
    fib = function(n) { n < 2 => n | fib(n - 1) + fib(n - 2) }
    numbers = 0.range(999)
    pipeline = function() {
      numbers.map(function(x) { x * x })
             .filter(function(x) { x % 2 == 0 })
             .reduce(function(a, b) { a + b }, 0)
    }
    text = function() {
      numbers.reduce(function(text, x) { text + <<#{x},>> }, "")
    }
  }
}
"""

NUMBERS = list(range(1000))


def fib(n: int) -> int:
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def pipeline() -> int:
    """Written as the ruleset is, with a function for each step; a comprehension would be another program."""
    squares = list(map(lambda x: x * x, NUMBERS))  # noqa: C417
    even = list(filter(lambda x: x % 2 == 0, squares))
    return reduce(lambda a, b: a + b, even, 0)


def text() -> str:
    return reduce(lambda text, x: text + f"{x},", NUMBERS, "")


def report_language() -> Iterator[Table | str]:
    yield _speed_table()
    yield _front_end_table()
    yield _thousand_lines_table()


def _speed_table() -> Table:
    table = Table("", "KRL ms", "Python ms", "KRL ÷ Python", title="language")
    instance = _open(RULESET)
    plain: dict[str, tuple[dict[str, float], Callable[[], object]]] = {
        "fib": ({"n": 20.0}, lambda: fib(20)),
        "pipeline": ({}, pipeline),
        "text": ({}, text),
    }
    for name, (args, python) in plain.items():
        krl_s = best_of(partial(instance.query, name, args))
        python_s = best_of(python)
        table.add_row(name, f"{krl_s * 1e3:.2f}", f"{python_s * 1e3:.2f}", f"{krl_s / python_s:.1f}")
    return table


def _open(krl: str) -> Instance:
    """A ruleset outside any pico, with a budget that is not what is measured."""
    runtime = Runtime(Meter(Budget(steps=10**9)), nobody())
    return compile_ruleset(Source(krl), {}).instantiate(runtime, {}, _no_module)


def _no_module(use: ModuleUse, given: object) -> Instance:
    raise LookupError(use.rid)


def _front_end_table() -> Table:
    """Parsing and compiling, on five thousand lines."""
    table = Table("", "MB per second", title="front end")
    source = Source(_ruleset_of(lines=5_000))
    size_mb = len(source.text) / 1e6
    for name, work in (
        ("parse", lambda: parse(source)),
        ("compile", lambda: compile_ruleset(source, MODULES)),
    ):
        table.add_row(name, f"{size_mb / best_of(work, 3):.2f}")
    return table


def _thousand_lines_table() -> Table:
    """What an engine does with a ruleset of a thousand lines when it is installed, and at later starts."""
    table = Table("", "ms", title="a ruleset of 1,000 lines")
    source = Source(_ruleset_of(lines=1_000))
    frozen = freeze(compile_ruleset(source, MODULES), MODULES)
    for name, work in (
        ("compile", lambda: compile_ruleset(source, MODULES)),
        ("from cache", lambda: thaw(frozen, source, MODULES)),
    ):
        table.add_row(name, f"{best_of(work, 3) * 1e3:.0f}")
    return table


def _ruleset_of(lines: int) -> str:
    """The example with its rules repeated, each under another name, until it is that long."""
    krl = counter_ruleset().read_text("utf-8")
    start, end = krl.index("  rule increment"), krl.rindex("}")
    rules = krl[start:end]
    count = -(-lines // len(rules.splitlines()))
    copies = (rules.replace("rule ", f"rule r{number}_") for number in range(count))
    return krl[:start] + "".join(copies) + krl[end:]
