"""What pico-engine's compiler refuses or warns of, and what it lets pass: section 17.

Its messages are not ours; the codes are. A text is tried by installing it, or by a flush, whose reply
has the warnings.
"""

from __future__ import annotations

import pytest

from engine.runtime.replies import FlushReply
from tests.compatibility.engine import Engine


def in_global(text: str) -> str:
    return f"ruleset a {{ global {{ {text} }} }}"


def in_rule(text: str) -> str:
    return f"ruleset a {{ rule b {{ select when a b {text} }} }}"


def in_fired(text: str) -> str:
    return in_rule(f"fired {{ {text} }}")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ruleset a { rule b { select when a b } rule b { select when a d } }", "K206"),
        ("ruleset a { rule b { } }", "K301"),
        ("ruleset a { meta { provides foo } }", "K306"),
        ("ruleset a { meta { shares foo } global { fo = 1 } }", "K306"),
        ("ruleset a { meta { shares act } global { act = defaction() { noop() } } }", "K307"),
        (in_global("b = 1; c = 3; b = 1"), "K202"),
        (in_global("b = function(c, d, c) { 1 }"), "K203"),
        (in_global("b = function(c, d = 1, e) { 1 }"), "K204"),
        (in_global("b = function(c, d) { 1 } e = b(c = 1, 2)"), "K205"),
        (in_global("b = c"), "K201"),
        (in_global('b = "text" c = b()'), "K302"),
        (in_global('b = "text" c = function() { b() }'), "K302"),  # FIX 28
        (in_global("b = 5.noop()"), "K302"),
        (in_global("b = event:attrs()"), "K403"),
        (in_global("b = time:now"), "K403"),
        (in_global("b = time:then()"), "K402"),
        (in_global("b = tiem:now()"), "K401"),
        (in_global('b = ctx:newChannel(["x"])'), "K305"),
        (in_global("b = re#(#"), "K106"),
        (in_rule("pre { b = 1; c = 3; b = 1 }"), "K202"),
        (in_rule("choose c() { noop() }").replace("rule b", "rule c"), "K304"),
        (in_rule("foo()"), "K201"),
        (in_rule("map()"), "K303"),
        (in_rule("time:now()"), "K303"),
        (in_rule("ctx:fly()"), "K402"),
        (in_fired("app:x := 1"), "K310"),
        (in_fired("clear app:x"), "K310"),
        ("ruleset a { rule b { select when any 2 (a b, a c) } }", "K312"),
        # mistakes of form
        (in_global("foo()"), "K103"),
        (in_global("f = function() { a = 1 }"), "K103"),
        (in_global("ent:a = 1"), "K103"),
        (in_rule("pre { foo() }"), "K103"),
        (in_fired("ent:c = 1"), "K103"),
        (in_fired("ent:c := "), "K103"),
        (in_fired("wat"), "K103"),
        (in_fired("raise"), "K103"),
        (in_fired("x = 1;; y = 2"), "K103"),
        (in_rule("if true then every { }"), "K103"),
        (in_rule("always { } finally { }"), "K103"),
        ("ruleset a {", "K104"),
        ('ruleset a { meta { name "a } }', "K102"),
        ("ruleset a { /* }", "K102"),
        ("ruleset a { global { x = 'a' } }", "K101"),
        ("ruleset a { global { x = { k: 1 } } }", "K103"),
        ("ruleset a { global { x = true => false => 1 | 2 | 3 } }", "K103"),
        ("ruleset a { rule b { select when a b raise event } }", "K103"),
    ],
)  # fmt: skip
def test_refused(engine: Engine, text: str, code: str) -> None:
    """Before anything is installed, with the place and a code that does not change."""
    assert code in engine.codes(text)
    assert engine.install_fault(text).startswith("cannot install file:///published/a.krl")
    assert "a" not in engine.host.tree().rulesets


def test_all_mistakes_are_told_at_once(engine: Engine) -> None:
    """The author mends them in one go."""
    text = (
        "ruleset a { meta { shares s } global { b = c d = e() } rule r { foo() } rule r { select when a b } }"
    )
    assert sorted(engine.codes(text)) == ["K201", "K201", "K201", "K206", "K301", "K306"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (in_global('add = {"foo": 1} bar = add.foo'), "K502"),
        (in_rule("c re#.# where 1 > 0 setting(c) fired { log info c }"), "K505"),
        (in_rule("setting(c) fired { log info c }"), "K506"),
        ("ruleset a { rule r is inactive { select when a a } }", "K507"),
        ("ruleset a { meta { logging on } }", "K503"),
        ('ruleset a { version "1" }', "K504"),
        (in_fired('ent:v := ent:v.put("k", 1)'), "K508"),
        (in_fired('log info event:attr("x")'), "K501"),
    ],
)  # fmt: skip
def test_warned_of(engine: Engine, text: str, code: str) -> None:
    """It works, and the reply to a flush says what would be better."""
    engine.install("ruleset a { }")
    reply = engine.flush(text)
    assert isinstance(reply, FlushReply)
    assert code in [warning.code for warning in reply.warnings]


@pytest.mark.parametrize(
    "text",
    [
        in_fired('ent:hi := ent:ih.put("k", 1)'),
        in_fired('ent:v{"a"} := ent:v.put("k", 1)'),
        in_global("foo = head"),
        in_global("foo = function() { bar } bar = 1"),
        in_global("foo = function() { bar() } bar = function() { 1 }"),
        in_global("foo = defaction() { bar() } bar = defaction() { foo() }"),  # FIX 16
        in_global("f = function(foo, bar, baz) { foo(1).bar(baz(2)) }"),
        in_global('f = function() { one = 1; {"two": one} }'),
        in_global("f = function(index) { one = 1; [index] }"),
        "ruleset a.b-c.d { }",
        "ruleset select { rule rule { select when if then } }",
    ],
)
def test_let_pass(engine: Engine, text: str) -> None:
    """Without a warning."""
    reply = engine.flush(text)
    assert isinstance(reply, FlushReply)
    assert reply.warnings == ()


def test_a_diagnostic_says_where_and_what_to_do(engine: Engine) -> None:
    """File, line, column, an excerpt with a caret, and a guess."""
    message = engine.install_fault("ruleset a {\n  global {\n    total = 1\n    x = totl + 1\n  }\n}")
    assert "file:///published/a.krl:4:9: error K201: undefined name totl" in message
    assert "   4 |     x = totl + 1\n     |         ^^^^" in message
    assert "did you mean total?" in message


def test_a_run_time_error_has_a_place_and_a_way_there(engine: Engine) -> None:
    """Where pico-engine has neither, and speaks of JavaScript."""
    text = """ruleset a {
      global { f = function(x) { x - 1 } }
      rule r { select when a b
        send_directive(f("y")) }
    }"""
    engine.install(text)
    reply = engine.get("/c/ROOT/event-wait/a/b")
    assert reply.status_code == 500
    places = reply.json()["places"]
    assert [(one["line"], one["within"]) for one in places] == [(2, "function f"), (4, "rule r")]
