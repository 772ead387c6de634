"""Names: what hides what, when declarations run, and what functions see. Sections 3 and 5."""

from __future__ import annotations

from typing import Any

import pytest

from tests.compatibility.engine import Engine


def valued(engine: Engine, expression: str, declared: str = "") -> Any:
    """The value of an expression in the global scope of a ruleset."""
    text = f"ruleset q {{ meta {{ shares it }} global {{ {declared} it = function() {{ {expression} }} }} }}"
    engine.install(text)
    return engine.query("q/it")


def told(engine: Engine, rule: str, declared: str = "", **attrs: Any) -> Any:
    """The options of the only directive of a rule that selects `d t`."""
    engine.install(f"ruleset q {{ global {{ {declared} }} rule r {{ {rule} }} }}")
    [(_, options)] = engine.send("d:t", **attrs)
    return options


# --- what hides what -------------------------------------------------------------------------------


def test_pre_hides_global(engine: Engine) -> None:
    """For its rule alone; functions declared in `global` go on seeing the global name."""
    rule = 'select when d t pre { g = "pre" } send_directive("it", [g, see()])'
    assert told(engine, rule, 'g = "global" see = function() { g }') == ["pre", "global"]


def test_a_declaration_may_use_the_name_it_hides(engine: Engine) -> None:
    """KEEP: the right side sees the outer one."""
    rule = 'select when d t pre { n = n + 1 add = add(n, 1) } send_directive("it", [n, add])'
    assert told(engine, rule, "n = 1 add = function(a, b) { a + b }") == [2, 3]


def test_names_of_rules_may_hide_operators(engine: Engine) -> None:
    """As may parameters and globals; a method call finds the nearest name first."""
    assert valued(engine, "[1, 2].map()", 'map = function(list) { "mine" }') == "mine"
    assert valued(engine, "f(7)", "f = function(head) { head }") == 7


def test_captured_names_are_visible_everywhere_in_the_rule(engine: Engine) -> None:
    rule = (
        "select when d t n re#(.*)# setting(n) foreach [n] setting(x) pre { p = n + x } "
        'if n then send_directive("it", [n, x, p])'
    )
    assert told(engine, rule, n="1") == ["1", "1", "11"]


def test_inner_functions_see_outer_parameters(engine: Engine) -> None:
    """A function keeps what it saw where it was made."""
    declared = "adder = function(n) { function(a) { a + n } } add5 = adder(5) add7 = adder(7)"
    assert valued(engine, "[add5(1), add7(1)]", declared) == [6, 8]


def test_functions_may_call_each_other_whatever_their_order(engine: Engine) -> None:
    declared = "even = function(n) { n == 0 || odd(n - 1) } odd = function(n) { not (n == 0) && even(n - 1) }"
    assert valued(engine, "[even(10), odd(10)]", declared) == [True, False]


def test_a_function_in_pre_may_call_itself(engine: Engine) -> None:
    rule = (
        "select when d t pre { fact = function(n) { n <= 1 => 1 | n * fact(n - 1) } } "
        'send_directive("it", fact(5))'
    )
    assert told(engine, rule) == 120


def test_a_function_may_mention_a_value_declared_later(engine: Engine) -> None:
    """It only must not be called before that has its value, which is an error with a name of its own."""
    assert valued(engine, "f()", "f = function() { later } later = 5") == 5
    text = "ruleset e { global { f = function() { later } now = f() later = 5 } }"
    assert "later is used before it has its value" in engine.install_fault(text)


@pytest.mark.parametrize(
    ("declared", "code"),
    [
        ("x = unknown", "K201"),
        ("f = function() { unknown }", "K201"),
        ("x = y y = 1", "K207"),
        ("x = f() f = function() { 1 }", "K207"),
        ("x = 1 y = 2 x = 3", "K202"),
        ("f = defaction() { noop() } f = 1", "K202"),
        ("f = function(a, b, a) { 1 }", "K203"),
        ("f = function(a, b = 1, c) { 1 }", "K204"),
        ("f = function(a, b) { 1 } x = f(b = 1, 2)", "K205"),
    ],
)
def test_names_that_mean_nothing_are_refused(engine: Engine, declared: str, code: str) -> None:
    """Also inside functions that are never called."""
    assert code in engine.codes(f"ruleset e {{ global {{ {declared} }} }}")


def test_a_standard_operator_is_a_value(engine: Engine) -> None:
    assert valued(engine, "first([3, 4])", "first = head") == 3


def test_soft_keywords_are_names_like_any_other(engine: Engine) -> None:
    """CHOOSE: also those that the peer can declare but not read."""
    words = ["if", "rule", "name", "and", "or", "count", "like", "before", "select", "ent", "event", "on"]
    declared = " ".join(f"{word} = {number}" for number, word in enumerate(words))
    assert valued(engine, f"[{', '.join(words)}]", declared) == [*range(len(words))]


def test_words_that_look_like_tokens_are_names(engine: Engine) -> None:
    """FIX: NUMBER and REGEXP mean nothing special."""
    assert valued(engine, "[NUMBER, REGEXP]", 'NUMBER = "n" REGEXP = "r"') == ["n", "r"]


def test_a_rule_may_be_called_like_a_keyword(engine: Engine) -> None:
    engine.install('ruleset k { rule then { select when if else send_directive("it") } }')
    assert engine.names("if:else") == ["it"]


