"""What an editor says about the word under the cursor."""

from __future__ import annotations

import pytest

from pico_lang.builtins import OPERATORS
from pico_lang.language_server import Hover, hover_at
from pico_lang.language_server.descriptions import ACTION_DOCS, operator_doc, operator_signature
from pico_lang.static_types import ACTIONS
from tests.pico_lang.editing import with_cursor


def hover(source: str) -> Hover:
    found = hover_at(*with_cursor(source))
    assert found is not None
    return found


GLOBAL = "ruleset a {{ meta {{ use module io.b alias m configure using k = 1 }} global {{ {} }} }}"
RULE = "ruleset a {{ global {{ f = function() {{ 1 }} }} rule r {{ select when a b {} }} }}"

HOVERS = [
    # the text, code, prose
    (GLOBAL.format("x = 1.§range(2)"), "value.range(end)", "the numbers from one to another"),
    (GLOBAL.format('§x = "a"'), "x", "String, declared in global"),
    (
        GLOBAL.format("f = function(n, m = n + 1) { n } x = §f(1)"),
        "f(n, m = n + 1)",
        "Function, declared in global",
    ),
    (GLOBAL.format("f = function(n) { §n }"), "n", "parameter"),
    (GLOBAL.format("f = function(n) { x = {}; §x }"), "x", "Map, declared in this block"),
    (GLOBAL.format("x = §k"), "k", "configured; whoever uses this ruleset"),
    (GLOBAL.format("x = §m:f()"), "m", "the module io.b"),
    (GLOBAL.format("x = m:§f()"), "m:f", "provided by io.b"),
    (GLOBAL.format("x = §math:double(1)"), "math", "built in: double, minus"),
    (GLOBAL.format("x = math:§minus(1)"), "math:minus(left, right)", "function of the module math"),
    (GLOBAL.format("x = event:§attrs"), "event:attrs", "value of the module event"),
    (GLOBAL.format("x = §nothing:f()"), "nothing", "no module is known by this name"),
    (GLOBAL.format("x = nothing:§f()"), "nothing:f", "no module has it"),
    (RULE.format("§send_directive(1)"), "send_directive(name, options)", "tell whoever sent the event"),
    (RULE.format("x re#(.)# setting(§n)"), "n", "captured by the event expression"),
    (RULE.format("foreach [1] setting(n) pre { m = §n }"), "n", "set by foreach"),
    (RULE.format("door:open() setting(§n)"), "n", "set when the rule has come there"),
    (RULE.format("door:§both(1)"), "door:both(name)", "function and action of the module door"),
    (RULE.format("fired { ent:§v := 1 }"), "ent:v", "entity variable; changed by r"),
    (
        'ruleset a { meta { version "2" upgrade from "0", "1" { clear ent:§v } } }',
        "ent:v",
        "entity variable; changed by upgrade from 0, 1",
    ),
    (RULE.format("pre { x = ent:§v }"), "ent:v", "entity variable; no rule here changes it"),
    ("ruleset a { rule §r { select when a b\n  or c d } }", "rule r", "`select when a b or c d`"),
    ("ruleset a { rule §r { noop() } }", "rule r", "never selected"),
]


@pytest.mark.parametrize(("source", "code", "prose"), HOVERS)
def test_a_word_is_explained_by_what_it_means_there(source: str, code: str, prose: str) -> None:
    """How it is used, and what it is."""
    found = hover(source)
    assert (found.code, found.prose[: len(prose)]) == (code, prose)


def test_the_comment_above_a_declaration_explains_it() -> None:
    """If nothing is between them; a comment behind the declaration before belongs to that one."""
    found = hover(
        """ruleset a { global {
          other = 1 // not this
          // what it counts,
          // and why
          count = 2
          x = §count
        } }"""
    )
    assert found.prose == "Number, declared in global\n\nwhat it counts,\nand why"
    assert hover("ruleset a { global {\n// far\n\n§x = 1 } }").prose == "Number, declared in global"


def test_a_comment_of_many_lines_is_shown_without_its_stars() -> None:
    """As text, not as code."""
    found = hover("ruleset a {\n/*\n * Greets\n * everybody.\n */\nrule §r { select when a b } }")
    assert found.prose == "`select when a b`\n\nGreets\neverybody."


@pytest.mark.parametrize(
    "source",
    [
        "ruleset a { §rule r { select when a b } }",
        "ruleset a { global { x = §1 } }",
        "ruleset a { global { x = 1 §} }",
        "ruleset a { global { §x = } }",
    ],
)
def test_what_has_no_name_is_not_explained(source: str) -> None:
    """Keywords, literals, space, and everything while the text is broken."""
    assert hover_at(*with_cursor(source)) is None


@pytest.mark.parametrize("name", [*OPERATORS, *ACTIONS])
def test_every_operator_is_explained(name: str) -> None:
    """By a sentence that does not repeat the name, and a signature with nothing of Python in it."""
    doc = operator_doc(name)
    assert doc
    assert not doc.startswith("`")
    assert name + "(" in operator_signature(name)
    assert "=" not in operator_signature(name)


def test_actions_that_are_explained_exist() -> None:
    """The table is no longer than the language's."""
    assert set(ACTION_DOCS) == set(ACTIONS)
