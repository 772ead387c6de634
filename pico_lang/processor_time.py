"""What a thread has computed itself: its processor time, without Python's looks for garbage.

A look goes through objects of the whole process, and falls to whoever happens to make the object too many,
who is not to blame for it: no turn is charged with it, and no expression takes too long because of it.
"""

from __future__ import annotations

import gc
import threading
import time
from typing import Any


class _Looks(threading.local):
    """Those that fell to this thread."""

    began_s = 0.0
    spent_s = 0.0


_looks = _Looks()


def own_s() -> float:
    """Seconds this thread has computed. Only differences mean anything."""
    return time.thread_time() - _looks.spent_s


def _note(phase: str, info: dict[str, Any]) -> None:
    if phase == "start":
        _looks.began_s = time.thread_time()
    else:
        _looks.spent_s += time.thread_time() - _looks.began_s


gc.callbacks.append(_note)
