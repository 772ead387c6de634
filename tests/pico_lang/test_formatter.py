"""Formatting: the same program and the same comments, in the one layout."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from textwrap import dedent

import pytest

from pico_lang.diagnostics import RulesetRefused
from pico_lang.formatter import format_ruleset
from pico_lang.formatting.layout import WIDTH
from pico_lang.lexer import lex
from pico_lang.parser import parse
from pico_lang.source import Source
from tests.pico_lang.shapes import shape

GOOD = sorted((Path(__file__).parent / "programs" / "good").glob("*.krl"))


def formatted(text: str) -> str:
    return format_ruleset(Source(text))


def expression(text: str) -> str:
    """How an expression is laid out as the value of a declaration."""
    lines = formatted(f"ruleset r {{ global {{ x = {text} }} }}").splitlines()
    return dedent("\n".join(lines[2:-2]).replace("x = ", "", 1)).strip()


def body(text: str) -> str:
    """How what stands in a rule is laid out."""
    lines = formatted(f"ruleset r {{ rule x {{ {text} }} }}").splitlines()
    return dedent("\n".join(lines[2:-2]))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_formatting_changes_nothing_but_the_layout(path: Path) -> None:
    """The tree is the same, no comment is lost, and a formatted text is left alone."""
    before = path.read_text()
    after = formatted(before)
    assert shape(parse(Source(after))) == shape(parse(Source(before)))
    assert _comments(after) == _comments(before)
    assert formatted(after) == after


def _comments(text: str) -> Counter[str]:
    return Counter(comment.text.rstrip() for comment in lex(Source(text)).comments)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("((a + b)) + (c * d)", "a + b + c * d"),
        ("a + (b + c)", "a + (b + c)"),
        ("(a - b) * c", "(a - b) * c"),
        ("(not a) == b", "not a == b"),
        ("not (a == b)", "not (a == b)"),
        ("- ( - a )", "- -a"),
        ("(-5).abs()", "(-5).abs()"),
        ("(a => b | c) => d | (e => f | g)", "(a => b | c) => d | e => f | g"),
        ("(a.b)(c)", "(a.b)(c)"),
        ("[ 1,2, ]", "[1, 2]"),
        ('{ "a":1, }', '{"a": 1}'),
        ("f( a,b = 1, )", "f(a, b = 1)"),
        ("function(a,b=1,){return a;}", "function(a, b = 1) { a }"),
        ('a . b:c ( ) { "d" } [ 0 ]', 'a.b:c(){"d"}[0]'),
        ("<<a  #{ b }  >>", "<<a  #{ b }  >>"),
        ("re#a b#gi", "re#a b#gi"),
        ("1 .abs()", "1.abs()"),
    ],
)
def test_layout_of_expressions(text: str, layout: str) -> None:
    """One space around operators, parentheses only where they matter, no comma at the end."""
    assert expression(text) == layout


def test_a_property_that_is_called_keeps_its_parentheses() -> None:
    """`(a.b)(c)` calls what a property holds, `a.b(c)` calls a method."""
    assert expression("(a.b)(c)") != expression("a.b(c)")


def test_long_expressions_get_lines() -> None:
    """What does not fit gets a line for each part; a function at the end of a call spans lines alone."""
    name = "a_rather_long_name"
    assert expression(f"{name} + {name} * 2 + {name} + {name} + {name} + {name}") == "\n".join(
        [name, f"  + {name} * 2", *[f"  + {name}"] * 4]
    )
    assert expression(f"[{', '.join([name] * 6)}]") == "\n".join(["[", *[f"  {name},"] * 5, f"  {name}", "]"])
    assert expression("list.map(function(x) { y = x return y })") == (
        "list.map(function(x) {\n  y = x\n  return y\n})"
    )
    assert expression(f"{name} => {name} | {name} => {name} | {name} => {name} | {name}") == "\n".join(
        [f"{name} => {name}", *[f"  | {name} => {name}"] * 2, f"  | {name}"]
    )


def test_a_function_with_declarations_says_return() -> None:
    """Otherwise a result that begins with a bracket would go on with the line before."""
    assert expression("function() { a = b; [a] }") == "function() {\n  a = b\n  return [a]\n}"


def test_a_semicolon_stays_where_it_separates() -> None:
    """`if:x := 2` would be a guard of the statement before it."""
    assert "ent:x := 1;\n  if:x := 2" in body("select when a b always { ent:x := 1; if:x := 2; ent:y := 3; }")


@pytest.mark.parametrize(
    "text",
    [
        "select when a b pre {} or(c)",
        "select when count 2 (a b) pre {} max(c)",
        "select when (a b) foreach (re#c#) setting(d)",
        "select when (a b) if (re#c# => d | e) then f()",
        "select when (a b) choose (re#c#) { d => e() }",
        "select when (a b) within (re#c#.d()) minutes",
        "select when a b where (re#c# + d)",
    ],
)
def test_what_keeps_an_event_apart_stays(text: str) -> None:
    """Words behind an event are read as a part of it when they can be; what prevents that is kept."""
    before = f"ruleset r {{ rule x {{ {text} }} }}"
    assert shape(parse(Source(formatted(before)))) == shape(parse(Source(before)))


def test_a_comment_in_front_of_a_chain_in_parentheses_is_kept() -> None:
    """The parentheses go, the comment stays."""
    assert expression("a + // why\n (b * c) * d") == "a\n  + // why\n    b\n    * c\n    * d"


@pytest.mark.parametrize(
    "text",
    [
        "1 + // why\n (re#a#) * 2 % 3",
        "1 + // why\n ((re#a#) * 2) % 3",
        "1 + // why\n ((a + b) * 2) % 3",
        "1 + // why\n (a).b().c().d()",
        "1 + // why\n (a.b()).c().d()",
        "1 + // why\n (a.b)(1).c().d()",
        "[1, (// why\n (a) => (b) | (c)), 2]",
        "f(// why\n (a) * (b) * c)",
    ],
)
def test_a_comment_in_front_of_parentheses_that_go_stays_where_it_is(text: str) -> None:
    """Without them it stands before another node, which must not change the layout a second time."""
    once = formatted(f"ruleset r {{ global {{ x = {text} }} }}")
    assert "// why" in once
    assert formatted(once) == once


@pytest.mark.parametrize(
    "event", ["(a b and c d) and e f", "(a b) between(c d, e f)", "((a b) or c d) or e f"]
)
def test_so_does_one_in_front_of_the_parentheses_of_an_event(event: str) -> None:
    """The same for what a rule is selected by."""
    once = formatted(f"ruleset r {{ rule x {{ select when (g h before // why\n ({event})) }} }}")
    assert "// why" in once
    assert formatted(once) == once


def test_layout_of_a_rule() -> None:
    """The parts of a rule stand below each other, blocks are indented."""
    text = """
      select when a b n re#(.)#setting(n)where n or c:d within 1 hour
      foreach [1] setting(x) pre{y=x;}
      if y then choose y { one=>noop(); }
      fired{last if y;log info y on final}else{raise a event "b" attributes{}}
    """
    assert body(text) == dedent(
        """\
        select when a:b n re#(.)# setting(n) where n or c:d within 1 hours
        foreach [1] setting(x)
        pre {
          y = x
        }
        if y then choose y {
          one => noop()
        }
        fired {
          last if y
          log info y on final
        } else {
          raise a event "b" attributes {}
        }"""
    )


def test_comments_stay_with_what_they_are_about() -> None:
    """Behind an item on its line, in front of an item on lines of their own, or at the end of a block."""
    text = """
      // in front
      select when a b // behind
      pre {

        // first
        x = 1 // one


        /* inline */ y = /* value */ 2; // two
        // last
      }
    """
    assert body(text) == dedent(
        """\
        // in front
        select when a:b // behind
        pre {
          // first
          x = 1 // one

          /* inline */ y = /* value */ 2 // two
          // last
        }"""
    )


def test_a_comment_breaks_the_list_it_is_in() -> None:
    """Behind a line comment a line must end."""
    assert expression("[1, // one\n 2, /* three */ 3]") == "[\n  1, // one\n  2,\n  /* three */ 3\n]"
    assert expression("a.b() // why\n.c().d()") == "a\n  .b()\n  // why\n  .c()\n  .d()"
    assert expression("a + // why\n b") == "a\n  + // why\n    b"


def test_text_keeps_its_lines() -> None:
    """Strings and chevrons are content: not a space in them moves."""
    text = '"a\n   b" + <<\n   c #{\n d  +  e // f\n}\n  >>'
    assert f"    x = {text}\n" in formatted(f"ruleset r {{ global {{ x = {text} }} }}")


def test_an_empty_line_is_kept_and_a_second_one_is_not() -> None:
    """Between declarations the author's paragraphs are kept; rules are always apart."""
    rules = "rule x { select when a b } rule y { select when a b }"
    text = f"ruleset r {{ global {{ a = 1\n\n\n\nb = 2\nc = 3 }} {rules} }}"
    assert formatted(text) == dedent(
        """\
        ruleset r {
          global {
            a = 1

            b = 2
            c = 3
          }

          rule x {
            select when a:b
          }

          rule y {
            select when a:b
          }
        }
        """
    )


def test_lines_are_no_longer_than_they_have_to_be() -> None:
    """Nothing but a single word, text or comment is wider than the page."""
    words = " + ".join(["number"] * 60)
    calls = ".append(number)" * 30
    items = ", ".join(["1"] * 90)
    text = f"ruleset r {{ global {{ a = {words} b = f({words}) c = x{calls} d = [[{items}]] }} }}"
    assert max(map(len, formatted(text).splitlines())) <= WIDTH


def test_long_and_deep_programs_are_formatted() -> None:
    """Neither a long chain nor deep nesting costs Python's stack."""
    long = [" + ".join(["1"] * 3_000), "a" + ".b(1)" * 3_000, "a => b | " * 1_000 + "c"]
    long += [f"/* note */ ({text})" for text in long]
    for text in (*long, "[" * 190 + "]" * 190):
        once = formatted(f"ruleset r {{ global {{ x = {text} }} }}")
        assert formatted(once) == once


def test_what_is_no_ruleset_is_refused() -> None:
    """A text with a mistake is not touched."""
    with pytest.raises(RulesetRefused):
        formatted("ruleset r { global { x = } }")
