"""Strict JSON in messages, or a refusal: see `engine.core.strict_json`; UTF-8, of bounded depth and size.

Half a surrogate pair is refused too, although the standard leaves it open: no two readers agree on it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from engine.core.didcomm.limits import Limits
from engine.core.didcomm.refused import malformed, too_big
from engine.core.strict_json import parse

_FLESH = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[^"\[\]{}]++', re.DOTALL)
"""All but brackets. A text that does not end is one too: else the search would begin again at each quote."""
_OPENING = "[{"


def read_object(data: bytes, limits: Limits) -> dict[str, Any]:
    """One JSON object and nothing else."""
    text = _decode(data)
    _check_shape(text, limits)
    try:
        value = parse(text)
    except (ValueError, RecursionError) as problem:
        raise malformed("not the JSON that every reader understands") from problem
    if not isinstance(value, dict):
        raise malformed("not a JSON object")
    if "\\u" in text:
        _check_surrogates(value)
    return value


def write_json(value: Mapping[str, Any]) -> bytes:
    """The fewest bytes, in the order the value has."""
    return _ENCODER.encode(value).encode()


def _decode(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as problem:
        raise malformed("not UTF-8") from problem


def _check_shape(text: str, limits: Limits) -> None:
    """Before parsing: the parser would run out of stack, or make a hundred bytes of each two."""
    if text.count("[") + text.count("{") <= limits.json_depth:
        return
    bones = _FLESH.sub("", text)
    if len(bones) > 2 * limits.json_containers:
        raise too_big("JSON with too many objects and arrays")
    depth = 0
    for character in bones:
        if character in _OPENING:
            depth += 1
            if depth > limits.json_depth:
                raise too_big("JSON that is nested too deeply")
        else:
            depth -= 1


def _check_surrogates(value: object) -> None:
    try:
        _ENCODER.encode(value).encode()
    except UnicodeEncodeError as problem:
        raise malformed("half a surrogate pair is no character") from problem


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))
