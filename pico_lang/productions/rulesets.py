"""The ruleset itself and its meta block: readings of the grammar turned into nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from pico_lang.lexer import Token
from pico_lang.nodes import (
    Block,
    Configure,
    Declaration,
    ErrorsTo,
    Expression,
    Identifier,
    MetaItem,
    MetaKey,
    MetaLogging,
    MetaText,
    Provides,
    ProvidesKeys,
    Rule,
    Ruleset,
    Shares,
    StringLiteral,
    Test,
    Upgrade,
    UseModule,
)
from pico_lang.productions.expressions import identifier, identifiers, string_literal
from pico_lang.source import Span


def _ruleset(
    span: Span,
    rid: Token,
    version: StringLiteral | None,
    meta: list[MetaItem],
    declarations: list[Declaration],
    rules: list[Rule],
    tests: list[Test],
) -> Ruleset:
    return Ruleset(
        span, identifier(rid), version, tuple(meta), tuple(declarations), tuple(rules), tuple(tests)
    )


def _meta_text(span: Span, word: Token, value: Expression) -> MetaText:
    return MetaText(span, cast(Literal["version", "name", "description", "author"], word.text), value)


def _logging_on(span: Span) -> MetaLogging:
    return MetaLogging(span, True)


def _logging_off(span: Span) -> MetaLogging:
    return MetaLogging(span, False)


def _meta_key(span: Span, name: Token, value: Expression) -> MetaKey:
    return MetaKey(span, identifier(name), value)


def _use_module(
    span: Span, rid: Token, alias: Identifier | None, configuration: list[Declaration]
) -> UseModule:
    return UseModule(span, identifier(rid), alias, tuple(configuration))


def _errors_to(span: Span, rid: Token) -> ErrorsTo:
    return ErrorsTo(span, identifier(rid))


def _configure(span: Span, declarations: list[Declaration]) -> Configure:
    return Configure(span, tuple(declarations))


def _provides(span: Span, names: tuple[Identifier, ...]) -> Provides:
    return Provides(span, names)


def _provides_keys(span: Span, names: tuple[Identifier, ...], rids: list[Token]) -> ProvidesKeys:
    return ProvidesKeys(span, names, identifiers(rids))


def _shares(span: Span, names: tuple[Identifier, ...]) -> Shares:
    return Shares(span, names)


def _upgrade(span: Span, versions: list[Token], body: Block) -> Upgrade:
    return Upgrade(span, tuple(string_literal(version) for version in versions), body)


NODES: Mapping[str, Callable[..., Any]] = {
    "ruleset": _ruleset,
    "meta_text": _meta_text,
    "logging_on": _logging_on,
    "logging_off": _logging_off,
    "meta_key": _meta_key,
    "use_module": _use_module,
    "errors_to": _errors_to,
    "configure": _configure,
    "provides": _provides,
    "provides_keys": _provides_keys,
    "shares": _shares,
    "upgrade": _upgrade,
}
