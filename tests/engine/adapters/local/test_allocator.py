"""How an engine has its memory given out."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

HAS_MALLOPT = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")

COUNT = """
import sys, threading, ctypes
from engine.adapters.local.allocator import have_few_arenas
if sys.argv[1] == "few":
    assert have_few_arenas()
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
meet, places = threading.Barrier(8), []
def ask():
    meet.wait()
    places.append(malloc(1000) >> 26)
    meet.wait()
threads = [threading.Thread(target=ask) for _ in range(8)]
for one in threads: one.start()
for one in threads: one.join()
print(len(set(places)))
"""


@pytest.mark.skipif(not HAS_MALLOPT, reason="only glibc has arenas")
def test_threads_share_two_arenas(tmp_path: Path) -> None:
    """However many there are; without that each of eight gets one of its own."""

    def arenas(how: str) -> int:
        command = [sys.executable, "-c", COUNT, how]
        done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path.cwd())
        return int(done.stdout)

    assert arenas("few") <= 2 < arenas("as it is")
