"""Expressions as the language reference has them in sections 3 to 5, compiled and run."""

from __future__ import annotations

import pytest

from pico_lang.diagnostics import RulesetRefused
from pico_lang.meter import Budget
from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.running import evaluate, fault

VALUES = [
    # sums and strings
    ("1 + 2", 3.0),
    ('1 + "2"', "12"),
    ("null + 1", "null1"),
    ("true + true", "truetrue"),
    ("[1] + [2]", "[Array][Array]"),
    ('1 + 2 + "a" + 1 + 2', "3a12"),
    ("1 + 2 + 3 + 4 + 5 + 6 + 7 + 8", 36.0),
    ('1 + 2 + 3 + 4 + 5 + 6 + 7 + "x"', "28x"),
    # arithmetic
    ('7 - "2"', 5.0),
    ("[1,2,3] - 1", 2.0),
    ("5 / 0", 0.0),
    ("5 % 0", 0.0),
    ("-7 % 3", -1.0),
    ("2 * 3 + 4 * 5", 26.0),
    ("10 - 2 - 3", 5.0),
    ('+"a"', "a"),
    # comparison
    ('"10" < "9"', False),
    ('"abc" < 5', False),
    ("null < 1", True),
    ("[1,2] >= 2", True),
    ('3 <=> "3"', 0.0),
    ('"a" cmp "b"', -1.0),
    ('1 == "1"', False),
    ("true == 1", False),
    ("1 == 1", True),
    ('"a" == "a"', True),
    ('"a" != 1', True),
    ('{"a":null} == {}', False),
    ('{"a":1,"b":2} == {"b":2,"a":1}', True),
    # truth
    ("0 => 1 | 2", 2.0),
    ("[] => 1 | 2", 1.0),
    ("{} => 1 | 2", 1.0),
    ('"0" => 1 | 2', 1.0),
    ('"" => 1 | 2', 2.0),
    ('null || "x"', "x"),
    ('0 || "" || false', False),
    ('1 && "b" && 3', 3.0),
    ("not null", True),
    ("not 1 == 2", False),
    ('1 < 2 => "a" | 2 < 1 => "b" | "c"', "a"),
    # paths
    ('{"a":{"b":1}}{"a"}{"b"}', 1.0),
    ('{"a":{"b":1}}{["a","b"]}', 1.0),
    ("[5,6,7][1]", 6.0),
    ('[5,6,7]{"1"}', 6.0),
    ("[5][9]", None),
    ('null{"a"}', None),
    ('{}{"toString"}', None),
    ('{"k":4}.k', 4.0),
    # membership
    ("[1,2] >< 2", True),
    ('{"a":1} >< "a"', True),
    ("3 >< 3", False),
    ('"hello" like re#^h#', True),
    # chevrons
    ("<<a#{1 + 1}b>>", "a2b"),
    ("<<>>", ""),
    ("<<#{null}#{[1]}#{{}}>>", "null[Array][Map]"),
    ("<<x#{<<y#{<<z>>}>>}>>", "xyz"),
    # map order
    ('{"b":1,"10":2,"9":3}.keys()', ["9", "10", "b"]),
    # functions
    ("function(a, b){ a + b }(1, 2)", 3.0),
    ("function(a, b = a * 2){ a + b }(1)", 3.0),
    ("function(a, b = 7){ b }(1, null)", 7.0),
    ("function(a){ a }(1, 2, 3)", 1.0),
    ("function(a, b){ b }(1)", None),
    ("function(a, b){ a - b }(b = 1, a = 5)", 4.0),
    ("function(a){ a }(1, a = 2)", 2.0),
    ("function(a){ b = a + 1; c = b * 2; c }(1)", 4.0),
    ("function(n){ f = function(k){ k < 2 => 1 | k * f(k - 1) }; f(n) }(5)", 120.0),
    (
        "function(){ even = function(k){ k == 0 => true | odd(k - 1) }; "
        "odd = function(k){ k == 0 => false | even(k - 1) }; even(10) }()",
        True,
    ),
    ("[1,2,3].map(function(x){ x * 2 })", [2.0, 4.0, 6.0]),
    ("[1,2,3].map(function(x, i){ i })", [0.0, 1.0, 2.0]),
    ('["a","b"].map(uc)', ["A", "B"]),
    ("[3,1,2].sort(function(a, b){ a <=> b })", [1.0, 2.0, 3.0]),
    ('function(){ map = function(x){ "mine" }; [1].map() }()', "mine"),
    ("function(n){ function(m){ n + m } }(1)(2)", 3.0),
    ('{"f": function(x){ x + 1 }}{"f"}(4)', 5.0),
    ("math:double(4)", 8.0),
    ("math:minus(right = 1, left = 5)", 4.0),
    ("5.math:minus(2)", 3.0),
]


