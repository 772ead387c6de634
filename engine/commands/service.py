"""`picomesh service`: an engine that starts when its owner logs in, and is started again when it fails."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.markup import escape

from engine.adapters.http import read_run_file
from engine.adapters.keys import SeedFile
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.service_unit import Unit, properties, systemctl, told, write_unit
from engine.commands.settings import read_settings
from engine.wiring import SEED_FILE

F = TypeVar("F", bound=Callable[..., Any])
NAME = "picomesh"


def _name_option(command: F) -> F:
    help = "What the service is called; several engines need several names."
    return click.option("--name", default=NAME, show_default=True, help=help)(command)


@click.group()
def service() -> None:
    """Have an engine run whenever you are there.

    It is a unit of your own systemd (systemctl --user), not of the machine's: nothing needs root.
    """


@service.command()
@click.option("--home", type=click.Path(path_type=Path), help="The folder the engine lives in [~/.picomesh].")
@click.option("--port", type=int, help="The port to listen on, if it is not the one that is set.")
@_name_option
@click.option("--print", "only_print", is_flag=True, help="Change nothing; print the unit.")
@json_option
def install(home: Path | None, port: int | None, name: str, only_print: bool, as_json: bool) -> None:
    """Install the service, and start it.

    Each step is told as it is done. Run again, it brings a changed unit into force.

    \b
    Examples:
      picomesh service install
      picomesh service install --home ~/second --port 4000 --name picomesh-second
      picomesh service install --print
    """
    settings = read_settings(home=home)
    flags = () if port is None else ("--port", str(port))
    unit = Unit(name, settings.home.expanduser().absolute(), flags)
    if only_print:
        print_json({"path": str(unit.path), "text": unit.text()}) if as_json else click.echo(
            unit.text(), nl=False
        )
        return
    _demand_openable(settings.home, settings.passphrase_file)
    steps = _Steps(as_json)
    write_unit(unit)
    steps.tell(f"wrote {unit.path}")
    for words in (("daemon-reload",), ("enable", unit.file_name), ("restart", unit.file_name)):
        systemctl(*words)
        steps.tell(told(words))
    if as_json:
        print_json({"name": name, "path": str(unit.path), "home": str(unit.home), "steps": steps.done})
        return
    console.print(
        f"\nIt runs whenever you are logged in. Its log:  journalctl --user -u {escape(name)} -f\n"
        "It runs also when you are not, after:          loginctl enable-linger"
    )


def _demand_openable(home: Path, passphrase_file: str) -> None:
    """A service has nobody to ask."""
    if not passphrase_file and SeedFile(home / SEED_FILE).is_sealed():
        raise Failure(
            "the keys of this engine are sealed with a passphrase, and a service has nobody to ask for it",
            f"write it into a file that only you can read, and name that in {home}/picomesh.toml: "
            'passphrase_file = "…"',
            code="sealed",
        )


@service.command()
@_name_option
@json_option
def uninstall(name: str, as_json: bool) -> None:
    """Stop the service, and remove it.

    The home of its engine stays as it is.

    \b
    Examples:
      picomesh service uninstall
    """
    unit, steps = Unit(name, Path()), _Steps(as_json)
    if not unit.path.exists():
        raise Failure(
            f"there is no service {name}: no {unit.path}", "--name names another", code="no-service"
        )
    words: tuple[str, ...] = ("disable", "--now", unit.file_name)
    systemctl(*words)
    steps.tell(told(words))
    unit.path.unlink()
    steps.tell(f"removed {unit.path}")
    words = ("daemon-reload",)
    systemctl(*words)
    steps.tell(told(words))
    if as_json:
        print_json({"name": name, "path": str(unit.path), "steps": steps.done})


@service.command()
@_name_option
@json_option
def status(name: str, as_json: bool) -> None:
    """Say whether the service runs.

    The exit code is 1 if it does not.

    \b
    Examples:
      picomesh service status
    """
    unit = Unit(name, Path())
    is_installed = unit.path.exists()
    found = properties(unit) if is_installed else {}
    if as_json:
        print_json(_describe(unit, found))
    else:
        _show(unit, found)
    if found.get("ActiveState") != "active":
        sys.exit(Failure.exit_code)


def _describe(unit: Unit, found: Mapping[str, str]) -> dict[str, Any]:
    return {
        "name": unit.name,
        "path": str(unit.path),
        "installed": bool(found),
        "running": found.get("ActiveState") == "active",
        "state": "/".join(found[name] for name in ("ActiveState", "SubState") if name in found) or None,
        "starts_by_itself": found.get("UnitFileState") == "enabled",
        "pid": int(found.get("MainPID", 0)) or None,
        "restarts": int(found.get("NRestarts", 0)),
    }


def _show(unit: Unit, found: Mapping[str, str]) -> None:
    told = _describe(unit, found)
    if not told["installed"]:
        console.print(f"there is no service {escape(unit.name)}; `picomesh service install` makes one")
        return
    colour = "green" if told["running"] else "red"
    console.print(f"[bold]{escape(unit.name)}[/] is [bold {colour}]{escape(str(told['state']))}[/]")
    console.print(f"  unit      {escape(str(unit.path))}")
    console.print(f"  starts    {'by itself' if told['starts_by_itself'] else 'only when it is told to'}")
    if told["pid"]:
        console.print(f"  process   {told['pid']}, started again {told['restarts']} times")
    if (note := read_run_file(read_settings().home)) is not None and note.pid == told["pid"]:
        console.print(f"  URL       {escape(note.url)}")


class _Steps:
    """What was done so far, each told at once to whoever looks on."""

    def __init__(self, as_json: bool) -> None:
        self.done: list[str] = []
        self._is_told = not as_json

    def tell(self, step: str) -> None:
        self.done.append(step)
        if self._is_told:
            console.print(f"[green]✓[/] {escape(step)}")
