"""Rulesets that are checked together: a module must provide what is asked of it."""

from __future__ import annotations

from pico_lang.module_checks import check_modules, provided_by
from pico_lang.parser import parse
from pico_lang.source import Source

MODULE = parse(Source("ruleset a.module { meta { provides one, act } global { one = 1 two = 2 } }"))
USER = """ruleset user {
  meta { use module a.module alias m use module b.module }
  global { fine = m:one + m:one() wrong = m:two piped = 1.m:three() }
  rule r { select when a b every { m:act() m:ack() } }
}"""


def test_what_is_not_provided_is_blamed_where_it_is_asked_for() -> None:
    text = USER
    found = list(check_modules(parse(Source(text)), {"a.module": provided_by(MODULE)}))
    assert [(one.code, text[one.span.start : one.span.end]) for one in found] == [
        ("K402", "m:two"),
        ("K402", "three"),
        ("K402", "ack"),
    ]
    assert found[0].message == "a.module does not provide two"
    assert found[0].hint == "it provides: act, one"
    assert found[2].hint == "did you mean m:act?"


def test_modules_that_are_not_at_hand_are_left_alone() -> None:
    text = USER
    assert list(check_modules(parse(Source(text)), {})) == []
