"""Tests: readings of the grammar turned into their steps, and the files that hold nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from pico_lang.lexer import Token
from pico_lang.nodes import (
    Details,
    ExpectDirective,
    ExpectError,
    ExpectEvent,
    ExpectFault,
    ExpectValue,
    Expression,
    GivenAnswer,
    GivenConfiguration,
    GivenEntity,
    GivenPreset,
    Send,
    StringLiteral,
    Test,
    TestFile,
    TestStep,
    Wait,
)
from pico_lang.productions.expressions import identifier, string_literal
from pico_lang.source import Span
from pico_lang.words import UNITS


def _maybe_literal(token: Token | None) -> StringLiteral | None:
    return None if token is None else string_literal(token)


def _test_file(span: Span, target: Token, tests: list[Test]) -> TestFile:
    return TestFile(span, string_literal(target), tuple(tests))


def _test(span: Span, name: Token, steps: list[TestStep]) -> Test:
    return Test(span, string_literal(name), tuple(steps))


# --- what is given ---------------------------------------------------------------------------------------


def _given_preset(span: Span, kind: Token, value: Token) -> GivenPreset:
    return GivenPreset(span, cast(Literal["time", "seed", "ruleset"], kind.text), string_literal(value))


def _given_configuration(span: Span, value: Expression) -> GivenConfiguration:
    return GivenConfiguration(span, value)


def _given_entity(
    span: Span, domain: Token, name: Token, path: Expression | None, value: Expression
) -> GivenEntity:
    return GivenEntity(span, domain.text, identifier(name), path, value)


def _given_answer(
    span: Span, domain: Token, name: Token, asked: Expression | None, answer: Expression
) -> GivenAnswer:
    return GivenAnswer(span, domain.text, identifier(name), asked, answer)


# --- what happens ----------------------------------------------------------------------------------------


def _send(span: Span, domain: Token, name: Token, attributes: Expression | None) -> Send:
    return Send(span, domain.text, name.text, attributes)


def _wait(span: Span, amount: Expression, unit: Token) -> Wait:
    return Wait(span, amount, UNITS[unit.text])


# --- what is expected --------------------------------------------------------------------------------------


def _negation(span: Span, *words: Token) -> bool:
    return bool(words)


def _details(span: Span, *parts: Any) -> Details | None:
    if not parts:
        return None
    word, value = parts
    return Details(span, word.text == "exactly", value)


def _expect_value(span: Span, value: Expression) -> ExpectValue:
    return ExpectValue(span, value)


def _expect_directive(
    span: Span, negated: bool, name: Token | None, details: Details | None
) -> ExpectDirective:
    return ExpectDirective(span, negated, _maybe_literal(name), details)


def _expect_event(
    span: Span, negated: bool, kind: Token, domain: Token, name: Token, details: Details | None
) -> ExpectEvent:
    happening = cast(Literal["raised", "sent", "scheduled"], kind.text)
    return ExpectEvent(span, negated, happening, domain.text, name.text, details)


def _expect_error(span: Span, code: Token | None) -> ExpectError:
    return ExpectError(span, False, _maybe_literal(code))


def _expect_no_error(span: Span, code: Token | None) -> ExpectError:
    return ExpectError(span, True, _maybe_literal(code))


def _expect_fault(span: Span, code: Token | None, value: Expression) -> ExpectFault:
    return ExpectFault(span, _maybe_literal(code), value)


NODES: Mapping[str, Callable[..., Any]] = {
    "test_file": _test_file,
    "test": _test,
    "given_preset": _given_preset,
    "given_configuration": _given_configuration,
    "given_entity": _given_entity,
    "given_answer": _given_answer,
    "send": _send,
    "wait": _wait,
    "negation": _negation,
    "details": _details,
    "expect_value": _expect_value,
    "expect_directive": _expect_directive,
    "expect_event": _expect_event,
    "expect_error": _expect_error,
    "expect_no_error": _expect_no_error,
    "expect_fault": _expect_fault,
}
