"""`picomesh dev`: rulesets that are changed are checked, tested and put in force, as they are saved."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.markup import escape
from watchfiles import watch

from engine.adapters.http import read_run_file
from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.dev_folder import NOTHING, SUFFIX, Folder, read_folder
from engine.commands.dev_round import Course
from engine.commands.dev_shown import describe_round, show_round
from engine.commands.failure import Failure, NoEngine
from engine.commands.output import console, json_option, print_json
from engine.commands.process import EngineProcess
from engine.config import default_home

OWN = ".picomesh-dev"
"""The folder, beside the rulesets, of an engine that is there for them alone."""
CALM_MS = 50
"""Saving a file is several changes to it; they are one when no other comes for so long."""
LOOK_MS = 1000
"""So often it is looked at without having been told."""


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), metavar="DIR")
@click.option(
    "--on", "eci", default="root", show_default=True, metavar="ECI", help="The pico that gets them."
)
@click.option(
    "--events", default=20, show_default=True, type=click.IntRange(0), help="How many events to try them on."
)
@click.option("--force", is_flag=True, help="Put a text in force with which events would fail that did not.")
@click.option("--once", is_flag=True, help="Do it once, and end.")
@engine_option
@json_option
def dev(folder: Path, eci: str, events: int, force: bool, once: bool, url: str | None, as_json: bool) -> None:
    """Have what you save in force at once.

    All rulesets in and below DIR are checked and tested whenever they are saved. What is right is installed
    on a pico; a newer text is first tried on a copy of it and the events that it really had, and what it
    would remember and do otherwise is shown. What is wrong is shown too, and the pico keeps the old text.

    It is the pico of the engine that runs, or is named. When none runs, one is started that lives in
    DIR/.picomesh-dev and ends with this command; what its picos remember is there the next time.

    \b
    Examples:
      picomesh dev .
      picomesh dev rulesets --on root/Kitchen
      picomesh dev . --once --json
    """
    with _engine(url, folder) as (engine, whose):
        course = Course(engine, eci, events, force)
        if not as_json:
            console.print(
                f"[bold]{escape(str(folder))}[/] on {escape(eci)} of {escape(engine.url)} ({whose})"
            )
        seen = read_folder(folder)
        if not seen.texts and not as_json:
            console.print(f"there are no rulesets (*{SUFFIX}) here yet")
        is_fine = _go_round(course, seen, NOTHING, folder, as_json)
        if once:
            sys.exit(0 if is_fine else Failure.exit_code)
        if not as_json:
            console.print("[dim]watching; Ctrl-C ends it[/]")
        for _ in _whenever_it_changes(folder):
            before, seen = seen, read_folder(folder, seen)
            _go_round(course, seen, before, folder, as_json)


def _whenever_it_changes(folder: Path) -> Iterator[object]:
    """And now and then in any case: some file systems tell nothing, and none tells what changed before it was
    asked."""
    return watch(
        folder,
        watch_filter=_is_ruleset,
        debounce=CALM_MS,
        step=CALM_MS // 2,
        rust_timeout=LOOK_MS,
        yield_on_timeout=True,
        raise_interrupt=False,
    )


def _is_ruleset(change: object, path: str) -> bool:
    return path.endswith(SUFFIX) and OWN not in Path(path).parts


def _go_round(course: Course, seen: Folder, before: Folder, folder: Path, as_json: bool) -> bool:
    """Whether everything that was touched is in force."""
    is_fine = True
    touched = seen.touched(before)
    for text in touched:
        found, name = course.run(text, seen), str(text.path.relative_to(folder))
        print_json(describe_round(found, name)) if as_json else show_round(found, name)
        is_fine = is_fine and found.is_fine
    return is_fine


@contextmanager
def _engine(url: str | None, folder: Path) -> Iterator[tuple[EngineClient, str]]:
    """The one that was named, or runs; else one of its own."""
    if url is not None:
        with find_engine(url) as engine:
            engine.root_eci()  # now, rather than with the first ruleset
            yield engine, "the one that was named"
        return
    running = _running(folder)
    if running is not None:
        with running:
            yield running, "the one that runs"
        return
    process = EngineProcess(_own_home(folder))
    try:
        yield process.start(), f"started for this, in {escape(str(folder / OWN))}"
    finally:
        process.leave()


def _running(folder: Path) -> EngineClient | None:
    """One on the default home, or one that another `dev` has started here."""
    for home in (default_home(), folder / OWN / "home"):
        note = read_run_file(home)
        engine = None if note is None else find_engine(note.url)
        try:
            if engine is not None:
                engine.root_eci()
                return engine
        except NoEngine:
            continue  # it has left a note and is gone
    return None


def _own_home(folder: Path) -> Path:
    """Nothing in it is for a repository."""
    own = folder / OWN
    try:
        own.mkdir(exist_ok=True)
        (own / ".gitignore").write_text("*\n", "utf-8")
    except OSError as problem:
        raise Failure(
            f"{own} cannot be made: {problem.strerror}", "--url names an engine that runs"
        ) from None
    return own / "home"
