"""Python's syntax trees are made and read by one thread at a time.

CPython 3.11 counts in one place, for all threads, how deep it is in a tree; when two are at it and one is
interrupted, the other fails with a SystemError that says "recursion depth mismatch".
"""

from __future__ import annotations

from threading import Lock

ONE_TREE_AT_A_TIME = Lock()
"""Held while a syntax tree is parsed or compiled. That holds the interpreter too: nobody waits longer."""
