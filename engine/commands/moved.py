"""What is said of a pico that has moved away, wherever a command shows how it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click


def place_of(moved: Mapping[str, str]) -> str:
    """Where it is, for people."""
    return moved.get("url") or moved.get("engine") or "nobody knows where"


def note_moved(found: Mapping[str, Any]) -> None:
    """Beside the output, so that programs may read on."""
    if "moved" in found:
        note = f"it has moved to {place_of(found['moved'])}; this is how it was here"
        click.secho(note, fg="yellow", err=True)
