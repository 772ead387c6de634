"""What a pico has put for everybody, as its sealed tree leads to it: blocks in the open, each with its size.

They are linked, so whoever keeps the state keeps them too. The list is cut where the names of the blocks say
so, for one more or less to change little of it: `{"deposits": [[link, size], …]}`, and of several such pieces
`{"pieces": [link, …]}`, in as many levels as it takes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from engine.core.blocks.dag_cbor import Link, Node
from engine.core.blocks.errors import NotATree
from engine.core.blocks.walks import BREATH, Walk, Writer, in_turns
from engine.core.cids import Cid

RARITY = 64
"""Of how many blocks one ends a piece."""
LONGEST = 512
"""Blocks in a piece, if none says that it ends."""
BRANCHES = 256
DEEPEST = 4
"""Levels of lists of pieces: more blocks than anybody has."""


@dataclass(frozen=True, slots=True)
class Deposited:
    cid: Cid
    size: int
    """Bytes that it counts, with all below it."""


def write_deposits(deposits: Iterable[Deposited], writer: Writer) -> Walk[Link | None]:
    """What leads to all of them; None if there are none. In whatever order they are given it is the same."""
    links: list[Link] = []
    for piece in _pieces(sorted(deposits, key=lambda one: one.cid)):
        links.append(Link(writer.write({"deposits": [[Link(one.cid), one.size] for one in piece]})))
        yield BREATH
    while len(links) > 1:
        links = [Link(writer.write({"pieces": [*branches]})) for branches in in_turns(links, BRANCHES)]
    return links[0] if links else None


def _pieces(deposits: Sequence[Deposited]) -> Iterator[list[Deposited]]:
    piece: list[Deposited] = []
    for one in deposits:
        piece.append(one)
        if one.cid[-1] % RARITY == 0 or len(piece) == LONGEST:
            yield piece
            piece = []
    if piece:
        yield piece


def read_deposits(link: Link, deepest: int = DEEPEST) -> Walk[list[Deposited]]:
    """Those that it leads to; not one of their blocks is asked for. Raises `BlockError`."""
    found = yield (link.cid,)
    match found[link.cid]:
        case {"deposits": list(entries), **rest} if not rest:
            return [_read(entry) for entry in entries]
        case {"pieces": list(pieces), **rest} if not rest and deepest:
            deposits: list[Deposited] = []
            for piece in pieces:
                if not isinstance(piece, Link):
                    break
                deposits += yield from read_deposits(piece, deepest - 1)
            else:
                return deposits
    raise NotATree("a block that is no list of what a pico has put")


def _read(entry: Node) -> Deposited:
    match entry:
        case [Link(cid), int(size)] if not isinstance(size, bool) and size > 0:
            return Deposited(cid, size)
    raise NotATree("a list of what a pico has put, with something else in it")
