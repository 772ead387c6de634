"""Tokens: where things begin and end."""

from __future__ import annotations

import pytest

from pico_lang.lexer import BROKEN, BROKEN_LIMIT, Lexed, lex
from pico_lang.source import Source


def read(text: str) -> Lexed:
    return lex(Source(text))


def kinds(text: str) -> list[str]:
    """The kinds of a text's tokens, without the end."""
    return [token.kind for token in read(text).tokens[:-1]]


def texts(text: str) -> list[str]:
    return [token.text for token in read(text).tokens[:-1]]


def test_tokens_know_their_place() -> None:
    """Offsets count characters, and slicing the text by them gives the token."""
    text = "ä // €\r\n  b:='x"
    found = read(text)
    everything = [*found.tokens, *found.comments]
    assert all(text[token.start : token.end] == token.text for token in everything)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("a<=>b<=c<d", ["a", "<=>", "b", "<=", "c", "<", "d"]),
        ("a><b>=c>d", ["a", "><", "b", ">=", "c", ">", "d"]),
        ("a:=b:c=d==e=>f", ["a", ":=", "b", ":", "c", "=", "d", "==", "e", "=>", "f"]),
        ("a||b|c&&d!=e", ["a", "||", "b", "|", "c", "&&", "d", "!=", "e"]),
        ("10.2.3", ["10.2", ".3"]),
        ("1.", ["1", "."]),
        ("1e5", ["1", "e5"]),
        ("$a_1.b", ["$a_1", ".", "b"]),
        ("re # a", ["re", "#", "a"]),
        ("refer#", ["refer", "#"]),
    ],
)
def test_the_longest_operator_wins(text: str, pieces: list[str]) -> None:
    """Tokens are cut greedily, in the order of the language reference."""
    assert texts(text) == pieces


def test_white_space_is_ecmascripts() -> None:
    """A byte order mark and Unicode spaces separate tokens; a control character does not."""
    assert texts("\ufeffa\u2003b\u2028c\xa0d") == ["a", "b", "c", "d"]
    assert kinds("a\x1cb") == ["WORD", BROKEN, "WORD"]


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        ("a // b\nc", "// b"),
        ("a // b\rc", "// b"),
        ("a /* b // */c", "/* b // */"),
        ("a /*/ b */ c", "/*/ b */"),
        ("a /**/ c", "/**/"),
        ("a /* /* */ c", "/* /* */"),
    ],
)
def test_comments_are_kept_aside(text: str, comment: str) -> None:
    """Block comments do not nest, and `/*/` does not close itself."""
    found = read(text)
    assert [each.text for each in found.comments] == [comment]
    assert [token.text for token in found.tokens] == ["a", "c", ""]


def test_chevrons_are_cut_into_text_and_beestings() -> None:
    """Comments and quotes are text in a chevron and themselves in its beestings."""
    assert texts('<<a//"#{ b /* c */ {"}"} }d>>') == [
        "<<", 'a//"', "#{", "b", "{", '"}"', "}", "}", "d", ">>",
    ]  # fmt: skip


def test_a_backslash_keeps_a_chevron_open() -> None:
    """A character behind a backslash neither ends the text nor begins a beesting."""
    assert texts(r"<<\>>\#{\\>>") == ["<<", r"\>>\#{\\", ">>"]


@pytest.mark.parametrize(
    ("text", "code", "blamed"),
    [
        ("a ° b", "K101", "°"),
        ("a ?? b", "K101", "??"),
        ("a 'b' c", "K101", "'"),
        ("a \x00 b", "K101", "\x00"),
        ('a "b c', "K102", '"b c'),
        ('a "b\\', "K102", '"b\\'),
        ("a /* b", "K102", "/*"),
        ("a re#b c", "K102", "re#b c"),
        ("a <<b", "K102", "<<"),
        ("a <<b\\", "K102", "<<"),
        ("a <<b #{ c", "K102", "#{"),
        ("a <<b #{ <<c>> }", "K102", "<<"),
        ("a re#b#x c", "K106", "x"),
        ("a re#b#gig c", "K106", "gig"),
    ],
)
def test_what_is_broken_is_blamed(text: str, code: str, blamed: str) -> None:
    """Each mistake has its code and the text it is about, and leaves a broken token behind."""
    found = read(text)
    first = found.diagnostics[0]
    assert (first.code, text[first.span.start : first.span.end]) == (code, blamed)
    assert BROKEN in [token.kind for token in found.tokens]


def test_an_open_string_spoils_one_line() -> None:
    """Reading goes on in the next line, so that what follows is still checked."""
    assert texts('a "b\nc °')[2:] == ["c", "°"]
    assert len(read('a "b\nc °').diagnostics) == 2


def test_a_text_that_is_not_krl_ends_soon() -> None:
    """After so many broken tokens the rest is not read."""
    found = read("° a " * 10_000)
    assert len(found.diagnostics) == BROKEN_LIMIT
    assert len(found.tokens) < 3 * BROKEN_LIMIT


@pytest.mark.parametrize("piece", ['"', "/*", "re#", "<<", "<<#{", "\\", "re#\\", "<<\\", "{", "=\t", "/"])
def test_no_text_takes_longer_than_its_length(piece: str) -> None:
    """Repeating an opening costs nothing but its characters: no pattern backtracks over the rest."""
    assert read(piece * 50_000).tokens[-1].kind == "$END"
