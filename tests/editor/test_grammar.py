"""The TextMate grammar sees the same comments, texts, numbers and words as the language does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import regex

from pico_lang.lexer import Token, lex
from pico_lang.source import Source
from tests.editor.textmate import Grammar, Scopes

ROOT = Path(__file__).resolve().parents[2]
GRAMMAR = Grammar(ROOT / "examples" / "editor" / "vscode" / "syntaxes" / "krl.tmLanguage.json")
PROGRAMS = [
    *sorted((ROOT / "tests" / "pico_lang" / "programs" / "good").glob("*.krl")),
    *sorted((ROOT / "examples").glob("*/*.krl")),
    *sorted((ROOT / "ruleset_library").glob("**/*.krl")),
]

SCOPE_OF_KIND = {
    "COMMENT": "comment.",
    "STRING": "string.quoted.",
    "REGEXP": "string.regexp.",
    "TEXT": "string.unquoted.chevron.",
    "<<": "string.unquoted.chevron.",
    ">>": "string.unquoted.chevron.",
    "#{": "meta.embedded.",
    "INTEGER": "constant.numeric.",
    "NUMBER": "constant.numeric.",
}
"""What each kind of token is to the grammar; any other is code."""


def test_every_pattern_is_a_regular_expression() -> None:
    """With at least as many groups as are given names."""
    seen = 0
    for rule in GRAMMAR.rules():
        for key, captures in (("match", "captures"), ("begin", "beginCaptures"), ("end", "endCaptures")):
            if key in rule:
                groups = regex.compile(rule[key]).groups
                assert all(int(number) <= groups for number in rule.get(captures, {})), rule
                seen += 1
    assert seen > 20


def test_every_include_exists_and_every_rule_is_included() -> None:
    """Nothing is left over from an earlier grammar."""
    included = {
        one["include"] for rule in GRAMMAR.rules() for one in rule.get("patterns", []) if "include" in one
    }
    assert included - {"$self"} == {f"#{name}" for name in GRAMMAR.root["repository"]}


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_tokens_look_like_what_they_are(path: Path) -> None:
    """Each character of each token, compared with what the language's own lexer says it is."""
    text = path.read_text("utf-8")
    scopes = GRAMMAR.scopes(text)
    lexed = lex(Source(text))
    assert lexed.diagnostics == []
    wrong = [token for token in [*lexed.tokens, *lexed.comments] if not looks_right(token, scopes)]
    assert wrong == []


def looks_right(token: Token, scopes: list[Scopes]) -> bool:
    expected = SCOPE_OF_KIND.get(token.kind)
    return all(
        is_code(one) if expected is None else in_scope(one, expected)
        for one in scopes[token.start : token.end]
    )


def in_scope(scopes: Scopes, beginning: str) -> bool:
    """Whether the innermost scope that is no mere capture begins like this."""
    return any(scope.startswith(beginning) for scope in list(literals(scopes))[-1:])


def is_code(scopes: Scopes) -> bool:
    return not any(not scope.startswith("meta.") for scope in list(literals(scopes))[-1:])


def literals(scopes: Scopes) -> Iterator[str]:
    """The scopes that say what a stretch of text is, without those that say what is special in it."""
    kinds = ("comment.", "string.", "constant.numeric.", "meta.embedded.")
    yield from (scope for scope in scopes if scope.startswith(kinds))


PINNED = [
    # a line, a word of it, the innermost scope of that word
    ("ruleset io.picomesh.a-b {", "ruleset", "keyword.other"),
    ("ruleset io.picomesh.a-b {", "io.picomesh.a-b", "entity.name.namespace"),
    ("  rule when is inactive {", "when", "entity.name.type.rule"),
    ("  rule when is inactive {", "inactive", "keyword.other"),
    ("select when order placed", "when", "keyword.other"),
    ("select when order placed", "placed", "variable.other"),
    ("x = function(n) { n }", "function", "storage.type.function"),
    ("if = 1", "if", "variable.other.declaration"),
    ("x == 1", "x", "variable.other"),
    ("ent:if := event:attrs", "ent", "entity.name.namespace"),
    ("ent:if := event:attrs", "if", "variable.other.member"),
    ("ent:if := event:attrs", ":=", "keyword.operator"),
    ("xs.any(f)", "any", "entity.name.function.method"),
    ("double(2)", "double", "entity.name.function"),
    ("not true", "not", "keyword.operator.word"),
    ("not true", "true", "constant.language"),
    ("x1 + .5", ".5", "constant.numeric"),
    ("x1 + .5", "x1", "variable.other"),
    ("prefix + 1", "prefix", "variable.other"),
    ("a.b re#x\\#y#gi setting(z)", "\\#", "constant.character.escape"),
    ("a.b re#x\\#y#gi setting(z)", "gi", "keyword.other.flags"),
    ("a re#x#setting(z)", "setting", "keyword.other"),
    ('"a \\" \\n" + b', "\\n", "string.quoted.double"),
    ('"a \\" \\n" + b', "b", "variable.other"),
    ('<<a #{ {"}": x}{"}"} } tail>>', "tail", "string.unquoted.chevron"),
    ("<<a #{ <<b #{ inner }>> } >>", "inner", "variable.other"),
    ("<<a \\#{ text >>", "text", "string.unquoted.chevron"),
    ("/* a */ b // c", "b", "variable.other"),
    ("/*/ a */ b", "a", "comment.block"),
    ("raise a event b on final", "on final", "keyword.control"),
    ("repeat = 1", "repeat", "variable.other.declaration"),
]


@pytest.mark.parametrize(("line", "word", "scope"), PINNED)
def test_words_look_like_what_they_mean(line: str, word: str, scope: str) -> None:
    """As far as that can be told without a parser: keywords are names wherever a name can stand."""
    place = line.index(word)
    for scopes in GRAMMAR.scopes(line)[place : place + len(word)]:
        assert scopes[-1] == f"{scope}.krl"
