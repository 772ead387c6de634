"""How deeply the code of a turn may nest its calls, counted from where the turn begins.

Python's own recursion limit counts from the bottom of the stack, so the same turn would pass or fail
depending on who runs it. A pure kernel cannot have that.
"""

from __future__ import annotations

import re
import sys
from types import TracebackType

KERNEL_CALLS = 40
"""Room for the kernel's own calls around and beneath those of the ruleset."""

_DEPTH = re.compile(r"at the recursion depth (\d+)")


class DepthLimit:
    """Within this context, calls may nest `depth` deeper than they already do."""

    __slots__ = ("_before", "_depth")

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._before = sys.getrecursionlimit()

    def __enter__(self) -> None:
        sys.setrecursionlimit(_reached() + self._depth + KERNEL_CALLS)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        sys.setrecursionlimit(self._before)


def _reached() -> int:
    """The depth that Python itself has counted.

    Counting frames would miss the calls of C code in between. Python tells when it refuses a limit
    below the depth it has reached; one that it would accept must not be tried, for it would hold for
    every thread.
    """
    try:
        sys.setrecursionlimit(1)
    except RecursionError as refusal:
        found = _DEPTH.search(str(refusal))
        if found is not None:
            return int(found[1])
    raise RuntimeError("this Python does not tell the depth of its calls in the way it used to")
