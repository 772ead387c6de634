"""Text to tokens: where things begin and end, and nothing about what they mean together.

Words stay words; whether one is a keyword depends on the place where it stands, which only the
parser knows (`pico_lang.words`). Chevrons are cut into text and the tokens of their beestings.
Comments are kept aside for the formatter. A mistake becomes a diagnostic and a BROKEN token, so that
the parser can go on behind it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.source import Source, Span
from pico_lang.tables import END

WORD = "WORD"
BROKEN = "BROKEN"
BROKEN_LIMIT = 50
"""After so many broken tokens the text is not KRL, and more diagnostics would help nobody."""

# ECMAScript white space and line ends; Python's \s differs by a few characters.
_SPACE = r"[\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff]"

# In the order of the language reference. Repetition is possessive everywhere: no text backtracks.
_OPERATORS = ("<=>", "<=", "<<", "<", "||", "|", "==", "=>", "=", ":=", ":", ">=", "><", ">", "&&", "!=")
_OPERATOR = "|".join([*map(re.escape, _OPERATORS), r"[(){}\[\],/.\-%+;*]"])

_TOKEN = re.compile(
    rf"""{_SPACE}*+(?:
      (?P<COMMENT> //[^\r\n]*+ | /\*.*?\*/ )
    | (?P<REGEXP>  re\#(?:[^\#\\]++|\\.)*+\# )
    | (?P<WORD>    [A-Za-z_$][A-Za-z0-9_$]*+ )
    | (?P<NUMBER>  [0-9]*+\.[0-9]++ )
    | (?P<INTEGER> [0-9]++ )
    | (?P<STRING>  "(?:[^"\\]++|\\.)*+" )
    | (?P<OPEN>    /\* | " )
    | (?P<OPERATOR>{_OPERATOR})
    | (?P<END>     \Z )
    )""",
    re.VERBOSE | re.DOTALL,
)
_STRAY = re.compile(rf"""{_SPACE}*+([^A-Za-z0-9_$"(){{}}\[\],/.\-%+;*<|=:>\s]++|.)""", re.DOTALL)
_CHEVRON_TEXT = re.compile(r"((?:[^\\#>]++|\\.|#(?!\{)|>(?!>))*+)(#\{|>>)?", re.DOTALL)
_REST_OF_LINE = re.compile(r"[^\r\n]*+")
_FLAG_WORD = re.compile(r"[A-Za-z0-9_$]*+")
_FLAG_LETTERS = frozenset("dgimsuvxy")


class Token(NamedTuple):
    """A piece of text; an operator's kind is the operator itself."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(slots=True)
class Lexed:
    """Everything there is to say about a text without knowing the grammar."""

    tokens: list[Token] = field(default_factory=list)
    """Ends with one of kind END."""
    comments: list[Token] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def lex(source: Source) -> Lexed:
    """All tokens of a text, with what is broken about it."""
    return _Lexer(source.text).run()


class _Lexer:
    """One pass over a text. Chevrons nest, so the pass remembers which ones it is inside of."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.found = Lexed()
        self.chevrons: list[tuple[int, int]] = []
        """Where the chevrons begin whose beesting we are in, and where the beestings do."""
        self.braces: list[int] = [0]
        """Open braces in each of those beestings, with the text around all chevrons first."""

    def run(self) -> Lexed:
        position = 0
        while position >= 0:
            if len(self.found.diagnostics) >= BROKEN_LIMIT:
                position = len(self.text)
            position = self._run_from(position)
        return self.found

    def _run_from(self, position: int) -> int:
        """Take tokens until something needs a closer look; where to go on, or -1 at the end."""
        text, match_token = self.text, _TOKEN.match
        tokens, comments = self.found.tokens, self.found.comments
        while match := match_token(text, position):
            kind = match.lastgroup
            assert kind is not None
            start, position = match.span(kind)
            if kind == "WORD":
                tokens.append(Token(WORD, text[start:position], start, position))
            elif kind == "OPERATOR":
                operator = text[start:position]
                if operator == "<<":
                    return self._chevron_text(start, position)
                if operator == "{":
                    self.braces[-1] += 1
                elif operator == "}":
                    self.braces[-1] -= 1
                    if self.braces[-1] < 0 and self.chevrons:
                        self._add("}", start, position)
                        self.braces.pop()
                        return self._chevron_text(self.chevrons.pop()[0], position, opened=True)
                tokens.append(Token(operator, operator, start, position))
            elif kind == "COMMENT":
                comments.append(Token(kind, text[start:position], start, position))
            elif kind == "REGEXP":
                position = self._regexp(start, position)
            elif kind == "OPEN":
                return self._unclosed(start)
            elif kind == "END":
                return self._end()
            else:
                tokens.append(Token(kind, text[start:position], start, position))
        return self._stray(position)

    def _add(self, kind: str, start: int, end: int) -> None:
        self.found.tokens.append(Token(kind, self.text[start:end], start, end))

    def _break(self, code: str, message: str, span: Span, hint: str | None = None) -> None:
        self.found.diagnostics.append(diagnostic(code, message, span, hint))
        self._add(BROKEN, span.start, span.end)

    def _chevron_text(self, chevron: int, position: int, opened: bool = False) -> int:
        """From the start of a chevron, or from behind a beesting, to the next beesting or the end."""
        if not opened:
            self._add("<<", chevron, position)
        match = _CHEVRON_TEXT.match(self.text, position)
        assert match is not None
        if match.end(1) > position:
            self._add("TEXT", position, match.end(1))
        if match[2] is None:
            self._break("K102", "this chevron is never closed: its `>>` is missing", _opening(chevron))
            self.chevrons.clear()
            return len(self.text)
        self._add(match[2], match.start(2), match.end(2))
        if match[2] == "#{":
            self.chevrons.append((chevron, match.start(2)))
            self.braces.append(0)
        return match.end()

    def _regexp(self, start: int, end: int) -> int:
        """A regular expression with its flags. `re#a#setting(x)` is one without, and then a word."""
        word = _FLAG_WORD.match(self.text, end)
        assert word is not None
        flags = word[0]
        if not _FLAG_LETTERS.issuperset(flags):
            flags = ""
        flags_end = end + len(flags)
        if set(flags) <= set("gim") and len(set(flags)) == len(flags):
            self._add("REGEXP", start, flags_end)
        else:
            self._break(
                "K106",
                f"a regular expression cannot have the flags `{flags}`",
                Span(end, flags_end),
                "the flags are g (all matches), i (ignore case) and m (lines), each at most once",
            )
        return flags_end

    def _unclosed(self, start: int) -> int:
        """A string goes wrong on its own line only; a comment takes the rest of the text with it."""
        if self.text[start] == '"':
            end = _line_end(self.text, start)
            self._break("K102", 'this string is never closed: its `"` is missing', Span(start, end))
            return end
        self._break("K102", "this comment is never closed: its `*/` is missing", _opening(start))
        return len(self.text)

    def _stray(self, position: int) -> int:
        """Characters no token begins with; also a `re#` whose end is missing."""
        match = _STRAY.match(self.text, position)
        assert match is not None
        start, end = match.span(1)
        previous = self.found.tokens[-1] if self.found.tokens else None
        if match[1].startswith("#") and previous and previous.text == "re" and previous.end == start:
            self.found.tokens.pop()
            span = Span(previous.start, _line_end(self.text, start))
            self._break("K102", "this regular expression is never closed: its `#` is missing", span)
            return span.end
        shown = match[1] if match[1].isprintable() else match[1].encode("unicode_escape").decode()
        self._break("K101", f"`{shown}` means nothing in KRL", Span(start, end), _stray_hint(match[1]))
        return end

    def _end(self) -> int:
        if self.chevrons:
            _, beesting = self.chevrons[-1]
            self._break("K102", "this beesting is never closed: its `}` is missing", _opening(beesting))
        self._add(END, len(self.text), len(self.text))
        return -1


def _opening(start: int) -> Span:
    """The span of one of `/*`, `<<` and `#{`."""
    return Span(start, start + 2)


def _line_end(text: str, start: int) -> int:
    match = _REST_OF_LINE.match(text, start)
    assert match is not None
    return match.end()


_STRAY_HINTS = {
    "'": 'strings are written in double quotes: "…"',
    "\u2018": 'strings are written in straight double quotes: "…"',
    "\u2019": 'strings are written in straight double quotes: "…"',
    "\u201c": 'strings are written in straight double quotes: "…"',
    "\u201d": 'strings are written in straight double quotes: "…"',
    "`": "text with values in it is written <<…#{expression}…>>",
    "!": "negation is written `not`",
    "&": "`&&` is the logical and; bits are combined with .band()",
    "?": "a conditional is written `test => this | that`",
    "#": "a comment begins with `//`, a regular expression with `re#`",
    "^": "bits are combined with .bxor()",
    "~": "bits are inverted with .bnot()",
}


def _stray_hint(found: str) -> str | None:
    return _STRAY_HINTS.get(found[0])


_ESCAPE_IN_STRING = re.compile(r'\\(["\\])')
_ESCAPE_IN_CHEVRON = re.compile(r"\\(>|#\{|\\)")


def string_value(token: Token) -> str:
    """The text a string stands for. `\\n` and the like are no escapes in KRL: they stay two characters."""
    inner = token.text[1:-1]
    return _ESCAPE_IN_STRING.sub(r"\1", inner) if "\\" in inner else inner


def chevron_value(token: Token) -> str:
    """What a stretch of a chevron's text stands for."""
    return _ESCAPE_IN_CHEVRON.sub(r"\1", token.text) if "\\" in token.text else token.text


def regexp_value(token: Token) -> tuple[str, str]:
    """Source and flags of a regular expression; only `\\#` is undone, the rest is the expression's own."""
    inner, flags = token.text[3:].rsplit("#", 1)
    return "".join(_regexp_pieces(inner)), flags


def _regexp_pieces(inner: str) -> Iterator[str]:
    # Pairwise, because the backslash of `\\#` may itself be the second half of an escape.
    for piece in re.findall(r"\\.|[^\\]+", inner, re.DOTALL):
        yield "#" if piece == "\\#" else piece
