"""Rules → Python functions that take the captured names and run one selected rule to its end.

A rule function returns "done", "last" (skip the ruleset's remaining rules) or "error" (skip all that
waits for this event). Conditions of the event expression become functions of their own.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from pico_lang import nodes as n
from pico_lang.compiler.actions import compile_action_block
from pico_lang.compiler.dispatch import compile_expression, compile_test
from pico_lang.compiler.emit import (
    Body,
    attribute,
    call,
    count_step,
    define,
    host,
    keep,
    literal,
    load,
    store,
    tuple_of,
)
from pico_lang.compiler.functions import compile_declarations
from pico_lang.event_patterns import base_events
from pico_lang.traversal import walk


@dataclass(frozen=True, slots=True)
class _Loops:
    """Python variables that are true in the last iteration of each loop around a statement."""

    lasts: tuple[str, ...] = ()

    def is_final(self) -> ast.expr:
        if not self.lasts:
            return literal(True)
        return (
            ast.BoolOp(ast.And(), [load(name) for name in self.lasts])
            if self.lasts[1:]
            else load(self.lasts[0])
        )


def compile_rule(rule: n.Rule, body: Body) -> ast.expr:
    """Define the rule's functions; a tuple `(run, select_where, wheres, within)` of what was defined."""
    conditions: ast.expr = tuple_of(())
    select_where = within = literal(None)
    if isinstance(rule.select, n.SelectWhen):
        events = base_events(rule.select.event)
        conditions = tuple_of(
            _compile_condition(event, events[: index + 1], rule, body) for index, event in enumerate(events)
        )
        if rule.select.within is not None:
            within = compile_expression(rule.select.within.amount, body)
    elif rule.select is not None:
        select_where = _compile_select_where(rule.select, rule, body)
    return tuple_of([_compile_run(rule, body), select_where, conditions, within])


def _settings(events: Sequence[n.EventExpression]) -> list[n.Identifier]:
    """Every name that `setting` binds in these events, once."""
    found: dict[str, n.Identifier] = {}
    for event in events:
        for node in walk(event):
            if isinstance(node, n.BaseEvent):
                found.update({name.id: name for name in node.setting})
            elif isinstance(node, n.Aggregator):
                found.update({name.id: name for name in node.names})
    return list(found.values())


def _bind_settings(names: Sequence[n.Identifier], body: Body) -> None:
    """`v1_a = bindings.get("a")`."""
    for name in names:
        value = call(attribute(load("bindings"), "get"), literal(name.id))
        body.assign(body.unit.names.made_by(name).python_name, value, name)


def _compile_condition(
    event: n.BaseEvent, so_far: Sequence[n.BaseEvent], rule: n.Rule, body: Body
) -> ast.expr:
    """`where` of one base event: a function of the names captured up to and with it."""
    if event.where is None:
        return literal(None)
    inner = body.block()
    count_step(inner, event)
    _bind_settings(_settings(so_far), inner)
    inner.emit(ast.Return(compile_test(event.where, inner)), event.where)
    name = f"{body.unit.fresh('where')}_{rule.name.id}"
    body.emit(define(name, ["bindings"], inner, defaults=False), event)
    return load(name)


def _compile_select_where(select: n.SelectWhere, rule: n.Rule, body: Body) -> ast.expr:
    """`select where`: stricter than any other condition, the value has to be exactly true."""
    inner = body.block()
    count_step(inner, select)
    value = keep(body.unit.fresh("t"), compile_expression(select.condition, inner))
    inner.emit(ast.Return(ast.Compare(value, [ast.Is()], [literal(True)])), select)
    name = f"{body.unit.fresh('where')}_{rule.name.id}"
    body.emit(define(name, ["bindings"], inner, defaults=False), select)
    return load(name)


def _compile_run(rule: n.Rule, body: Body) -> ast.expr:
    inner = body.block()
    count_step(inner, rule)
    if isinstance(rule.select, n.SelectWhen):
        _bind_settings(_settings([rule.select.event]), inner)
    _compile_loops(rule, rule.loops, _Loops(), inner)
    inner.emit(ast.Return(literal("done")), rule)
    name = f"{body.unit.fresh('rule')}_{rule.name.id}"
    body.emit(define(name, ["bindings"], inner, defaults=False), rule)
    return load(name)


def _compile_loops(rule: n.Rule, loops: Sequence[n.Foreach], around: _Loops, body: Body) -> None:
    if not loops:
        _compile_iteration(rule, around, body)
        return
    loop, *others = loops
    value, key, last = (body.unit.fresh("t") for _ in range(3))
    entries = call("entries", load("rt"), compile_expression(loop.collection, body))
    inner = body.block()
    bound: list[ast.expr] = [load(value), load(key), *[literal(None)] * len(loop.setting)]
    for name, source in zip(loop.setting, bound, strict=False):
        inner.assign(body.unit.names.made_by(name).python_name, source, name)
    _compile_loops(rule, others, _Loops((*around.lasts, last)), inner)
    targets = ast.Tuple([store(value), store(key), store(last)], ast.Store())
    body.emit(ast.For(targets, entries, inner.finished(), []), loop)


