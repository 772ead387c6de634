"""How far something has come that takes its time, for whoever sits at a terminal."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from engine.commands.output import WANTS_NO_COLOUR
from engine.core.cids import Cid

Tell = Callable[[str, int, int], None]
"""What is being done, how many bytes of it are done, and of how many: 0 where nobody knows."""


@contextmanager
def progress() -> Iterator[Tell]:
    """A bar that is there while something is done, and gone when that is: in between a passphrase may be
    asked for. Nothing where there is no terminal."""
    columns = TextColumn("  {task.description:<24}"), BarColumn(), DownloadColumn(), TimeRemainingColumn()
    screen = Console(
        stderr=True, highlight=False, emoji=False, color_system=None if WANTS_NO_COLOUR else "auto"
    )
    shown = Progress(*columns, console=screen, transient=True, disable=not sys.stderr.isatty())
    task = shown.add_task("", total=None)

    def tell(what: str, done: int, of: int) -> None:
        shown.update(task, description=what, completed=done, total=of or None)
        if 0 < of <= done:
            shown.stop()
        else:
            shown.start()

    try:
        yield tell
    finally:
        shown.stop()


async def telling(
    blocks: AsyncIterator[Mapping[Cid, bytes]], tell: Tell, what: str, whole: int
) -> AsyncIterator[Mapping[Cid, bytes]]:
    """The same blocks; of those that were taken it is told how many bytes they are."""
    done = 0
    async for part in blocks:
        yield part
        done += sum(map(len, part.values()))
        tell(what, min(done, whole), whole)
