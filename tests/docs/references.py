"""The reference, as the code has it. `python -m tests.docs.references` writes it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from engine.cli import main
from engine.config import describe_settings
from engine.plugins.collection import Found, collect
from engine.plugins.describing import tell_modules
from pico_lang.diagnostics import CODES
from pico_lang.errors import FAULTS

REFERENCE = Path(__file__).resolve().parents[2] / "engine" / "documents" / "reference"

WIDTH = 100


COMMANDS_HEAD = """\
# Commands

As `--help` has them. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 no engine, 4 the engine
cannot start or go on.
"""
MODULES_HEAD = """\
# Built-in modules

Rulesets use them without any `use`. `picomesh modules` lists them with those that an engine has besides, and
who may use which. A *value* is read without parentheses, a *function* gives a value, an *action* does
something in the action part of a rule, and gives its result to `setting(name)`.
"""
CHECKED_HEAD = """\
# Codes

Each names one kind of mistake, in every version.

## In the text of a ruleset

Shown by `picomesh check`, `install` and editors. A ruleset with an error is not installed; K5xx are warnings.

"""
FAULTS_HEAD = """
## While it runs

The turn is undone, as if the event had not come. Of R7xx the limits can be [set](settings.md).

"""
SETTINGS_HEAD = """\
# Settings

In `picomesh.toml` in the home of an engine; as `PICOMESH_` and the name in capitals in the environment,
which counts more; some as flags of `picomesh serve`, which count most. `picomesh settings` shows what is in
force.

"""


def commands() -> str:
    """Each with what `--help` says."""
    told = [COMMANDS_HEAD]
    for words, command in _commands(main, ("picomesh",)):
        name = " ".join(words)
        with click.Context(
            command,
            info_name=name,
            terminal_width=WIDTH,
            max_content_width=WIDTH,
            help_option_names=["-h", "--help"],
        ) as context:
            told.append(f"## {name}\n\n```text\n{command.get_help(context)}\n```\n")
    return "\n".join(told)


def _commands(group: click.Group, words: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Those that do something, in the order of their names."""
    for name, command in sorted(group.commands.items()):
        if isinstance(command, click.Group):
            yield from _commands(command, (*words, name))
        else:
            yield (*words, name), command


def modules() -> str:
    """Those that every engine has."""
    told = [MODULES_HEAD]
    for one in tell_modules(collect((), Found((), ()), for_workers=False))["modules"]:
        who = "for every pico" if one["free"] else "for picos that are granted it (`picomesh grant`)"
        told.append(f"## {one['name']}\n\n{one['about'].capitalize()}; {who}.\n")
        members = [_member(one["name"], member) for member in one["members"]]
        told.append(_table(("member", "kind", "what it is or does"), members))
    return "\n".join(told)


def _member(module: str, member: Mapping[str, Any]) -> tuple[str, str, str]:
    return f"`{module}:{member['name']}{member['signature']}`", member["kind"], member["about"]


def codes() -> str:
    """Of mistakes in rulesets."""
    checked, faults = (
        _table(("code", "what it is"), [(f"`{code}`", about) for code, about in these.items()])
        for these in (CODES, FAULTS)
    )
    return CHECKED_HEAD + checked + FAULTS_HEAD + faults


def settings() -> str:
    """With what is in force when nobody says otherwise."""
    home, *others = describe_settings()
    rows = [(f"`{one.name}`", f"`{_shown(one.default)}`", one.about) for one in others]
    return SETTINGS_HEAD + _table(
        ("setting", "default", "meaning"), [(f"`{home.name}`", "`~/.picomesh`", home.about), *rows]
    )


def _shown(default: object) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ["---"] * len(head), *rows))


DOCUMENTS: Mapping[str, Callable[[], str]] = {
    "commands.md": commands,
    "modules.md": modules,
    "codes.md": codes,
    "settings.md": settings,
}


def write() -> None:
    REFERENCE.mkdir(exist_ok=True)
    for name, make in DOCUMENTS.items():
        (REFERENCE / name).write_text(make(), "utf-8")


if __name__ == "__main__":
    write()
