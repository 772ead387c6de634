"""`picomesh pipe`: lines of standard input as events to a pico."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import IO

import click
from rich.console import Console

from engine.commands.arguments import event_address
from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.output import console, json_option, print_json
from engine.commands.pipe_lines import Place, Wanted, read_lines, read_place, resumed, write_place
from engine.commands.pipe_senders import Sender, Settled, send_all

NOTED_EVERY_S = 0.5
"""How often the place is written at most."""


def _event(context: click.Context, parameter: click.Parameter, word: str | None) -> tuple[str, str] | None:
    return None if word is None else event_address(context, parameter, word)


@click.command()
@click.argument("eci")
@click.argument("event", required=False, callback=_event, metavar="[DOMAIN:TYPE]")
@click.option("--text", metavar="NAME", help="A line is no JSON but the value of this attribute.")
@click.option(
    "--resume",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Keep in FILE how far it is, and go on from there when it is there.",
)
@click.option(
    "--at-once",
    default=1,
    show_default=True,
    type=click.IntRange(1, 64),
    help="So many lines under way; with more than one they may overtake each other.",
)
@click.option("--no-wait", is_flag=True, help="Go on as soon as an event is safely kept.")
@click.option("--stop", is_flag=True, help="End at the first line that fails.")
@click.option(
    "--patience",
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    type=click.FloatRange(0),
    help="So long a line is sent again when the engine is busy or away.",
)
@engine_option
@json_option
def pipe(
    eci: str,
    event: tuple[str, str] | None,
    text: str | None,
    resume: Path | None,
    at_once: int,
    no_wait: bool,
    stop: bool,
    patience: float,
    url: str | None,
    as_json: bool,
) -> None:
    """Send each line that comes in as an event.

    A line is a JSON object, the attributes. Without DOMAIN:TYPE each line says both: {"event":
    "counter:increment", "attributes": {"by": 1}}. Lines are read as fast as the pico takes them, one after
    the other; empty ones are left out. One that fails is told with its number, and the others go on; the exit
    code is then 1.

    Nothing is lost and nothing runs twice: each event has an id made of its line, and is sent again under it
    when the engine is busy, stops or is started anew. With --resume the same input can be piped in again
    after whatever happened; it goes on behind the last line that was settled.

    \b
    Examples:
      picomesh pipe root counter:increment < readings.jsonl
      tail -f app.log | picomesh pipe root log:line --text text
      picomesh pipe root --resume import.place < events.jsonl
    """
    if text is not None and event is None:
        raise click.UsageError("--text is an attribute of one event; name it: DOMAIN:TYPE")
    place = Place() if resume is None else read_place(resume)
    told = _Teller(as_json, resume, place)
    with find_engine(url) as engine:
        wanted = Wanted(event, text)
        sender = Sender(engine, engine.eci(eci), wanted, place, not no_wait, patience)
        try:
            for settled in send_all(sender, resumed(read_lines(_stdin()), place), at_once):
                told.tell(settled)
                if stop and settled.problem is not None:
                    break
        except Failure as failure:
            raise _given_up(failure, place, resume) from None
        finally:
            told.end()
    told.sum_up()
    if told.failed:
        sys.exit(Failure.exit_code)


def _stdin() -> IO[bytes]:
    return sys.stdin.buffer


def _given_up(failure: Failure, place: Place, resume: Path | None) -> Failure:
    """The same, with where it was and how it goes on."""
    if failure.code == "other-input":
        return failure
    goes_on = (
        f"the same command with the same input goes on at line {place.line + 1:,}"
        if resume is not None
        else f"`tail -n +{place.line + 1}` has the lines that are left; --resume FILE would know it by itself"
    )
    hint = goes_on if failure.hint is None else f"{failure.hint}; {goes_on}"
    told = f"line {place.line + 1:,}: {failure.message}"
    return type(failure)(told, hint, failure.places, failure.code)


class _Teller:
    """Tells what becomes of the lines, and keeps the place."""

    def __init__(self, as_json: bool, resume: Path | None, place: Place) -> None:
        self._as_json = as_json
        self._resume = resume
        self._place = place
        self._first = place.line
        self.failed = 0
        self._noted_s = time.monotonic()
        self._screen = Console(stderr=True, highlight=False, emoji=False)

    def tell(self, settled: Settled) -> None:
        self.failed += settled.problem is not None
        if self._as_json:
            print_json(_describe(settled))
        elif settled.problem is not None:
            click.secho(f"line {settled.line.number}: {settled.problem.message}", fg="red", err=True)
        if time.monotonic() - self._noted_s >= NOTED_EVERY_S:
            self._note()

    def _note(self) -> None:
        self._noted_s = time.monotonic()
        if self._resume is not None:
            write_place(self._resume, self._place)
        if self._screen.is_terminal and not self._as_json:
            self._screen.print(f"[dim]{self._place.line:,} lines[/]", end="\r")

    def end(self) -> None:
        if self._place.line > self._first or self._resume is not None:
            self._note()

    def sum_up(self) -> None:
        if self._as_json:
            return
        lines = self._place.line - self._first
        before = f", after {self._first:,} before" if self._first else ""
        failed = f", [bold red]{self.failed:,} failed[/]" if self.failed else ""
        console.print(f"{lines:,} {'line' if lines == 1 else 'lines'}{before}{failed}")


def _describe(settled: Settled) -> dict[str, object]:
    """What became of a line, for programs."""
    told: dict[str, object] = {"line": settled.line.number, "eid": settled.eid}
    if settled.problem is not None:
        return told | {"error": settled.problem.to_document()["error"]}
    answer = settled.answer
    return told | ({"directives": answer["directives"]} if isinstance(answer, dict) else {"kept": True})
