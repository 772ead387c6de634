"""A value of any size as a tree of blocks, and back: exactly the value, with the order of its keys.

What is small is its canonical JSON (`engine.core.codec`), the very bytes that state ids are made of, inside
the node of what it belongs to; so half surrogates, integers beside floats and the order of keys come back as
they were. What is large is a node of its own, linked: a text in pieces, a list in pieces, a map as
an IPLD HAMT beside the list of its keys in their order. `planting` writes these nodes, here they are read.

| node | what it is |
|---|---|
| `{"text": bytes}` | a text in UTF-8, or a piece of one |
| `{"texts": [link, …]}` | a longer one: its pieces, or forks of pieces |
| `{"list": [part, …]}` | a list, or a piece of one; a part is a JSON array of items, or a large item's link |
| `{"lists": [link, …]}` | a longer one |
| `{"map": [part, …]}` | a map; a part is a JSON object of entries, or `[key, value]`, each small or linked |
| `{"keys": list, "entries": link}` | a larger one: its keys in order, small or linked, and a HAMT |
| `{"json": link}` | the text, in JSON, of what is nested too deeply to go on like this |
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from engine.core.blocks import hamt
from engine.core.blocks.dag_cbor import LARGEST_BLOCK, Link, Node
from engine.core.blocks.errors import BlockTooLarge, NotATree
from engine.core.blocks.walks import AT_ONCE, BREATH, Walk, in_turns
from engine.core.cids import Cid
from engine.core.codec import Plain, Unreadable, from_bytes

Slot = Node
"""A value where it belongs: its JSON when it is small, else a `Link` to its node."""

INLINE = 2048
"""Bytes of JSON up to which a value is small. A node of a HAMT may hold 256 of them: with larger ones a
change would write much and a block might be too large, with smaller ones there would be many blocks."""
LONGEST_KEY = 255
"""Bytes up to which a key of a HAMT is the key of the map itself."""
PARSED_AT_ONCE = 64 << 10
"""Bytes of JSON; half a millisecond."""
NESTING = 32
"""Levels of large values inside large values. What is nested deeper is one text."""
FORK = 256
"""Links in a node of a text or list that is more than one piece."""
LINK_BYTES = 40
"""What a link counts as, where sizes decide."""
_NODE_BYTES = 256
"""What a node costs its reader beyond what is in it, so that sharing makes no huge value of a small tree."""


def utf8(text: str) -> bytes:
    """A KRL string may hold half of a surrogate pair, so this is the codec's UTF-8 and not the proper one."""
    return text.encode("utf-8", "surrogatepass")


def key_of(name: str) -> bytes:
    """What a HAMT keeps an entry by. A long key is named by its hash, behind a byte that UTF-8 does not have;
    the key itself is in the list of keys."""
    key = utf8(name)
    return key if len(key) <= LONGEST_KEY else b"\xff" + sha256(key).digest()


@dataclass(frozen=True, slots=True)
class Known:
    """What nodes have become, each with the bytes that it counts as: a tree that shares them with one that
    was read before then costs what is new in it, and its values are the very same."""

    values: dict[tuple[Cid, int], tuple[Plain, int]] = field(default_factory=dict)
    """By node, and how deeply others may be nested in it."""
    entries: dict[hamt.Place, tuple[Mapping[bytes, Any], Sequence[hamt.Place], int]] = field(
        default_factory=dict
    )
    """Of large maps: what stands in one of their nodes, and the nodes below it."""


