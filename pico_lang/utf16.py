"""Strings as sequences of UTF-16 code units, which is how the language counts positions.

A string of ours holds one Python character per code point; a surrogate occurs in it only when it has
no partner. `units` spreads a string so that one character is one code unit, `whole` puts pairs back
together. Almost every string is ASCII or at least without astral characters, and costs nothing.
"""

from __future__ import annotations

import re

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")
_SURROGATE = re.compile("[\ud800-\udfff]")


def units(text: str) -> str:
    """The text with every astral character replaced by its two surrogates."""
    if text.isascii() or not _ASTRAL.search(text):
        return text
    return _ASTRAL.sub(_surrogates, text)


def _surrogates(match: re.Match[str]) -> str:
    offset = ord(match[0]) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))


def whole(text: str) -> str:
    """The text with every pair of surrogates put together; those without a partner stay."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def concat(left: str, right: str) -> str:
    """Both texts, one after the other; two halves of a character that meet become one."""
    if left and right and "\ud800" <= left[-1] <= "\udbff" and "\udc00" <= right[0] <= "\udfff":
        return left[:-1] + whole(left[-1] + right[0]) + right[1:]
    return left + right


def order_key(text: str) -> str:
    """A key under which Python orders texts by code unit, as JavaScript does."""
    return units(text)


def compare(left: str, right: str) -> int:
    """-1, 0 or 1: the order of two texts by UTF-16 code unit."""
    if not (left.isascii() or right.isascii()):
        left, right = units(left), units(right)
    return (left > right) - (left < right)
