"""How a command ends when it does not succeed, and what its exit code says.

Usage errors are click's, with its exit code 2.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import IO, Any

import click

from engine.commands.output import WANTS_NO_COLOUR

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
    is_for_programs = False
    """Whether the command was asked for JSON."""
    default_code = "failed"

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

    def to_document(self) -> dict[str, Any]:
        """As programs read it."""
        told: dict[str, Any] = {"message": self.message, "code": self.code or self.default_code}
        if self.hint is not None:
            told["hint"] = self.hint
        if self.places:
            told["places"] = list(self.places)
        return {"error": told, "exit": self.exit_code}

    def show(self, file: IO[Any] | None = None) -> None:
        if self.is_for_programs:
            click.echo(json.dumps(self.to_document(), ensure_ascii=False), err=True)
            return
        code = "" if self.code is None or f"[{self.code}]" in self.message else f" [{self.code}]"
        click.secho(
            f"error: {self.message}{code}", fg="red", err=True, color=False if WANTS_NO_COLOUR else None
        )
        if self.hint is not None:
            click.echo(f"  try: {self.hint}", err=True)


class NoEngine(Failure):
    """No engine could be reached."""

    exit_code = 3
    default_code = "no-engine"


class CannotStart(Failure):
    """The engine cannot start or go on: its home or port is taken, its disk full, a setting nonsense."""

    exit_code = 4
    default_code = "cannot-start"
