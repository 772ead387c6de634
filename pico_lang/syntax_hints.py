"""Guesses at why a token does not fit: habits from other languages, and slips that are common in KRL.

Each guess looks at the scene of the mistake and gives a sentence or None; the first one counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

from pico_lang.lexer import WORD, Token
from pico_lang.recovery import CLOSERS, begins_line, misclosed_brace, open_brackets
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

    @property
    def opener(self) -> int:
        """The index of the innermost bracket that is open; -1 if none is."""
        return next(reversed(open_brackets(self.tokens, self.index)), -1)

    def line_of(self, token: Token) -> int:
        return self.source.position(token.start)[0]


def hint(scene: Scene) -> str | None:
    """The first guess that has something to say."""
    for guess in _GUESSES:
        if (sentence := guess(scene)) is not None:
            return sentence
    return None


def _semicolon(scene: Scene) -> str | None:
    if scene.found.kind != ";":
        return None
    if scene.at(-1).kind == ";":
        return "one `;` is enough; at most one may follow"
    if scene.at(-1).kind == "}":
        return "no `;` follows a block"
    if "}" in scene.expected:
        return "a `;` may follow a declaration, an action or a statement of a postlude"
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
    if scene.found.text == "return" and scene.expected <= {";", "}"}:
        return "a function has one `return`, or none: its last expression is its value"
    if scene.found.kind == "}" and {"return", "DECLARED"} <= scene.expected:
        return "a function ends in an expression, which is its value"
    return None


def _conditional(scene: Scene) -> str | None:
    if _is_block_of_if(scene):
        return "a conditional is an expression: `test => this | that`; `if` belongs in front of actions"
    if "|" in scene.expected and scene.found.kind == "=>":
        return "put a conditional that is itself the first branch into parentheses"
    if "|" in scene.expected:
        return "a conditional has two branches: `test => this | that`"
    return None


def _is_block_of_if(scene: Scene) -> bool:
    """`if (…) {`, with the open brace the innermost."""
    opener = scene.opener
    if opener < 1 or scene.tokens[opener].kind != "{" or scene.tokens[opener - 1].kind != ")":
        return False
    around = open_brackets(scene.tokens, opener - 1)
    return bool(around) and scene.tokens[around[-1] - 1].text == "if"


def _map_key(scene: Scene) -> str | None:
    if scene.found.kind == WORD and scene.at(1).kind == ":" and "STRING" in scene.expected:
        return f'the keys of a map are strings: "{scene.found.text}": …'
    return None


def _old_words(scene: Scene) -> str | None:
    if scene.at(-1).text == "with" and scene.expected == {":"}:
        return 'the attributes of an event are a map: attributes {"name": value}'
    if scene.found.text in ("sharing", "dispatch"):
        return "name what may be queried: shares name, other_name"
    if scene.at(-2).text == "choose" and scene.at(-1).kind == "{":
        return "say what to choose by: choose expression { label => action() }"
    if scene.found.kind == "}" and scene.at(-2).text in ("every", "sample") and scene.at(-1).kind == "{":
        return "behind a condition there must be at least one action"
    if scene.found.text == "finally" and "}" in scene.expected:
        return "`finally` goes with `fired` and `notfired`; what stands in `always` is run in any case"
    return None


def _beesting(scene: Scene) -> str | None:
    if scene.found.kind == scene.at(-1).kind == ">" and scene.at(-1).end == scene.found.start:
        return "if this `>>` is to end a chevron, the `}` of a beesting is missing before it"
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
    if before.kind == "," and scene.found.kind in (")", "}") and "ID" in scene.expected:
        return "no comma follows the last of a list of names"
    return None


def _reserved(scene: Scene) -> str | None:
    if scene.found.text in RESERVED and {"ID", "DECLARED"} & scene.expected:
        return f"`{scene.found.text}` is reserved and cannot be a name"
    return None


_RULE_PARTS = frozenset({"select", "foreach", "pre", "if", "every", "choose", "always", "fired", "notfired"})
_RULESET_PARTS = frozenset({"meta", "global", "rule", "test"})


def _missing_brace(scene: Scene) -> str | None:
    """Something that only begins where a block has ended, or a `}` that stands too far left."""
    misclosed = misclosed_brace(scene.source, scene.tokens, scene.index + 1)
    opener = scene.opener
    if misclosed is not None and "}" in (scene.found.kind, *scene.expected):
        return _lacks_brace(scene, misclosed)
    at_part = scene.found.text in _RULE_PARTS | _RULESET_PARTS or scene.found.kind == END
    if opener < 0 or not at_part or "}" not in scene.expected:
        return None
    if scene.found.text in _parts_within(scene.tokens, opener):
        return None
    return _lacks_brace(scene, scene.tokens[opener])


def _lacks_brace(scene: Scene, opener: Token) -> str:
    line = scene.line_of(opener)
    return f"the `{opener.text}` of line {line} lacks its `}}`: {scene.source.line(line).strip()}"


def _parts_within(tokens: Sequence[Token], opener: int) -> frozenset[str]:
    """The words that begin something directly inside a brace."""
    if opener >= 2 and tokens[opener - 2].text in ("rule", "is"):
        return _RULE_PARTS
    is_first = all(token.kind != "{" for token in tokens[:opener])
    return _RULESET_PARTS if is_first and tokens[0].text == "ruleset" else frozenset()


def _order(scene: Scene) -> str | None:
    within = _parts_within(scene.tokens, scene.opener) if scene.opener >= 0 else frozenset()
    if scene.found.text in within & _RULE_PARTS:
        return "the parts of a rule come in this order: select, foreach, pre, actions, postlude"
    if scene.found.text in within & _RULESET_PARTS:
        return "the parts of a ruleset come in this order: meta, global, rules, tests"
    return None


def _open_bracket(scene: Scene) -> str | None:
    """`(` or `[` at the start of a line goes on with the line before; and brackets closed crosswise."""
    if scene.opener < 1:
        return None
    opener = scene.tokens[scene.opener]
    line = scene.line_of(opener)
    if opener.kind in ("(", "[") and begins_line(scene.source, opener):
        before = scene.tokens[scene.opener - 1]
        if before.kind in (WORD, "STRING", "NUMBER", "INTEGER", ")", "]", "}"):
            return f"the `{opener.kind}` of line {line} goes on with the line before: end that with a `;`"
    if scene.found.kind in CLOSERS.values() and CLOSERS[opener.kind] in scene.expected:
        return f"the `{opener.kind}` of line {line} is still open"
    return None


def _extra_brace(scene: Scene) -> str | None:
    if scene.expected == {END} and scene.at(-1).kind == "}":
        return "the ruleset has ended already: is there a `}` too many?"
    return None


_GUESSES: tuple[Callable[[Scene], str | None], ...] = (
    _string_over_lines,
    _beesting,
    _semicolon,
    _missing_brace,
    _assignment,
    _old_declaration,
    _function_body,
    _conditional,
    _map_key,
    _old_words,
    _ruleset_id,
    _extra_brace,
    _order,
    _open_bracket,
    _reserved,
)
