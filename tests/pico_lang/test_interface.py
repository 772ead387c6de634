"""What a text says of how its ruleset is used from outside."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pico_lang.interface import Interface, describe_interface
from pico_lang.parser import parse
from pico_lang.source import Source


def described(text: str) -> Interface:
    return describe_interface(parse(Source(text, "test")))


def rule(select: str, *pre: str) -> str:
    return f"ruleset r {{ rule a {{ select when {select} pre {{ {' '.join(pre)} }} }} }}"


def schema(select: str, *pre: str) -> Any:
    (event,) = described(rule(select, *pre)).events
    return event.schema()


def test_the_counter_is_described() -> None:
    """Both rules of an event count; what one of them alone wants is not required."""
    counter = described(Path("examples/counter/counter.krl").read_text("utf-8"))
    increment, reset = counter.events
    assert (counter.rid, counter.description) == (
        "counter",
        "Counts, and remembers every ticket it has counted.",
    )
    assert increment.schema() == {
        "type": "object",
        "properties": {
            "by": {"type": "number", "default": 1},
            "ticket": {"type": "string", "description": "a rule wants it to match re#(.+)#"},
        },
    }
    assert increment.about == ["increment", "remember_ticket"]
    assert reset.schema() == {"type": "object", "properties": {}}
    assert [one.name for one in counter.queries] == ["count", "tickets"]


def test_types_and_defaults_are_read_off_the_places_where_an_attribute_is_taken() -> None:
    """In whichever way it is taken; what is computed says nothing."""
    found = schema(
        "a:b",
        'n = event:attrs{"n"}.as("Number")',
        's = event:attr("s").defaultsTo("x").uc()',
        't = event:attrs.get("t").defaultsTo(false)',
        'c = event:attrs{"c"}.defaultsTo(time:now())',
        'l = event:attrs{"l"}.defaultsTo([])',
    )
    assert found["properties"] == {
        "n": {"type": "number"},
        "s": {"type": "string", "default": "x"},
        "t": {"type": "boolean", "default": False},
        "c": {},
        "l": {"type": "array", "default": []},
    }


def test_what_every_rule_of_an_event_wants_is_required() -> None:
    """A rule that does without makes it optional."""
    assert schema("a:b x re#.#")["required"] == ["x"]
    both = "ruleset r { rule a { select when a:b x re#.# } rule b { select when a:b } }"
    assert "required" not in described(both).events[0].schema()


def test_every_event_of_an_expression_is_told_and_inactive_rules_are_not() -> None:
    """Patterns over several events too."""
    text = "ruleset r { rule a { select when a:b before c:d } rule e is inactive { select when f:g } }"
    assert [(one.domain, one.name) for one in described(text).events] == [("a", "b"), ("c", "d")]


def test_arguments_of_queries_have_their_defaults() -> None:
    """A shared value that is no function has none."""
    text = "ruleset r { meta { shares f, v } global { f = function(a, b = 2) { a + b } v = 1 } }"
    queries = described(text).queries
    assert [one.schema()["properties"] for one in queries] == [
        {"a": {}, "b": {"type": "number", "default": 2}},
        {},
    ]
