"""A ruleset's text with everything that can be known of it without running it.

Only a text that can be read as a ruleset has an `Analysis`; what names mean in it, and what is said
against it, is for the other modules here to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from pico_lang.builtins import OPERATORS
from pico_lang.checks import check
from pico_lang.diagnostics import Diagnostic
from pico_lang.host import Modules
from pico_lang.language_server.symbols import Occurrence, occurrences
from pico_lang.lexer import Lexed, lex
from pico_lang.names import Names, resolve
from pico_lang.nodes import Ruleset
from pico_lang.parser import parse
from pico_lang.source import Source
from pico_lang.static_types import ACTIONS


@dataclass(frozen=True, eq=False)
class Analysis:
    """The tree of a text, and the tables beside it."""

    source: Source
    modules: Modules
    lexed: Lexed
    tree: Ruleset
    names: Names

    @cached_property
    def diagnostics(self) -> Sequence[Diagnostic]:
        return check(self.tree, self.names, self.modules)

    @cached_property
    def occurrences(self) -> Sequence[Occurrence]:
        """Every place that mentions something with a name, in the order of the text."""
        return occurrences(self.tree, self.names, self.lexed.tokens)

    def occurrence_at(self, offset: int) -> Occurrence | None:
        """What is mentioned at an offset; of two words that touch there, the one behind it."""
        for occurrence in reversed(self.occurrences):
            if occurrence.span.start <= offset <= occurrence.span.end:
                return occurrence
        return None


def analyse(source: Source, modules: Modules) -> Analysis:
    """Raises `RulesetRefused` if the text is no ruleset; names that mean nothing are only diagnosed."""
    tree = parse(source)
    return Analysis(source, modules, lex(source), tree, resolve(tree, [*OPERATORS, *ACTIONS]))
