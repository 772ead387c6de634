"""Rulesets that nobody would write, made from the grammar itself.

`Generator` derives texts from the very rules of `grammar.lark`, so a construct that is added there is
fuzzed without a change here. Words, white space and comments are chosen to be as confusing as allowed.
Not every text is a ruleset: where the grammar is ambiguous, the parser's greed decides otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from pico_lang.tables import compile_grammar, grammar_text
from pico_lang.words import AGGREGATORS, CALL_FORMS, COUNTERS, LEVELS, UNITS

NAMES = (
    *("a", "b", "x1", "_", "$y", "ent", "event", "if", "like", "and", "then", "count", "rule", "name"),
    *("test", "expect", "no", "directive", "raised", "with", "given", "send", "wait", "answers", "from"),
    *("on", "keys", "where", "for", "attributes", "last", "within", "minutes", "max", "re", "error", "at"),
)
GAPS = (
    *(" ", " ", " ", " ", " ", "\n", "\n\n\n", "\r\n  ", "\t", "\u2003"),
    *(" /* note */ ", " // why\n", "\n// alone\n", "/**/", "\n/* two\n lines */\n"),
)
STRINGS = ('"a"', '""', '"two\nlines"', r'"\"\\\n"', '"}"', '">>"', '"//"', '"/*"')
REGEXPS = ("re#a#", "re##gi", r"re#\##", "re#(.*)#m", "re#}>>#")
TEXTS = ("a", " text ", "\n  ", r"\>\#{\\", "> # {", "}", "// no comment ")
NUMBERS = ("1.5", ".5", "10.25")
RIDS = ("a", "io.picolabs.x", "a-b.function", "rule")
MUTATIONS = (
    *("{", "}", "(", ")", "=", ":=", ";", "|", '"', "'", "<<", ">>", "#{", "re#", "/*", "rule", "return", ""),
)


class Choice(NamedTuple):
    """One way to derive a symbol; `cost` is the length of the shortest text it can give."""

    symbols: tuple[str, ...]
    cost: int


class Generator:
    """A source of texts; the same seed gives the same texts."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        grammar = compile_grammar(grammar_text())
        self._literals = {str(each.name): each.pattern.value for each in grammar.terminals if each.pattern}
        self._rules: dict[str, list[tuple[str, ...]]] = {}
        for rule in sorted(grammar.rules, key=str):
            expansion = tuple(str(symbol.name) for symbol in rule.expansion)
            self._rules.setdefault(str(rule.origin.name), []).append(expansion)
        self._choices = self._with_costs()

    def ruleset(self, size: int) -> str:
        """A text of some `size` tokens."""
        return self._written(self._derive("ruleset", size))

    def tests(self, size: int) -> str:
        """The same for a file of tests."""
        return self._written(self._derive("test_file", size))

    def mutant(self, text: str) -> str:
        """The text with a few small things wrong."""
        for _ in range(self.random.randint(1, 3)):
            start = self.random.randrange(len(text))
            end = min(len(text), start + self.random.choice((0, 0, 1, 1, 5, 40)))
            piece = self.random.choice((*MUTATIONS, text[start:end] * 2, chr(self.random.randrange(0x250))))
            text = text[:start] + piece + text[end:] or "x"
        return text

    def _with_costs(self) -> dict[str, list[Choice]]:
        costs: dict[str, int] = {}
        while True:
            found = {symbol: self._cheapest(symbol, costs) for symbol in self._rules}
            known = {symbol: cost for symbol, cost in found.items() if cost is not None}
            if known == costs:
                break
            costs = known
        return {
            symbol: [Choice(each, sum(costs.get(part, 1) for part in each)) for each in expansions]
            for symbol, expansions in self._rules.items()
        }

    def _cheapest(self, symbol: str, costs: dict[str, int]) -> int | None:
        possible = [
            sum(costs.get(part, 1) for part in expansion)
            for expansion in self._rules[symbol]
            if all(part in costs or part not in self._rules for part in expansion)
        ]
        return min(possible, default=None)

    def _derive(self, start: str, size: int) -> list[str]:
        """The names of terminals. Symbols are expanded in random order, so that every part of a text gets
        its share of the size; once it is reached, the shortest way to the end is taken."""
        symbols = [start]
        while open_places := [place for place, symbol in enumerate(symbols) if symbol in self._choices]:
            place = self.random.choice(open_places)
            choices = self._choices[symbols[place]]
            if len(symbols) > size:
                least = min(choice.cost for choice in choices)
                choices = [choice for choice in choices if choice.cost == least]
            symbols[place : place + 1] = self.random.choice(choices).symbols
        return symbols

    def _written(self, terminals: list[str]) -> str:
        pieces: list[str] = []
        inside_text = False
        for terminal in terminals:
            literal = self._literals.get(terminal)
            if not inside_text and literal != ">>":
                pieces.append(self.random.choice(GAPS))
            pieces.append(literal if literal is not None else self._word(terminal))
            inside_text = literal == "<<" or terminal == "TEXT"
        return "".join(pieces)

    def _word(self, terminal: str) -> str:
        return self.random.choice(_WORDS[terminal](self.random))


_WORDS: dict[str, Callable[[Random], tuple[str, ...]]] = {
    "ID": lambda _: NAMES,
    "DECLARED": lambda _: NAMES,
    "ATTRIBUTE": lambda _: (*NAMES, "setting", "return"),
    "INTEGER": lambda random: (str(random.randrange(100)),),
    "NUMBER": lambda _: NUMBERS,
    "STRING": lambda _: STRINGS,
    "REGEXP": lambda _: REGEXPS,
    "TEXT": lambda _: TEXTS,
    "RID": lambda _: RIDS,
    "UNIT": lambda _: tuple(UNITS),
    "LEVEL": lambda _: tuple(sorted(LEVELS)),
    "AGGREGATOR": lambda _: tuple(sorted(AGGREGATORS)),
    "ANY_OF": lambda _: ("any",),
    "COUNTED": lambda _: tuple(sorted(COUNTERS)),
    "CALL_FORM": lambda _: tuple(sorted(CALL_FORMS)),
}
