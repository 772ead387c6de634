"""Action blocks → Python statements.

Used by rules and by defactions. `compile_action_block` leaves behind a Python variable that tells
whether the block's condition held, which is what "fired" means.
"""

from __future__ import annotations

import ast

from pico_lang import nodes as n
from pico_lang.builtins import OPERATORS
from pico_lang.compiler.calls import arrange, loose_arguments, member_arguments
from pico_lang.compiler.dispatch import compile_expression, compile_test
from pico_lang.compiler.emit import Body, call, host, literal, load
from pico_lang.static_types import ACTIONS

assert not set(ACTIONS) & set(OPERATORS), "a standard action is no operator"


def compile_action_block(block: n.ActionBlock, body: Body) -> str:
    """Run the block's actions in `body`; the name of the Python variable that says whether it fired."""
    for action in block.actions:
        if action.setting is not None:
            name = body.unit.names.made_by(action.setting).python_name
            body.assign(name, literal(None), action.setting)
    fired = body.unit.fresh("fired")
    if block.condition is None:
        body.assign(fired, literal(True), block)
        _compile_actions(block, body)
        return fired
    body.assign(fired, compile_test(block.condition, body), block.condition)
    inner = body.block()
    _compile_actions(block, inner)
    body.emit(ast.If(load(fired), inner.finished(), []), block)
    return fired


def _compile_actions(block: n.ActionBlock, body: Body) -> None:
    match block.kind:
        case "sample":
            _compile_sample(block, body)
        case "choose":
            _compile_choose(block, body)
        case _:
            for action in block.actions:
                _compile_action(action, body)


def _compile_sample(block: n.ActionBlock, body: Body) -> None:
    """One action by chance; the index is drawn from the turn's recorded randomness."""
    if not block.actions:
        return
    chosen = body.unit.fresh("t")
    body.assign(chosen, host("choose_sample", literal(len(block.actions))), block)
    tests = [ast.Compare(load(chosen), [ast.Eq()], [literal(index)]) for index in range(len(block.actions))]
    _compile_branches(block, tests, body)


def _compile_choose(block: n.ActionBlock, body: Body) -> None:
    """The first action whose label is exactly the value; none is right too."""
    assert block.choice is not None
    chosen = body.unit.fresh("t")
    body.assign(chosen, compile_expression(block.choice, body), block.choice)
    labels = [action.label.id if action.label else "" for action in block.actions]
    _compile_branches(
        block, [ast.Compare(load(chosen), [ast.Eq()], [literal(label)]) for label in labels], body
    )


def _compile_branches(block: n.ActionBlock, tests: list[ast.Compare], body: Body) -> None:
    otherwise: list[ast.stmt] = []
    for action, test in zip(reversed(block.actions), reversed(tests), strict=True):
        inner, outer = body.block(), body.block()
        _compile_action(action, inner)
        outer.emit(ast.If(test, inner.finished(), otherwise), action)
        otherwise = outer.statements
    body.statements += otherwise


def _compile_action(action: n.Action, body: Body) -> None:
    result = _run_action(action, body)
    if action.setting is None:
        body.emit(ast.Expr(result), action)
    else:
        body.assign(body.unit.names.made_by(action.setting).python_name, result, action)


def _run_action(action: n.Action, body: Body) -> ast.expr:
    name, domain = action.name.id, action.domain
    if domain is not None:
        return _run_member(action, domain, name, body)
    binding = body.unit.names.of(action.name)
    if binding.kind == "operator" and binding.name in ACTIONS:
        return _run_standard(binding.name, action, body)
    value = literal(None) if binding.kind == "operator" else load(binding.python_name)
    return call("act", load("rt"), literal(name), value, *loose_arguments(action.arguments, body))


def _run_member(action: n.Action, domain: str, name: str, body: Body) -> ast.expr:
    if (provided := body.unit.module_variables.get(domain)) is not None:
        value = call("member", load(provided), literal(domain), literal(name))
        return call(
            "act", load("rt"), literal(f"{domain}:{name}"), value, *loose_arguments(action.arguments, body)
        )
    return host(
        "run_action",
        literal(domain),
        literal(name),
        member_arguments(domain, name, (), action.arguments, body),
    )


def _run_standard(name: str, action: n.Action, body: Body) -> ast.expr:
    """`noop()` and `send_directive(name, options)`."""
    if name == "noop":
        return literal(None)
    values = arrange(action.arguments, ("name", "options"), body, drop_unknown=True) or []
    return host("send_directive", *values, *[literal(None)] * (2 - len(values)))
