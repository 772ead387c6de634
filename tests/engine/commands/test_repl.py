"""`picomesh repl` without an engine: what is one input, what it comes to, and how mistakes look."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.prompt import NoPico, Session
from engine.commands.repl import completer


def run(*words: str, text: str = "") -> Result:
    return CliRunner().invoke(main, ["repl", *words], input=text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 1", "2\n"),
        ('"a" + 1', '"a1"\n'),
        ("null", "null\n"),
        ('{"b": [1, true]}', '{\n  "b": [\n    1,\n    true\n  ]\n}\n'),
        ("re#a#gi", "re#a#gi\n"),
        ("function(x) { x }", "[Function]\n"),
        ("x = 5", "5\n"),
        ("x = 2 x * 3", "6\n"),
        ('math:round("2.5")', "3\n"),
        ('"said".klog("what")', 'klog: what "said"\n"said"\n'),
    ],
)
def test_values_are_shown_as_one_would_write_them(text: str, shown: str) -> None:
    """Of a function only the type; of a declaration its value; what is logged comes first."""
    assert run("-e", text).output == shown


def test_names_are_kept_for_the_session() -> None:
    """Also functions, and those that call themselves; a later one of the same name hides the earlier."""
    text = "f = function(n) { n < 2 => 1 | n * f(n - 1) }\nn = f(4)\nn = n + 1\nn\n"
    assert run(text=text).output.splitlines() == ["[Function]", "24", "25", "25"]


def test_a_pipe_is_read_like_a_prompt() -> None:
    """Lines are put together until they make sense; an empty one ends an input in any case."""
    text = 'x = [1,\n  2]\n\nx.map(function(v) {\n  v + 1\n})\n"two\nlines"\n'
    assert run(text=text).output == '[\n  1,\n  2\n]\n[\n  2,\n  3\n]\n"two\\nlines"\n'
    unfinished = run(text="[1,\n\n2\n")
    assert unfinished.exit_code == 1
    assert "K104" in unfinished.output


def test_programs_read_json() -> None:
    """A document for each input, with type, value and log."""
    lines = run("-e", "1", "-e", '"a".klog()', "--json").output.splitlines()
    assert json.loads(lines[0]) == {"type": "Number", "value": 1, "log": []}
    assert json.loads(lines[1])["log"] == [{"level": "klog", "message": "klog", "value": "a"}]


@pytest.mark.parametrize(
    ("text", "said", "excerpt"),
    [
        ("nothing + 1", "error K201: undefined name nothing", "   1 | nothing + 1\n     | ^^^^^^^"),
        ("1 +", "K104", "   1 | 1 +"),
        ('f = function(x) {\n-x }\nf("a")', "[R601]", "   2 | -x }\n     | ^"),
        ('http:get("https://example.org")', "a prompt asks nobody", ""),
        ("f = function() { f() } f()", "[R702]", ""),
    ],
)
def test_mistakes_are_shown_with_their_place(text: str, said: str, excerpt: str) -> None:
    """With a caret under the very place; the exit code is 1."""
    result = run("-e", text)
    assert result.exit_code == 1
    assert said in result.output
    assert excerpt in result.output


def test_a_mistake_is_shown_in_the_input_it_is_in() -> None:
    """Names of earlier inputs do not move it."""
    assert "<input>:1:5: error K201" in run("-e", "x = 1", "-e", "x + y").output


def test_a_ruleset_without_a_pico_makes_no_sense() -> None:
    result = run("--rid", "counter", "-e", "1")
    assert (result.exit_code, "name the pico's ECI too" in result.output) == (2, True)


def test_words_are_completed() -> None:
    """Standard operators, members of modules, and what the session has declared."""
    session = Session(NoPico())
    session.evaluate("capital = 1")
    complete = completer(session)
    assert [complete("cap", number) for number in range(3)] == ["capital", "capitalize", None]
    assert complete("math:ab", 0) == "math:abs"
