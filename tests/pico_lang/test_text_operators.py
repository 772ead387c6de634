"""The operators on strings, numbers and values of any type (language reference, section 6)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pico_lang import utf16
from pico_lang.builtins import OPERATORS
from pico_lang.values import Action, RegExp, Value
from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.operating import exactly, op, op_fault, surroundings


def some_function(v0_x: Value = None) -> Value:
    return v0_x


ANSWERS: list[tuple[str, list[Any], Any]] = [
    # any value
    ("as", [5], 5),
    ("as", ["false", "Boolean"], False),
    ("as", ["", "Boolean"], False),
    ("as", [[], "Boolean"], True),
    ("as", [31, "Hex"], "0x1f"),
    ("as", [-1, "Hex"], None),
    ("as", ["0x1F", "Number"], 31),
    ("as", ["two", "Number"], None),
    ("as", [[1], "Array"], [1]),
    ("as", [{}, "RegExp"], RegExp("\\[Map\\]")),
    ("isEmpty", [5], True),
    ("isEmpty", ["a"], False),
    ("length", ["a😀"], 2),
    ("length", [{"a": 1}], 1),
    ("length", [12345], 0),
    ("sprintf", [1.5, "%d and %d, not \\%d"], "1.5 and 1.5, not %d"),
    ("sprintf", ["x", "%s%s %d"], "xx %d"),
    ("sprintf", ["$&\\1", "<%s>"], "<$&\\1>"),
    ("sprintf", [None, "%s"], "%s"),
    ("encode", [{"a": [1, None]}, "1"], '{\n "a": [\n  1,\n  null\n ]\n}'),
    ("encode", [[1], -3], "[1]"),
    ("decode", ['{"a":1}'], {"a": 1}),
    ("decode", ["{a:1}"], "{a:1}"),
    ("decode", [5], 5),
    # numbers and bits
    ("chr", [65], "A"),
    ("chr", [65536 + 66], "B"),
    ("chr", ["no"], None),
    ("range", [1, 3.5], [1, 2, 3]),
    ("range", [3, 1], [3, 2, 1]),
    ("range", ["a", 1], []),
    ("range", [1], []),
    ("bor", [2147483648, 0], -2147483648),
    ("band", [-1, 255], 255),
    ("bxor", ["0xF", 5], 10),
    ("bnot", [0], -1),
    ("shiftLeft", [1, 31], -2147483648),
    ("shiftLeft", [1, 32], 1),
    ("shiftRight", [-8, 1], -4),
    ("bor", ["no number", 1], 1),
    # strings
    ("capitalize", [None], "Null"),
    ("capitalize", ["ßa"], "SSa"),
    ("capitalize", ["𐐨"], "𐐨"),
    ("uc", ["straße"], "STRASSE"),
    ("lc", ["ΑΣ"], "ας"),
    ("trim", ["\ufeff a\u2028"], "a"),
    ("trim", ["\x85"], "\x85"),
    ("trimLeading", [" a "], "a "),
    ("trimTrailing", [" a "], " a"),
    ("ord", ["😀"], 0xD83D),
    ("ord", [""], None),
    ("substr", ["a😀b", 1, 2], "😀"),
    ("substr", ["a😀b", 2, 1], "\ude00"),
    ("substr", ["hello", -2], "hello"),
    ("substr", ["hello", 1, 0], "ello"),
    ("substr", ["hello", 4, -3], "ll"),
    ("substr", ["hello"], "hello"),
    ("substr", ["hello", 9], ""),
    ("substr", ["hello", "x"], "hello"),
    ("startsWith", ["😀", "\ud83d"], True),
    ("endsWith", [15, 5], True),
    ("contains", ["null", None], True),
    ("split", ["a,b", ","], ["a", "b"]),
    ("split", ["anullb"], ["a", "b"]),
    ("split", ["😀", ""], ["\ud83d", "\ude00"]),
    ("split", ["a1b2", RegExp("(\\d)|x")], ["a", "1", "b", "2", ""]),
    ("split", ["axb", RegExp("(\\d)|x")], ["a", None, "b"]),
    ("split", ["", RegExp("x?")], []),
    ("split", ["", RegExp("x")], [""]),
    ("split", ["abc", RegExp("b*")], ["a", "c"]),
    # regular expressions
    ("match", ["a\nb", RegExp("^b$", "m")], True),
    ("match", ["1", 1], False),
    ("extract", ["abc", RegExp("(x)?b(.)")], [None, "c"]),
    ("extract", ["a😀a", RegExp("[^a]+", "g")], ["😀"]),
    ("extract", ["abc", "(b)"], ["b"]),
    ("extract", ["abc"], []),
    ("replace", ["a.a", ".", "-"], "a-a"),
    ("replace", ["abc", RegExp("(b)(x)?"), "[$1$2$&$$$`$']"], "a[bb$ac]c"),
    ("replace", ["abc", RegExp("(b)"), "$2$10$0"], "a$2b0$0c"),
    ("replace", ["abc", RegExp("(?<n>b)"), "<$<n>$<m>>"], "a<b>c"),
    ("replace", ["abc", RegExp("(b)"), "$<n>"], "a$<n>c"),
    ("replace", ["abc", "", "-"], "-abc"),
    ("replace", ["aXbX", RegExp("x", "gi")], "ab"),
    ("replace", ["abc", RegExp("", "g"), "-"], "-a-b-c-"),
    ("replace", ["abc"], "abc"),
    ("replace", ["\ud83d-", "-", "\ude00"], "😀"),
]


@pytest.mark.parametrize(("name", "arguments", "expected"), ANSWERS)
def test_an_operator_answers(name: str, arguments: list[Any], expected: Any) -> None:
    """One line for each edge that the reference names."""
    assert repr(op(name, *arguments)) == exactly(expected)


@pytest.mark.parametrize("type_name", ["Array", "Map", "num", 5, None])
def test_as_knows_five_types(type_name: Any) -> None:
    """Anything else is a fault that shows what was to be converted into what."""
    assert "cannot convert x (a String)" in op_fault("as", "x", type_name).message


def test_as_regexp_refuses_what_does_not_compile() -> None:
    """A string from outside may be anything."""
    assert "a '(' without a ')'" in op_fault("as", "(", "RegExp").message


@pytest.mark.parametrize(
    ("value", "name"), [(some_function, "Function"), (Action("open", some_function), "Action")]
)
def test_functions_have_types_and_string_forms(value: Value, name: str) -> None:
    """But no number, and nothing in them."""
    rt = surroundings()
    assert OPERATORS["typeof"](rt, value) == name
    assert OPERATORS["as"](rt, value, "String") == f"[{name}]"
    assert OPERATORS["as"](rt, value, "Number") is None
    assert OPERATORS["isEmpty"](rt, value) is True


def test_a_replacing_function_sees_match_captures_position_and_text() -> None:
    """Positions count code units, and what it returns is converted to a string."""
    seen: list[list[Value]] = []

    def watch(
        v0_m: Value = None, v1_a: Value = None, v2_b: Value = None, v3_at: Value = None, v4_all: Value = None
    ) -> Value:
        seen.append([v0_m, v1_a, v2_b, v3_at, v4_all])
        return v3_at

    replaced = OPERATORS["replace"](surroundings(), "😀abb", RegExp("(a)|(b)", "g"), watch)
    assert replaced == "😀234"
    assert seen == [
        ["a", "a", None, 2.0, "😀abb"],
        ["b", None, "b", 3.0, "😀abb"],
        ["b", None, "b", 4.0, "😀abb"],
    ]


def test_logging_hands_the_value_on() -> None:
    """`klog` always logs, `defaultsTo` only when it had to help and was given a message."""
    host = RecordingHost()
    rt = surroundings(host=host)
    assert OPERATORS["klog"](rt, 5.0, "five") == 5.0
    assert OPERATORS["klog"](rt, 6.0) == 6.0
    assert OPERATORS["defaultsTo"](rt, None, 1.0, "helped") == 1.0
    assert OPERATORS["defaultsTo"](rt, None, 1.0) == 1.0
    assert OPERATORS["defaultsTo"](rt, False, 1.0, "not needed") is False
    assert host.done == [("log", "klog", "five"), ("log", "klog", "klog"), ("log", "debug", "helped")]


texts = st.text(st.sampled_from("ab,😀é\ud800 "), max_size=12).map(utf16.whole)
separators = st.text(st.sampled_from("ab,😀"), min_size=1, max_size=2)


@given(texts, separators)
def test_split_and_join_are_inverse(text: str, separator: str) -> None:
    """Whatever the separator is."""
    assert op("join", op("split", text, separator), separator) == text


@given(texts)
def test_chr_and_ord_are_inverse(text: str) -> None:
    """Code unit by code unit."""
    units = op("split", text, "")
    assert op("join", [op("chr", op("ord", unit)) for unit in units], "") == text


@given(texts, st.integers(-15, 15), st.integers(-15, 15))
def test_substr_is_javascripts_substring(text: str, start: int, length: int) -> None:
    """Against the sentences of the reference, said of a list of code units."""
    units = list(utf16.units(text))
    end = start + length if length > 0 else len(units) + length
    low, high = sorted(min(max(position, 0), len(units)) for position in (start, end))
    expected = "" if start > len(units) else utf16.whole("".join(units[low:high]))
    assert op("substr", text, start, length) == expected


@given(st.integers(-(2**40), 2**40), st.integers(-(2**40), 2**40))
def test_bits_are_those_of_32_bit_integers(a: int, b: int) -> None:
    """The laws that tie the operators together."""
    assert op("bxor", a, b) == op("band", op("bor", a, b), op("bnot", op("band", a, b)))
    assert op("bor", op("bnot", a), op("bnot", b)) == op("bnot", op("band", a, b))
    assert op("bxor", op("bxor", a, b), b) == op("bor", a, 0)
