"""The one way to lay out a ruleset, so that two people who format the same text see no difference.

Only the layout changes: the formatted text has the same tree, and the same comments where they were.
Parentheses, semicolons and `return` stand only where they are needed, an empty line of the author's
is kept, and what is in strings, regular expressions and chevrons is left alone, beestings included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

from pico_lang import nodes
from pico_lang.formatting import events, expressions, rules, rulesets, tests
from pico_lang.formatting.layout import Layout, render
from pico_lang.formatting.page import Page
from pico_lang.lexer import lex
from pico_lang.nodes import Node
from pico_lang.parser import parse, parse_text
from pico_lang.source import Source


def format_ruleset(source: Source) -> str:
    """The text in its canonical layout; raises `RulesetRefused` if it is not a ruleset."""
    return _format(source, parse(source))


def format_text(source: Source) -> str:
    """The same for a file that may hold tests instead of a ruleset."""
    return _format(source, parse_text(source))


def _format(source: Source, tree: Node) -> str:
    page = Page(source, lex(source), tree)
    page.lay_out(_print)
    return render(page.whole())


def _print(page: Page, node: Node) -> Layout:
    return _PRINTERS[type(node)](page, node)


def _all(union: Any, printer: Callable[..., Layout]) -> dict[type[Node], Callable[..., Layout]]:
    return dict.fromkeys(get_args(union), printer)


_PRINTERS: Mapping[type[Node], Callable[..., Layout]] = {
    nodes.Identifier: expressions.identifier,
    nodes.MapEntry: expressions.map_entry,
    nodes.Parameter: expressions.parameter,
    nodes.Argument: expressions.argument,
    **_all(nodes.Expression, expressions.expression),
    **_all(nodes.EventExpression, events.event),
    nodes.AttributeMatch: events.attribute_match,
    nodes.Aggregator: events.aggregator,
    nodes.Within: events.within,
    nodes.SelectWhen: events.select,
    nodes.SelectWhere: events.select,
    nodes.Foreach: rules.foreach,
    nodes.Action: rules.action,
    nodes.ActionBlock: rules.action_block,
    **_all(nodes.StatementCore, rules.core),
    # After the statements, one of which it may be.
    nodes.Declaration: expressions.declaration,
    nodes.Statement: rules.statement,
    nodes.Block: rules.block,
    nodes.Postlude: rules.postlude,
    nodes.Rule: rules.rule,
    **_all(nodes.MetaItem, rulesets.meta_item),
    nodes.Ruleset: rulesets.ruleset,
    **_all(nodes.Given, tests.given),
    nodes.Send: tests.send,
    nodes.Wait: tests.wait,
    nodes.Details: tests.details,
    **_all(nodes.Expectation, tests.expectation),
    nodes.Test: tests.test,
    nodes.TestFile: tests.test_file,
}
