"""How the C library gives out memory, as far as it can be told.

glibc makes an arena for each thread that asks at the same moment as another. What a thread has freed is then
of no use to the next, and an engine whose threads take turns at something large keeps a copy's worth of holes
in each: two arenas are enough for those who do not wait for Python's lock.
"""

from __future__ import annotations

import ctypes
import os

ARENAS = 2
_M_ARENA_MAX = -8
"""As `malloc.h` has it."""


def have_few_arenas() -> bool:
    """For as long as the process lives, from before its threads begin. Whether that is so; other C libraries
    have no arenas, and whoever runs the engine may want another number."""
    if "MALLOC_ARENA_MAX" in os.environ:
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):
        return False
    return bool(mallopt(_M_ARENA_MAX, ARENAS))
