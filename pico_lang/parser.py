"""Tokens to a tree: runs the automaton over a text, and after a mistake goes on to find the next.

The loop is our own rather than Lark's because it decides, word by word, whether a keyword could
stand here, and because Lark would stop at the first mistake. What to say about a mistake is in
`pico_lang.syntax_errors`, where to go on after one in `pico_lang.recovery`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from pico_lang.automaton import Step, automaton
from pico_lang.diagnostics import Diagnostic, RulesetRefused, diagnostic
from pico_lang.lexer import BROKEN, WORD, Token, lex
from pico_lang.nodes import Expression, Ruleset, Snippet, TestFile
from pico_lang.recovery import Mark, begins_line, marks
from pico_lang.source import Source, Span
from pico_lang.syntax_errors import unexpected
from pico_lang.tables import END
from pico_lang.words import readings, special_words

NESTING_LIMIT = 200
"""Levels of nesting that later passes may have to recurse into. Not counted is what leans left, such as
a long sum or a chain of method calls, and a ladder of conditionals: passes walk those with a loop."""

DIAGNOSTICS_LIMIT = 50
"""Nobody reads more, and a text with more is not KRL."""


def parse(source: Source) -> Ruleset:
    """The ruleset a text holds; raises `RulesetRefused` with every syntax error that can be found."""
    return cast(Ruleset, _parse(source, "ruleset"))


def parse_expression(source: Source) -> Expression:
    """The single expression a text holds, for tools and tests."""
    return cast(Expression, _parse(source, "expression"))


def parse_tests(source: Source) -> TestFile:
    """The tests a text holds for a ruleset that is elsewhere; raises like `parse`."""
    return cast(TestFile, _parse(source, "test_file"))


def parse_text(source: Source) -> Ruleset | TestFile:
    """Whichever of the two a file holds: tests for a ruleset say so with their first word."""
    first = lex(source).tokens[0]
    return parse_tests(source) if first.text == "tests" else parse(source)


def parse_snippet(source: Source) -> Snippet:
    """Declarations and perhaps an expression, as people type them at a prompt."""
    return cast(Snippet, _parse(source, "snippet"))


def states_before(source: Source, tokens: list[Token], index: int) -> Sequence[int] | None:
    """The automaton's states when it has come to a token, for tools that ask what could stand there.

    None if a mistake in front of the token leaves no way to come to it.
    """
    run = _Run(source, tokens, "ruleset")
    run.to(index)
    return run.states if run.index == index else None


def _parse(source: Source, start: str) -> Any:
    lexed = lex(source)
    run = _Run(source, lexed.tokens, start)
    result = run.to_end()
    found = sorted([*lexed.diagnostics, *run.complaints], key=lambda each: each.span.start)
    if found:
        raise RulesetRefused(found[:DIAGNOSTICS_LIMIT], source)
    return result


class _TooDeep(Exception):
    def __init__(self, span: Span) -> None:
        self.span = span


class _Run:
    """One text on its way through the automaton: five stacks and a place among the tokens.

    The stacks grow and shrink together: an entry is a symbol's state, its value, where it begins, and
    how deeply it nests. (`states` has one more at the bottom, the state before anything was read.)
    """

    def __init__(self, source: Source, tokens: list[Token], start: str) -> None:
        self.source = source
        self.tokens = tokens
        self.index = 0
        self.automaton = automaton()
        first, self.accepting = self.automaton.starts[start]
        self.states = [first]
        self.values: list[Any] = []
        self.firsts: list[int] = []
        self.depths: list[int] = []
        self.end = 0
        """Where the token shifted last ends."""
        self.complaints: list[Diagnostic] = []
        self.untried = 0
        """Marks before this token have been tried; going on at one twice would never end."""

    def to_end(self) -> Any:
        """The value of the whole text; with complaints it means nothing."""
        self.to(len(self.tokens))
        return self.values[-1] if self.values else None

    def to(self, stop: int) -> None:
        """Read what stands in front of a token, as far as mistakes let us."""
        try:
            while self.index < stop:
                kind, token, next_index = self._read()
                if self._advance(kind, token):
                    self.index = next_index
                elif not self._resume():
                    return
        except _TooDeep as deep:
            message = f"this is nested more than {NESTING_LIMIT} levels deep"
            hint = "give the inner parts names, as declarations or functions of their own"
            self.complaints.append(diagnostic("K105", message, deep.span, hint))

    # --- words ---------------------------------------------------------------------------------------

    def _read(self) -> tuple[str, Token, int]:
        """The kind the next token has at this place, the token, and where the one after it is."""
        index = self.index
        token = self.tokens[index]
        if token.kind != WORD:
            return token.kind, token, index + 1
        if "RID" in self.automaton.actions[self.states[-1]]:
            return self._read_rid()
        following = self.tokens[index + 1].kind
        if following != "=" and following != "REGEXP" and token.text not in special_words():
            return "ID", token, index + 1
        kinds = readings(self.tokens, index)
        kind = self._best_reading(kinds)
        if kind == "ID" and kinds[0] == "DECLARED" and begins_line(self.source, token):
            # A new declaration, however little it fits: the mistake is in front of it.
            kind = "DECLARED"
        return kind, token, index + 1

    def _best_reading(self, kinds: tuple[str, ...]) -> str:
        """The first that fits; the last, which is the plainest, if none does."""
        for kind in kinds[:-1]:
            action = self.automaton.actions[self.states[-1]].get(kind)
            if action is not None and (action >= 0 or self.automaton.would_shift(self.states, kind)):
                return kind
        return kinds[-1]

    def _read_rid(self) -> tuple[str, Token, int]:
        """A ruleset id: words, dots and dashes without space between them."""
        tokens, first, stop = self.tokens, self.index, self.index + 1
        while (
            tokens[stop].kind in (".", "-")
            and tokens[stop + 1].kind == WORD
            and tokens[stop - 1].end == tokens[stop].start
            and tokens[stop].end == tokens[stop + 1].start
        ):
            stop += 2
        text = "".join(token.text for token in tokens[first:stop])
        return "RID", Token("RID", text, tokens[first].start, tokens[stop - 1].end), stop

    # --- the automaton's moves -------------------------------------------------------------------------

    def _advance(self, kind: str, token: Token) -> bool:
        """Shift a token after the reductions it calls for; False if it does not fit."""
        states, actions = self.states, self.automaton.actions
        while (action := actions[states[-1]].get(kind)) is not None:
            if action >= 0:
                states.append(action)
                self.values.append(token)
                self.firsts.append(token.start)
                self.depths.append(0)
                self.end = token.end
                return True
            self._reduce(self.automaton.steps[~action], kind, token.start)
        return kind == END and states[-1] == self.accepting

    def _reduce(self, step: Step, kind: str, upcoming: int) -> None:
        """Replace the topmost entries by what they make together."""
        states, values, firsts, depths, size = self.states, self.values, self.firsts, self.depths, step.size
        # What is empty begins where the next token does, so that a span never begins in white space.
        first = firsts[-size] if size else upcoming
        # The leftmost part is on the same level: see NESTING_LIMIT.
        depth = depths[-size] if size else 0
        if size > 1:
            depth = max(depth, max(depths[1 - size :]) + step.weight)
            if depth > NESTING_LIMIT:
                raise _TooDeep(Span(first, self.end))
        value: Any
        if step.node is not None:
            value = step.node(Span(first, self.end), *step.pick(values))
        elif step.shape is not None:
            value = step.shape(*step.pick(values))
        else:
            value = step.pick(values)[0]
        if size:
            self._cut(len(values) - size)
        states.append(self.automaton.land(states[-1], step.symbol, kind))
        values.append(value)
        firsts.append(first)
        depths.append(depth)

    def _cut(self, length: int) -> None:
        """Keep only so many entries."""
        del self.states[length + 1 :], self.values[length:], self.firsts[length:], self.depths[length:]

    # --- mistakes ----------------------------------------------------------------------------------------

    def _resume(self) -> bool:
        """Complain about the token that does not fit and find a place to go on; False if there is none."""
        # A broken token has been complained about by the lexer.
        if self.tokens[self.index].kind != BROKEN:
            expected = self.automaton.expected(self.states)
            self.complaints.append(unexpected(self.source, self.tokens, self.index, expected))
        if len(self.complaints) >= DIAGNOSTICS_LIMIT:
            return False
        for mark in marks(self.tokens, max(self.index, self.untried)):
            if self._goes_on_at(mark):
                self.index = mark.place
                self.untried = mark.place + 1
                return True
        return False

    def _goes_on_at(self, mark: Mark) -> bool:
        """Forget as much as it takes for the mark to fit; False if it does not fit anywhere."""
        for length in self._lengths_before(mark):
            if self.automaton.would_shift(self.states[: length + 1], mark.kind):
                self._cut(length)
                return True
        return False

    def _lengths_before(self, mark: Mark) -> range:
        if mark.block is None:
            return range(len(self.values), -1, -1)
        if mark.block not in self.firsts:
            return range(0)
        # Right behind the opening brace, or behind the list of what has been read since.
        behind = self.firsts.index(mark.block) + 1
        return range(min(behind + 1, len(self.values)), behind - 1, -1)