class ValueReader:
    """Reads values, `most` bytes of them in all. What is `known` is not read, and what is read is known
    afterwards."""

    def __init__(self, most: int, known: Known | None = None) -> None:
        self.most = most
        self._left = most
        self._known = known

    def read(self, slot: Slot, deeper: int = NESTING) -> Walk[Plain]:
        """The value of a slot."""
        if not isinstance(slot, Link):
            return self._parse(slot)
        if (recalled := self._recall(slot.cid, deeper)) is not None:
            return recalled[0]
        found = yield (slot.cid,)
        return (yield from self._read_linked(slot.cid, found[slot.cid], deeper))

    def _recall(self, cid: Cid, deeper: int) -> tuple[Plain, int] | None:
        """It counts as often as it is linked: what it becomes is as large each time."""
        recalled = None if self._known is None else self._known.values.get((cid, deeper))
        if recalled is not None:
            self._take(recalled[1])
        return recalled

    def _read_linked(self, cid: Cid, node: Node, deeper: int) -> Walk[Plain]:
        before = self._left
        value = yield from self._read_node(node, deeper)
        if self._known is not None:
            self._known.values[cid, deeper] = value, before - self._left
        return value

    def _read_node(self, node: Node, deeper: int) -> Walk[Plain]:
        self._take(_NODE_BYTES)
        if deeper < 0:
            raise NotATree(f"values nested more than {NESTING} levels deep")
        match node:
            case {"text": _} | {"texts": _} if len(node) == 1:
                return self._decode((yield from self._read_text(node)))
            case {"list": _} | {"lists": _} if len(node) == 1:
                return (yield from self._read_list(node, deeper))
            case {"map": list(parts)} if len(node) == 1:
                return (yield from self._read_map(parts, deeper))
            case {"keys": keys, "entries": Link(root)} if len(node) == 2:
                return (yield from self._read_entries(keys, root, deeper))
            case {"json": Link(cid)} if len(node) == 1:
                found = yield (cid,)
                return self._parse((yield from self._read_text(found[cid])))
        raise NotATree("a block that is not the node of a value")

    # --- texts ---

    def _read_text(self, node: Node) -> Walk[bytes]:
        pieces = []
        for piece in (yield from self._leaves(node, "text", "texts")):
            if not isinstance(piece, bytes):
                raise NotATree("a piece of a text that is no bytes")
            self._take(len(piece))
            pieces.append(piece)
        return b"".join(pieces)

    def _decode(self, text: bytes) -> str:
        try:
            return text.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise NotATree("a text that is not UTF-8") from None

    # --- lists ---

    def _read_list(self, node: Node, deeper: int) -> Walk[list[Plain]]:
        items: list[Plain] = []
        for parts in (yield from self._leaves(node, "list", "lists")):
            if not isinstance(parts, list):
                raise NotATree("a piece of a list that is none")
            linked = yield from self._linked(parts, deeper)
            for part in parts:
                if isinstance(part, Link):
                    items.append(next(linked))
                else:
                    items.extend(self._parse(part, list))
            yield BREATH
        return items

    def _leaves(self, node: Node, leaf: str, fork: str) -> Walk[list[Node]]:
        """The pieces of a text or list, in their order."""
        match node:
            case {**only} if only.keys() == {leaf}:
                return [only[leaf]]
            case {**only} if only.keys() == {fork}:
                return (yield from self._below(only[fork], leaf, fork))
        raise NotATree(f"a block that is no piece of a {leaf}")

    def _below(self, branches: Node, leaf: str, fork: str, deeper: int = 8) -> Walk[list[Node]]:
        links = _branches(branches)
        if not deeper:
            raise NotATree(f"a {leaf} with pieces of pieces without end")
        found = yield tuple(dict.fromkeys(links))
        leaves: list[Node] = []
        for cid in links:
            self._take(_NODE_BYTES)
            match found[cid]:
                case {**only} if only.keys() == {leaf}:
                    leaves.append(only[leaf])
                case {**only} if only.keys() == {fork}:
                    leaves.extend((yield from self._below(only[fork], leaf, fork, deeper - 1)))
                case _:
                    raise NotATree(f"a block that is no piece of a {leaf}")
        return leaves

    def _linked(self, slots: Iterable[Node], deeper: int) -> Walk[Iterator[Plain]]:
        """The values of those slots that are links, in their order, asked for many at a time. A node that is
        linked twice is read twice, because what it becomes is as large as both."""
        cids = [slot.cid for slot in slots if isinstance(slot, Link)]
        values: list[Plain] = []
        for begin in range(0, len(cids), AT_ONCE):
            batch = cids[begin : begin + AT_ONCE]
            unread = tuple(cid for cid in dict.fromkeys(batch) if not self._knows(cid, deeper - 1))
            found = (yield unread) if unread else {}
            for cid in batch:
                recalled = self._recall(cid, deeper - 1)
                if recalled is None:
                    values.append((yield from self._read_linked(cid, found[cid], deeper - 1)))
                else:
                    values.append(recalled[0])
        return iter(values)

    def _knows(self, cid: Cid, deeper: int) -> bool:
        return self._known is not None and (cid, deeper) in self._known.values

    # --- maps ---

    def _read_map(self, parts: list[Node], deeper: int) -> Walk[dict[str, Plain]]:
        slots = [slot for part in parts if isinstance(part, list) for slot in part]
        linked = yield from self._linked(slots, deeper)
        entries: dict[str, Plain] = {}
        count = 0
        for part in parts:
            if isinstance(part, list):
                new = self._pair([self._fill(slot, linked) for slot in part])
            else:
                new = self._parse(part, dict)
            count += len(new)
            entries.update(new)
        if len(entries) != count:
            raise NotATree("a map with one key twice")
        return entries

    def _pair(self, pair: list[Plain]) -> dict[str, Plain]:
        match pair:
            case [str(key), value]:
                return {key: value}
        raise NotATree("a map with what is no entry")

    def _read_entries(self, keys: Slot, root: Cid, deeper: int) -> Walk[dict[str, Plain]]:
        names = yield from self.read(keys, deeper - 1)
        held = _Entries(self, self._known)
        yield from hamt.visit(root, held)
        by_key = held.by_key
        if not isinstance(names, list) or len(names) != held.count:
            raise NotATree("a map whose keys and entries are not equally many")
        entries: dict[str, Any] = {}
        for batch in in_turns(names):
            named = ((name, key_of(name)) for name in batch if isinstance(name, str))
            entries.update((name, by_key.pop(key)) for name, key in named if key in by_key)
            yield BREATH
        if by_key or len(entries) != len(names):
            raise NotATree("a map that has not one entry for each of its keys")
        large = {name: slot for name, slot in entries.items() if isinstance(slot, Link)}
        linked = yield from self._linked(large.values(), deeper)
        entries.update(zip(large, linked, strict=True))
        return entries

    def parse_entries(self, entries: Iterable[tuple[bytes, Node]]) -> Walk[dict[bytes, Any]]:
        """Those that are small, parsed; of others their links."""
        parsed: dict[bytes, Any] = {}
        for pairs in _few_bytes(entries):
            small = iter(self._parse_all([slot for _, slot in pairs if not isinstance(slot, Link)]))
            parsed.update((key, slot if isinstance(slot, Link) else next(small)) for key, slot in pairs)
            yield BREATH
        return parsed

    @property
    def left(self) -> int:
        """Bytes that may still be read."""
        return self._left

    def count(self, size: int) -> None:
        """So many bytes are read, though they were known."""
        self._take(size)

    def _fill(self, slot: Slot, linked: Iterator[Plain]) -> Plain:
        return next(linked) if isinstance(slot, Link) else self._parse(slot)

    # --- small values ---

    def _parse(self, text: Node, kind: type | None = None) -> Plain:
        if not isinstance(text, bytes):
            raise NotATree("a value that is neither JSON nor a link")
        self._take(len(text))
        try:
            value = from_bytes(text)
        except (Unreadable, RecursionError) as problem:
            raise NotATree(f"a value that is not JSON: {problem}") from None
        if kind is not None and not isinstance(value, kind):
            raise NotATree(f"a part that is no {kind.__name__}")
        return value

    def _parse_all(self, texts: Sequence[Node]) -> list[Plain]:
        """Many at a time: a call for each of a hundred thousand takes longer than reading them."""
        if not all(isinstance(text, bytes) for text in texts):
            raise NotATree("a value that is neither JSON nor a link")
        values: list[Plain] = self._parse(b"[" + b",".join(texts) + b"]", list)
        if len(values) != len(texts):
            raise NotATree("a value that is more or less than one")
        return values

    def _take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise BlockTooLarge(f"a tree of more than {self.most:,} bytes; that many may be read of it")


