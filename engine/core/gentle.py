"""The canonical bytes of something large, made in pieces, for a thread beside one that must not wait.

Python's encoder holds the interpreter's lock until it has written everything: a tenth of a second for ten
megabytes. Here every piece is its work, so the bytes are the same, and others can run in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.core.codec import Plain, to_bytes

PIECE = 500
"""Entries that are written at once: below a millisecond, unless there are long texts among them."""

SMALL = 16
"""Entries that an array or map may have to be written at once with its neighbours, if none has any itself."""

Entry = tuple[str | None, Plain]
"""Of a map, or without a key of an array."""


def pieces(plain: Plain) -> Iterator[bytes]:
    """What `to_bytes` gives, cut somewhere."""
    if _is_small(plain):
        yield to_bytes(plain)
    elif isinstance(plain, Mapping):
        yield from _enclosed(b"{", plain.items(), b"}")
    else:
        yield from _enclosed(b"[", ((None, item) for item in plain), b"]")


def _is_small(plain: Plain) -> bool:
    if not isinstance(plain, (list, tuple, Mapping)):
        return True
    items = plain.values() if isinstance(plain, Mapping) else plain
    return len(plain) <= SMALL and not any(isinstance(item, (list, tuple, Mapping)) for item in items)


def _enclosed(begin: bytes, entries: Iterable[Entry], end: bytes) -> Iterator[bytes]:
    between = begin
    for run in _runs(entries):
        key, item = run[0]
        if _is_small(item):
            yield between + _inside(run)
        else:
            yield between if key is None else between + to_bytes(key) + b":"
            yield from pieces(item)
        between = b","
    yield end if between == b"," else begin + end


def _runs(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Small ones that follow each other, as many as make a piece, and each large one by itself."""
    run: list[Entry] = []
    for entry in entries:
        is_small = _is_small(entry[1])
        if run and (not is_small or len(run) == PIECE):
            yield run
            run = []
        if is_small:
            run.append(entry)
        else:
            yield [entry]
    if run:
        yield run


def _inside(run: Sequence[Entry]) -> bytes:
    """Entries as they stand between the brackets."""
    is_map = run[0][0] is not None
    return to_bytes(dict(run) if is_map else [item for _, item in run])[1:-1]
