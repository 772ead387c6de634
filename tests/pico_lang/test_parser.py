"""Trees: what the parser makes of texts that are KRL."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pico_lang.diagnostics import RulesetRefused
from pico_lang.nodes import (
    ActionLiteral,
    BaseEvent,
    Binary,
    Call,
    Chevron,
    Conditional,
    DomainName,
    EventOperator,
    Expression,
    FunctionLiteral,
    Identifier,
    MethodCall,
    Name,
    NumberLiteral,
    PathRead,
    PropertyRead,
    RegExpLiteral,
    Rule,
    SelectWhen,
    StringLiteral,
    Unary,
)
from pico_lang.parser import parse, parse_expression
from pico_lang.source import Source, Span
from pico_lang.traversal import children, walk

GOOD = sorted((Path(__file__).parent / "programs" / "good").glob("*.krl"))


def expression(text: str) -> Any:
    return parse_expression(Source(text))


def rule(body: str) -> Rule:
    return parse(Source(f"ruleset r {{ rule x {{ {body} }} }}")).rules[0]


def event(text: str) -> Any:
    select = rule(f"select when {text}").select
    assert isinstance(select, SelectWhen)
    return select.event


def outline(node: Expression) -> str:
    """An expression with every grouping in parentheses."""
    match node:
        case Binary():
            return f"({outline(node.left)} {node.operator} {outline(node.right)})"
        case Unary():
            return f"({node.operator} {outline(node.operand)})"
        case Conditional():
            return f"({outline(node.test)} => {outline(node.then)} | {outline(node.otherwise)})"
        case Name():
            return node.id
        case NumberLiteral():
            return f"{node.value:g}"
        case MethodCall():
            return f"{outline(node.target)}.{node.name.id}()"
    raise AssertionError(f"no outline of {node}")


# --- good programs ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good_programs_are_rulesets(path: Path) -> None:
    """Each program of programs/good parses, with a rule for every line that begins one."""
    text = path.read_text()
    tree = parse(Source(text, path.name))
    assert len(tree.rules) == sum(line.lstrip().startswith("rule ") for line in text.splitlines()[1:])


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_spans_nest_and_follow_each_other(path: Path) -> None:
    """A node lies within its parent, behind its elder siblings, and begins and ends with a token."""
    text = path.read_text()
    for node in walk(parse(Source(text))):
        assert text[node.span.start : node.span.end].strip() == text[node.span.start : node.span.end] != ""
        spans = sorted((child.span for child in children(node)), key=lambda span: span.start)
        assert all(node.span.start <= span.start and span.end <= node.span.end for span in spans)
        assert all(left.end <= right.start for left, right in pairwise(spans))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_spans_of_leaves_are_their_words(path: Path) -> None:
    """What stands at the span of a name, number, string or regular expression is just that."""
    text = path.read_text()
    for node in walk(parse(Source(text))):
        at = text[node.span.start : node.span.end]
        match node:
            case Identifier() | Name():
                assert at == node.id
            case DomainName():
                assert at.replace(" ", "") == f"{node.domain}:{node.name}"
            case NumberLiteral():
                assert float(at) == node.value
            case StringLiteral():
                assert at[0] == at[-1] == '"'
            case RegExpLiteral():
                assert at.startswith("re#")
                assert at.endswith("#" + node.flags)
            case FunctionLiteral() | ActionLiteral():
                assert at.startswith(("function", "defaction"))
                assert at.endswith("}")


def test_a_parenthesis_belongs_to_the_operator_around_it() -> None:
    """`(a)` has the span of `a`; what is made of `(a)` begins at the parenthesis."""
    tree = expression(" (a) + b ")
    assert (tree.span, tree.left.span) == (Span(1, 8), Span(2, 3))


# --- expressions ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("1 + 2 * 3 - 4", "((1 + (2 * 3)) - 4)"),
        ("a || b && c", "(a || (b && c))"),
        ("a < b == c", "((a < b) == c)"),
        ("not a == b", "((not a) == b)"),
        ("-5.abs()", "(- 5.abs())"),
        ("- not + a", "(- (not (+ a)))"),
        ("a - -b", "(a - (- b))"),
        ("a => b | c => d | e", "(a => b | (c => d | e))"),
        ("(a => b | c) => d | e", "((a => b | c) => d | e)"),
        ("a || b => c + 1 | d like e", "((a || b) => (c + 1) | (d like e))"),
        ("a cmp b <=> c >< d", "(((a cmp b) <=> c) >< d)"),
        ("a % b / c", "((a % b) / c)"),
    ],
)
def test_precedence(text: str, grouped: str) -> None:
    """Binary operators lean left, conditionals right; prefixes bind tighter than comparisons."""
    assert outline(expression(text)) == grouped


def test_postfixes_lean_left() -> None:
    """`a.b(c){d}[e].f(g)` is read from left to right."""
    call = expression("a.b(c){d}[e].f(g)")
    index = call.target
    path = index.target
    assert (call.name.id, index.brackets, path.brackets, path.target.name.id) == ("f", "[]", "{}", "b")


def test_a_property_is_a_method_when_it_is_called() -> None:
    """`a.b` reads a property, `a.b()` calls a method, `(a.b)()` calls what the property holds."""
    assert isinstance(expression("a.b"), PropertyRead)
    assert isinstance(expression("a.b()"), MethodCall)
    called = expression("(a.b)()")
    assert isinstance(called, Call)
    assert isinstance(called.callee, PropertyRead)


def test_methods_and_properties_of_modules() -> None:
    """The name behind a dot may have a domain."""
    assert (expression("a.m:f(1)").domain, expression("a.m:f").domain) == ("m", "m")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\n"', "\\n"),
        (r'"\""', '"'),
        (r'"\\"', "\\"),
        (r'"\\n"', "\\n"),
        ('"a\nb"', "a\nb"),
        ('""', ""),
    ],
)
def test_strings_have_two_escapes(text: str, value: str) -> None:
    r"""`\"` and `\\`; every other backslash is itself."""
    assert expression(text).value == value


@pytest.mark.parametrize(("text", "value"), [("12", 12.0), ("12.5", 12.5), (".5", 0.5), ("007", 7.0)])
def test_numbers(text: str, value: float) -> None:
    """Digits, and at most one point with digits behind it."""
    assert expression(text).value == value


@pytest.mark.parametrize(
    ("text", "source", "flags"),
    [
        ("re##", "", ""),
        (r"re#a\#b#", "a#b", ""),
        (r"re#a\\#", r"a\\", ""),
        (r"re#\d/\/#gi", r"\d/\/", "gi"),
        ("re#a\nb#m", "a\nb", "m"),
    ],
)
def test_regular_expressions(text: str, source: str, flags: str) -> None:
    r"""Only `\#` is undone: every other escape is the regular expression's own."""
    tree = expression(text)
    assert (tree.source, tree.flags) == (source, flags)


