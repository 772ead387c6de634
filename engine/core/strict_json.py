"""JSON as every reader understands it: each name once, finite numbers, nothing that JSON does not have.

What two parsers read differently is how hashed, signed or checked values come to differ from those that are
acted on; so a repeated name is refused although the standard leaves it open.
"""

from __future__ import annotations

import json
import math
from typing import Any


def parse(text: str) -> Any:
    """The value of a text. Raises `ValueError`, which says why, or `RecursionError`: whoever reads what
    strangers send bounds its depth."""
    return _DECODER.decode(text)


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return value


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is larger than numbers are")
    return number


_DECODER = json.JSONDecoder(
    object_pairs_hook=_no_name_twice, parse_constant=_no_constant, parse_float=_finite
)
