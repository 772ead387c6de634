"""How far something has come that takes its time, for whoever sits at a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

Tell = Callable[[str, int, int], None]
"""What is being done, how many bytes of it are done, and of how many: 0 where nobody knows."""


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar that is gone when it is done; nothing where there is no terminal."""
    columns = TextColumn("  {task.description:<28}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    screen = Console(stderr=True, highlight=False, emoji=False)
    with Progress(*columns, console=screen, transient=True, disable=not sys.stderr.isatty()) as shown:
        task = shown.add_task("", total=None)

        def tell(what: str, done: int, of: int) -> None:
            shown.update(task, description=what, completed=done, total=of or None)

        yield tell
