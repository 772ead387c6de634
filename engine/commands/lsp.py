"""`picomesh lsp`: the language server, for editors."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

from engine.commands.failure import Failure
from engine.commands.known import known_modules


@click.command()
@click.option("--stdio", is_flag=True, help="Accepted because editors pass it; there is no other way.")
def lsp(stdio: bool) -> None:
    """Help editors with rulesets.

    Speaks the language server protocol on standard input and output: mistakes as they are made,
    completion, explanations, definitions, references, renaming and layout. An editor starts it;
    examples/editor has an extension for VS Code.
    """
    if find_spec("pygls") is None:
        raise Failure(
            "the language server needs pygls, which is not installed", "pip install 'picomesh[lsp]'"
        )
    # By name, because pygls is an extra, and no other command should wait for it to load.
    import_module("engine.adapters.lsp.server").make_server(known_modules()).start_io()
