"""What is being formatted: the text, its comments, and the layouts made so far.

Layouts are made from the leaves up, so that no text is too deep, and comments are woven in here, so
that the functions for the single kinds of nodes need not think of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from pico_lang.formatting.chains import inner_link, leading
from pico_lang.formatting.comments import Comments, line_ends, place_comments
from pico_lang.formatting.layout import (
    BLANK,
    COMMA,
    HARD,
    SOFT,
    Layout,
    group,
    join,
    nest,
    separated,
    text,
)
from pico_lang.formatting.outline import Outline, Part, Series, visible
from pico_lang.lexer import Lexed, Token
from pico_lang.nodes import Chevron, Identifier, MethodCall, Node, PropertyRead
from pico_lang.source import Source, Span
from pico_lang.traversal import children


class Piece(NamedTuple):
    """Something on its way onto a line: an item, or a comment."""

    span: Span
    layout: Layout
    comment: bool = False
    follows: bool = False
    """True for a comment that stays on the line of what is in front of it."""


class Page:
    """One text on its way to its canonical form."""

    def __init__(self, source: Source, lexed: Lexed, tree: Node) -> None:
        self._text = source.text
        self._outline = Outline(lexed.tokens)
        self._nodes = visible(tree)
        self._inner = {id(link) for node in self._nodes if (link := inner_link(node)) is not None}
        self._layouts: dict[int, Layout] = {}
        self.strings = {token.start: token.text for token in lexed.tokens if token.kind == "STRING"}
        self._root = Series((Part(tree.span, tree),), len(source.text))
        series = [self._root, *(found for node in self._nodes if (found := self._outline.series(node)))]
        series += [part.inner for found in series for part in found.parts if part.inner]
        self._dotted = frozenset(
            node.name.span.start for node in self._nodes if isinstance(node, MethodCall | PropertyRead)
        )
        self._item_starts = frozenset(part.span.start for found in series for part in found.parts)
        self._comments = self._place(lexed, series)

    def _place(self, lexed: Lexed, series: Sequence[Series]) -> Comments:
        ends = frozenset(part.span.end for found in series for part in found.parts)
        closers = {found.closer for found in series if found.closer is not None}
        places = sorted({node.span.start for node in self._nodes} | self._item_starts | closers)
        chevrons = [node.span for node in self._nodes if isinstance(node, Chevron)]
        outside = [comment for comment in lexed.comments if not _within_any(comment, chevrons)]
        return place_comments(self._text, lexed.tokens, outside, places, ends, self._moved())

    def _moved(self) -> dict[int, int]:
        """From the parentheses that an expression loses to where its layout begins instead.

        A comment in front of them would else belong to another node the next time the text is read.
        """
        moved: dict[int, int] = {}
        begins: dict[int, int] = {}
        for node in reversed(self._nodes):
            start = node.span.start
            if id(first := leading(node)) in begins:
                begins[id(node)] = begins[id(first)]
            elif id(node) not in self._inner:  # which have no layout that a comment could go in front of
                begins[id(node)] = start
            if begins.get(id(node), start) != start and start not in self._item_starts:
                moved[start] = begins[id(node)]
        return moved

    # --- nodes -----------------------------------------------------------------------------------------

    def lay_out(self, make: Callable[[Page, Node], Layout]) -> None:
        """Make the layouts of all nodes, but for the inner links of chains."""
        for node in reversed(self._nodes):
            if id(node) not in self._inner:
                self._layouts[id(node)] = self._commented(node, make(self, node))

    def of(self, node: Node) -> Layout:
        """The layout of a node below the one at hand."""
        return self._layouts[id(node)]

    def verbatim(self, node: Node) -> Layout:
        """A node as its author wrote it."""
        return text(self._text[node.span.start : node.span.end])

    def series(self, node: Node) -> Series:
        found = self._outline.series(node)
        assert found is not None
        return found

    def _commented(self, node: Node, layout: Layout) -> Layout:
        """With the comments that stand in front of a node in the midst of a line."""
        start = node.span.start
        if start in self._item_starts or start in self._dotted or start not in self._comments.before:
            return layout
        if self._begins_with_child(node):
            return layout
        return join(*(_inline(comment, nest(HARD)) for comment in self._comments.before[start]), layout)

    def _begins_with_child(self, node: Node) -> bool:
        """Whether a node below, which has a layout of its own, begins at the same place."""
        first: Node | None = node
        while first is not None:
            start = first.span.start
            first = next((child for child in children(first) if child.span.start == start), None)
            if first is not None and id(first) not in self._inner:
                return True
            # The inner links of a chain have none: what counts is where the innermost one begins.
        return False

    def before_dot(self, name: Identifier) -> Layout:
        """The comments in front of a property or method: they go in front of its dot."""
        comments = self._comments.before.get(name.span.start, ())
        return join(*(_inline(comment, HARD) for comment in comments))

    # --- series ----------------------------------------------------------------------------------------

    def has_comments(self, series: Series) -> bool:
        """Whether a comment belongs to a part, or to the bracket behind the last one."""
        before, behind = self._comments.before, self._comments.behind
        return series.closer in before or any(
            part.span.start in before or part.span.end in behind for part in series.parts
        )

    def lines(self, series: Series, layouts: Sequence[Layout], spaced: bool = False) -> Layout:
        """The parts of a series on lines of their own, with their comments.

        An empty line of the author's is kept between two parts; `spaced` puts one between any two.
        """
        woven: list[Layout] = []
        previous: Piece | None = None
        for piece in self._pieces(series, layouts):
            if previous is not None:
                woven.append(self._between(previous, piece, spaced))
            woven.append(piece.layout)
            previous = piece
        return join(*woven)

    def _pieces(self, series: Series, layouts: Sequence[Layout]) -> list[Piece]:
        pieces: list[Piece] = []
        for part, layout in zip(series.parts, layouts, strict=True):
            pieces += self._comments_before(part.span.start)
            pieces.append(Piece(part.span, layout))
            for comment in self._comments.behind.get(part.span.end, ()):
                pieces.append(Piece(comment.span, _comment(comment), comment=True, follows=True))
        if series.closer is not None:
            pieces += self._comments_before(series.closer)
        return pieces

    def _comments_before(self, offset: int) -> list[Piece]:
        comments = self._comments.before.get(offset, ())
        return [Piece(comment.span, _comment(comment), comment=True) for comment in comments]

    def _between(self, previous: Piece, piece: Piece, spaced: bool) -> Layout:
        if piece.follows:
            return text(" ")
        ends = line_ends(self._text, previous.span.end, piece.span.start)
        if previous.comment and not previous.follows:
            return (text(" "), HARD, BLANK)[min(ends, 2)]
        return BLANK if spaced or ends > 1 else HARD

    def block(
        self, opening: Layout | str, series: Series, layouts: Sequence[Layout], spaced: bool = False
    ) -> Layout:
        """The opening with its brace, a line for each part, the closing brace."""
        if not series.parts and not self.has_comments(series):
            return join(opening, "}")
        return join(opening, nest(HARD, self.lines(series, layouts, spaced)), HARD, "}")

    def listed(self, opener: str, series: Series, layouts: Sequence[Layout], closer: str) -> Layout:
        """Parts with commas, on one line if they fit and no comment stands between them."""
        if self.has_comments(series):
            last = len(layouts) - 1
            items = [join(layout, "," if place < last else "") for place, layout in enumerate(layouts)]
            return join(opener, nest(HARD, self.lines(series, items)), HARD, closer)
        if not layouts:
            return text(opener + closer)
        return group(opener, nest(SOFT, separated(COMMA, layouts)), SOFT, closer)

    def whole(self) -> Layout:
        """The text: what stands in front of everything, the ruleset or tests, and what stands behind."""
        return join(self.lines(self._root, [self.of(self._nodes[0])]), HARD)


def _inline(comment: Token, line_end: Layout) -> Layout:
    return join(_comment(comment), line_end if comment.text.startswith("//") else text(" "))


def _comment(comment: Token) -> Layout:
    return text(comment.text.rstrip())


def _within_any(comment: Token, spans: Sequence[Span]) -> bool:
    return any(span.start <= comment.start < span.end for span in spans)
