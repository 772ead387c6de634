"""`picomesh new`: a project to begin with: the one in `ruleset_library/project`, under another name."""

from __future__ import annotations

import re
import shlex
from importlib import resources
from pathlib import Path

import click
from rich.markup import escape

from engine.commands.failure import Failure
from engine.commands.hints import program
from engine.commands.output import console, json_option, print_json

MODEL = "my_project"
"""What the project is called that all others are made of. The word stands in its files for nothing else."""
NAME = re.compile(r"[a-z][a-z0-9_]*")
LONGEST = 64


@click.command()
@click.argument("folder", metavar="NAME", type=click.Path(path_type=Path))
@json_option
def new(folder: Path, as_json: bool) -> None:
    """Begin a project of your own.

    It has a ruleset, tests of it, and a README whose commands work as they stand.

    NAME is a folder that is not there yet; its last part names the ruleset and the events that it hears.

    \b
    Examples:
      picomesh new greeter
      picomesh new ~/rulesets/shop
    """
    name = folder.name
    _demand_name(name)
    files = _write(folder, name)
    if as_json:
        print_json({"name": name, "folder": str(folder), "files": [path.name for path in files]})
        return
    for path in files:
        console.print(f"[bold green]made[/] {escape(str(path))}")
    said, place = escape(program()), escape(shlex.quote(str(folder)))
    console.print(f"\nNext:\n\n  {said} test {place}\n  {said} dev {place}\n")


def _demand_name(name: str) -> None:
    if NAME.fullmatch(name) and len(name) <= LONGEST:
        return
    likely = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_0123456789")[:LONGEST]
    raise Failure(
        f"'{name}' cannot name a ruleset and its events: small letters, digits and _, a letter first",
        f"did you mean `picomesh new {likely}`?" if likely else "an example: picomesh new greeter",
        code="bad-name",
    )


def _write(folder: Path, name: str) -> list[Path]:
    """The files of the project. What is there already is left as it is."""
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise Failure(f"{folder} is there already", "name another folder", code="exists") from None
    except OSError as problem:
        raise Failure(f"{folder} cannot be made: {problem.strerror}", code="no-folder") from None
    made = []
    for model in sorted((resources.files("ruleset_library") / "project").iterdir(), key=lambda one: one.name):
        path = folder / model.name.replace(MODEL, name)
        path.write_text(model.read_text("utf-8").replace(MODEL, name), "utf-8")
        made.append(path)
    return made
