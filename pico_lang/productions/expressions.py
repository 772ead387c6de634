"""Expressions and declarations: readings of the grammar turned into nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from pico_lang.lexer import Token, chevron_value, regexp_value, string_value
from pico_lang.nodes import (
    ActionBlock,
    ActionLiteral,
    Argument,
    ArrayLiteral,
    Binary,
    BooleanLiteral,
    Call,
    Chevron,
    Conditional,
    Declaration,
    DomainName,
    Expression,
    FunctionLiteral,
    Identifier,
    MapEntry,
    MapLiteral,
    MethodCall,
    Name,
    NullLiteral,
    NumberLiteral,
    Parameter,
    PathRead,
    PropertyRead,
    RegExpLiteral,
    Snippet,
    StringLiteral,
    Unary,
)
from pico_lang.source import Span


def identifier(token: Token) -> Identifier:
    """A word where it is a name and nothing else."""
    return Identifier(token.span, token.text)


def identifiers(tokens: list[Token]) -> tuple[Identifier, ...]:
    return tuple(identifier(token) for token in tokens)


def _identifier(span: Span, token: Token) -> Identifier:
    return identifier(token)


def _names(span: Span, tokens: list[Token]) -> tuple[Identifier, ...]:
    return identifiers(tokens)


# --- literals ----------------------------------------------------------------------------------------


def _number(span: Span, token: Token) -> NumberLiteral:
    return NumberLiteral(span, float(token.text))


def string_literal(token: Token) -> StringLiteral:
    return StringLiteral(token.span, string_value(token))


def _string(span: Span, token: Token) -> StringLiteral:
    # Not the span of the rule: in front of `meta` that would include the word `version`.
    return string_literal(token)


def regexp(span: Span, token: Token) -> RegExpLiteral:
    return RegExpLiteral(span, *regexp_value(token))


def _true(span: Span) -> BooleanLiteral:
    return BooleanLiteral(span, True)


def _false(span: Span) -> BooleanLiteral:
    return BooleanLiteral(span, False)


def _null(span: Span) -> NullLiteral:
    return NullLiteral(span)


def _text(span: Span, token: Token) -> str:
    return chevron_value(token)


def _chevron(span: Span, parts: list[str | Expression]) -> Chevron:
    return Chevron(span, tuple(parts))


def _empty_array(span: Span) -> ArrayLiteral:
    return ArrayLiteral(span, ())


def _array(span: Span, items: list[Expression]) -> ArrayLiteral:
    return ArrayLiteral(span, tuple(items))


def _empty_map(span: Span) -> MapLiteral:
    return MapLiteral(span, ())


def _map(span: Span, entries: list[MapEntry]) -> MapLiteral:
    return MapLiteral(span, tuple(entries))


def _map_entry(span: Span, key: Token, value: Expression) -> MapEntry:
    return MapEntry(span, string_value(key), value)


# --- functions and declarations ----------------------------------------------------------------------


def _function(
    span: Span, parameters: list[Parameter], declarations: list[Declaration], result: Expression
) -> FunctionLiteral:
    return FunctionLiteral(span, tuple(parameters), tuple(declarations), result)


def _defaction(
    span: Span,
    parameters: list[Parameter],
    declarations: list[Declaration],
    block: ActionBlock,
    result: Expression | None = None,
) -> ActionLiteral:
    return ActionLiteral(span, tuple(parameters), tuple(declarations), block, result)


def _required_parameter(span: Span, name: Token) -> Parameter:
    return Parameter(span, identifier(name), None)


def _optional_parameter(span: Span, name: Token, default: Expression) -> Parameter:
    return Parameter(span, identifier(name), default)


def _declaration(span: Span, name: Token, value: Expression) -> Declaration:
    return Declaration(span, identifier(name), value)


def _snippet(span: Span, declarations: list[Declaration], result: Expression | None) -> Snippet:
    return Snippet(span, tuple(declarations), result)


# --- names, reads and calls ----------------------------------------------------------------------------


def _name(span: Span, token: Token) -> Name:
    return Name(span, token.text)


def _domain_name(span: Span, domain: Token, name: Token) -> DomainName:
    return DomainName(span, domain.text, name.text)


def _property_read(span: Span, target: Expression, name: Token) -> PropertyRead:
    return PropertyRead(span, target, None, identifier(name))


def _domain_property_read(span: Span, target: Expression, domain: Token, name: Token) -> PropertyRead:
    return PropertyRead(span, target, domain.text, identifier(name))


def _method_call(span: Span, target: Expression, name: Token, arguments: list[Argument]) -> MethodCall:
    return MethodCall(span, target, None, identifier(name), tuple(arguments))


def _domain_method_call(
    span: Span, target: Expression, domain: Token, name: Token, arguments: list[Argument]
) -> MethodCall:
    return MethodCall(span, target, domain.text, identifier(name), tuple(arguments))


def _brace_read(span: Span, target: Expression, key: Expression) -> PathRead:
    return PathRead(span, target, key, "{}")


def _bracket_read(span: Span, target: Expression, key: Expression) -> PathRead:
    return PathRead(span, target, key, "[]")


def _call(span: Span, callee: Expression, arguments: list[Argument]) -> Call:
    return Call(span, callee, tuple(arguments))


def _positional(span: Span, value: Expression) -> Argument:
    return Argument(span, None, value)


def _named(span: Span, name: Token, value: Expression) -> Argument:
    return Argument(span, identifier(name), value)


# --- operators -------------------------------------------------------------------------------------------


def _unary(span: Span, operator: Token, operand: Expression) -> Unary:
    return Unary(span, cast(Literal["+", "-", "not"], operator.text), operand)


def _binary(span: Span, left: Expression, operator: Token, right: Expression) -> Binary:
    return Binary(span, operator.text, left, right)


def _rung(span: Span, test: Expression, then: Expression) -> tuple[Span, Expression, Expression]:
    return span, test, then


def _ladder(
    span: Span, rungs: list[tuple[Span, Expression, Expression]], otherwise: Expression
) -> Expression:
    """`a => b | c => d | e`: the last branch of each conditional is the next one."""
    for rung_span, test, then in reversed(rungs):
        otherwise = Conditional(Span(rung_span.start, span.end), test, then, otherwise)
    return otherwise


NODES: Mapping[str, Callable[..., Any]] = {
    "identifier": _identifier,
    "names": _names,
    "number": _number,
    "string": _string,
    "regexp": regexp,
    "true": _true,
    "false": _false,
    "null": _null,
    "text": _text,
    "chevron": _chevron,
    "empty_array": _empty_array,
    "array": _array,
    "empty_map": _empty_map,
    "map": _map,
    "map_entry": _map_entry,
    "function": _function,
    "defaction": _defaction,
    "required_parameter": _required_parameter,
    "optional_parameter": _optional_parameter,
    "declaration": _declaration,
    "snippet": _snippet,
    "name": _name,
    "domain_name": _domain_name,
    "property_read": _property_read,
    "domain_property_read": _domain_property_read,
    "method_call": _method_call,
    "domain_method_call": _domain_method_call,
    "brace_read": _brace_read,
    "bracket_read": _bracket_read,
    "call": _call,
    "positional": _positional,
    "named": _named,
    "unary": _unary,
    "binary": _binary,
    "rung": _rung,
    "ladder": _ladder,
}
