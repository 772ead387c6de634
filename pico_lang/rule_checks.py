"""Checks of rules: what they select, how often they loop, their actions and postludes."""

from __future__ import annotations

from pico_lang import nodes as n
from pico_lang.check_context import Context, Found, find_member
from pico_lang.diagnostics import diagnostic
from pico_lang.event_patterns import problems
from pico_lang.static_types import type_of_binding
from pico_lang.traversal import walk

MAX_LOOPS = 12
"""Nested `foreach`; the code that runs them cannot nest without end."""


def check_rule_names(ruleset: n.Ruleset, context: Context) -> Found:
    seen: set[str] = set()
    for rule in ruleset.rules:
        if rule.name.id in seen:
            yield diagnostic(
                "K206", f"duplicate rule name {rule.name.id}", rule.name.span, "rename one of them"
            )
        seen.add(rule.name.id)


def check_rule(rule: n.Rule, context: Context) -> Found:
    if rule.select is None:
        yield diagnostic(
            "K301", f"rule {rule.name.id} has no select", rule.name.span, "add: select when domain type"
        )
    if not rule.active:
        yield diagnostic("K507", f"rule {rule.name.id} is inactive and never runs", rule.name.span)
    if len(rule.loops) > MAX_LOOPS:
        yield diagnostic(
            "K105",
            f"more than {MAX_LOOPS} nested foreach",
            rule.loops[MAX_LOOPS].span,
            "move the inner ones into a function",
        )
    if isinstance(rule.select, n.SelectWhen):
        yield from problems(rule.select.event)
        yield from _check_settings_used(rule, rule.select.event, context)


def _check_settings_used(rule: n.Rule, event: n.EventExpression, context: Context) -> Found:
    """A captured name that nothing in its rule reads is probably misspelt there."""
    used = {id(binding) for binding in context.names.uses.values()}
    for node in walk(event):
        if isinstance(node, n.BaseEvent):
            for name in node.setting:
                if id(context.names.made_by(name)) not in used:
                    yield diagnostic(
                        "K509", f"{name.id} is set here but rule {rule.name.id} never uses it", name.span
                    )


def check_base_event(node: n.BaseEvent, context: Context) -> Found:
    if node.setting and not node.matches:
        yield diagnostic(
            "K506",
            "setting without an attribute match leaves these names null",
            node.setting[0].span,
            "add a match such as: name re#(.*)#",
        )
    if node.where_first:
        yield diagnostic("K505", "where in front of setting is deprecated", node.span, "put setting(…) first")


def check_action_block(node: n.ActionBlock, context: Context) -> Found:
    if node.kind != "choose":
        return
    for action in node.actions:
        if action.label is None:
            yield diagnostic(
                "K304",
                "every action inside choose needs a label",
                action.span,
                f"write: label => {action.name.id}(…)",
            )


def check_action(node: n.Action, context: Context) -> Found:
    if node.domain is not None:
        yield from _check_domain_action(node, node.domain, context)
        return
    binding = context.names.uses.get(id(node.name))
    known = None if binding is None else type_of_binding(binding, context.names)
    if known is not None and known != "Action":
        yield diagnostic("K303", f"{node.name.id} is a {known}, not an action", node.name.span)


def _check_domain_action(node: n.Action, domain: str, context: Context) -> Found:
    member, complaint = find_member(domain, node.name.id, node, context)
    if complaint is not None:
        yield complaint
    elif member is not None and member.kind not in ("action", "both"):
        yield diagnostic(
            "K303",
            f"{domain}:{node.name.id} is a {member.kind}, not an action",
            node.span,
            f"use it in a declaration: result = {domain}:{node.name.id}",
        )


def check_persistent(node: n.Assign | n.Clear | n.GivenEntity, context: Context) -> Found:
    if node.domain != "ent":
        yield diagnostic(
            "K310",
            f"only entity variables can change: {node.domain}:{node.name.id}",
            node.span,
            f"write ent:{node.name.id}",
        )


def check_assign(node: n.Assign, context: Context) -> Found:
    yield from check_persistent(node, context)
    value = node.value
    if (
        node.path is None
        and isinstance(value, n.MethodCall)
        and value.name.id == "put"
        and isinstance(value.target, n.DomainName)
        and (value.target.domain, value.target.name) == (node.domain, node.name.id)
        and len(value.arguments) == 2
    ):
        yield diagnostic(
            "K508",
            "this writes the whole variable to change one entry",
            node.span,
            f"write {node.domain}:{node.name.id}{{…}} := …",
        )
