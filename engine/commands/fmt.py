"""`picomesh fmt`: rulesets in the one canonical layout.

A file is replaced whole or not at all, and one that is no ruleset is left as it is.
"""

from __future__ import annotations

import difflib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from engine.commands.failure import Failure
from engine.commands.output import json_option, print_json
from engine.commands.texts import describe, read_source, show_diagnostic
from pico_lang.diagnostics import Diagnostic, RulesetRefused
from pico_lang.formatter import format_text
from pico_lang.source import Source

STDIN = "<stdin>"


@dataclass(frozen=True, slots=True)
class Formatted:
    """A text, and what it is in the canonical layout: None when it cannot be read."""

    source: Source
    text: str | None
    mistakes: tuple[Diagnostic, ...] = ()

    @property
    def differs(self) -> bool:
        return self.text is not None and self.text != self.source.text


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(allow_dash=True), metavar="FILE...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a file is laid out otherwise.")
@click.option("--diff", "as_diff", is_flag=True, help="Write nothing; show what would change.")
@json_option
def fmt(files: tuple[str, ...], check: bool, as_diff: bool, as_json: bool) -> None:
    """Lay out rulesets, in place.

    Only the layout changes, never what a ruleset means, and comments stay where they are. `-` reads
    standard input and prints. A file with mistakes is left alone, and they are shown; exit code 1.

    \b
    Examples:
      picomesh fmt examples/counter/counter.krl
      picomesh fmt --check *.krl
    """
    results = [_format(read_source(name)) for name in files]
    is_dry = check or as_diff
    for result in results:
        if not as_json:
            _show(result, check, as_diff)
        if result.differs and result.source.name != STDIN and not is_dry:
            _replace(Path(result.source.name), result.text or "")
    if as_json:
        print_json([_describe(result, is_dry) for result in results])
    if any(result.text is None or (check and result.differs) for result in results):
        sys.exit(Failure.exit_code)


def _format(source: Source) -> Formatted:
    try:
        return Formatted(source, format_text(source))
    except RulesetRefused as refused:
        return Formatted(source, None, tuple(refused.diagnostics))


def _show(result: Formatted, check: bool, as_diff: bool) -> None:
    for one in result.mistakes:
        show_diagnostic(one, result.source, err=True)
    if as_diff:
        sys.stdout.writelines(_diff(result))
    elif result.source.name == STDIN and not check:
        click.echo(result.text or "", nl=False)
    elif result.differs:
        click.echo(f"{'would change' if check else 'changed'} {result.source.name}")


def _describe(result: Formatted, is_dry: bool) -> dict[str, Any]:
    """For programs; with the text where no file gets it."""
    told = {
        "file": result.source.name,
        "differs": result.differs,
        "diagnostics": [describe(one, result.source) for one in result.mistakes],
    }
    return told | {"text": result.text} if is_dry or result.source.name == STDIN else told


def _diff(result: Formatted) -> Iterator[str]:
    """What would change, in the form that `patch` reads."""
    if result.text is None:
        return
    name = result.source.name
    before, after = (text.splitlines(keepends=True) for text in (result.source.text, result.text))
    for line in difflib.unified_diff(before, after, name, f"{name} (formatted)"):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _replace(file: Path, text: str) -> None:
    """Put a new text in the place of a file's, whole or not at all.

    What a symbolic link points to is replaced, not the link; the file stays as accessible as it was.
    """
    target = file.resolve()
    try:
        handle, scratch = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="") as stream:
                stream.write(text)
            os.chmod(scratch, target.stat().st_mode)
            os.replace(scratch, target)
        except OSError:
            Path(scratch).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise Failure(f"{file} cannot be written: {error.strerror}") from None
