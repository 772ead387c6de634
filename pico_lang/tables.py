"""The parse tables: what Lark makes of `grammar.lark`, in the plain form that `pico_lang.parser` runs.

Lark builds them in a fifth of a second, so they are kept as JSON in the user's cache directory under
a name that changes with everything they depend on. A cache that cannot be read or written costs
time and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import lark
from lark.lexer import Lexer
from lark.parsers.lalr_analysis import Shift

from pico_lang.one_tree_at_a_time import ONE_TREE_AT_A_TIME

STARTS = ("ruleset", "test_file", "expression", "snippet")
END = "$END"
_FORMAT = "1"
"""Changes with the shape of the stored tables."""


class Reduction(NamedTuple):
    """One rule of the grammar as a step of the parser."""

    symbol: str
    size: int
    """How many symbols it takes off the stack."""
    kept: tuple[int, ...]
    """Which of them matter, counted from the top of the stack: -1 is the last."""
    production: str | None
    """The function that makes the value; None hands on the only one that is kept."""

    @property
    def is_unit(self) -> bool:
        return self.production is None and self.size == 1


@dataclass(frozen=True, slots=True)
class Tables:
    """An LALR(1) automaton. An action below zero is the complement of a reduction's number."""

    actions: tuple[dict[str, int], ...]
    """State → terminal → the state to shift to, or a reduction."""
    gotos: tuple[dict[str, int], ...]
    """State → symbol just reduced → next state."""
    reductions: tuple[Reduction, ...]
    starts: dict[str, tuple[int, int]]
    """Start symbol → first state, accepting state."""
    literals: frozenset[str]
    """Terminals that the grammar quotes, keywords and punctuation alike."""


@cache
def tables() -> Tables:
    """The tables of the language, from the cache if possible."""
    return load_tables(cache_directory())


def load_tables(directory: Path | None) -> Tables:
    """The tables cached in a directory; built, and left there for the next process, if need be."""
    grammar = grammar_text()
    if directory is None:
        return _from_plain(_build(grammar))
    file = directory / f"krl-{_fingerprint(grammar)}.json"
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        return _from_plain(json.loads(file.read_text("utf-8")))
    plain = _build(grammar)
    with suppress(OSError):
        _write(file, json.dumps(plain))
    return _from_plain(plain)


def cache_directory() -> Path | None:
    """Where this user's programs keep what they can make again; None if there is no such place."""
    if configured := os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA"):
        return Path(configured) / "picomesh"
    with suppress(RuntimeError):
        return Path.home() / ".cache" / "picomesh"
    return None


def _fingerprint(grammar: str) -> str:
    parts = (_FORMAT, lark.__version__, sys.version, grammar)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def _write(file: Path, text: str) -> None:
    """Appear whole or not at all: other processes may be reading or writing the same name."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=file.stem)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.replace(scratch, file)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise


class _NoLexer(Lexer):
    """Lark wants a lexer to build tables with; ours is not one of Lark's."""

    def __init__(self, lexer_conf: object) -> None:
        pass

    def lex(self, lexer_state: object, parser_state: object) -> Iterator[lark.Token]:
        return iter(())


def grammar_text() -> str:
    return files("pico_lang").joinpath("grammar.lark").read_text("utf-8")


def compile_grammar(grammar: str) -> lark.Lark:
    """The grammar as Lark understands it: rules, terminals, and the automaton it makes of them."""
    with ONE_TREE_AT_A_TIME:  # Lark reads literals of the grammar by way of one
        return lark.Lark(grammar, parser="lalr", lexer=_NoLexer, start=list(STARTS))


def _build(grammar: str) -> dict[str, Any]:
    """The tables as JSON-able data: the one place that knows how Lark represents them."""
    built = compile_grammar(grammar)
    kinds = {terminal.name: terminal.pattern.value for terminal in built.terminals if terminal.pattern}
    numbers = {rule: number for number, rule in enumerate(built.rules)}
    confs = {start: built.parse_interactive("", start).parser_state.parse_conf for start in STARTS}
    states = confs[STARTS[0]].states
    actions: list[dict[str, int]] = [{} for _ in states]
    gotos: list[dict[str, int]] = [{} for _ in states]
    nonterminals = {rule.origin.name for rule in built.rules}
    for state, row in states.items():
        for symbol, (action, target) in row.items():
            if symbol in nonterminals:
                gotos[state][str(symbol)] = target
            else:
                kind = kinds.get(symbol, str(symbol))
                actions[state][kind] = target if action is Shift else ~numbers[target]
    return {
        "actions": actions,
        "gotos": gotos,
        "reductions": [_reduction(rule) for rule in built.rules],
        "starts": {start: (conf.start_state, conf.end_state) for start, conf in confs.items()},
        "literals": sorted(kinds.values()),
    }


def _reduction(rule: Any) -> tuple[str, int, list[int], str | None]:
    size = len(rule.expansion)
    kept = [
        place - size
        for place, symbol in enumerate(rule.expansion)
        if rule.options.keep_all_tokens or not (symbol.is_term and symbol.filter_out)
    ]
    hands_on = rule.alias is None and rule.options.expand1 and len(kept) == 1
    name = None if hands_on else str(rule.alias or rule.origin.name)
    return str(rule.origin.name), size, kept, name


def _from_plain(plain: dict[str, Any]) -> Tables:
    # Interned names make the parser's look-ups a comparison of addresses.
    return Tables(
        actions=tuple(_interned(row) for row in plain["actions"]),
        gotos=tuple(_interned(row) for row in plain["gotos"]),
        reductions=tuple(
            Reduction(sys.intern(symbol), size, tuple(kept), production)
            for symbol, size, kept, production in plain["reductions"]
        ),
        starts={start: (first, accepting) for start, (first, accepting) in plain["starts"].items()},
        literals=frozenset(plain["literals"]),
    )


def _interned(row: dict[str, int]) -> dict[str, int]:
    return {sys.intern(symbol): target for symbol, target in row.items()}
