"""Rules: readings of the grammar turned into loops, action blocks, postludes and their statements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal, cast

from pico_lang.lexer import Token
from pico_lang.nodes import (
    Action,
    ActionBlock,
    Argument,
    Assign,
    Block,
    Clear,
    Declaration,
    Expression,
    Foreach,
    Identifier,
    Last,
    Log,
    Postlude,
    Raise,
    RaiseError,
    Rule,
    Schedule,
    SelectWhen,
    SelectWhere,
    Statement,
    StatementCore,
)
from pico_lang.productions.expressions import identifier
from pico_lang.source import Span

Level = Literal["error", "warn", "info", "debug"]


def _rule(
    span: Span,
    name: Token,
    active: bool,
    select: SelectWhen | SelectWhere | None,
    loops: list[Foreach],
    pre: list[Declaration],
    block: ActionBlock | None,
    postlude: Postlude | None,
) -> Rule:
    return Rule(span, identifier(name), active, select, tuple(loops), tuple(pre), block, postlude)


def _activity(span: Span, *words: Token) -> bool:
    return not words or words[-1].text == "active"


def _foreach(span: Span, collection: Expression, names: tuple[Identifier, ...]) -> Foreach:
    return Foreach(span, collection, names)


# --- action blocks -------------------------------------------------------------------------------------


def _single(span: Span, action: Action) -> ActionBlock:
    # Without the semicolon that may follow.
    return ActionBlock(action.span, None, "single", None, (action,))


def _grouped(span: Span, group: Token, actions: list[Action]) -> ActionBlock:
    return ActionBlock(span, None, cast(Literal["every", "sample"], group.text), None, tuple(actions))


def _choose(span: Span, choice: Expression, actions: list[Action]) -> ActionBlock:
    return ActionBlock(span, None, "choose", choice, tuple(actions))


def _conditional_block(span: Span, condition: Expression, block: ActionBlock) -> ActionBlock:
    return replace(block, span=Span(span.start, block.span.end), condition=condition)


def _labelled(span: Span, label: Token, action: Action) -> Action:
    return replace(action, span=span, label=identifier(label))


def _invocation(span: Span, name: Token, arguments: list[Argument], result: Identifier | None) -> Action:
    return Action(span, None, None, identifier(name), tuple(arguments), result)


def _domain_invocation(
    span: Span, domain: Token, name: Token, arguments: list[Argument], result: Identifier | None
) -> Action:
    return Action(span, None, domain.text, identifier(name), tuple(arguments), result)


# --- postludes -----------------------------------------------------------------------------------------


def _always(span: Span, body: Block) -> Postlude:
    return Postlude(span, "always", body, None, None)


def _fired(span: Span, body: Block, otherwise: Block | None, final: Block | None) -> Postlude:
    return Postlude(span, "fired", body, otherwise, final)


def _notfired(span: Span, body: Block, otherwise: Block | None, final: Block | None) -> Postlude:
    return Postlude(span, "notfired", body, otherwise, final)


def _block(span: Span, statements: list[Statement]) -> Block:
    return Block(span, tuple(statements))


def _unguarded(span: Span, core: StatementCore) -> Statement:
    return Statement(span, core, None, on_final=False)


def _guarded(span: Span, core: StatementCore, condition: Expression) -> Statement:
    return Statement(span, core, condition, on_final=False)


def _on_final(span: Span, core: StatementCore) -> Statement:
    return Statement(span, core, None, on_final=True)


def _assign(span: Span, domain: Token, name: Token, path: Expression | None, value: Expression) -> Assign:
    return Assign(span, domain.text, identifier(name), path, value)


def _clear(span: Span, domain: Token, name: Token, path: Expression | None) -> Clear:
    return Clear(span, domain.text, identifier(name), path)


def _raise_event(
    span: Span,
    domain: Identifier | None,
    event: Expression,
    for_rid: Expression | None,
    attributes: Expression | None,
) -> Raise:
    return Raise(span, domain, event, for_rid, attributes)


def _schedule(
    span: Span,
    domain: Identifier | None,
    event: Expression,
    timing: tuple[Literal["at", "repeat"], Expression],
    attributes: Expression | None,
    result: Identifier | None,
) -> Schedule:
    kind, when = timing
    return Schedule(span, domain, event, kind, when, attributes, result)


def _timing(span: Span, kind: Token, when: Expression) -> tuple[str, Expression]:
    return kind.text, when


def _log(span: Span, level: Token, value: Expression) -> Log:
    return Log(span, cast(Level, level.text), value)


def _raise_error(span: Span, level: Token, value: Expression) -> RaiseError:
    return RaiseError(span, cast(Level, level.text), value)


def _last(span: Span) -> Last:
    return Last(span)


NODES: Mapping[str, Callable[..., Any]] = {
    "rule": _rule,
    "activity": _activity,
    "foreach": _foreach,
    "single": _single,
    "grouped": _grouped,
    "choose": _choose,
    "conditional_block": _conditional_block,
    "labelled": _labelled,
    "invocation": _invocation,
    "domain_invocation": _domain_invocation,
    "always": _always,
    "fired": _fired,
    "notfired": _notfired,
    "block": _block,
    "unguarded": _unguarded,
    "guarded": _guarded,
    "on_final": _on_final,
    "assign": _assign,
    "clear": _clear,
    "raise_event": _raise_event,
    "schedule": _schedule,
    "timing": _timing,
    "log": _log,
    "raise_error": _raise_error,
    "last": _last,
}
