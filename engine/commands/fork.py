"""`picomesh fork`: a pico that begins as another is or was, or a copy of it in a file."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.markup import escape

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json


@click.command()
@click.argument("eci")
@click.option("--at", type=click.IntRange(0), metavar="N", help="As it was after turn N.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write it to a file; make no pico.")
@engine_option
@json_option
def fork(eci: str, at: int | None, output: Path | None, url: str | None, as_json: bool) -> None:
    """Make a pico that begins as another is.

    It is a child of the root pico and somebody else from the start: its id and its channels are new, also
    where its variables name them. Children and timers are not taken along. What its rules send is sent; to
    try something without consequences, stop before you send it events.

    With -o nothing is made: the pico and the texts of its rulesets are written to a new file.

    \b
    Examples:
      picomesh fork root
      picomesh fork root --at 12
      picomesh fork root -o root.pico.json
    """
    with find_engine(url) as engine:
        if output is None:
            made = engine.fork(eci, at)
            shown = f"made the pico [bold]{escape(made['id'])}[/]\n  ECI {escape(made['eci'] or 'none')}"
            print_json(made) if as_json else console.print(shown)
        else:
            found = engine.past("copy", eci=eci, at=at)
            _write(output, json.dumps(found, ensure_ascii=False))
            shown = f"wrote {escape(str(output))}\n[dim]state id {found['state']}[/]"
            written = {"file": str(output), "state": found["state"]}
            print_json(written) if as_json else console.print(shown)


def _write(path: Path, text: str) -> None:
    """To a file for its owner alone, because a state may hold secrets; one that is there stays."""
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_text(text, "utf-8")
    except FileExistsError:
        raise Failure(f"{path} is there already", "name another file") from None
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror}") from None
