"""Guesses at why a token does not fit: habits from other languages, and slips that are common in KRL.

Each guess looks at the scene of the mistake and gives a sentence or None; the first one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from pico_lang.lexer import WORD, Token
from pico_lang.recovery import begins_rule, unclosed_brace
from pico_lang.source import Source
from pico_lang.tables import END
from pico_lang.words import RESERVED

_NOTHING = Token("", "", 0, 0)


@dataclass(frozen=True, slots=True)
class Scene:
    """A token that does not fit, with everything around it."""

    source: Source
    tokens: Sequence[Token]
    index: int
    expected: Set[str]

    def at(self, offset: int) -> Token:
        """The token so many places after the one that does not fit."""
        place = self.index + offset
        return self.tokens[place] if 0 <= place < len(self.tokens) else _NOTHING

    @property
    def found(self) -> Token:
        return self.tokens[self.index]

    def line_of(self, token: Token) -> int:
        return self.source.position(token.start)[0]


def hint(scene: Scene) -> str | None:
    """The first guess that has something to say."""
    for guess in _GUESSES:
        if (sentence := guess(scene)) is not None:
            return sentence
    return None


def _double_semicolon(scene: Scene) -> str | None:
    if scene.found.kind != ";":
        return None
    if scene.at(-1).kind == ";":
        return "one `;` is enough; at most one may follow"
    if scene.at(-1).kind == "}":
        return "no `;` follows a block"
    return None


def _assignment(scene: Scene) -> str | None:
    if scene.found.kind == "=":
        if scene.at(-2).kind == ":":
            return "entity variables are assigned with `:=`"
        if scene.at(-1).kind in ("==", "!="):
            return f"`{scene.at(-1).kind}` compares without converting already"
        return "`=` only declares; to compare write `==`"
    for place in (0, 1):
        if scene.at(place).kind == ":=":
            return "`:=` assigns `ent:` variables, in a postlude; a declaration is `name = …`"
    return None


def _old_declaration(scene: Scene) -> str | None:
    for place in (-1, 0):
        if scene.at(place).text in ("var", "let", "const") and scene.at(place + 1).kind == WORD:
            return f"declarations need no `{scene.at(place).text}`: write `{scene.at(place + 1).text} = …`"
    return None


def _function_body(scene: Scene) -> str | None:
    if scene.found.text == "return" and {";", "}"} & scene.expected:
        return "a function has one `return`, or none: its last expression is its value"
    if scene.found.kind == "}" and {"return", "DECLARED"} <= scene.expected:
        return "a function ends in an expression, which is its value"
    return None


def _conditional(scene: Scene) -> str | None:
    if scene.at(-1).text == "if" and scene.found.kind == "(":
        return "inside an expression a conditional is written `test => this | that`"
    if scene.expected >= {"|", "=="} and scene.found.kind == "=>":
        return "put a conditional that is itself the first branch into parentheses"
    if scene.expected >= {"|", "=="}:
        return "a conditional has two branches: `test => this | that`"
    return None


def _map_key(scene: Scene) -> str | None:
    if scene.found.kind == WORD and scene.at(1).kind == ":" and "STRING" in scene.expected:
        return f'the keys of a map are strings: "{scene.found.text}": …'
    return None


def _old_words(scene: Scene) -> str | None:
    if scene.found.text == "with" and "attributes" in scene.expected:
        return 'attributes are given as a map: attributes {"name": value}'
    if scene.found.text in ("sharing", "dispatch"):
        return "name what may be queried: shares name, other_name"
    if scene.at(-1).text == "choose" and scene.found.kind == "{":
        return "say what to choose by: choose expression { label => action() }"
    if scene.found.text == "finally" and "}" in scene.expected:
        return "`finally` goes with `fired` and `notfired`; what stands in `always` is run in any case"
    return None


def _string_over_lines(scene: Scene) -> str | None:
    """A missing quote makes everything up to the next string a string."""
    before = scene.at(-1)
    if before.kind == "STRING" and ("\n" in before.text or "\r" in before.text):
        return f'the string before it began in line {scene.line_of(before)}: is a `"` missing there?'
    return None


def _ruleset_id(scene: Scene) -> str | None:
    before = scene.at(-1)
    if scene.found.kind in (".", "-", "NUMBER", "INTEGER") and {"{"} == scene.expected - {"version"}:
        return "the parts of a ruleset id are words joined by `.` or `-` without space between"
    if before.kind == "," and scene.found.kind != WORD and "ID" in scene.expected:
        return "no comma follows the last of a list of names"
    return None


def _reserved(scene: Scene) -> str | None:
    if scene.found.text in RESERVED and {"ID", "DECLARED"} & scene.expected:
        return f"`{scene.found.text}` is reserved and cannot be a name"
    return None


_SECTIONS = frozenset({"rule", "global", "meta", "select", "foreach", "pre", "always", "fired", "notfired"})


def _missing_brace(scene: Scene) -> str | None:
    at_section = scene.found.kind == END or begins_rule(scene.tokens, scene.index)
    if not at_section and not (scene.found.text in _SECTIONS and "}" in scene.expected):
        return None
    opener = unclosed_brace(scene.source, scene.tokens, scene.index)
    if opener is None:
        return None
    line = scene.line_of(opener)
    return f"the `{opener.text}` of line {line} lacks its `}}`: {scene.source.line(line).strip()}"


def _extra_brace(scene: Scene) -> str | None:
    if scene.expected == {END}:
        return "the ruleset has ended already: is there a `}` too many?"
    return None


_GUESSES: tuple[Callable[[Scene], str | None], ...] = (
    _string_over_lines,
    _double_semicolon,
    _assignment,
    _old_declaration,
    _function_body,
    _conditional,
    _map_key,
    _old_words,
    _ruleset_id,
    _extra_brace,
    _missing_brace,
    _reserved,
)
