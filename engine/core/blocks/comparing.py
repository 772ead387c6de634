"""What differs between a collection and the one whose place it has taken, by identity and at the speed of C.

Collections are copied when they change, with most of what is in them the same objects as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import accumulate, compress, count
from operator import is_not
from typing import Any

from engine.core.cids import Cid

# --- maps ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Differing:
    """Of two maps: keys whose values are other objects or are new, keys that are gone, and whether the keys
    of both are the same in the same order."""

    changed: list[str]
    gone: list[str]
    has_same_keys: bool


def compare(
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    were: list[str] | None = None,
    touched: Set[str] | None = None,
) -> Differing:
    """`were`: the keys of the old one, where somebody has them as a list. `touched`: see `Touched.between`.

    Mostly the keys of both are the same, or begin and end alike, and what is between is little. Then Python's
    own loops need not be entered, and a hundred thousand entries take some milliseconds."""
    if touched is not None and touched <= old.keys() and touched <= new.keys():
        return Differing(sorted(key for key in touched if old[key] is not new[key]), [], True)
    names = list(new)
    were = list(old) if were is None else were
    if names == were:  # by far the most frequent, and much cheaper than to look where they differ
        return Differing(_replaced(names, old.values(), new.values()), [], True)
    if len(names) > len(were) and names[: len(were)] == were:
        changed = _replaced(were, old.values(), new.values())
        return Differing(changed + names[len(were) :], [], False)
    same = Common(were, names)
    until, after = same.begin, len(names) - same.end
    changed = _replaced(names[:until], old.values(), new.values())
    changed += _replaced(names[after:][::-1], list(old.values())[::-1], list(new.values())[::-1])
    changed += [key for key in names[until:after] if key not in old or old[key] is not new[key]]
    gone = [key for key in were[until : len(were) - same.end] if key not in new]
    return Differing(changed, gone, False)


def _replaced(names: list[str], old: Iterable[Any], new: Iterable[Any]) -> list[str]:
    """The names of those values that are another object."""
    return list(compress(names, map(is_not, old, new)))


# --- lists -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Leaf:
    """A piece of a list: how many items, and its block."""

    items: int
    cid: Cid


class Common:
    """What two lists begin and end with alike."""

    def __init__(self, old: Sequence[Any], new: Sequence[Any]) -> None:
        most = min(len(old), len(new))
        self._old, self._new = old, new
        self.begin = next(compress(count(), map(is_not, old, new)), most)
        ends = map(is_not, reversed(old), reversed(new))
        self.end = min(next(compress(count(), ends), most), most - self.begin)

    def pair(self, place: int) -> Any:
        """The item that was where this one is, if none has come or gone."""
        return self._old[place] if len(self._old) == len(self._new) else None

    def leaves_before(self, leaves: tuple[Leaf, ...]) -> Iterator[Leaf]:
        """Those that only have items of the common beginning. The last piece ended because the list did, so
        it stays only if the new one ends there too."""
        for leaf, end in zip(leaves, accumulate(leaf.items for leaf in leaves), strict=True):
            if end > self.begin or (end == len(self._old) != len(self._new)):
                return
            yield leaf

    def leaves_after(self, leaves: tuple[Leaf, ...]) -> dict[int, int]:
        """The places in the new list from which on there is nothing but old pieces, all with items of the
        common end; each with the number of the first."""
        moved = len(self._new) - len(self._old)
        starts = accumulate((leaf.items for leaf in leaves), initial=0)
        first = len(self._new) - self.end
        return {
            start + moved: number
            for number, start in enumerate(starts)
            if number < len(leaves) and start + moved >= first
        }
