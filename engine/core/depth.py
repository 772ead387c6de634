"""How deeply the code of a turn may nest its calls, counted from where the turn begins.

Python's own recursion limit counts from the bottom of the stack, so the same turn would pass or fail
depending on who runs it. A pure kernel cannot have that.
"""

from __future__ import annotations

import sys
from types import FrameType, TracebackType

KERNEL_CALLS = 40
"""Room for the kernel's own calls around and beneath those of the ruleset."""


class DepthLimit:
    """Within this context, calls may nest `depth` deeper than they already do."""

    __slots__ = ("_before", "_depth")

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._before = sys.getrecursionlimit()

    def __enter__(self) -> None:
        # Some calls in between are C's: Python counts them and shows no frame for them. But it refuses
        # a limit below the depth it has reached, and so the lowest it takes tells that depth.
        reached = _count_frames()
        while True:
            reached += 1
            try:
                sys.setrecursionlimit(reached)
            except RecursionError:
                continue
            sys.setrecursionlimit(reached + self._depth + KERNEL_CALLS)
            return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.setrecursionlimit(self._before)


def _count_frames() -> int:
    frame: FrameType | None = sys._getframe(1)
    depth = 0
    while frame is not None:
        frame = frame.f_back
        depth += 1
    return depth
