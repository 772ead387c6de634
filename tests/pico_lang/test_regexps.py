"""Regular expressions mean what they mean in JavaScript. What is expected here was observed there."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Barrier, Event, Thread
from typing import Any

import pytest

from pico_lang.errors import BudgetSpent, TypeFault
from pico_lang.meter import Budget, Meter
from pico_lang.regexps import MAX_SOURCE, captures, check_regexp, matches, search
from pico_lang.values import RegExp

ROOMY = Budget(steps=1_000_000, regexp_ms=5_000)

Found = list[tuple[str, list[str | None]]]


def found(source: str, flags: str, text: str) -> Found:
    """Text and captures of every match."""
    return [(one.text, list(one.captures)) for one in matches(Meter(ROOMY), RegExp(source, flags), text)]


def first(source: str, flags: str, text: str) -> str | None:
    """The text of the first match."""
    one = search(Meter(ROOMY), RegExp(source, flags), text)
    return None if one is None else one.text


FIRST_MATCHES = [
    # anchors, lines and dots
    ("b$", "", "a\nb\n", None),
    ("b$", "m", "a\nb\n", "b"),
    ("^b", "", "a\nb", None),
    ("^b", "m", "a\u2028b", "b"),
    ("b$", "m", "b\r", "b"),
    ("a.b", "", "a\nb a\u2028b a\rb", None),
    ("a.b", "", "a\x85b", "a\x85b"),
    # classes of characters
    ("\\d", "", "٣", None),
    ("\\w", "", "é", None),
    ("\\W", "", "é", "é"),
    ("\\s", "", "\ufeff", "\ufeff"),
    ("\\s", "", "\x85", None),
    ("\\S", "", "\u3000\u200b", "\u200b"),
    ("\\bé", "", " é", None),
    ("a\\b", "", "aé", "a"),
    ("[]", "", "a", None),
    ("[^]", "", "\n", "\n"),
    ("[]a]", "", "]a]", None),
    ("[^]a]", "", "xa]", "xa]"),
    ("[[]", "", "[", "["),
    ("[\\w-]+", "", "a-b", "a-b"),
    ("[\\w-z]+", "", "a-z", "a-z"),
    ("[\\b]", "", "\b", "\b"),
    ("[a&&b]+", "", "a&&b", "a&&b"),
    ("[a||b~~c]+", "", "||~~--", "||~~"),
    # braces and brackets on their own
    ("a{,2}", "", "a{,2}", "a{,2}"),
    ("a{", "", "a{", "a{"),
    ("x{1}{", "", "x{", "x{"),
    ("]}", "", "]}", "]}"),
    ("#", "", "a # b", "#"),
    (" a ", "", " a ", " a "),
    # escapes
    ("\\cA", "", "\x01", "\x01"),
    ("\\c1", "", "\\c1", "\\c1"),
    ("[\\c1]", "", "\x11", "\x11"),
    ("\\x4", "", "x4", "x4"),
    ("\\u{3}", "", "uuu", "uuu"),
    ("\\u00e9", "", "é", "é"),
    ("\\p{L}", "", "p{L}", "p{L}"),
    ("\\0", "", "\0", "\0"),
    ("\\101", "", "A", "A"),
    ("\\8", "", "8", "8"),
    ("\\k<n>", "", "k<n>", "k<n>"),
    ("\\A\\Z\\z", "", "AZz", "AZz"),
    ("\\/\\-\\é", "", "/-é", "/-é"),
    # references to groups
    ("(a)\\1", "", "aa", "aa"),
    ("(a)|b\\1c", "", "bc", "bc"),
    ("\\1(a)", "", "a", "a"),
    ("(a\\1)", "", "aa", "a"),
    ("(?<x>.)\\k<x>", "", "abb", "bb"),
    ("(é)\\1", "i", "éÉ", "éÉ"),
    ("(?<=\\1(a))b", "", "aab", "b"),
    # case
    ("straße", "i", "STRASSE", None),
    ("ς", "i", "Σ", "Σ"),
    ("k", "i", "\u212a", None),
    ("s", "i", "ſ", None),
    ("[^a-c]", "i", "ABCd", "d"),
    ("[\\W]", "i", "S", None),
    ("ß", "i", "ẞ", None),
    # looking around
    ("(?<!a)b", "", "abb", "b"),
    ("(?<=a+)b", "", "aab", "b"),
    ("(?=a)*b", "", "b", "b"),
    ("a(?!b)", "", "abac", "a"),
    # characters beyond the first plane are two code units
    ("^..$", "", "😀", "\ud83d\ude00"),
    ("^😀$", "", "😀", "\ud83d\ude00"),
    ("^[😀]", "", "😀", "\ud83d"),
]


@pytest.mark.parametrize(("source", "flags", "text", "expected"), FIRST_MATCHES)
def test_the_first_match_is_javascripts(source: str, flags: str, text: str, expected: str | None) -> None:
    """Each line is a place where another engine would read or match something else."""
    assert first(source, flags, text) == expected


CAPTURES: list[tuple[str, str, list[str | None]]] = [
    ("(a)|(b)", "b", [None, "b"]),
    ("(?:(a)|(b))*", "ab", [None, "b"]),
    ("(z)((a+)?(b+)?(c))*", "zaacbbbcac", ["z", "ac", "a", None, "c"]),
    ("(a*)*", "b", [None]),
    ("(a*)*", "aa", ["aa"]),
    ("(a*)+", "b", [""]),
    ("(x?)?", "b", [None]),
    ("(?:(a)|b){2}", "ab", [None]),
    ("(?=(a))a", "a", ["a"]),
    ("(?:(?=(a))a)+", "aa", ["a"]),
    ("(?!(a))b", "b", [None]),
    ("((a)|(b))+?c", "abc", ["b", None, "b"]),
    ("(😀)", "😀", ["😀"]),
]


@pytest.mark.parametrize(("source", "text", "expected"), CAPTURES)
def test_captures_are_those_of_the_last_round(source: str, text: str, expected: list[str | None]) -> None:
    """A group that took no part in the last round of a repetition holds nothing."""
    assert captures(Meter(ROOMY), RegExp(source), text) == expected


def test_without_a_match_there_are_no_captures() -> None:
    """Which is something else than a match without groups."""
    assert captures(Meter(ROOMY), RegExp("a"), "b") is None
    assert captures(Meter(ROOMY), RegExp("a"), "a") == []


def test_an_empty_match_is_found_once_at_each_place() -> None:
    """Also right behind a match that was not empty."""
    assert [text for text, _ in found("b*", "g", "abbc")] == ["", "bb", "", ""]
    assert [text for text, _ in found("(?=b)", "", "abb")] == ["", ""]


REFUSED = [
    ("(", "a '(' without a ')'"),
    ("a)", "a ')' without a '('"),
    ("[a", "a '[' without a ']'"),
    ("*", "nothing to repeat"),
    ("a**", "nothing to repeat"),
    ("a++", "nothing to repeat"),
    ("^*", "nothing to repeat"),
    ("{1}", "nothing to repeat"),
    ("(?<=a)*", "nothing to repeat"),
    ("a{2,1}", "out of order"),
    ("[b-a]", "out of order"),
    ("(?>a)", "unknown way"),
    ("(?P<n>a)", "unknown way"),
    ("(?i)a", "unknown way"),
    ("(?#a)", "unknown way"),
    ("(?<1>a)", "unknown way"),
    ("(?<n>a)(?<n>b)", "two groups are called 'n'"),
    ("(?<n>a)\\k<m>", "without the name"),
    ("(?<n>a)\\k", "without the name"),
    ("\\", "a backslash at the end"),
    ("a{2000000000}", "too large"),
    ("(?:a{1000}){1000}", "too large"),
    ("(" * 51 + ")" * 51, "more than 50 groups"),
    ("a" * (MAX_SOURCE + 1), "longer than"),
]


@pytest.mark.parametrize(("source", "complaint"), REFUSED)
def test_what_is_no_regular_expression_is_refused(source: str, complaint: str) -> None:
    """By the check before installing and, for one made while running, by the search."""
    assert complaint in (check_regexp(source, "") or "nothing wrong")
    with pytest.raises(TypeFault, match="is not a regular expression"):
        first(source, "", "a")


@pytest.mark.parametrize(
    ("flags", "complaint"), [("x", "not a flag"), ("gg", "given twice"), ("y", "not a flag")]
)
def test_flags_are_checked(flags: str, complaint: str) -> None:
    """There are three, each at most once."""
    assert complaint in (check_regexp("a", flags) or "nothing wrong")
    assert check_regexp("a", "gim") is None


def test_very_large_counts_are_fine_where_they_cost_nothing() -> None:
    """Only the least number of repetitions has to be written out."""
    assert first("a{0,99999999999}", "", "aaa") == "aaa"
    assert first(f"a{{1,{'9' * 5_000}}}", "", "aaa") == "aaa"


@pytest.mark.parametrize("source", ["(a|aa)+$", "(?:a|aa)*?$", "(?:a|a?a)*$"])
def test_an_expression_that_never_ends_is_stopped(source: str) -> None:
    """The standard `re` would run for years; a count of steps would not see it."""
    meter = Meter(Budget(regexp_ms=20))
    with pytest.raises(BudgetSpent) as spent:
        search(meter, RegExp(source), "a" * 100 + "b")
    assert spent.value.code == "R704"


def test_what_other_threads_compute_is_not_the_expression_s_time() -> None:
    """They compress, which needs no interpreter, and so the process's time goes by twice as fast or more."""
    slow, text = RegExp("(?:a|aa)+$"), "a" * 27 + "b"
    roomy = Meter(ROOMY)
    search(roomy, slow, text)
    enough_ms = round((ROOMY.regexp_ms / 1000 - roomy.regexp_s) * 1600)
    with compressing(threads=3):
        assert search(Meter(Budget(regexp_ms=enough_ms)), slow, text) is None


