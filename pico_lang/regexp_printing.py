"""How JavaScript prints a regular expression: what programs see when one becomes a string."""

from __future__ import annotations

import re
from functools import lru_cache

_LINE_END_ESCAPES = {"\n": "\\n", "\r": "\\r", "\u2028": "\\u2028", "\u2029": "\\u2029"}
_UNPRINTED = re.compile(r"\\?[\n\r\u2028\u2029]|\\.|\[(?:[^\]\\]|\\.)*+\]?|/", re.DOTALL)


@lru_cache(maxsize=1024)
def printed_source(source: str) -> str:
    """The source as JavaScript prints it: `/` and line ends escaped, `(?:)` for nothing at all."""
    return _UNPRINTED.sub(_print_part, source) if source else "(?:)"


def _print_part(match: re.Match[str]) -> str:
    part = match[0]
    if part == "/":
        return "\\/"
    for char, escape in _LINE_END_ESCAPES.items():
        part = part.replace("\\" + char, char).replace(char, escape)
    return part
