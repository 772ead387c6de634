"""Nothing a ruleset can write leads to a Python object, a file, a module or an attribute.

One test per way in which sandboxes around Python have been left, and one that looks at everything that
programs can come to have.
"""

from __future__ import annotations

from contextlib import suppress
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings

from pico_lang.diagnostics import RulesetRefused
from pico_lang.errors import RuntimeFault
from pico_lang.program import COMMON_NAMESPACE
from pico_lang.regexps import check_regexp
from pico_lang.values import Action, RegExp, Value
from tests.campaign import examples
from tests.fakes.recording_host import RecordingHost
from tests.pico_lang.running import evaluate, ruleset, run_rules
from tests.pico_lang.test_compiler_against_walker import ATTRS, expressions

DUNDERS = [
    "__class__",
    "__bases__",
    "__base__",
    "__mro__",
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__code__",
    "__closure__",
    "__defaults__",
    "__dict__",
    "__init__",
    "__import__",
    "__getattribute__",
    "__reduce_ex__",
    "__self__",
    "__wrapped__",
    "__traceback__",
    "gi_frame",
    "f_back",
    "f_globals",
    "tb_frame",
    "cr_frame",
    "co_consts",
    "mro",
    "format",
    "format_map",
    "func_globals",
]
"""Attributes through which Python objects lead to each other."""

OBJECTS = ["1", '"text"', "null", "true", "[1]", '{"a":1}', "re#a#", "function(x){ x }", "uc", "event:attrs"]


@pytest.mark.parametrize("attribute", DUNDERS)
@pytest.mark.parametrize("thing", OBJECTS)
def test_no_attribute_can_be_read(attribute: str, thing: str) -> None:
    """Dots, braces, brackets and the path operators read keys, and there is no such key."""
    assert evaluate(f"({thing}).{attribute}") is None
    for read in (f'({thing}){{"{attribute}"}}', f'({thing})["{attribute}"]', f'({thing}).get("{attribute}")'):
        assert evaluate(read) is None


@pytest.mark.parametrize("attribute", DUNDERS)
def test_no_attribute_can_be_called(attribute: str) -> None:
    """A method call is a call of a name, and there is no such name."""
    with pytest.raises(RulesetRefused):
        evaluate(f'"text".{attribute}()')


@pytest.mark.parametrize(
    "name",
    [
        *[
            "eval",
            "exec",
            "compile",
            "open",
            "input",
            "globals",
            "locals",
            "vars",
            "dir",
            "getattr",
            "setattr",
        ],
        *["type", "object", "super", "print", "breakpoint", "memoryview", "help", "exit", "__import__"],
        *["__builtins__", "__name__", "__file__", "__loader__", "__spec__"],
        *["rt", "m", "bindings", "configuration", "use", "known", "testing", "instantiate", "module0"],
        *[
            "float",
            "dict",
            "truthy",
            "call",
            "Action",
            "op_map",
            "op_as",
            "operator_value",
            "k0",
            "t0",
            "function0",
        ],
        *["v1_a", "v2_b", "self", "host"],
    ],
)
def test_names_of_python_and_of_compiled_code_mean_nothing(name: str) -> None:
    """They are undefined, like any other name that the ruleset does not declare."""
    with pytest.raises(RulesetRefused) as refused:
        evaluate(name)
    assert [one.code for one in refused.value.diagnostics] == ["K201"]


@pytest.mark.parametrize(
    "name",
    [
        "None",
        "True",
        "class",
        "def",
        "lambda",
        "__debug__",
        "async",
        "await",
        "print",
        "type",
        "rt",
        "m",
        "$",
        "v1_x",
    ],
)
def test_names_with_a_meaning_in_python_are_ordinary_names(name: str) -> None:
    """A declaration of one changes nothing but itself."""
    assert evaluate(f"function({name} = 1){{ x = {name} + 1; [1,2].map(function(v){{ v + x }}) }}()") == [
        3.0,
        4.0,
    ]