# --- calls -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ("f(1, 2)", [1, 2, 3]),
        ("f(1, b = 2)", [1, 2, 3]),
        ("f(b = 2, a = 1)", [1, 2, 3]),
        ("f(1)", [1, None, None]),
        ("f(1, 2, 9)", [1, 2, 9]),
        ("f(1, 2, null)", [1, 2, 3]),
        ("f(1, 2, 3, 4)", [1, 2, 3]),
        ("f(1, 2, other = 4)", [1, 2, 3]),
        ("f(1, a = 5)", [5, None, None]),
        ("1.f(2)", [1, 2, 3]),
        ("1.f(b = 2)", [1, 2, 3]),
        ("f()", [None, None, None]),
    ],
)
def test_arguments(engine: Engine, call: str, value: list[Any]) -> None:
    """What is missing is null or the default (CHOOSE: so is any null), what is too much is ignored, and
    of an argument given both ways the named one counts."""
    declared = "f = function(a, b, c = b.isnull() => null | a + b) { [a, b, c] }"
    assert valued(engine, call, declared) == value


def test_defaults_may_use_earlier_parameters(engine: Engine) -> None:
    """They are computed at each call, functions included."""
    declared = """
      by = function(n) { function(a) { a * n } }
      f = function(scale = by(3), low = scale(1), high = low + 2, text = high + "!") { [low, high, text] }
    """
    assert valued(engine, '[f(), f(by(100), "one"), f(null, 3, 4, 5)]', declared) == [
        [3, 5, "5!"],
        ["one", "one2", "one2!"],
        [3, 4, 5],
    ]


def test_what_is_called_must_be_a_function(engine: Engine) -> None:
    """Seen at compile time where the value is known, else when it runs."""
    assert engine.codes("ruleset e { global { s = 1 x = s() } }") == ["K302"]
    assert "K302" in engine.codes("ruleset e { global { a = defaction() { noop() } x = a() } }")
    engine.install('ruleset q { rule r { select when d t send_directive("it", event:attrs{"f"}()) } }')
    assert "is not a function" in engine.fault("d:t")


def test_any_expression_may_be_called(engine: Engine) -> None:
    assert (
        valued(
            engine,
            "fs{1}(2) + (function(x) { x * 2 })(4) + fs{0}()()",
            ("fs = [function() { function() { 1 } }, function(x) { x + 1 }]"),
        )
        == 12
    )


def test_endless_recursion_ends_in_an_error(engine: Engine) -> None:
    """FIX 22: of that query; the next one is answered."""
    engine.install(
        "ruleset q { meta { shares f, g } global { f = function() { f() } g = function() { 1 } } }"
    )
    assert "nested too deeply" in engine.ask("q/f", {}).message
    assert engine.query("q/g") == 1


def test_recursion_may_be_deep(engine: Engine) -> None:
    assert valued(engine, "down(500)", "down = function(n) { n == 0 => 0 | 1 + down(n - 1) }") == 500


# --- expressions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("not 1 == 1", False),  # (not 1) == 1
        ("-5.length()", 0),
        ("1 + 2 * 3 - 4 / 2", 5),
        ("10 - 2 - 3", 5),
        ("1 < 2 == true", True),
        ("true || false && false", True),
        ("false => 1 | true => 2 | 3", 2),
        ("(false => 1 | 2) + 1", 3),
        ('null || "x"', "x"),
        ("0 && 1", 0),
        ('"a" && 0 || []', []),
        ("not []", False),
        ('not ""', True),
        ('{"b": 1, "2": 2, "1": 3}.keys()', ["1", "2", "b"]),
        ('"\\n".length()', 2),
        ('"say \\"hi\\" \\\\"', 'say "hi" \\'),
        ("<<>>", ""),
        ("<<a #{1 + 1} #{ {\"k\": \"}\"}{\"k\"} } #{<<in #{\"ner\"}>>}>>", "a 2 } in ner"),
        ("<<#{null} #{[1]} #{ {} } #{function() { 1 }}>>", "null [Array] [Map] [Function]"),
        ("<<#{re#a/b#gi}>>", "re#a\\/b#gi"),
        ("<<\\> \\#{x} \\\\ // no comment>>", "> #{x} \\ // no comment"),
        (".5 + 1.50", 2),
        ('{"a": {"b": [1, {"c": 2}]}}{["a", "b", 1, "c"]}', 2),
        ('{"a": [1, 2]}["a"][1]', 2),
        ("[1, 2]{5}", None),
        ("null{[1, 2]}", None),
        ('{"1": "x"}{1}', "x"),
        ('{"a": null} == {}', False),
        ("null == (0 / 0)", False),  # x / 0 is 0
        ('1 == "1"', False),
        ("true == 1", False),
        ('{"a": 1, "b": [2]} == {"b": [2], "a": 1}', True),
        ("re#a#i == re#a#i", True),
        ("function() { 1 } == function() { 1 }", False),
        ('"b" > "a"', True),
        ('"10" <=> 9', 1),
        ("[1, 2] <=> [3, 4]", 0),
        ("1 + 2 + \"x\"", "3x"),
        ("\"x\" + 1 + 2", "x12"),
        ("[1, 2] >< 2 && not ({} >< \"a\")", True),
    ],
)  # fmt: skip
def test_expressions(engine: Engine, expression: str, value: Any) -> None:
    """Precedence, truth, texts, paths and equality, a line for each trap."""
    assert valued(engine, expression) == value


def test_without_semicolons_an_expression_goes_on(engine: Engine) -> None:
    """KEEP: `x = 5` and `-y` on the next line are one subtraction."""
    assert valued(engine, "x", "y = 2 x = 5\n -y") == 3
    assert valued(engine, "x", "y = 2; x = 5; z = -y") == 5
