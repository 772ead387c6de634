"""The standard operators: what a program may call on any value, `x.op(args)` or `op(x, args)`.

Each is a Python function of the running ruleset's surroundings, the value and the arguments that were
given; one that was not given is left out, not passed as null.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from pico_lang.builtins import anything, arrays, iteration, matching, members, numbers, sets, sorting, text
from pico_lang.builtins.arguments import MISSING
from pico_lang.values import Value

Operator = Callable[..., Value]

OPERATORS: Mapping[str, Operator] = MappingProxyType(
    {
        # any value
        "as": anything.as_,
        "decode": anything.decode,
        "defaultsTo": anything.defaults_to,
        "encode": anything.encode,
        "isEmpty": anything.is_empty,
        "isnull": anything.isnull,
        "klog": anything.klog,
        "length": anything.length,
        "sprintf": anything.sprintf,
        "typeof": anything.typeof,
        # numbers
        "band": numbers.band,
        "bnot": numbers.bnot,
        "bor": numbers.bor,
        "bxor": numbers.bxor,
        "chr": numbers.chr_,
        "range": numbers.range_,
        "shiftLeft": numbers.shift_left,
        "shiftRight": numbers.shift_right,
        # strings
        "capitalize": text.capitalize,
        "contains": text.contains,
        "endsWith": text.ends_with,
        "extract": matching.extract,
        "lc": text.lc,
        "match": matching.match,
        "ord": text.ord_,
        "replace": matching.replace,
        "split": text.split,
        "startsWith": text.starts_with,
        "substr": text.substr,
        "trim": text.trim,
        "trimLeading": text.trim_leading,
        "trimTrailing": text.trim_trailing,
        "uc": text.uc,
        # collections
        "all": iteration.all_,
        "any": iteration.any_,
        "append": arrays.append,
        "collect": iteration.collect,
        "delete": members.delete,
        "difference": sets.difference,
        "duplicates": sets.duplicates,
        "filter": iteration.filter_,
        "get": members.get,
        "has": sets.has,
        "head": arrays.head,
        "index": arrays.index,
        "intersection": sets.intersection,
        "join": arrays.join,
        "keys": members.keys,
        "map": iteration.map_,
        "none": iteration.none,
        "notall": iteration.notall,
        "once": sets.once,
        "pairwise": iteration.pairwise,
        "put": members.put,
        "reduce": iteration.reduce,
        "reverse": arrays.reverse,
        "set": members.set_,
        "slice": arrays.slice_,
        "sort": sorting.sort,
        "splice": arrays.splice,
        "tail": arrays.tail,
        "union": sets.union,
        "unique": sets.unique,
        "values": members.values,
    }
)
"""By the name that programs use."""

__all__ = ["MISSING", "OPERATORS", "Operator"]
