"""`picomesh repl`: a prompt for expressions, on a pico's state or on none."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import click

from engine.commands.client import engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.known import known_modules
from engine.commands.output import json_option, print_json, show_value
from engine.commands.prompt import EnginePico, Evaluator, NoPico, Session, is_unfinished
from engine.config import default_home
from pico_lang.builtins import OPERATORS

try:
    import readline
except ImportError:  # not everywhere is there a GNU readline or the like
    readline = None  # type: ignore[assignment]

FIRST, NEXT = "krl> ", "...> "
HISTORY = "repl_history"


@click.command()
@click.argument("eci", required=False)
@click.option("--rid", help="The ruleset whose names and entity variables are meant.")
@click.option("-e", "texts", multiple=True, metavar="TEXT", help="Evaluate this and end; may be repeated.")
@engine_option
@json_option
def repl(eci: str | None, rid: str | None, texts: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Evaluate expressions.

    ECI is a channel of a pico; `root` stands for the root pico. With it, they see the pico's committed
    state, and with --rid what one of its rulesets declares; without, no engine is needed. Nothing is ever
    changed. `name = expression` keeps a name for the session. What comes through a pipe is read too.

    \b
    Examples:
      picomesh repl
      picomesh repl root --rid counter
      picomesh repl root --rid counter -e 'ent:count + 1'
    """
    if rid is not None and eci is None:
        raise click.UsageError("--rid is about a ruleset of a pico; name the pico's ECI too, such as root")
    with ExitStack() as stack:
        evaluator: Evaluator = NoPico()
        if eci is not None:
            evaluator = EnginePico(stack.enter_context(find_engine(url)), eci, rid)
        session = Session(evaluator)
        if texts or not sys.stdin.isatty():
            _run_all(session, texts or _inputs(_lines(sys.stdin)), as_json)
        else:
            _talk(session, as_json)


def _run_all(session: Session, inputs: Iterator[str] | Sequence[str], as_json: bool) -> None:
    """One after the other, until one fails."""
    for text in inputs:
        _show(session.evaluate(text), as_json)


def _inputs(lines: Iterator[str]) -> Iterator[str]:
    """Lines put together as far as they belong together; an empty line ends an input in any case."""
    text = ""
    for line in lines:
        text = f"{text}\n{line}" if text else line
        if text.strip() and not (line.strip() and is_unfinished(text)):
            yield text
            text = ""
    if text.strip():
        yield text


def _lines(stream: Any) -> Iterator[str]:
    return (line.rstrip("\n") for line in stream)


def _show(found: Mapping[str, Any], as_json: bool) -> None:
    if as_json:
        print_json({key: found[key] for key in ("type", "value", "log")})
        return
    for line in found["log"]:
        value = "" if line["value"] is None else f" {json.dumps(line['value'], ensure_ascii=False)}"
        click.secho(f"{line['level']}: {show_value(line['message'])}{value}", dim=True)
    click.echo(_show_typed(found["type"], found["value"]))


def _show_typed(kind: str, value: Any) -> str:
    """A value as one would write it; of functions there is only the type to show."""
    if kind in ("Function", "Action"):
        return f"[{kind}]"
    return str(value) if kind == "RegExp" else json.dumps(value, ensure_ascii=False, indent=2)


# --- at a terminal -----------------------------------------------------------------------------------


def _talk(session: Session, as_json: bool) -> None:
    """Until end of input; a mistake is shown, and the prompt comes back."""
    history = default_home() / HISTORY
    _prepare(session, history)
    click.secho("Expressions, or name = expression. End with Ctrl-D.", dim=True)
    for text in _typed():
        try:
            _show(session.evaluate(text), as_json)
        except Failure as failure:
            failure.show()
    click.echo()
    if readline is not None:
        with suppress(OSError):
            readline.write_history_file(history)


def _typed() -> Iterator[str]:
    """Inputs as they are typed. Ctrl-C gives up the one that was begun."""
    while True:
        try:
            text = next(_inputs(_prompted()), None)
        except KeyboardInterrupt:
            click.echo()
            continue
        if text is None:
            return
        yield text


def _prompted() -> Iterator[str]:
    """The lines of one input."""
    prompt = FIRST
    with suppress(EOFError):
        while True:
            line = input(prompt)
            prompt = NEXT if line.strip() else prompt
            yield line


def _prepare(session: Session, history: Path) -> None:
    if readline is None:
        return
    with suppress(OSError):
        readline.read_history_file(history)
    readline.set_completer(completer(session))
    readline.set_completer_delims(' \t\n()[]{},;=+-*/%<>|&".')
    readline.parse_and_bind("tab: complete")


def completer(session: Session) -> Callable[[str, int], str | None]:
    """What readline asks for the n-th completion of a word."""
    members = [f"{domain}:{name}" for domain, names in known_modules().items() for name in names]

    def complete(word: str, number: int) -> str | None:
        fitting = sorted(name for name in {*OPERATORS, *members, *session.names} if name.startswith(word))
        return fitting[number] if number < len(fitting) else None

    return complete
