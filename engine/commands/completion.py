"""`picomesh completion`: what makes a shell complete the words of this command."""

from __future__ import annotations

import click
from click.shell_completion import BashComplete, FishComplete, ShellComplete, ZshComplete

from engine.commands.output import json_option, print_json

PROGRAM = "picomesh"
VARIABLE = "_PICOMESH_COMPLETE"
"""By which the shell's function asks this command; click reads it."""


SHELLS: dict[str, type[ShellComplete]] = {"bash": BashComplete, "zsh": ZshComplete, "fish": FishComplete}


@click.command()
@click.argument("shell", type=click.Choice(list(SHELLS)))
@json_option
@click.pass_context
def completion(context: click.Context, shell: str, as_json: bool) -> None:
    """Print what completes commands in a shell.

    \b
    Where it goes:
      bash  picomesh completion bash > ~/.local/share/bash-completion/completions/picomesh
      zsh   picomesh completion zsh > ~/.zfunc/_picomesh   (with that folder in fpath)
      fish  picomesh completion fish > ~/.config/fish/completions/picomesh.fish

    \b
    Examples:
      eval "$(picomesh completion bash)"
    """
    text = SHELLS[shell](context.find_root().command, {}, PROGRAM, VARIABLE).source()
    print_json({"shell": shell, "script": text}) if as_json else click.echo(text)
