"""Operators that read and change what is inside an array or a map, at any depth."""

from __future__ import annotations

from pico_lang import paths
from pico_lang.builtins.arguments import MISSING
from pico_lang.paths import is_collection, to_path
from pico_lang.runtime import Runtime
from pico_lang.values import Value, is_null


def _collection_at(rt: Runtime, val: Value, path: Value) -> Value:
    """What lies at a path, or the value itself without one; an empty map if that has no members."""
    found = val if is_null(path) else paths.read(val, to_path(rt.meter, path))
    if not is_collection(found):
        return {}
    rt.meter.check_copy(len(found))
    return found


def keys(rt: Runtime, val: Value = None, path: Value = None) -> list[Value]:
    """`keys`: the keys of a map, or the indices of an array as strings."""
    found = _collection_at(rt, val, path)
    return [str(index) for index in range(len(found))] if found.__class__ is list else list(found)


def values(rt: Runtime, val: Value = None, path: Value = None) -> list[Value]:
    """`values`: the values of a map, or the elements of an array."""
    found = _collection_at(rt, val, path)
    return list(found) if found.__class__ is list else list(found.values())


def get(rt: Runtime, obj: Value = None, path: Value = None) -> Value:
    """`get`: what lies at a path, or null."""
    return paths.read(obj, to_path(rt.meter, path))


def set_(rt: Runtime, obj: Value = None, path: Value = MISSING, val: Value = None) -> Value:
    """`set`: with a value at a path; what is missing on the way becomes an array before an index."""
    root = obj if is_collection(obj) else {}
    steps = [] if path is MISSING else to_path(rt.meter, path)
    return paths.write(rt.meter, root, steps, val, "set") if steps else root


def put(rt: Runtime, val: Value = None, path: Value = MISSING, toSet: Value = MISSING) -> Value:
    """`put`: with a value at a path; what is missing on the way becomes a map.

    Without a path, or with an empty one, maps are merged with maps and arrays with arrays.
    """
    if path is MISSING or not is_collection(val):
        return val
    if toSet is MISSING:
        return paths.merge(rt.meter, val, path)
    steps = to_path(rt.meter, path)
    if not steps:
        return paths.merge(rt.meter, val, toSet)
    return paths.write(rt.meter, val, steps, toSet, "put")


def delete(rt: Runtime, val: Value = None, path: Value = MISSING) -> Value:
    """`delete`: without what lies at a path; in an array a null stays in its place."""
    return val if path is MISSING else paths.delete(rt.meter, val, to_path(rt.meter, path))
