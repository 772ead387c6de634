"""Places as editors count them: lines and characters from 0, a character being a unit of an encoding.

Editors agree with their server on the encoding; UTF-16 is what all of them know. Lines end where
`Source` says, which is also what the protocol says.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from pico_lang.source import Source

Encoding = Literal["utf-8", "utf-16", "utf-32"]

_UNIT = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}
"""The codec without a byte order mark, and how many bytes a unit has."""


class Position(NamedTuple):
    line: int
    character: int


def to_position(source: Source, offset: int, encoding: Encoding) -> Position:
    """The place of an offset."""
    line, column = source.position(offset)
    return Position(line - 1, _units(source.line(line)[: column - 1], encoding))


def to_offset(source: Source, position: Position, encoding: Encoding) -> int:
    """The offset of a place; what lies beyond an end is at that end."""
    start = source.offset(position.line + 1, 1)
    if start == len(source.text):
        return start
    return start + _characters(source.line(position.line + 1), position.character, encoding)


def _units(text: str, encoding: Encoding) -> int:
    codec, size = _UNIT[encoding]
    return len(text.encode(codec, "surrogatepass")) // size


def _characters(line: str, units: int, encoding: Encoding) -> int:
    """How many characters so many units are; half a character is none."""
    codec, size = _UNIT[encoding]
    head = line.encode(codec, "surrogatepass")[: units * size]
    return len(head.decode(codec, "ignore"))
