"""The group of all commands: what goes wrong in one of them is told as that command was asked to tell."""

from __future__ import annotations

from typing import Any

import click

from engine.commands.failure import Failure
from engine.commands.output import AS_JSON, WANTS_NO_COLOUR


class Commands(click.Group):
    """Whoever asks for JSON gets a failure as JSON too, on standard error."""

    def make_context(self, *given: Any, **named: Any) -> click.Context:
        context = super().make_context(*given, **named)
        if WANTS_NO_COLOUR:
            context.color = False
        return context

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Failure as failure:
            failure.is_for_programs = ctx.meta.get(AS_JSON, False)
            raise