class _Entries:
    """`hamt.Visitor` that gathers what the entries are, without keeping what they were read from."""

    def __init__(self, reader: ValueReader, known: Known | None) -> None:
        self.by_key: dict[bytes, Any] = {}
        """Values, and links of large ones."""
        self.count = 0
        self._reader = reader
        self._known = known

    def take(
        self, place: hamt.Place, entries: Iterable[tuple[bytes, Node]], below: Sequence[hamt.Place]
    ) -> Walk[None]:
        before = self._reader.left
        parsed = yield from self._reader.parse_entries(entries)
        self._add(parsed)
        if self._known is not None:
            self._known.entries[place] = parsed, below, before - self._reader.left

    def recall(self, place: hamt.Place) -> Sequence[hamt.Place] | None:
        known = None if self._known is None else self._known.entries.get(place)
        if known is None:
            return None
        parsed, below, size = known
        self._reader.count(size)
        self._add(parsed)
        return below

    def _add(self, parsed: Mapping[bytes, Any]) -> None:
        self.by_key.update(parsed)
        self.count += len(parsed)


def _few_bytes(pairs: Iterable[tuple[bytes, Slot]]) -> Iterator[list[tuple[bytes, Slot]]]:
    """Entries that are parsed together: nobody else can have the interpreter meanwhile."""
    held, size = list[tuple[bytes, Slot]](), 0
    for pair in pairs:
        held.append(pair)
        size += len(pair[1]) if isinstance(pair[1], bytes) else 0
        if size >= PARSED_AT_ONCE:
            yield held
            held, size = [], 0
    if held:
        yield held


def _branches(branches: Node) -> list[Cid]:
    if not isinstance(branches, list) or not 0 < len(branches) <= FORK:
        raise NotATree("a fork without branches, or with too many")
    if not all(isinstance(branch, Link) for branch in branches):
        raise NotATree("a fork with what is no branch")
    return [branch.cid for branch in branches]


assert FORK <= AT_ONCE, "what a fork leads to is asked for at once"
_FULL_NODE = hamt.OURS.bucket_size << hamt.OURS.bit_width
assert (INLINE + LONGEST_KEY + 16) * _FULL_NODE < LARGEST_BLOCK * 3 // 4, "a full node of a HAMT is a block"
