"""Which parts of a tree stand on lines of their own, and where in the text their blocks begin and end.

The tree says what a `pre` or an array contains; for comments one must also know where its brackets
are. A `Series` is what stands between two brackets, part by part.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import attrgetter
from typing import NamedTuple

from pico_lang.lexer import Token
from pico_lang.nodes import (
    Action,
    ActionBlock,
    ActionLiteral,
    ArrayLiteral,
    Block,
    Call,
    Chevron,
    Configure,
    Declaration,
    FunctionLiteral,
    MapLiteral,
    MetaItem,
    MethodCall,
    Node,
    Rule,
    Ruleset,
    Test,
    TestFile,
)
from pico_lang.source import Span
from pico_lang.traversal import children


class Part(NamedTuple):
    """One member of a series: a node, or the nodes of a block that has no node of its own."""

    span: Span
    node: Node | None = None
    block: str = ""
    """`pre`, `global` or `meta`, for a block without a node."""
    inner: Series | None = None


class Series(NamedTuple):
    """Parts in the order of the text."""

    parts: tuple[Part, ...]
    closer: int | None
    """The offset of the bracket that closes it; None where there is none or it need not be known."""


class Outline:
    """Finds the series of a node; needs the tokens for what the tree leaves out."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index = {token.start: index for index, token in enumerate(tokens)}
        self._closers = dict(_matching_brackets(tokens))

    def series(self, node: Node) -> Series | None:
        """The parts of a node that may stand on lines of their own, in a bracket or not."""
        match node:
            case Ruleset():
                return Series(tuple(self._ruleset_parts(node)), node.span.end - 1)
            case Rule():
                return Series(tuple(self._rule_parts(node)), node.span.end - 1)
            case TestFile():
                return _series(node.tests, node.span.end - 1)
            case Test():
                return _series(node.steps, node.span.end - 1)
            case FunctionLiteral():
                return self._body(node, (*node.declarations, node.result))
            case ActionLiteral():
                returned = () if node.result is None else (node.result,)
                return self._body(node, (*node.declarations, node.block, *returned))
            case ArrayLiteral():
                return _series(node.items, node.span.end - 1)
            case MapLiteral():
                return _series(node.entries, node.span.end - 1)
            case Call() | MethodCall():
                return _series(node.arguments, node.span.end - 1)
            case Block():
                return _series(node.statements, node.span.end - 1)
            case ActionBlock() if node.kind != "single":
                return _series(node.actions, node.span.end - 1)
            case Action():
                return _series(node.arguments, None)
            case Configure():
                *others, last = _series(node.declarations, None).parts or [None]
                # A comment behind the last one belongs to the meta item, which ends there too.
                return None if last is None else Series((*others, last._replace(span=_start(last))), None)
        return None

    def _body(self, node: Node, members: Sequence[Node]) -> Series:
        """Of a function or defaction: the last member may stand in parentheses, which are no node."""
        closer = node.span.end - 1
        last = self._index[closer] - 1
        if self._tokens[last].kind == ";":
            last -= 1
        *others, final = members
        parts = [Part(other.span, other) for other in others]
        parts.append(Part(Span(final.span.start, self._tokens[last].end), final))
        return Series(tuple(parts), closer)

    def _ruleset_parts(self, ruleset: Ruleset) -> Iterator[Part]:
        end = self._next_after(ruleset.rid.span.end).end
        if ruleset.version is not None:
            yield Part(ruleset.version.span, ruleset.version)
            end = ruleset.version.span.end
        for name, members in (("meta", ruleset.meta), ("global", ruleset.declarations)):
            if (block := self._block(name, members, end)) is not None:
                yield block
                end = block.span.end
        for rule in ruleset.rules:
            yield Part(rule.span, rule)
        for test in ruleset.tests:
            yield Part(test.span, test)

    def _rule_parts(self, rule: Rule) -> Iterator[Part]:
        heads = [*([rule.select] if rule.select is not None else []), *rule.loops]
        yield from (Part(head.span, head) for head in heads)
        end = heads[-1].span.end if heads else self._opener_of(rule).end
        if (block := self._block("pre", rule.pre, end)) is not None:
            yield block
        if rule.block is not None:
            yield Part(rule.block.span, rule.block)
        if rule.postlude is not None:
            yield Part(rule.postlude.span, rule.postlude)

    def _block(self, name: str, members: Sequence[Declaration] | Sequence[MetaItem], end: int) -> Part | None:
        """A block that has no node, only members, or not even those; `end` is where the part before it ends.

        An empty one is kept, because it may keep apart what stands before and behind it: without its
        `pre {}`, the action of `select when a b pre {} or(c)` would be read as an event.
        """
        word = self._index_after(end)
        if self._tokens[word].text != name or self._tokens[word + 1].kind != "{":
            return None
        closer = self._tokens[self._closers[word + 1]]
        return Part(Span(self._tokens[word].start, closer.end), None, name, _series(members, closer.start))

    def _opener_of(self, rule: Rule) -> Token:
        index = self._index_after(rule.name.span.end)
        return next(token for token in self._tokens[index:] if token.kind == "{")

    def _next_after(self, offset: int) -> Token:
        return self._tokens[self._index_after(offset)]

    def _index_after(self, offset: int) -> int:
        return bisect_left(self._tokens, offset, key=attrgetter("start"))


def _start(part: Part) -> Span:
    return Span(part.span.start, part.span.start)


def _series(members: Sequence[Node], closer: int | None) -> Series:
    return Series(tuple(Part(member.span, member) for member in members), closer)


def _matching_brackets(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """The braces of a text that parses, in pairs of indices."""
    open_braces: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind in ("{", "#{"):
            open_braces.append(index)
        elif token.kind == "}":
            yield open_braces.pop(), index


def visible(root: Node) -> list[Node]:
    """The nodes of a tree, parents first, but for what stands in chevrons: that is text, and stays."""
    found: list[Node] = []
    waiting = [root]
    while waiting:
        node = waiting.pop()
        found.append(node)
        if not isinstance(node, Chevron):
            waiting.extend(children(node))
    return found
