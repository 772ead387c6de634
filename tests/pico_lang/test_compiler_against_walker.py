"""The compiler and the tree walker agree on every program: values, faults, and what the host is asked."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pico_lang import nodes as n
from pico_lang.errors import RuntimeFault
from pico_lang.meter import Budget, Meter
from pico_lang.parser import parse, parse_expression
from pico_lang.program import compile_ruleset
from pico_lang.runtime import Runtime
from pico_lang.source import Source
from pico_lang.traversal import walk as nodes_below
from pico_lang.values import Value
from tests.campaign import examples
from tests.fakes.recording_host import MODULES, RecordingHost
from tests.pico_lang.running import evaluate, open_instance, run_upgrade
from tests.pico_lang.tree_walker import Environment, Walker

ATTRS = {"a": 3.0, "b": "two", "c": [1.0, 2.0], "d": {"x": None}}

ATOMS = [
    "0",
    "1",
    "2.5",
    '""',
    '"a"',
    '"10"',
    "true",
    "false",
    "null",
    "[]",
    "[3,1,2]",
    '{"k":1,"2":"x"}',
    "re#a#",
    "ent:n",
    'event:attrs{"a"}',
    'event:attrs{"b"}',
    'event:attrs{"c"}',
]
INFIX = ["+", "-", "*", "/", "%", "<", "<=", ">", ">=", "==", "!=", "<=>", "cmp", "><", "like", "&&", "||"]
METHODS = [
    "length()",
    "klog()",
    "typeof()",
    "isnull()",
    'as("String")',
    "head()",
    "append(1)",
    'defaultsTo("d")',
    'put("k", 2)',
    "math:double()",
    "keys()",
]


@st.composite
def expressions(draw: st.DrawFn, names: tuple[str, ...] = (), depth: int = 3) -> str:
    """The text of an expression that mentions only these names."""
    if depth == 0:
        return draw(st.sampled_from([*ATOMS, *names]))

    def inner(*more: str) -> str:
        return draw(expressions((*names, *more), depth - 1))

    match draw(st.integers(0, 11)):
        case 0 | 1:
            return draw(st.sampled_from([*ATOMS, *names]))
        case 2 | 3:
            return f"({inner()} {draw(st.sampled_from(INFIX))} {inner()})"
        case 4:
            return f"({inner()} => {inner()} | {inner()})"
        case 5:
            return f"{inner()}.{draw(st.sampled_from(METHODS))}"
        case 6:
            return f"{inner()}{{{inner()}}}"
        case 7:
            return f"(not {inner()})" if draw(st.booleans()) else f"(-{inner()})"
        case 8:
            return f"<<t#{{{inner()}}}u>>"
        case 9:
            return f"[{inner()}, {inner()}].map(function(p, q){{ {inner('p', 'q')} }})"
        case 10:
            arguments = draw(
                st.sampled_from(["{0}", "{0}, {1}", "q = {0}", "{0}, q = {1}", "q = {0}, p = {1}"])
            )
            call = arguments.format(inner(), inner())
            return f"function(p, q = {inner('p')}){{ r = {inner('p', 'q')}; {inner('p', 'q', 'r')} }}({call})"
        case _:
            return f"math:minus({inner()}, right = {inner()})"


STATEMENTS = [
    "log info {0}",
    "ent:n := {0}",
    'ent:m{{["k", {0}]}} := {1}',
    "clear ent:n",
    "clear ent:m{{{0}}}",
    'raise x event {0} attributes {{"v": {1}}}',
    "raise event {0}",
    "schedule x event {0} at {1} setting(s)",
    "error info {0}",
    "t = {0}; log info t",
]
GUARDS = ["", "", " if {0}", " on final"]
ENDINGS = ["", "", "", "; last", "; error error {0}", "; last if {0}"]
ACTIONS = [
    "noop()",
    "send_directive({0}, {1})",
    "door:open({0}, wide = {1}) setting(s)",
    "act({0}) setting(s)",
    "l => act(p = {0})",
]


@st.composite
def blocks(draw: st.DrawFn, names: tuple[str, ...]) -> str:
    def filled(template: str) -> str:
        return template.format(draw(expressions(names, 2)), draw(expressions(names, 1)))

    chosen = draw(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3))
    statements = [filled(one) + filled(draw(st.sampled_from(GUARDS))) for one in chosen]
    return "; ".join(statements) + filled(draw(st.sampled_from(ENDINGS)))


@st.composite
def rulesets(draw: st.DrawFn) -> str:
    names: tuple[str, ...] = ("g",)
    loops = ""
    for index in range(draw(st.integers(0, 2))):
        loops += f"foreach ({draw(expressions(names, 1))}) setting(v{index}, k{index}) "
        names = (*names, f"v{index}", f"k{index}")
    pre = f"pre {{ y = {draw(expressions(names))} }}"
    names = (*names, "y")

    def action() -> str:
        template = draw(st.sampled_from(ACTIONS))
        return template.format(draw(expressions(names, 1)), draw(expressions(names, 1)))

    condition = draw(st.sampled_from(["", "if {0} then "])).format(draw(expressions(names, 1)))
    block = draw(st.sampled_from(["{0}", "every {{ {0} {1} }}", "sample {{ {0} {1} }}"])).format(
        action(), action()
    )
    postlude = draw(
        st.sampled_from(
            ["always {{ {0} }}", "fired {{ {0} }} else {{ {1} }}", "notfired {{ {0} }} finally {{ {1} }}"]
        )
    ).format(draw(blocks(names)), draw(blocks(names)))
    return (
        f"ruleset r {{ global {{ g = {draw(expressions((), 1))} "
        f"act = defaction(p){{ z = {draw(expressions(('p',), 1))}; "
        'if p then send_directive("acted", z) return z } } '
        f"rule q {{ select when test tick {loops}{pre} {condition}{block} {postlude} }} }}"
    )


def seen(value: Value) -> Any:
    """A value in a form that two runs can be compared by: functions are only functions.

    No program can tell -0 from 0, and the two may differ in which they answer.
    """
    if callable(value):
        return "function"
    if isinstance(value, list):
        return [seen(item) for item in value]
    if isinstance(value, dict):
        return [(key, seen(item)) for key, item in value.items()]
    return repr(value + 0.0 if isinstance(value, float) else value)


def outcome(run: Any, host: RecordingHost) -> Any:
    """What a run came to: its value or the code of its fault, and everything the host was asked."""
    try:
        result = seen(run())
    except RuntimeFault as fault:
        result = fault.code
    return result, [seen(list(entry)) for entry in host.done], seen(host.entities)


def fresh_host() -> RecordingHost:
    host = RecordingHost(ATTRS)
    host.entities["n"] = 7.0
    return host


@settings(max_examples=examples(1500))
@given(expressions())
def test_expressions_agree(text: str) -> None:
    compiled, walked = fresh_host(), fresh_host()
    walker = Walker(Runtime(Meter(Budget()), walked), MODULES)
    tree = parse_expression(Source(text))
    assert outcome(lambda: evaluate(text, compiled), compiled) == outcome(
        lambda: walker.value(tree, Environment()), walked
    )


@settings(max_examples=examples(600))
@given(rulesets())
def test_rules_agree(text: str) -> None:
    compiled, walked = fresh_host(), fresh_host()
    program = compile_ruleset(Source(text), MODULES)

    def run_compiled() -> Value:
        return open_instance(program, compiled).rules[0].run({})

    assert outcome(run_compiled, compiled) == outcome(lambda: _walk(text, walked), walked)


def _walk(text: str, host: RecordingHost) -> Value:
    tree = parse(Source(text))
    walker = Walker(Runtime(Meter(Budget()), host), MODULES)
    env = Environment()
    walker.declare(tree.declarations, env)
    return walker.rule(tree.rules[0], {}, env)


OF_UPGRADES = [one for one in STATEMENTS if one.startswith(("log", "ent", "clear", "t = "))]


@st.composite
def upgrades(draw: st.DrawFn) -> str:
    def filled(template: str) -> str:
        return template.format(draw(expressions(("g", "f"), 2)), draw(expressions(("g",), 1)))

    chosen = draw(st.lists(st.sampled_from(OF_UPGRADES), min_size=1, max_size=4))
    block = "; ".join(filled(one) + filled(draw(st.sampled_from(["", "", " if {0}"]))) for one in chosen)
    return (
        f'ruleset r {{ meta {{ version "2" upgrade from "1" {{ {block} }} }} '
        f"global {{ g = {draw(expressions((), 1))}; f = function(x){{ g }} }} }}"
    )


@settings(max_examples=examples(300))
@given(upgrades())
def test_upgrade_blocks_agree(text: str) -> None:
    """They change the same variables in the same order, whatever of global they need for it."""
    compiled, walked = fresh_host(), fresh_host()
    program = compile_ruleset(Source(text), MODULES)
    tree = parse(Source(text))
    walker = Walker(Runtime(Meter(Budget()), walked), MODULES)

    (upgrade,) = [item for item in tree.meta if isinstance(item, n.Upgrade)]
    mentioned = {node.id for node in nodes_below(upgrade) if isinstance(node, n.Name)}

    def walk() -> None:
        env = Environment()
        if mentioned & {"g", "f"}:
            walker.declare(tree.declarations, env)
        walker.upgrade(upgrade, env)

    assert outcome(lambda: run_upgrade(program, compiled, "1"), compiled) == outcome(walk, walked)
