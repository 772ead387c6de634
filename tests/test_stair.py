"""Imports go one way: a module imports from its own step of the stair and from lower ones, never upward."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("pico_lang", "engine", "ruleset_library")

STEPS: tuple[tuple[str, ...], ...] = (
    ("pico_lang", "ruleset_library", "engine.version"),
    ("engine.core",),
    (
        *("engine.authors", "engine.choices", "engine.did_choice", "engine.host_patterns"),
        *("engine.ipfs_choice", "engine.plugin_choice", "engine.ports", "engine.plugins", "engine.config"),
    ),
    ("engine.runtime",),
    ("engine.adapters",),
    (
        *("engine.wiring", "engine.wiring_of_engines", "engine.wiring_of_ipfs", "engine.wiring_of_mail"),
        *("engine.wiring_of_moves", "engine.wiring_of_seals"),
    ),
    ("engine.commands", "engine.cli", "engine.__main__"),
)
"""From the lowest to the highest."""

LANGUAGE_MAY_IMPORT = {"lark", "regex", "pico_lang"}
CORE_MAY_IMPORT = {"pico_lang", "engine"}
WORLDLY = {"asyncio", "os", "pathlib", "random", "secrets", "socket", "sqlite3", "threading", "time", "uuid"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}


def imports_of(module: str) -> Iterator[str]:
    """Everything a module imports, anywhere in its text: also inside functions and under conditions."""
    for node in ast.walk(ast.parse(MODULES[module].read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            assert node.module is not None
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in MODULES else node.module


def ours(module: str) -> set[str]:
    return {name for name in imports_of(module) if name.partition(".")[0] in PACKAGES} - {module}


def step_of(module: str) -> int:
    if module == "engine":
        return 0
    for number, prefixes in enumerate(STEPS):
        if any(module == prefix or module.startswith(prefix + ".") for prefix in prefixes):
            return number
    raise AssertionError(f"{module} stands on no step of the stair; give it one in {__name__}")


def adapter_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[2] if parts[:2] == ["engine", "adapters"] and len(parts) > 2 else None


def test_a_module_imports_only_from_its_own_step_and_below() -> None:
    """The stair of the design: the language has never heard of engines, the core of no IO."""
    upward = [(one, name) for one in MODULES for name in ours(one) if step_of(name) > step_of(one)]
    assert upward == []


def test_adapters_do_not_know_each_other() -> None:
    """Each adapter knows one outside thing."""
    across = [
        (one, name)
        for one in MODULES
        for name in ours(one)
        if adapter_of(one) and adapter_of(name) not in (None, adapter_of(one))
    ]
    assert across == []


def test_the_pure_steps_import_little() -> None:
    """The language needs lark and regex; the core nothing but the language. The rest is Python's own."""
    pure = {
        one: LANGUAGE_MAY_IMPORT if step_of(one) == 0 else CORE_MAY_IMPORT
        for one in MODULES
        if step_of(one) < 2
    }
    foreign = [
        (one, name)
        for one, allowed in pure.items()
        for name in {name.partition(".")[0] for name in imports_of(one)} - sys.stdlib_module_names - allowed
    ]
    assert foreign == []


def test_the_core_has_no_clock_no_chance_and_no_io() -> None:
    """What would make a turn come out differently the second time cannot be reached from it."""
    outside = [
        (one, name)
        for one in MODULES
        if one.startswith("engine.core")
        for name in imports_of(one)
        if name.partition(".")[0] in WORLDLY
    ]
    assert outside == []


def test_there_are_no_import_cycles() -> None:
    """Raises `CycleError`, which names the modules, if there is one."""
    list(TopologicalSorter({one: ours(one) & MODULES.keys() for one in MODULES}).static_order())


def test_imports_stand_at_the_top() -> None:
    """Nobody escapes a circle by importing inside a function."""
    inner = [
        (one, node.lineno)
        for one, path in MODULES.items()
        for function in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom))
    ]
    assert inner == []


def test_the_checks_see_what_they_look_for() -> None:
    """The tables above are about modules that exist, and imports in any place are found."""
    assert {step_of(one) for one in MODULES} == set(range(len(STEPS)))
    assert "engine.wiring" in ours("engine.commands.serve")
    assert "pico_lang.values" in ours("engine.core.model")
