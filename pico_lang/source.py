"""Ruleset text and places in it.

A `Span` is a pair of character offsets; a `Source` turns spans into lines, columns and the caret
excerpts that people read. Nothing here knows what the text means.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open range of character offsets into one source text."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


NOWHERE = Span(0, 0)
EXCERPT_WIDTH = 160


@dataclass(frozen=True)
class Source:
    """A text and the name under which people know it (a file name, a URL, a rid)."""

    text: str
    name: str = "<ruleset>"

    @cached_property
    def _line_starts(self) -> list[int]:
        """Offsets at which lines begin; a line ends after LF, CRLF or a lone CR."""
        starts = [0]
        text = self.text
        for offset, char in enumerate(text):
            if char == "\n" or (char == "\r" and text[offset + 1 : offset + 2] != "\n"):
                starts.append(offset + 1)
        return starts

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1, the column in characters."""
        line = bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column; what lies beyond an end is at that end."""
        if line > len(self._line_starts):
            return len(self.text)
        return self._line_starts[line - 1] + min(column - 1, len(self.line(line)))

    def line(self, number: int) -> str:
        """The text of one line (counted from 1), without its line end."""
        start = self._line_starts[number - 1]
        if number < len(self._line_starts):
            return self.text[start : self._line_starts[number]].rstrip("\r\n")
        return self.text[start:].rstrip("\r\n")

    def excerpt(self, span: Span) -> str:
        """The line a span begins on, with carets under it.

        ```
           3 |   select when counter incremnt
             |                       ^^^^^^^^
        ```
        """
        number, column = self.position(span.start)
        text, column = _window(self.line(number), column)
        width = max(1, min(span.end - span.start, len(text) - column + 1))
        # Tabs are repeated in the caret line so that the carets stand where the reader sees the text.
        indent = "".join("\t" if char == "\t" else " " for char in text[: column - 1])
        return f"{number:>4} | {text}\n     | {indent}{'^' * width}"


def _window(line: str, column: int) -> tuple[str, int]:
    """The part of a line to show and the column in it: machines write lines nobody would scroll."""
    if len(line) <= EXCERPT_WIDTH:
        return line, column
    start = max(0, min(column - EXCERPT_WIDTH // 2, len(line) - EXCERPT_WIDTH))
    return line[start : start + EXCERPT_WIDTH], column - start
