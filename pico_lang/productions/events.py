"""`select when …`: readings of the grammar turned into event expressions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from pico_lang.lexer import Token
from pico_lang.nodes import (
    Aggregator,
    AnyOf,
    AttributeMatch,
    BaseEvent,
    Between,
    Counted,
    EventExpression,
    EventOperator,
    Expression,
    Identifier,
    SelectWhen,
    SelectWhere,
    Within,
)
from pico_lang.productions.expressions import regexp
from pico_lang.source import Span
from pico_lang.words import UNITS

Operator = Literal["or", "and", "before", "then", "after"]


@dataclass(frozen=True, slots=True)
class Tail:
    """What may follow the attribute matches of a base event."""

    setting: tuple[Identifier, ...] = ()
    where: Expression | None = None
    where_first: bool = False


def _bare_tail(span: Span) -> Tail:
    return Tail()


def _setting_tail(span: Span, names: tuple[Identifier, ...], where: Expression | None = None) -> Tail:
    return Tail(names, where)


def _where_tail(span: Span, where: Expression, names: tuple[Identifier, ...] = ()) -> Tail:
    return Tail(names, where, where_first=bool(names))


def _base_event(
    span: Span, domain: Token, name: Token, matches: list[AttributeMatch], tail: Tail
) -> BaseEvent:
    return BaseEvent(span, domain.text, name.text, tuple(matches), tail.setting, tail.where, tail.where_first)


def _attribute_match(span: Span, attribute: Token, pattern: Token) -> AttributeMatch:
    return AttributeMatch(span, attribute.text, regexp(pattern.span, pattern))


def _infix_or(span: Span, left: EventExpression, right: EventExpression) -> EventOperator:
    return EventOperator(span, "or", (left, right), infix=True)


def _infix_and(span: Span, left: EventExpression, right: EventExpression) -> EventOperator:
    return EventOperator(span, "and", (left, right), infix=True)


def _infix_sequence(
    span: Span, left: EventExpression, operator: Token, right: EventExpression
) -> EventOperator:
    return EventOperator(span, cast(Operator, operator.text), (left, right), infix=True)


def _call_form(span: Span, operator: Token, operands: list[EventExpression]) -> EventOperator:
    return EventOperator(span, cast(Operator, operator.text), tuple(operands), infix=False)


def _between(
    span: Span, event: EventExpression, opening: EventExpression, closing: EventExpression
) -> Between:
    return Between(span, event, opening, closing, negated=False)


def _not_between(
    span: Span, event: EventExpression, opening: EventExpression, closing: EventExpression
) -> Between:
    return Between(span, event, opening, closing, negated=True)


def _any_of(span: Span, _: Token, count: Token, operands: list[EventExpression]) -> AnyOf:
    return AnyOf(span, int(count.text), tuple(operands))


def _counted(
    span: Span, kind: Token, count: Token, event: BaseEvent, aggregator: Aggregator | None
) -> Counted:
    return Counted(span, cast(Literal["count", "repeat"], kind.text), int(count.text), event, aggregator)


def _aggregator(span: Span, function: Token, names: tuple[Identifier, ...]) -> Aggregator:
    return Aggregator(span, cast(Literal["max", "min", "sum", "avg", "push"], function.text), names)


def _select_when(span: Span, event: EventExpression, within: Within | None) -> SelectWhen:
    return SelectWhen(span, event, within)


def _select_where(span: Span, condition: Expression) -> SelectWhere:
    return SelectWhere(span, condition)


def _within(span: Span, amount: Expression, unit: Token) -> Within:
    return Within(span, amount, UNITS[unit.text])


NODES: Mapping[str, Callable[..., Any]] = {
    "bare_tail": _bare_tail,
    "setting_tail": _setting_tail,
    "where_tail": _where_tail,
    "base_event": _base_event,
    "attribute_match": _attribute_match,
    "infix_or": _infix_or,
    "infix_and": _infix_and,
    "infix_sequence": _infix_sequence,
    "call_form": _call_form,
    "between": _between,
    "not_between": _not_between,
    "any_of": _any_of,
    "counted": _counted,
    "aggregator": _aggregator,
    "select_when": _select_when,
    "select_where": _select_where,
    "within": _within,
}
