"""Values made into trees, and changed values into changed trees, at the cost of what changed.

What a value became is kept beside it, by identity: values of the language never change, so what is the same
object is the same tree, and only what is not is looked at. The tree does not depend on that: it is the same
when it is made anew. Small values stand in the node they belong to (`values`), so nothing is kept for them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from engine.core.blocks import hamt
from engine.core.blocks.comparing import Common, Leaf, compare
from engine.core.blocks.cutting import PAGE, cut_text, ends_piece
from engine.core.blocks.dag_cbor import Link, Node
from engine.core.blocks.values import FORK, INLINE, LINK_BYTES, NESTING, Slot, key_of, utf8
from engine.core.blocks.walks import BREATH, Walk, Writer, in_turns
from engine.core.cids import Cid
from engine.core.codec import Plain, encoder_of

Pack = Callable[[Any], Plain]
"""What the codec makes of a thing of the model."""
Touches = Callable[[Any, Any], Set[str] | None]
"""Which keys may differ between two maps, if that is known: see `touched`."""
LARGE = 4096
"""Entries from which on it is worth asking."""


def _unknown(old: Any, new: Any) -> None:
    """Both are looked through."""


@dataclass(frozen=True, slots=True)
class Planted:
    """A value and the slot that stands for it, with what its next version can be made from."""

    value: Any
    slot: Slot
    inner: Mapping[Any, Planted] = field(default_factory=dict)
    """What is large in it: in a map by key, in a list by the id of the item, which is kept alive by it."""
    leaves: tuple[Leaf, ...] = ()
    """Of a list."""
    forks: Mapping[tuple[Cid, ...], Cid] = field(default_factory=dict)
    """Of a list: what holds these pieces."""
    keys: Planted | None = None
    """Of a map with a HAMT."""
    entries: Cid | None = None
    size: int = 0
    """Of such a map: of all its keys and slots."""


class Planter:
    """Writes trees. `packs` says what things that are no language values are written as."""

    def __init__(
        self, writer: Writer, packs: Mapping[type, Pack] | None = None, touches: Touches = _unknown
    ) -> None:
        self._writer = writer
        self._packs = packs or {}
        self._touches = touches
        self._to_bytes = encoder_of(self._pack)

    def plant(self, value: Any, before: Planted | None = None, deeper: int = NESTING) -> Walk[Planted]:
        """The tree of a value, given that of the one it has taken the place of."""
        if before is not None and before.value is value:
            return before
        plain = self._plain(value)
        small = self._small(plain)
        if small is not None:
            return Planted(value, small)
        if not deeper:
            return Planted(value, (yield from self._write_json(plain)))
        if isinstance(plain, str):
            return Planted(value, (yield from self.write_text(utf8(plain))))
        if isinstance(plain, Mapping):
            return (yield from self._plant_map(value, plain, before, deeper))
        return (yield from self._plant_list(value, plain, before, deeper))

    def _plain(self, value: Any) -> Plain:
        pack = self._packs.get(value.__class__)
        return value if pack is None else pack(value)

    def _pack(self, thing: Any) -> Plain:
        pack = self._packs.get(thing.__class__)
        return dict(thing) if pack is None else pack(thing)

    def _small(self, plain: Plain) -> bytes | None:
        """The JSON of a value that is small enough to stand in a node. What is large is found to be so
        without writing all of it."""
        if isinstance(plain, str):
            if len(plain) > INLINE:
                return None
        elif isinstance(plain, (list, tuple, Mapping)):
            if _is_beyond(plain):
                return None
        else:
            return self._to_bytes(plain)  # a number is never large
        text = self._to_bytes(plain)
        return text if len(text) <= INLINE else None

    def _write(self, node: Node) -> Walk[Link]:
        link = Link(self._writer.write(node))
        yield BREATH
        return link

    def _slots(
        self,
        items: Iterable[tuple[Any, Any]],
        before: Mapping[Any, Planted],
        inner: dict[Any, Planted],
        deeper: int,
    ) -> Walk[list[Slot]]:
        """The slots of items, given with what their large ones are kept by; these are added to `inner`."""
        slots: list[Slot] = []
        for batch in in_turns(items):
            for key, item in batch:
                small = self._small(self._plain(item)) if key not in before else None
                if small is None:
                    planted = yield from self.plant(item, before.get(key), deeper - 1)
                    small = planted.slot
                    if isinstance(small, Link):
                        inner[key] = planted
                slots.append(small)
            yield BREATH
        return slots

    # --- texts ---

    def write_text(self, text: bytes) -> Walk[Link]:
        """A text as blocks of its own, even if it is small."""
        links: list[Link] = []
        for piece in cut_text(text):
            links.append((yield from self._write({"text": piece})))
        cids = tuple(link.cid for link in links)
        return (yield from self._join(cids, "texts", {}, {}))

    def _write_json(self, plain: Plain) -> Walk[Link]:
        text = yield from self.write_text(self._to_bytes(plain))
        return (yield from self._write({"json": text}))

    def _join(
        self,
        cids: tuple[Cid, ...],
        kind: str,
        known: Mapping[tuple[Cid, ...], Cid],
        used: dict[tuple[Cid, ...], Cid],
    ) -> Walk[Link]:
        """A balanced tree over pieces: as few levels of forks as it takes, all but the last of a level full.
        Forks that are `known` are not written again; those that are part of the tree are put into `used`."""
        while len(cids) > 1:
            level = []
            for begin in range(0, len(cids), FORK):
                branches = cids[begin : begin + FORK]
                fork = known.get(branches)
                if fork is None:
                    fork = (yield from self._write({kind: [Link(cid) for cid in branches]})).cid
                used[branches] = fork
                level.append(fork)
            cids = tuple(level)
        return Link(cids[0])

    # --- lists ---

    def _plant_list(
        self, value: Any, items: Sequence[Any], before: Planted | None, deeper: int
    ) -> Walk[Planted]:
        old = before if before is not None and before.leaves else Planted((), b"")
        inner = dict(old.inner)
        leaves = yield from self._cut_list(items, old, inner, deeper)
        forks: dict[tuple[Cid, ...], Cid] = {}
        slot = yield from self._join(tuple(leaf.cid for leaf in leaves), "lists", old.forks, forks)
        if inner:
            kept = set(map(id, items))
            inner = {key: planted for key, planted in inner.items() if key in kept}
        return Planted(value, slot, inner, leaves, forks)

    def _cut_list(
        self, items: Sequence[Any], old: Planted, inner: dict[Any, Planted], deeper: int
    ) -> Walk[tuple[Leaf, ...]]:
        """The pieces of a list. Those of the old one with the same items in the same run are taken over."""
        same = Common(self._plain(old.value), items)
        leaves = list(same.leaves_before(old.leaves))
        done = sum(leaf.items for leaf in leaves)
        rest = same.leaves_after(old.leaves)
        parts, held = _Parts(), 0
        while done < len(items):
            if not held and done in rest:
                leaves.extend(old.leaves[rest[done] :])
                break
            item = items[done]
            slot: Slot | None = self._small(self._plain(item))
            if slot is None:
                before = inner.get(id(item)) or inner.get(id(same.pair(done)))
                planted = inner[id(item)] = yield from self.plant(item, before, deeper - 1)
                slot = planted.slot
            done += 1
            held += parts.add(slot)
            if done == len(items) or ends_piece(held, _bytes_of(slot)):
                leaves.append(Leaf(parts.items, (yield from self._write({"list": parts.take()})).cid))
                held = 0
        return tuple(leaves)

    # --- maps ---

    def _plant_map(
        self, value: Any, entries: Mapping[str, Any], before: Planted | None, deeper: int
    ) -> Walk[Planted]:
        if before is not None and before.entries is not None:
            planted = yield from self._change_map(value, entries, before, deeper)
            if planted is not None:
                return planted
        inner: dict[Any, Planted] = {}
        known = {} if before is None else before.inner
        slots = yield from self._slots(entries.items(), known, inner, deeper)
        size = sum(map(_size, entries, slots))
        if size <= PAGE:
            parts = yield from self._pairs(zip(entries, slots, strict=True))
            return Planted(value, (yield from self._write({"map": parts})), inner)
        root = yield from self._update(None, entries, slots, ())
        keys = yield from self.plant(list(entries), None, deeper - 1)
        return (yield from self._hold(value, inner, keys, root, size))

    def _change_map(
        self, value: Any, entries: Mapping[str, Any], before: Planted, deeper: int
    ) -> Walk[Planted | None]:
        """The map with what differs written anew; None if it is now one page."""
        assert before.entries is not None
        assert before.keys is not None
        old = self._plain(before.value)
        touched = self._touches(before.value, value) if len(entries) >= LARGE else None
        found = compare(old, entries, before.keys.value, touched)
        replaced = {*found.changed, *found.gone}
        inner = {key: planted for key, planted in before.inner.items() if key not in replaced}
        items = [(key, entries[key]) for key in found.changed]
        slots = yield from self._slots(items, before.inner, inner, deeper)
        freed = sum(_size(key, self._slot_of(key, old, before)) for key in replaced if key in old)
        size = before.size - freed + sum(map(_size, found.changed, slots))
        if size <= PAGE:
            return None
        root = yield from self._update(before.entries, found.changed, slots, found.gone)
        keys: Planted = before.keys
        if not found.has_same_keys:
            keys = yield from self.plant(list(entries), keys, deeper - 1)
        return (yield from self._hold(value, inner, keys, root, size))

    def _update(
        self, root: Cid | None, names: Iterable[str], slots: Iterable[Slot], gone: Iterable[str]
    ) -> Walk[Cid]:
        puts: dict[bytes, Slot] = {}
        for batch in in_turns(zip(names, slots, strict=True)):
            puts.update((key_of(name), slot) for name, slot in batch)
            yield BREATH
        return (yield from hamt.update(root, puts, [key_of(name) for name in gone], self._writer))

    def _slot_of(self, key: str, old: Mapping[str, Any], before: Planted) -> Slot:
        planted = before.inner.get(key)
        return self._to_bytes(old[key]) if planted is None else planted.slot

    def _hold(
        self, value: Any, inner: Mapping[Any, Planted], keys: Planted, root: Cid, size: int
    ) -> Walk[Planted]:
        """A map by its keys and its HAMT."""
        slot = yield from self._write({"keys": keys.slot, "entries": Link(root)})
        return Planted(value, slot, inner, keys=keys, entries=root, size=size)

    def _pairs(self, entries: Iterable[tuple[str, Slot]]) -> Walk[list[Node]]:
        """The parts of a map that is one page."""
        parts: list[Node] = []
        run: list[bytes] = []
        for key, slot in entries:
            name: Slot | None = self._small(key)
            if isinstance(name, bytes) and isinstance(slot, bytes):
                run.append(name + b":" + slot)
                continue
            if run:
                parts.append(b"{" + b",".join(run) + b"}")
                run = []
            if name is None:
                name = yield from self.write_text(utf8(key))
            parts.append([name, slot])
        if run:
            parts.append(b"{" + b",".join(run) + b"}")
        return parts


# --- parts -----------------------------------------------------------------------------------------


class _Parts:
    """Items of a piece of a list: those that are small run together in one JSON array."""

    def __init__(self) -> None:
        self._parts: list[Node] = []
        self._run: list[bytes] = []
        self.items = 0

    def add(self, slot: Slot) -> int:
        """The bytes that it takes."""
        self.items += 1
        if isinstance(slot, Link):
            self._end_run()
            self._parts.append(slot)
            return LINK_BYTES
        self._run.append(slot)
        return len(slot)

    def take(self) -> list[Node]:
        """Everything so far; the next piece begins."""
        self._end_run()
        parts, self._parts, self.items = self._parts, [], 0
        return parts

    def _end_run(self) -> None:
        if self._run:
            self._parts.append(b"[" + b",".join(self._run) + b"]")
            self._run = []


def _bytes_of(slot: Slot) -> bytes:
    return slot.cid if isinstance(slot, Link) else slot


def _size(key: str, slot: Slot) -> int:
    return len(key) + (LINK_BYTES if isinstance(slot, Link) else len(slot))


def _is_beyond(plain: Plain) -> bool:
    """Whether a collection surely has more JSON than a small one may. Every value in it has a byte and a
    comma at least, so that little is looked at."""
    left, most = [plain], INLINE
    while left:
        plain = left.pop()
        if isinstance(plain, str):
            most -= len(plain)
        elif isinstance(plain, Mapping):
            most -= 4 * len(plain)
            if most >= 0:
                left.extend(plain)
                left.extend(plain.values())
        elif isinstance(plain, (list, tuple)):
            most -= 2 * len(plain)
            if most >= 0:
                left.extend(plain)
        if most < 0:
            return True
    return False
