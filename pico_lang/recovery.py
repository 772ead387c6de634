"""Where to go on reading after a mistake, and which brackets were open there.

Going on too eagerly makes one mistake look like ten. So the marks are few: a rule, a test, a meta or
global block, and a declaration that stands directly in `global` or `pre`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pico_lang.lexer import WORD, Token
from pico_lang.source import Source
from pico_lang.words import RESERVED

CLOSERS = {"(": ")", "[": "]", "{": "}", "#{": "}"}


class Mark(NamedTuple):
    """A token at which something new begins, whatever went wrong before."""

    place: int
    """Its index among the tokens."""
    kind: str
    block: int | None
    """Where the block begins that must still be open; None if nothing need be."""


def marks(tokens: Sequence[Token], start: int) -> Iterator[Mark]:
    """The marks from a token on."""
    openers = _openers(tokens)
    for index in range(start, len(tokens) - 2):
        token = tokens[index]
        if token.kind != WORD:
            continue
        if begins_rule(tokens, index):
            yield Mark(index, "rule", None)
        elif begins_test(tokens, index):
            yield Mark(index, "test", None)
        elif token.text in ("meta", "global") and tokens[index + 1].kind == "{":
            yield Mark(index, token.text, None)
        elif _begins_declaration(tokens, index, openers[index]):
            yield Mark(index, "DECLARED", tokens[openers[index]].start)


def begins_rule(tokens: Sequence[Token], index: int) -> bool:
    """`rule name {` and `rule name is` occur nowhere but at the start of a rule."""
    return (
        tokens[index].text == "rule"
        and index + 2 < len(tokens)
        and tokens[index + 1].kind == WORD
        and (tokens[index + 2].kind == "{" or tokens[index + 2].text == "is")
    )


def begins_test(tokens: Sequence[Token], index: int) -> bool:
    """`test "name" {` occurs nowhere but at the start of a test."""
    kinds = [token.kind for token in tokens[index + 1 : index + 3]]
    return tokens[index].text == "test" and kinds == ["STRING", "{"]


def _begins_declaration(tokens: Sequence[Token], index: int, opener: int) -> bool:
    return (
        opener > 0
        and tokens[opener - 1].text in ("global", "pre")
        and tokens[index + 1].kind == "="
        and tokens[index].text not in RESERVED
    )


def _openers(tokens: Sequence[Token]) -> list[int]:
    """For each token the index of the brace it stands in; -1 outside all."""
    openers: list[int] = []
    open_braces = [-1]
    for index, token in enumerate(tokens):
        openers.append(open_braces[-1])
        if token.kind in ("{", "#{"):
            open_braces.append(index)
        elif token.kind == "}" and len(open_braces) > 1:
            open_braces.pop()
    return openers


def open_brackets(tokens: Sequence[Token], stop: int) -> list[int]:
    """Indices of the brackets that are open in front of a token, outermost first."""
    brackets: list[int] = []
    for index, token in enumerate(tokens[:stop]):
        if token.kind in CLOSERS:
            brackets.append(index)
        elif token.kind in CLOSERS.values() and brackets:
            brackets.pop()
    return brackets


def misclosed_brace(source: Source, tokens: Sequence[Token], stop: int) -> Token | None:
    """The first brace that, going by indentation, the wrong `}` has closed: its own must be missing.

    That is when the `}` begins its line further left than the line of the `{` does.
    """
    open_braces: list[Token] = []
    for token in tokens[:stop]:
        if token.kind in ("{", "#{"):
            open_braces.append(token)
        elif token.kind == "}" and open_braces:
            opener = open_braces.pop()
            if begins_line(source, token) and _indent(source, token) < _indent(source, opener):
                return opener
    return None


def begins_line(source: Source, token: Token) -> bool:
    """Whether nothing but white space stands in front of a token."""
    number, column = source.position(token.start)
    return not source.line(number)[: column - 1].strip()


def _indent(source: Source, token: Token) -> int:
    line = source.line(source.position(token.start)[0])
    return len(line) - len(line.lstrip())
