"""What to say about a token that does not fit: what was found, what was expected, and perhaps why.

The parser knows sets of terminals; authors of rulesets know expressions, statements and names. The
tables here translate. Guesses at the reason are in `pico_lang.syntax_hints`.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.lexer import WORD, Token
from pico_lang.source import Source
from pico_lang.syntax_hints import Scene, hint
from pico_lang.tables import END
from pico_lang.words import RESERVED

_COMPARISONS = {"==", "!=", "<", "<=", ">", ">=", "like", "><", "<=>", "cmp"}
_INFIX = frozenset({"=>", "||", "&&", *_COMPARISONS, "+", "-", "*", "/", "%"})
_POSTFIX = frozenset({".", "(", "[", "{", ":"})

_GROUPS: tuple[tuple[frozenset[str], frozenset[str], str], ...] = tuple(
    (frozenset(tell.split()), frozenset(all_of_it.split()), phrase)
    for tell, all_of_it, phrase in (
        (
            "STRING null function",
            "ID INTEGER NUMBER STRING REGEXP << [ { ( + - not function defaction null true false",
            "an expression",
        ),
        ("expect given", "given send wait expect DECLARED", "a step of a test"),
        ("raise clear", "raise clear schedule log error last ID DECLARED", "a statement"),
        (
            "shares use",
            "version name description author logging key keys use errors configure"
            " provide provides share shares upgrade",
            "a meta property",
        ),
        (
            "COUNTED CALL_FORM",
            "COUNTED CALL_FORM ANY_OF ID ( true false null not function defaction return setting",
            "an event such as `domain:name`",
        ),
        ("setting return ID", "ID true false null not function defaction return setting", "a word"),
        ("every ID", "every sample choose if ID", "an action"),
        ("always fired", "always fired notfired", "a postlude (`always`, `fired` or `notfired`)"),
        ("before after", "or and before then after between not", "an event operator such as `or`"),
    )
)
"""If the first set is expected, all of the second goes under the phrase."""

_PHRASES = {
    "ID": "a name",
    "DECLARED": "a declaration `name = …`",
    "INTEGER": "a whole number",
    "NUMBER": "a number",
    "STRING": "a string",
    "REGEXP": "a regular expression",
    "RID": "a ruleset id",
    "UNIT": "a unit of time such as `minutes`",
    "LEVEL": "a level (`error`, `warn`, `info` or `debug`)",
    "AGGREGATOR": "an aggregator such as `max(…)`",
    "ATTRIBUTE": "an attribute match `name re#…#`",
    "TEXT": "text",
    END: "the end of the text",
}


def unexpected(source: Source, tokens: Sequence[Token], index: int, expected: Set[str]) -> Diagnostic:
    """The diagnostic for the token at an index."""
    found = tokens[index]
    wanted = _listed(_phrases(expected))
    guess = hint(Scene(source, tokens, index, expected))
    if found.kind == END:
        return diagnostic("K104", f"the text ends where {wanted} should follow", found.span, guess)
    return diagnostic("K103", f"expected {wanted}, found {_described(found)}", found.span, guess)


def _phrases(expected: Set[str]) -> list[str]:
    left = set(expected)
    phrases = []
    for tell, all_of_it, phrase in _GROUPS:
        if tell <= left:
            left -= all_of_it
            phrases.append(phrase)
    # What could go on with an expression is not worth a mention: an operator is hardly what is missing.
    for operator, alike in (("||", _INFIX), (".", _POSTFIX)):
        if operator in left and left - alike:
            left -= alike
    if phrases or left != {";"}:
        left.discard(";")
    return phrases + sorted(_PHRASES.get(kind, f"`{kind}`") for kind in left)


def _listed(phrases: Sequence[str]) -> str:
    if not phrases:
        return "nothing more"
    *others, last = phrases
    return f"{', '.join(others)} or {last}" if others else last


def _described(token: Token) -> str:
    if token.kind == WORD:
        return f"the reserved word `{token.text}`" if token.text in RESERVED else f"`{token.text}`"
    return {"STRING": "a string", "REGEXP": "a regular expression", "TEXT": "text"}.get(
        token.kind, f"`{token.text}`"
    )
