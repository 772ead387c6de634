"""How a command ends when it does not succeed, and what its exit code says.

Usage errors are click's, with its exit code 2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

EXIT_CODES = """\
\b
Exit codes:
  0  done
  1  refused, failed in a rule, or wrong (the message says why)
  2  the command line makes no sense
  3  no engine can be reached
  4  the engine cannot start, or cannot go on
"""


class Failure(click.ClickException):
    """A command that did not succeed: what, why and, if there is something to do, what."""

    exit_code = 1

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        places: Sequence[Mapping[str, Any]] = (),
        code: str | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.places = places
        """Where in rulesets it happened, as the engine tells it."""
        self.code = code
        """What the engine calls it."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.secho(f"error: {self.message}", fg="red", err=True)
        if self.hint is not None:
            click.echo(f"  try: {self.hint}", err=True)


class NoEngine(Failure):
    """No engine could be reached."""

    exit_code = 3


class CannotStart(Failure):
    """The engine cannot start or go on: its home or port is taken, its disk full, a setting nonsense."""

    exit_code = 4
