"""How rules are laid out: loops, action blocks, postludes and their statements."""

from __future__ import annotations

from collections.abc import Sequence

from pico_lang.formatting.events import names
from pico_lang.formatting.expressions import arguments, behind_word, bound_to_choose
from pico_lang.formatting.layout import LINE, Layout, group, join, nest, text
from pico_lang.formatting.outline import Part
from pico_lang.formatting.page import Page
from pico_lang.nodes import (
    Action,
    ActionBlock,
    Assign,
    Block,
    Clear,
    Foreach,
    Identifier,
    Last,
    Log,
    Postlude,
    Raise,
    RaiseError,
    Rule,
    Schedule,
    Statement,
    StatementCore,
)

_GOING_ON = frozenset({"like", "cmp", "if", "on", "for", "attributes", "at", "repeat"})
"""Domains that at the start of a statement would be read as a part of the one before."""


def rule(page: Page, node: Rule) -> Layout:
    opening = join("rule ", page.of(node.name), " {" if node.active else " is inactive {")
    series = page.series(node)
    return page.block(opening, series, [part_layout(page, part) for part in series.parts])


def part_layout(page: Page, part: Part) -> Layout:
    """A part of a rule or ruleset: a node, or a block that has none."""
    if part.inner is not None:
        inner = [page.of(each.node) for each in part.inner.parts if each.node is not None]
        return page.block(f"{part.block} {{", part.inner, inner)
    assert part.node is not None
    return page.of(part.node)


def foreach(page: Page, node: Foreach) -> Layout:
    return join("foreach ", behind_word(page, node.collection), " setting", names(page, node.setting))


# --- action blocks -----------------------------------------------------------------------------------------


def action_block(page: Page, node: ActionBlock) -> Layout:
    if node.kind == "single":
        body = page.of(node.actions[0])
    else:
        choice = join(" ", bound_to_choose(page, node.choice)) if node.choice is not None else ""
        actions = [page.of(each) for each in node.actions]
        body = page.block(join(node.kind, choice, " {"), page.series(node), actions)
    if node.condition is None:
        return body
    condition = join("if ", behind_word(page, node.condition), " then")
    return group(condition, nest(LINE, body)) if node.kind == "single" else join(condition, " ", body)


def action(page: Page, node: Action) -> Layout:
    label = join(page.of(node.label), " => ") if node.label is not None else ""
    domain = "" if node.domain is None else f"{node.domain}:"
    called = join(domain, page.of(node.name), arguments(page, node))
    return join(label, called, _setting(page, node.setting))


def _setting(page: Page, name: Identifier | None) -> Layout:
    return text("") if name is None else join(" setting(", page.of(name), ")")


# --- postludes ---------------------------------------------------------------------------------------------


def postlude(page: Page, node: Postlude) -> Layout:
    branches = [node.kind, " ", page.of(node.body)]
    for word, block in (("else", node.otherwise), ("finally", node.final)):
        if block is not None:
            branches += [f" {word} ", page.of(block)]
    return join(*branches)


def block(page: Page, node: Block) -> Layout:
    layouts = [
        join(page.of(statement), ";" if _goes_on(following) else "")
        for statement, following in zip(node.statements, (*node.statements[1:], None), strict=False)
    ]
    return page.block("{", page.series(node), layouts)


def _goes_on(following: Statement | None) -> bool:
    """Whether a statement needs a `;` in front so as not to be read as part of another."""
    return following is not None and isinstance(following.core, Assign) and following.core.domain in _GOING_ON


def statement(page: Page, node: Statement) -> Layout:
    guard: Sequence[Layout | str] = ()
    if node.condition is not None:
        guard = (LINE, "if ", page.of(node.condition))
    elif node.on_final:
        guard = (LINE, "on final")
    return group(page.of(node.core), nest(*guard)) if guard else page.of(node.core)


def core(page: Page, node: StatementCore) -> Layout:
    """What a statement does, apart from declarations."""
    match node:
        case Assign():
            return join(_variable(page, node), " := ", page.of(node.value))
        case Clear():
            return join("clear ", _variable(page, node))
        case Raise():
            return _clauses(page, "raise", node)
        case Schedule():
            return join(_clauses(page, "schedule", node), _setting(page, node.setting))
        case Log():
            return join(f"log {node.level} ", page.of(node.value))
        case RaiseError():
            return join(f"error {node.level} ", page.of(node.value))
        case Last():
            return text("last")
    raise AssertionError(f"{type(node).__name__} is laid out elsewhere")


def _variable(page: Page, node: Assign | Clear) -> Layout:
    path = join("{", page.of(node.path), "}") if node.path is not None else ""
    return join(f"{node.domain}:", page.of(node.name), path)


def _clauses(page: Page, verb: str, node: Raise | Schedule) -> Layout:
    """`raise d event e`, with each clause on a line of its own if they do not fit on one."""
    domain = join(page.of(node.domain), " ") if node.domain is not None else ""
    clauses: list[tuple[str, Layout]] = []
    if isinstance(node, Schedule):
        clauses.append((node.kind, page.of(node.timing)))
    elif node.for_rid is not None:
        clauses.append(("for", page.of(node.for_rid)))
    if node.attributes is not None:
        clauses.append(("attributes", page.of(node.attributes)))
    spread = (join(LINE, word, " ", value) for word, value in clauses)
    return group(f"{verb} ", domain, "event ", page.of(node.event), nest(*spread))
