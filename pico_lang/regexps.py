"""Regular expressions at work: compiled once, run on UTF-16 code units, stopped when they take too long.

What an expression means is decided in `pico_lang.regexp_syntax`. Here are the searches that the
operators and the event expressions need. Nothing is remembered between two searches: flag g asks for
all matches and is no state of the value, as it is in JavaScript.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import regex

from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import Meter
from pico_lang.processor_time import own_s
from pico_lang.regexp_characters import SyntaxFault
from pico_lang.regexp_syntax import Loop, Translation, translate
from pico_lang.utf16 import units, whole
from pico_lang.values import RegExp

FLAGS = "gim"
MAX_SOURCE = 10_000
"""Characters of an expression."""

STEPS_OF_A_SEARCH = 10
"""About the time a search takes at least. So that a turn with very many runs out of steps, which it does
at the same place on every machine, and not out of time."""
MOST_OF_IT = 0.9
"""Of the time it had, for a search that was stopped to be the one that took it."""


@dataclass(frozen=True, slots=True)
class Match:
    """One place where an expression matched. Positions count code units of `subject`."""

    subject: str
    start: int
    end: int
    captures: tuple[str | None, ...]
    names: dict[str, int]
    """Capture numbers, counted from 1, by name."""

    @property
    def text(self) -> str:
        return self.subject[self.start : self.end]


def check_regexp(source: str, flags: str) -> str | None:
    """What is wrong with a regular expression, for the author of the ruleset; None if nothing is."""
    for flag in flags:
        if flag not in FLAGS:
            return f"'{flag}' is not a flag of regular expressions; there are g, i and m"
        if flags.count(flag) > 1:
            return f"the flag '{flag}' is given twice"
    try:
        _compiled(source, flags)
    except SyntaxFault as fault:
        return f"re#{source}# is not a regular expression: {fault}"
    return None


def search(meter: Meter, regexp: RegExp, text: str) -> Match | None:
    """The first match in a text."""
    return next(matches(meter, regexp, text), None)


def captures(meter: Meter, regexp: RegExp, text: str) -> list[str | None] | None:
    """What the groups of the first match hold, null for those that took no part; None without one."""
    found = search(meter, regexp, text)
    return None if found is None else [item and whole(item) for item in found.captures]


def matches(meter: Meter, regexp: RegExp, text: str) -> Iterator[Match]:
    """All matches in a text, one after the other, an empty one never twice at the same place."""
    compiled = _ready(meter, regexp)
    subject = units(text)
    meter.charge(len(subject) >> 6)
    at = 0
    while at <= len(subject):
        found = _find(meter, compiled, subject, at)
        if found is None:
            return
        yield found
        at = found.end if found.end > found.start else found.end + 1


def separators(meter: Meter, regexp: RegExp, text: str) -> Iterator[Match]:
    """The matches between which `split` cuts a text, which is given in code units.

    ECMAScript 2023, 22.2.6.14: none is empty at the end of the last one, and none begins at the end.
    """
    compiled = _ready(meter, regexp)
    meter.charge(len(text) >> 6)
    at = previous = 0
    while at < len(text) and (found := _find(meter, compiled, text, at)):
        if found.start >= len(text):
            return
        if found.end == previous:
            at = found.end + 1
        else:
            yield found
            at = previous = found.end


@dataclass(frozen=True, slots=True)
class _Compiled:
    pattern: regex.Pattern[str]
    translation: Translation


def _ready(meter: Meter, regexp: RegExp) -> _Compiled:
    """The compiled expression. Costs as many steps whether or not it was at hand: turns are run again
    elsewhere and must use up as many there."""
    meter.charge(1 + len(regexp.source))
    try:
        with _on_the_clock(meter):
            return _compiled(regexp.source, regexp.flags)
    except SyntaxFault as fault:
        raise TypeFault(f"re#{regexp.source}# is not a regular expression: {fault}") from None


@lru_cache(maxsize=1024)
def _compiled(source: str, flags: str) -> _Compiled:
    if len(source) > MAX_SOURCE:
        raise SyntaxFault(f"longer than {MAX_SOURCE:,} characters")
    translation = translate(source, flags)
    # Its own cache would keep translations that ours has dropped.
    return _Compiled(regex.compile(translation.pattern, cache_pattern=False), translation)


def _find(meter: Meter, compiled: _Compiled, subject: str, at: int) -> Match | None:
    """The next match at or behind a position, within what is left of the turn's time."""
    meter.charge(STEPS_OF_A_SEARCH)
    left_s = timeout_s = meter.regexp_s
    while True:
        try:
            with _on_the_clock(meter):
                found = compiled.pattern.search(subject, at, timeout=timeout_s)
            return None if found is None else _as_match(found, compiled.translation)
        except TimeoutError:
            # The timer of `regex` counts what all threads of the process compute.
            if left_s - meter.regexp_s > left_s * MOST_OF_IT:
                raise _spent(meter) from None
            meter.regexp_s = left_s
            timeout_s *= 2


@contextmanager
def _on_the_clock(meter: Meter) -> Iterator[None]:
    """Take the time of compiling and searching from what is left of the turn's. It is what this thread
    computes itself, so that a busy machine does not make an expression slow."""
    if meter.regexp_s <= 0:
        raise _spent(meter)
    began_s = own_s()
    try:
        yield
    finally:
        meter.regexp_s -= own_s() - began_s


def _spent(meter: Meter) -> BudgetSpent:
    limit = meter.budget.regexp_ms
    return BudgetSpent("R704", f"regular expressions took longer than {limit} milliseconds in one turn")


def _as_match(found: regex.Match[str], translation: Translation) -> Match:
    taken = tuple(
        _capture(found, f"g{number}", loops) for number, loops in enumerate(translation.loops, start=1)
    )
    return Match(found.string, found.start(), found.end(), taken, translation.names)


def _capture(found: regex.Match[str], group: str, loops: tuple[Loop, ...]) -> str | None:
    """What a group holds: what it took in the last round of the loops around it, if it took part in it."""
    if not loops:
        return found[group]
    spans = found.spans(group)
    for loop in loops:
        spans = _of_last_round(spans, found.spans(loop.name), loop.least)
    return found.string[slice(*spans[-1])] if spans else None


Span = tuple[int, int]


def _of_last_round(spans: list[Span], rounds: list[Span], least: int) -> list[Span]:
    """Those of the spans that lie in the last round. JavaScript makes no round that would be empty, but
    those it has to make; `regex` records one."""
    if len(rounds) > least and rounds[-1][0] == rounds[-1][1]:
        empty = rounds[-1]
        rounds = rounds[:-1]
        spans = spans[:-1] if spans and spans[-1] == empty else spans
    if not rounds:
        return []
    start, end = rounds[-1]
    return [span for span in spans if start <= span[0] and span[1] <= end]