@contextmanager
def compressing(threads: int) -> Iterator[None]:
    """In threads that have all begun."""
    at_work, over = Barrier(threads + 1), Event()

    def compress() -> None:
        at_work.wait()
        while not over.is_set():
            zlib.compress(bytes(1_000_000))

    others = [Thread(target=compress) for _ in range(threads)]
    for other in others:
        other.start()
    at_work.wait()
    try:
        yield
    finally:
        over.set()
        for other in others:
            other.join()


def test_a_look_for_garbage_is_not_the_expression_s_time() -> None:
    """One that goes through much falls into the compilation, which makes objects enough."""
    never_seen, meter = RegExp("(?:b|c){2}" * 100), Meter(Budget(regexp_ms=100))
    usual = gc.get_threshold()
    gc.disable()
    everything: list[Any] = [[{number: []}] for number in range(1_000_000)]
    gc.collect(0)
    gc.set_threshold(200, 1, 1)
    gc.enable()
    try:
        assert search(meter, never_seen, "a") is None
    finally:
        gc.set_threshold(*usual)
    assert everything


def test_all_expressions_of_a_turn_share_one_limit() -> None:
    """Nobody gets around it by asking often; the next turn begins afresh."""
    meter = Meter(Budget())
    meter.regexp_s = 0.0
    with pytest.raises(BudgetSpent, match="in one turn"):
        search(meter, RegExp("a"), "a")
    meter.reset(Budget())
    assert search(meter, RegExp("a"), "a")


def test_a_search_costs_the_same_at_first_and_later() -> None:
    """Compiled expressions are kept, but a turn that is run again elsewhere must cost as much there."""
    costs = []
    for _ in range(2):
        meter = Meter(Budget())
        search(meter, RegExp("never seen before (by any test)"), "x" * 1000)
        costs.append(meter.budget.steps - meter.steps)
    assert costs[0] == costs[1] > 30