def _compile_iteration(rule: n.Rule, loops: _Loops, body: Body) -> None:
    """What a rule does once per iteration: `pre`, actions, postlude."""
    compile_declarations(rule.pre, body)
    if rule.block is None:
        fired = body.unit.fresh("fired")
        body.assign(fired, literal(True), rule)
    else:
        fired = compile_action_block(rule.block, body)
    told = body.block()
    told.emit(ast.Expr(host("fired")), rule)
    body.emit(ast.If(load(fired), told.finished(), []), rule)
    if rule.postlude is not None:
        _compile_postlude(rule.postlude, fired, loops, body)


def _compile_postlude(postlude: n.Postlude, fired: str, loops: _Loops, body: Body) -> None:
    _clear_names(postlude, body)
    if postlude.kind == "always":
        _compile_block(postlude.body, loops, body)
        return
    main, other = body.block(), body.block()
    _compile_block(postlude.body, loops, main)
    if postlude.otherwise is not None:
        _compile_block(postlude.otherwise, loops, other)
    test = load(fired) if postlude.kind == "fired" else ast.UnaryOp(ast.Not(), load(fired))
    body.emit(ast.If(test, main.finished(), other.statements), postlude)
    if postlude.final is not None:
        _compile_block(postlude.final, loops, body)


def _clear_names(statements: n.Postlude | n.Block, body: Body) -> None:
    """A declaration that does not run, or not in this iteration, leaves null."""
    for node in walk(statements):
        match node:
            case (
                n.Statement(core=n.Declaration(name=name))
                | n.Statement(core=n.Schedule(setting=n.Identifier() as name))
            ):
                body.assign(body.unit.names.made_by(name).python_name, literal(None), name)
            case _:
                pass


def compile_statements(block: n.Block, body: Body) -> None:
    """Statements that stand in no rule."""
    _clear_names(block, body)
    _compile_block(block, _Loops(), body)


def _compile_block(block: n.Block, loops: _Loops, body: Body) -> None:
    for statement in block.statements:
        inner = body.block()
        _STATEMENTS[type(statement.core)](statement.core, inner)
        if statement.condition is not None:
            body.emit(ast.If(compile_test(statement.condition, body), inner.finished(), []), statement)
        elif statement.on_final:
            body.emit(ast.If(loops.is_final(), inner.finished(), []), statement)
        else:
            body.statements += inner.statements


# --- postlude statements ---------------------------------------------------------------------------


def _optional(node: n.Expression | None, body: Body) -> ast.expr:
    return literal(None) if node is None else compile_expression(node, body)


def _declare(node: n.Declaration, body: Body) -> None:
    compile_declarations([node], body)


def _assign(node: n.Assign, body: Body) -> None:
    name = literal(node.name.id)
    if node.path is None:
        done = host("set_entity", name, compile_expression(node.value, body))
    else:
        path = compile_expression(node.path, body)
        done = host("set_entity_path", name, path, compile_expression(node.value, body))
    body.emit(ast.Expr(done), node)


def _clear(node: n.Clear, body: Body) -> None:
    name = literal(node.name.id)
    if node.path is None:
        done = host("clear_entity", name)
    else:
        done = host("clear_entity_path", name, compile_expression(node.path, body))
    body.emit(ast.Expr(done), node)


def _domain(node: n.Identifier | None) -> ast.expr:
    return literal(None if node is None else node.id)


def _raise(node: n.Raise, body: Body) -> None:
    event = compile_expression(node.event, body)
    raised = host(
        "raise_event",
        _domain(node.domain),
        event,
        _optional(node.for_rid, body),
        _optional(node.attributes, body),
    )
    body.emit(ast.Expr(raised), node)


def _schedule(node: n.Schedule, body: Body) -> None:
    entry = host(
        "schedule",
        _domain(node.domain),
        compile_expression(node.event, body),
        literal(node.kind),
        compile_expression(node.timing, body),
        _optional(node.attributes, body),
    )
    if node.setting is None:
        body.emit(ast.Expr(entry), node)
    else:
        body.assign(body.unit.names.made_by(node.setting).python_name, entry, node)


def _log(node: n.Log, body: Body) -> None:
    value = compile_expression(node.value, body)
    body.emit(ast.Expr(host("log", literal(node.level), value, literal(None))), node)


def _raise_error(node: n.RaiseError, body: Body) -> None:
    value = compile_expression(node.value, body)
    body.emit(ast.Expr(host("raise_error", literal(node.level), value)), node)
    if node.level == "error":
        body.emit(ast.Return(literal("error")), node)


def _last(node: n.Last, body: Body) -> None:
    body.emit(ast.Return(literal("last")), node)


_STATEMENTS: dict[type[n.Node], Callable[[Any, Body], None]] = {
    n.Declaration: _declare,
    n.Assign: _assign,
    n.Clear: _clear,
    n.Raise: _raise,
    n.Schedule: _schedule,
    n.Log: _log,
    n.RaiseError: _raise_error,
    n.Last: _last,
}