@pytest.mark.parametrize("parameter", ["rt", "self", "m", "x", "__class__"])
def test_named_arguments_reach_only_parameters_of_the_language(parameter: str) -> None:
    """The runtime that operators take first has no name that a program could give."""
    assert evaluate(f"function(f){{ f(1, {parameter} = 2) }}(function(a){{ a }})") == 1.0
    assert evaluate(f'"a".uc({parameter} = "b")') in ("A", "B")


@pytest.mark.parametrize(
    "template", ["{0.__class__}", "{}", "%(x)s", "%r", "{0!r}", "${x}", "%s{0.__init__.__globals__}"]
)
def test_templates_do_not_format_python_objects(template: str) -> None:
    """`sprintf` knows %s and %d and nothing of Python's formatting."""
    assert evaluate(f'"v".sprintf("{template}")') == template.replace("%s", "v")


@pytest.mark.parametrize("replacement", [r"\\g<0>", r"\\1", r"\\x41", "{0}"])
def test_replacement_texts_are_not_pythons(replacement: str) -> None:
    assert evaluate(f'"abc".replace(re#b#, "{replacement}")') == f"a{replacement}c".replace("\\\\", "\\")


@pytest.mark.parametrize(
    "source", ["(?{ 1 })", "(?P<n>a)(?P=n)", r"\p{L}\m", "(?L)a", "(?s:.)(?R)?", r"\N{DIGIT ONE}"]
)
def test_regular_expressions_offer_nothing_beyond_javascript(source: str) -> None:
    """Either refused or read as JavaScript reads it; never an extension of the library underneath."""
    text = f'"1a" like re#{source}#'
    if check_regexp(source, "") is None:
        assert evaluate(text) in (True, False)
    else:
        with pytest.raises(RulesetRefused):
            evaluate(text)


@pytest.mark.parametrize(
    "text", ['"x"', "1e3", "[1,", "{", "__import__('os')", "1+1", "NaN", "Infinity", "{1:2}"]
)
def test_decoding_reads_json_and_nothing_else(text: str) -> None:
    """What is not JSON comes back as the text it was."""
    quoted = text.replace('"', '\\"')
    assert evaluate(f'"{quoted}".decode()') in ("x", 1000.0, text)


def test_encoding_shows_no_python_object() -> None:
    encoded = evaluate('{"f": function(x){ x }, "r": re#a#, "u": uc}.encode()')
    assert "0x" not in encoded
    assert "<" not in encoded


def test_string_forms_show_no_python_object() -> None:
    assert evaluate("<<#{function(x){ x }}#{uc}#{event:attrs}>>") == "[Function][Function][Map]"


def test_faults_show_no_python_object() -> None:
    with pytest.raises(RuntimeFault) as found:
        evaluate("1 - function(x){ x }")
    assert "0x" not in found.value.message
    assert "<function" not in found.value.message


def test_compiled_code_has_no_builtins() -> None:
    assert COMMON_NAMESPACE["__builtins__"] == {}


def test_what_an_event_brings_is_data() -> None:
    """Attributes named like attributes of Python objects are only keys."""
    program = ruleset('rule r { select when test tick always { log info event:attrs{"__class__"} } }')
    assert ("log", "info", "mine") in run_rules(program, {"__class__": "mine"}).done


def allowed(value: Value) -> bool:
    """Whether a value is one of the language, all the way down."""
    kind: type[Any] = type(value)
    if kind is list:
        return all(allowed(item) for item in value)
    if kind is dict:
        return all(type(key) is str and allowed(item) for key, item in value.items())
    return kind in (type(None), bool, float, str, FunctionType, Action, RegExp)


@settings(max_examples=examples(500))
@given(expressions(depth=4))
def test_every_value_is_one_of_the_language(text: str) -> None:
    """Whatever a program computes or hands to its host is null, a Boolean, a number and so on, exactly."""
    host = RecordingHost(ATTRS)
    with suppress(RuntimeFault):
        assert allowed(evaluate(text, host))
    assert all(allowed(part) for entry in host.done for part in entry)
