"""Reading and changing what lies deep inside a value: `m{["a", 0]}`, `get`, `put`, `set`, `delete`.

A path is a list of keys, each already a string; an array is entered with keys that spell an index. No
value is ever changed: a change copies the arrays and maps on its way and shares everything else. All
walks are loops, because a path may be longer than Python can nest calls.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

from pico_lang.coercion import to_string
from pico_lang.meter import Meter
from pico_lang.values import Value, index_of_key, make_map, with_entry, without_entry

Path = list[str]

Prepare = Callable[[Value, str], Value]
"""From what lies at a step and the key of the next step to the collection that the next step enters."""


def to_path(meter: Meter, path: Value) -> Path:
    """One key or an array of keys, as a list of strings."""
    keys = [to_string(key) for key in path] if path.__class__ is list else [to_string(path)]
    meter.charge(len(keys) + (sum(map(len, keys)) >> 6))
    return keys


def is_collection(value: Value) -> bool:
    """An array or a map."""
    return value.__class__ is dict or value.__class__ is list


def member(collection: Value, key: str) -> Value:
    """What a collection has under a key; null for nothing, and in what is no collection."""
    if collection.__class__ is dict:
        return collection.get(key)
    index = index_of_key(key) if collection.__class__ is list else None
    return None if index is None or index >= len(collection) else collection[index]


def has_member(collection: Value, key: str) -> bool:
    """Whether a collection has something (it may be null) under a key."""
    if collection.__class__ is dict:
        return key in collection
    index = index_of_key(key) if collection.__class__ is list else None
    return index is not None and index < len(collection)


def read(value: Value, path: Path) -> Value:
    """What lies at the end of a path; null for nothing and for an empty path."""
    if not path:
        return None
    for key in path:
        value = member(value, key)
    return value


def has(value: Value, path: Path) -> bool:
    """Whether a path leads to something, be it null."""
    for key in path:
        if not has_member(value, key):
            return False
        value = member(value, key)
    return bool(path)


def write(meter: Meter, root: Value, path: Path, value: Value, style: Literal["put", "set"]) -> Value:
    """A copy of a collection with a value at the end of a path that is not empty.

    `put` and `set` differ in what they make of steps that are missing or in the way.
    """
    prepare = _prepare_to_put if style == "put" else _prepare_to_set
    on_the_way = [root]
    for key, following in pairwise(path):
        on_the_way.append(prepare(member(on_the_way[-1], key), following))
    return _rebuild(meter, on_the_way, path, value)


def _prepare_to_put(found: Value, following: str) -> Value:
    """An array stays one only if the next key is one of its indices or the one behind the last."""
    if found.__class__ is list:
        index = index_of_key(following)
        if index is None or index > len(found):
            return {str(position): item for position, item in enumerate(found)}
    return found if is_collection(found) else {}


def _prepare_to_set(found: Value, following: str) -> Value:
    if is_collection(found):
        return found
    return {} if index_of_key(following) is None else []


def _rebuild(meter: Meter, collections: list[Value], path: Path, value: Value) -> Value:
    """Put a value into the last collection, that into the one before, and so on outwards."""
    for collection, key in zip(reversed(collections), reversed(path), strict=True):
        value = _with_member(meter, collection, key, value)
    return value


def _with_member(meter: Meter, collection: Value, key: str, value: Value) -> Value:
    meter.check_copy(len(collection) + 1)
    if collection.__class__ is dict:
        return with_entry(collection, key, value)
    index = index_of_key(key)
    # JavaScript gives the array a property here, which no program can see.
    return collection if index is None else _with_item(meter, collection, index, value)


def _with_item(meter: Meter, items: list[Value], index: int, value: Value) -> list[Value]:
    """A copy of an array with one item set; a gap in front of it is filled with nulls."""
    if index >= len(items):
        meter.check_copy(index + 1)
        return [*items, *[None] * (index - len(items)), value]
    return [*items[:index], value, *items[index + 1 :]]


def delete(meter: Meter, root: Value, path: Path) -> Value:
    """A copy without what lies at the end of a path; the same value if nothing does."""
    if not has(root, path):
        return root
    on_the_way = [root]
    for key in path[:-1]:
        on_the_way.append(member(on_the_way[-1], key))
    last = on_the_way.pop()
    meter.check_copy(len(last))
    return _rebuild(meter, on_the_way, path[:-1], _without_member(meter, last, path[-1]))


def _without_member(meter: Meter, collection: Value, key: str) -> Value:
    """A deleted element of an array leaves a hole behind; the others keep their places."""
    if collection.__class__ is dict:
        return without_entry(collection, key)
    return _with_item(meter, collection, int(key), None)


def merge(meter: Meter, value: Value, other: Value) -> Value:
    """Two maps, or two arrays place by place, with the other one's entries winning; else the other one."""
    if not is_collection(other) or value.__class__ is not other.__class__:
        return other
    meter.check_collection(len(value) + len(other))
    if other.__class__ is list:
        return other + value[len(other) :]
    return make_map([*value.items(), *other.items()])
