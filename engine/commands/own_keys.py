"""Keys of people's own, in files: of the DID that commands write from, and of owners who recover picos.

One that is sealed takes its passphrase from the environment, or from whoever sits at the terminal.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from engine.adapters.keys import KeysUnusable, SeedFile, SeedKeys
from engine.commands.failure import Failure
from engine.config import OWN_PASSPHRASE

IDENTITY_FILE = "identity.key"


def identity_file() -> Path:
    """In the user's configuration folder."""
    return Path(click.get_app_dir("picomesh")) / IDENTITY_FILE


def open_keys(path: Path) -> SeedKeys:
    """They are made when they are first needed."""
    file = SeedFile(path)
    try:
        return SeedKeys(file.open(passphrase_of(file)))
    except (KeysUnusable, OSError) as problem:
        raise Failure(str(problem)) from None


def is_terminal() -> bool:
    """Whether somebody sits there who can be asked; what was started without an input has none."""
    return sys.stdin is not None and sys.stdin.isatty()


def passphrase_of(file: SeedFile) -> str | None:
    """None where none is needed."""
    if not file.is_sealed():
        return None
    given = os.environ.get(OWN_PASSPHRASE)
    if given:
        return given
    if not is_terminal():
        raise Failure(
            f"{file.path} is sealed with a passphrase, and none was given",
            f"put it into {OWN_PASSPHRASE}, or type it at a terminal",
        )
    return str(click.prompt(f"Passphrase of {file.path.name}", hide_input=True, err=True))
