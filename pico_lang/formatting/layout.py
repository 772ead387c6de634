"""Texts that can be laid out in more than one way, and the choice between the ways.

A `Layout` is a tree of words and places where a line may end. A group goes on one line if it fits and
otherwise ends a line at each of its own places; groups within it choose for themselves. (After Wadler,
"A prettier printer".) Nothing here recurses: layouts are as deep as programs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

WIDTH = 100
INDENT = "  "


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Layout:
    """Every layout knows how long it is on one line, and whether it can be on one at all."""

    width: int
    broken: bool
    """True if it contains a line end that has to be."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Text(Layout):
    value: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Line(Layout):
    """A place where a line may end; `flat` stands there if it does not."""

    flat: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Join(Layout):
    parts: tuple[Layout, ...]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Nest(Layout):
    inner: Layout


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Group(Layout):
    inner: Layout


def text(value: str) -> Layout:
    """Words as they are; they may contain line ends of their own, as strings and comments do."""
    return Text(len(value), False, value)


LINE = Line(1, False, " ")
SOFT = Line(0, False, "")
HARD = Line(0, True, "")
BLANK = Line(0, True, "\n")
"""A line end with an empty line behind it."""


def join(*parts: Layout | str) -> Layout:
    """One after the other."""
    layouts = tuple(text(part) if isinstance(part, str) else part for part in parts)
    return Join(sum(part.width for part in layouts), any(part.broken for part in layouts), layouts)


COMMA = join(",", LINE)


def separated(separator: Layout, parts: Iterable[Layout]) -> Layout:
    """One after the other, with the separator in between."""
    spread: list[Layout] = []
    for part in parts:
        if spread:
            spread.append(separator)
        spread.append(part)
    return join(*spread)


def nest(*parts: Layout | str) -> Layout:
    """Lines that begin in it are indented one step further."""
    inner = join(*parts)
    return Nest(inner.width, inner.broken, inner)


def group(*parts: Layout | str) -> Layout:
    """On one line if it fits, else a line each."""
    inner = join(*parts)
    return Group(inner.width, inner.broken, inner)


class _Pending(NamedTuple):
    """Something still to be written: how far indented, and whether on one line."""

    depth: int
    flat: bool
    layout: Layout


def render(layout: Layout) -> str:
    """The layout as text, within `WIDTH` as far as its places allow."""
    written: list[str] = []
    column = 0
    waiting = [_Pending(0, False, layout)]
    while waiting:
        depth, flat, current = waiting.pop()
        match current:
            case Text():
                written.append(current.value)
                column = _column_after(current.value, column)
            case Line() if flat and not current.broken:
                written.append(current.flat)
                column += current.width
            case Line():
                written.append(("\n\n" if current is BLANK else "\n") + INDENT * depth)
                column = len(INDENT) * depth
            case Join():
                waiting.extend(_Pending(depth, flat, part) for part in reversed(current.parts))
            case Nest():
                waiting.append(_Pending(depth + 1, flat, current.inner))
            case Group():
                on_one_line = flat or (not current.broken and _fits(current, WIDTH - column, waiting))
                waiting.append(_Pending(depth, on_one_line, current.inner))
    return "".join(written)


def _column_after(value: str, column: int) -> int:
    line_end = value.rfind("\n")
    return column + len(value) if line_end < 0 else len(value) - line_end - 1


def _fits(layout: Layout, room: int, waiting: list[_Pending]) -> bool:
    """Whether a group on one line, with what must follow on that line, stays within the width."""
    upcoming = len(waiting)
    stack = [_Pending(0, True, layout)]
    while room >= 0:
        if not stack:
            if upcoming == 0:
                return True
            upcoming -= 1
            stack.append(waiting[upcoming])
        _, flat, current = stack.pop()
        match current:
            case Text():
                if "\n" in current.value:
                    return current.value.index("\n") <= room
                room -= current.width
            case Line() if flat and not current.broken:
                room -= current.width
            case Line():
                return True
            case Join():
                stack.extend(_Pending(0, flat, part) for part in reversed(current.parts))
            case Nest() | Group():
                stack.append(_Pending(0, flat and not current.broken, current.inner))
    return False