def test_a_word_behind_a_regular_expression_is_not_its_flags() -> None:
    """`re#a#setting(x)` needs no space."""
    tree = event("a b c re#(.)#setting(x)")
    assert (tree.matches[0].pattern.flags, tree.setting[0].id) == ("", "x")


def test_chevrons_nest_to_any_depth() -> None:
    """The brace that closes a beesting is found by counting; strings and chevrons in it do not count."""
    tree = expression('<<a#{ {"b": <<c#{ "}" }d>>} }e>>')
    before, inserted, after = tree.parts
    inner = inserted.entries[0].value
    assert (before, after) == ("a", "e")
    assert isinstance(inner, Chevron)
    assert (inner.parts[0], inner.parts[2]) == ("c", "d")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("<<>>", ()),
        (r"<<\>>>", (">",)),
        (r"<<\#{a}>>", ("#{a}",)),
        (r"<<\\>>", ("\\",)),
        (r"<<\n>>", (r"\n",)),
        ("<<a > b # c // d\n>>", ("a > b # c // d\n",)),
    ],
)
def test_text_of_chevrons(text: str, parts: tuple[str, ...]) -> None:
    """Verbatim, comments and line ends included, but for three escapes."""
    assert expression(text).parts == parts


# --- words ------------------------------------------------------------------------------------------------


def test_every_soft_keyword_is_a_variable() -> None:
    """`and`, `then`, `count` … can be read as plain variables, and NUMBER is no number."""
    words = ["and", "or", "then", "before", "after", "between", "any", "count", "repeat", "like", "cmp"]
    words += ["if", "rule", "last", "max", "minutes", "NUMBER", "REGEXP"]
    tree = expression(f"[{', '.join(words)}]")
    assert [item.id for item in tree.items] == words
    assert {type(item) for item in tree.items} == {Name}


def test_like_is_an_operator_where_one_fits() -> None:
    """The same word is an operator behind an operand and a name in front of one."""
    assert outline(expression("like like like")) == "(like like like)"


