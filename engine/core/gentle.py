"""The canonical bytes of something large, made in pieces, for a thread beside one that must not wait.

Python's encoder holds the interpreter's lock until it has written everything: a tenth of a second for ten
megabytes. Here every piece is its work, so the bytes are the same, and others can run in between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.core.codec import Plain, to_bytes

PIECE = 500
"""Values that are written at once: below a millisecond, unless there is a very long text among them."""

LONG = 256
"""Characters of a text that count as one more value."""

SMALL = 64
"""Values that an array or map may hold, at whatever depth, to be written at once with its neighbours: a
channel or a timer does, and of those a pico may have thousands."""

Entry = tuple[str | None, Plain]
"""Of a map, or without a key of an array."""


def pieces(plain: Plain) -> Iterator[bytes]:
    """What `to_bytes` gives, cut somewhere."""
    if _weight(plain) <= SMALL:
        yield to_bytes(plain)
    elif isinstance(plain, Mapping):
        yield from _enclosed(b"{", plain.items(), b"}")
    else:
        yield from _enclosed(b"[", ((None, item) for item in plain), b"]")


def _weight(plain: Plain, most: int = SMALL) -> int:
    """How many values there are in it, itself among them; of more than `most`, some number above that."""
    weight = 1
    if isinstance(plain, (list, tuple, Mapping)):
        for item in plain.values() if isinstance(plain, Mapping) else plain:
            weight += _weight(item, most - weight)
            if weight > most:
                break
    return weight


def _enclosed(begin: bytes, entries: Iterable[Entry], end: bytes) -> Iterator[bytes]:
    between = begin
    for run in _runs(entries):
        key, item = run[0]
        if len(run) > 1 or _weight(item) <= SMALL:
            yield between + _inside(run)
        else:
            yield between if key is None else between + to_bytes(key) + b":"
            yield from pieces(item)
        between = b","
    yield end if between == b"," else begin + end


def _runs(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    """Small ones that follow each other, as many as make a piece, and each large one by itself."""
    run: list[Entry] = []
    held = 0
    for entry in entries:
        weight = _weight(entry[1])
        if run and (weight > SMALL or held >= PIECE):
            yield run
            run, held = [], 0
        if weight > SMALL:
            yield [entry]
        else:
            run.append(entry)
            held += weight + (len(entry[1]) // LONG if isinstance(entry[1], str) else 0)
    if run:
        yield run


def _inside(run: Sequence[Entry]) -> bytes:
    """Entries as they stand between the brackets."""
    is_map = run[0][0] is not None
    return to_bytes(dict(run) if is_map else [item for _, item in run])[1:-1]