@pytest.mark.parametrize(("text", "value"), VALUES)
def test_value(text: str, value: object) -> None:
    """Each of these expressions has the value the reference gives it."""
    result = evaluate(text)
    assert result == value
    assert type(result) is type(value)


def test_and_does_not_look_at_its_right_side_in_vain() -> None:
    """A false left side decides, so that a guarded call is safe."""
    assert evaluate('false && 1 - "x"') is False
    assert evaluate('1 || 1 - "x"') == 1.0


def test_arguments_are_computed_left_to_right() -> None:
    """Also when the call names them in another order than the function declares them."""
    host = RecordingHost()
    evaluate('function(a, b){ a }(b = 1.klog("first"), a = 2.klog("second"))', host)
    assert [entry[2] for entry in host.done] == ["first", "second"]


def test_operands_are_computed_once() -> None:
    """The fast path for two numbers does not compute an operand again for the slow one."""
    host = RecordingHost()
    assert evaluate('1.klog("left") + "x".klog("right")', host) == "1x"
    assert [entry[2] for entry in host.done] == ["left", "right"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('1 - "x"', "x cannot be subtracted from 1"),
        ('-"zero"', "zero cannot be negated"),
        ("function(x){ x(1) }(5)", "5 is not a function"),
        ('{}{"a"}()', "null is not a function"),
    ],
)
def test_a_fault_says_what_it_met(text: str, message: str) -> None:
    assert message.lower() in fault(text).message.lower()


def test_a_value_used_before_its_declaration_ran_is_a_fault() -> None:
    """A function may mention a later name; calling it too early is an error of the program, by name."""
    found = fault("function(){ f = function(){ later }; early = f(); later = 1; early }()")
    assert (found.code, found.message) == ("R604", "later is used before it has its value")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nope", "K201"),
        ("[1].mapp()", "K201"),
        ('"text"()', "K302"),
        ("send_directive", "K305"),
        ('door:open("x")', "K305"),
        ("event:attrs()", "K403"),
        ("math:double", "K403"),
        ("math:triple(1)", "K402"),
        ("nowhere:f()", "K401"),
        ("function(a, a){ 1 }", "K203"),
        ("function(a = 1, b){ 1 }", "K204"),
        ("noop(a = 1, 2)", "K205"),
        ("function(){ a = 1; a = 2; a }", "K202"),
        ("function(){ a = b; b = 2; a }", "K207"),
        ('"x" like re#(#', "K106"),
    ],
)
def test_what_can_never_work_is_refused(text: str, code: str) -> None:
    """Mistakes that need no running to be found are found without."""
    with pytest.raises(RulesetRefused) as refused:
        evaluate(text)
    assert code in [one.code for one in refused.value.diagnostics]


def test_endless_recursion_is_stopped() -> None:
    found = fault("function(){ f = function(n){ f(n + 1) }; f(0) }()")
    assert found.code in ("R701", "R702")


def test_steps_are_counted_in_functions_and_built_ins() -> None:
    assert fault("1.range(200).map(function(x){ x })", Budget(steps=300)).code == "R701"


def test_a_string_doubled_without_end_is_stopped_before_it_is_made() -> None:
    doubling = 'function(){ f = function(s, n){ n == 0 => s | f(s + s, n - 1) }; f("x", 100) }()'
    assert fault(doubling, Budget(string_length=1_000_000)).code in ("R701", "R703")


def test_a_fault_knows_its_place_and_the_chain_of_calls() -> None:
    """Line and column of the operation that failed, then of each call that led to it."""
    found = fault('function(){\n  f = function(x){ x - "a" };\n  g = function(y){ f(y) };\n  g(1)\n}()')
    assert [(place.within, place.line, place.column) for place in found.places] == [
        ("function f", 2, 20),
        ("function g", 3, 20),
        ("function", 4, 3),
        ("expression", 1, 1),
    ]