def test_any_word_can_name_an_attribute() -> None:
    """A word in front of a regular expression is an attribute, even a reserved one."""
    tree = event("a b where re#1# setting re#2# within re#3#")
    assert [match.attribute for match in tree.matches] == ["where", "setting", "within"]


def test_events_may_be_called_like_operators() -> None:
    """`count`, `any` and `or` begin a compound only with what has to follow them."""
    first, second = event("count changed or or(a b, c d)").operands
    assert isinstance(first, BaseEvent)
    assert (first.domain, second.infix) == ("count", False)


def test_a_name_in_front_of_an_equals_sign_is_declared() -> None:
    """Even in a postlude, where `log` and `last` begin statements."""
    tree = rule("select when a b always { log = 1; last = 2 }").postlude
    assert tree is not None
    assert [statement.core.name.id for statement in tree.body.statements] == ["log", "last"]  # type: ignore[union-attr]


def test_ids_of_rulesets_may_consist_of_any_words() -> None:
    """Dots and dashes join words, reserved ones too."""
    assert parse(Source("ruleset a.function-rule.null {}")).rid.id == "a.function-rule.null"


# --- events and rules ------------------------------------------------------------------------------------


def test_event_operators_bind_or_loosest() -> None:
    """`or`, then `and`, then the sequence operators, which lean left, then `between`."""
    tree = event("a b or c d and e f before g h then i j between(k l, m n)")
    assert tree.operator == "or"
    conjunction = tree.operands[1]
    assert conjunction.operator == "and"
    sequence = conjunction.operands[1]
    assert (sequence.operator, sequence.operands[0].operator) == ("then", "before")
    assert all(isinstance(each, EventOperator) for each in (tree, conjunction, sequence))


@pytest.mark.parametrize(
    ("tail", "where_first"), [("setting(x) where x", False), ("where x setting(x)", True), ("where x", False)]
)
def test_the_deprecated_order_is_noted(tail: str, where_first: bool) -> None:
    """`where` in front of `setting` is read, and the node says so."""
    assert event(f"a b {tail}").where_first is where_first


def test_units_of_time_become_singular() -> None:
    """`minutes` and `minute` are the same unit."""
    for word in ("minute", "minutes"):
        select = rule(f"select when a b within 5 {word}").select
        assert isinstance(select, SelectWhen)
        assert select.within is not None
        assert select.within.unit == "minute"


def test_choose_does_not_take_the_block_for_a_path() -> None:
    """`choose x {` opens the block, `choose (x{"y"}) {` chooses by a path."""
    block = rule('select when a b choose (x{"y"}) { one => noop() }').block
    assert block is not None
    assert isinstance(block.choice, PathRead)
    assert block.actions[0].label is not None


def test_raising_may_name_the_domain_or_not() -> None:
    """`raise d event x`, `raise event x`, and an expression that begins with `event:`."""
    postlude = rule('select when a b always { raise d event "x"; raise event event:attrs{"y"} }').postlude
    assert postlude is not None
    named, whole = (statement.core for statement in postlude.body.statements)
    assert named.domain.id == "d"  # type: ignore[union-attr]
    assert whole.domain is None  # type: ignore[union-attr]
    assert isinstance(whole.event, PathRead)  # type: ignore[union-attr]


# --- limits ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        " + ".join(["1"] * 5_000),
        "a" + ".b(1)" * 5_000,
        "a" + "{b}" * 5_000,
        "a => b | " * 2_000 + "c",
        "[" * 150 + "]" * 150,
        "function() { " * 150 + "1" + " }" * 150,
        "<<#{" * 150 + "1" + "}>>" * 150,
        "(" * 5_000 + "1" + ")" * 5_000,
    ],
    ids=lambda text: text[:12],
)
def test_long_is_not_deep(text: str) -> None:
    """Thousands of terms, calls or rungs in a row are one level; parentheses are none."""
    assert expression(text)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("[", "]"), ("-", ""), ("not ", ""), ('{"a":', "}"), ("f(", ")"), ("<<#{", "}>>")],
)
def test_deep_nesting_is_refused(opening: str, closing: str) -> None:
    """A text cannot break Python's stack."""
    with pytest.raises(RulesetRefused) as refused:
        expression(opening * 20_000 + "1" + closing * 20_000)
    assert [found.code for found in refused.value.diagnostics] == ["K105"]


def test_nodes_are_hashable_data() -> None:
    """Two readings of a text are equal, spans and all."""
    text = GOOD[0].read_text()
    first, second = parse(Source(text)), parse(Source(text))
    assert first == second
    assert hash(first) == hash(second)
