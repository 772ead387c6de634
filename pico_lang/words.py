"""What a word may be. KRL reserves eight words; every other keyword is one only where it makes sense.

`readings` lists what a word could be, best first, looking only at the word and what follows it;
the parser takes the first that fits. The kinds beyond ID and the keywords stand for whole classes:

DECLARED a name in front of `=` · ATTRIBUTE one in front of a regular expression · UNIT of `within` ·
LEVEL of `log` · AGGREGATOR · ANY_OF, COUNTED in front of a number · CALL_FORM of `or(a, b)`
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from pico_lang.lexer import WORD, Token
from pico_lang.tables import tables

RESERVED = frozenset({"defaction", "function", "return", "not", "setting", "null", "true", "false"})
LEVELS = frozenset({"error", "warn", "info", "debug"})
AGGREGATORS = frozenset({"max", "min", "sum", "avg", "push"})
CALL_FORMS = frozenset({"and", "or", "before", "then", "after"})
COUNTERS = frozenset({"count", "repeat"})
_UNITS = ("second", "minute", "hour", "day", "week", "month", "year")
UNITS = {form: unit for unit in _UNITS for form in (unit, unit + "s")}
_META_WORDS = frozenset(
    {"name", "description", "author", "version", "logging", "key", "keys", "use", "errors", "configure"}
    | {"provide", "provides", "share", "shares", "upgrade"}
)


def readings(tokens: Sequence[Token], index: int) -> tuple[str, ...]:
    """The kinds that the word at an index may have, in the order in which to try them."""
    text, following = tokens[index].text, tokens[index + 1].kind
    if following == "=" and text not in RESERVED:
        return ("DECLARED", *_plain(text))
    if following == "REGEXP":
        return ("ATTRIBUTE", *_plain(text))
    if following == "INTEGER" and text == "any":
        return ("ANY_OF", "ID")
    if following == "INTEGER" and text in COUNTERS:
        return ("COUNTED", *_plain(text))
    if following == "(" and text in CALL_FORMS:
        return (*_plain(text)[:-1], "CALL_FORM", "ID")
    if text == "keys" and not _has_keys_follow(tokens, index):
        return ("ID",)
    return _plain(text)


def _has_keys_follow(tokens: Sequence[Token], index: int) -> bool:
    """`provides keys, a` and `provides keys shares a` name a function, `provides keys a to b` keys."""
    following = tokens[index + 1]
    return following.kind == WORD and following.text not in _META_WORDS


def _plain(text: str) -> tuple[str, ...]:
    """What a word may be whatever follows it."""
    return special_words().get(text, ("ID",))


@cache
def special_words() -> dict[str, tuple[str, ...]]:
    """Every word that can be more than a name, with what it may be."""
    keywords = {literal for literal in tables().literals if literal.isalpha()}
    words = keywords | UNITS.keys() | LEVELS | AGGREGATORS | CALL_FORMS | COUNTERS | {"any"}
    return {text: _readings_of(text, keywords) for text in words}


def _readings_of(text: str, keywords: set[str]) -> tuple[str, ...]:
    classes = {"UNIT": UNITS, "LEVEL": LEVELS, "AGGREGATOR": AGGREGATORS}
    return (
        *([text] if text in keywords else []),
        *(kind for kind, words in classes.items() if text in words),
        *([] if text in RESERVED else ["ID"]),
    )
