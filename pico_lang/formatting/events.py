"""How event expressions are laid out."""

from __future__ import annotations

from collections.abc import Sequence

from pico_lang.formatting.chains import BETWEEN, event_level
from pico_lang.formatting.expressions import behind_word
from pico_lang.formatting.layout import COMMA, LINE, SOFT, Layout, group, join, nest, separated
from pico_lang.formatting.page import Page
from pico_lang.nodes import (
    Aggregator,
    AnyOf,
    AttributeMatch,
    BaseEvent,
    Between,
    Counted,
    EventExpression,
    EventOperator,
    Identifier,
    SelectWhen,
    SelectWhere,
    Within,
)


def select(page: Page, node: SelectWhen | SelectWhere) -> Layout:
    if isinstance(node, SelectWhere):
        return join("select where ", page.of(node.condition))
    within = [LINE, page.of(node.within)] if node.within is not None else []
    return group("select when ", nest(page.of(node.event), *within))


def within(page: Page, node: Within) -> Layout:
    return join("within ", behind_word(page, node.amount), f" {node.unit}s")


def event(page: Page, node: EventExpression) -> Layout:
    """Any event expression, as it stands where nothing binds it."""
    match node:
        case BaseEvent():
            return _base(page, node)
        case EventOperator() if node.infix:
            return _infix(page, node)
        case EventOperator():
            return join(node.operator, _operands(page, node.operands))
        case Between():
            negation = "not " if node.negated else ""
            left = _bound(page, node.event, BETWEEN)
            return join(left, f" {negation}between", _operands(page, (node.opening, node.closing)))
        case AnyOf():
            return join(f"any {node.count} ", _operands(page, node.operands))
        case Counted():
            counted = join(f"{node.kind} {node.count} (", page.of(node.event), ")")
            return counted if node.aggregator is None else join(counted, " ", page.of(node.aggregator))


def attribute_match(page: Page, node: AttributeMatch) -> Layout:
    return join(f"{node.attribute} ", page.of(node.pattern))


def aggregator(page: Page, node: Aggregator) -> Layout:
    return join(node.function, names(page, node.names))


def names(page: Page, identifiers: Sequence[Identifier]) -> Layout:
    """In parentheses."""
    return group("(", nest(SOFT, separated(COMMA, (page.of(each) for each in identifiers))), SOFT, ")")


def _base(page: Page, node: BaseEvent) -> Layout:
    setting = [join("setting", names(page, node.setting))] if node.setting else []
    where = [join("where ", behind_word(page, node.where))] if node.where is not None else []
    tail = [*where, *setting] if node.where_first else [*setting, *where]
    parts = [page.of(match) for match in node.matches] + tail
    return group(f"{node.domain}:{node.name}", nest(*(join(LINE, part) for part in parts)))


def _operands(page: Page, operands: Sequence[EventExpression]) -> Layout:
    return group("(", nest(SOFT, separated(COMMA, (page.of(each) for each in operands))), SOFT, ")")


def _infix(page: Page, node: EventOperator) -> Layout:
    """A chain of operators of one level, on one line or with a line for each."""
    here = event_level(node)
    links: list[Layout] = []
    left: EventExpression = node
    while isinstance(left, EventOperator) and event_level(left) == here:
        inner, right = left.operands
        links.append(join(LINE, left.operator, " ", _bound(page, right, here + 1)))
        left = inner
    return group(_bound(page, left, here), *reversed(links))


def _bound(page: Page, node: EventExpression, least: int) -> Layout:
    return page.of(node) if event_level(node) >= least else join("(", page.of(node), ")")
