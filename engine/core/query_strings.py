"""Maps of the language as `application/x-www-form-urlencoded` text, for URLs and forms.

What is nested is spelt in brackets, `a[0]=x` and `a[b]=y`, as the servers that rulesets talk to expect.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from pico_lang.coercion import to_string
from pico_lang.meter import Meter
from pico_lang.values import Value, to_stored


def encode_pairs(meter: Meter, entries: Value) -> str:
    """The text of a map or an array; anything else has no pairs."""
    parts: list[str] = []
    length = 0
    for name, text in _pairs("", to_stored(entries, meter)):
        parts.append(f"{_quoted(name)}={_quoted(text)}")
        length += len(parts[-1]) + 1
        meter.check_string(len(parts[-1]))
        # The names of what lies deep are long, so the whole can be far larger than the value.
        if length > meter.budget.string_length:
            meter.check_string(length)
    return "&".join(parts)


def _pairs(name: str, value: Value) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, item in value.items():
                yield from _pairs(f"{name}[{key}]" if name else key, item)
        case list():
            for index, item in enumerate(value):
                yield from _pairs(f"{name}[{index}]" if name else str(index), item)
        case _ if name:
            yield name, "" if value is None else to_string(value)


def _quoted(text: str) -> str:
    # Half of a surrogate pair has no place in UTF-8.
    return quote(text, safe="", errors="replace")
