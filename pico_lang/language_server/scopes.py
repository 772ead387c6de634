"""Which names a place can mention.

Follows section 3 of the language reference from the outside in, so that an inner declaration hides an
outer one. Standard operators are visible everywhere and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pico_lang import nodes as n
from pico_lang.language_server.analysis import Analysis
from pico_lang.names import Binding
from pico_lang.source import Span
from pico_lang.traversal import walk

Scope = n.Upgrade | n.Rule | n.Test | n.FunctionLiteral | n.ActionLiteral
"""What has names of its own."""


def visible_at(analysis: Analysis, offset: int) -> dict[str, Binding]:
    """The names that an expression at an offset could mention, and what each would mean."""
    visible = dict(_of_ruleset(analysis, offset))
    for node in walk(analysis.tree):
        if isinstance(node, Scope) and is_within(offset, node.span):
            for identifier in _of_scope(node, offset):
                visible[identifier.id] = analysis.names.made_by(identifier)
    return visible


def is_within(offset: int, span: Span) -> bool:
    return span.start < offset < span.end


def _of_ruleset(analysis: Analysis, offset: int) -> Iterator[tuple[str, Binding]]:
    """Names of meta and global, as far as the place knows them."""
    tree, names = analysis.tree, analysis.names
    match next((item for item in tree.meta if item.span.start < offset <= item.span.end), None):
        case n.MetaText():
            return
        case n.UseModule() | n.Configure():
            known = {name.id for name in _of_block(_configured(tree), offset)}
        case n.Shares() | n.Provides() | n.Upgrade():
            known = set(names.globals)
        case _:
            known = set(names.globals) - _pending(tree.declarations, offset)
    yield from ((name, made) for name, made in names.globals.items() if name in known)


def _configured(tree: n.Ruleset) -> list[n.Declaration]:
    items = [item for item in tree.meta if isinstance(item, n.Configure)]
    return [declaration for item in items for declaration in item.declarations]


def _pending(declarations: Sequence[n.Declaration], offset: int) -> set[str]:
    """What `global` declares too far down for a place within it to know."""
    if not declarations or not is_within(offset, _whole(declarations)):
        return set()
    known = {name.id for name in _of_block(declarations, offset)}
    return {declaration.name.id for declaration in declarations} - known


def _whole(nodes: Sequence[n.Node]) -> Span:
    return nodes[0].span.to(nodes[-1].span)


def _of_block(declarations: Sequence[n.Declaration], offset: int) -> Iterator[n.Identifier]:
    """Bodies of functions know all names of the block, other declarations only those before them."""
    in_a_body = any(
        isinstance(declaration.value, n.FunctionLiteral | n.ActionLiteral)
        and is_within(offset, declaration.value.span)
        for declaration in declarations
    )
    for declaration in declarations:
        if in_a_body or declaration.span.end < offset:
            yield declaration.name


def _of_scope(node: Scope, offset: int) -> Iterator[n.Identifier]:
    match node:
        case n.Upgrade():
            for statement in node.body.statements:
                yield from _of_statement(statement.core, offset)
        case n.Rule():
            yield from _of_rule(node, offset)
        case n.Test():
            declared = [step.name for step in node.steps if isinstance(step, n.Declaration)]
            yield from _before(offset, declared)
        case n.FunctionLiteral():
            yield from _of_parameters(node.parameters, offset)
            yield from _of_block(node.declarations, offset)
        case n.ActionLiteral():
            yield from _of_parameters(node.parameters, offset)
            yield from _of_block(node.declarations, offset)
            yield from _of_actions(node.block, offset)


def _of_parameters(parameters: Sequence[n.Parameter], offset: int) -> Iterator[n.Identifier]:
    """A default can mention the parameters in front of it."""
    yield from (parameter.name for parameter in parameters if parameter.span.end < offset)


def _of_rule(rule: n.Rule, offset: int) -> Iterator[n.Identifier]:
    if isinstance(rule.select, n.SelectWhen):
        within = rule.select.within
        if within is not None and within.span.start < offset <= within.span.end:
            # It is evaluated once, before there is any event.
            return
        yield from _before(offset, list(_of_event(rule.select.event)))
    for loop in rule.loops:
        yield from _before(offset, loop.setting)
    yield from _of_block(rule.pre, offset)
    if rule.block is not None:
        yield from _of_actions(rule.block, offset)
    if rule.postlude is not None:
        yield from _of_postlude(rule.postlude, offset)


def _of_event(event: n.EventExpression) -> Iterator[n.Identifier]:
    for node in walk(event):
        if isinstance(node, n.BaseEvent):
            yield from node.setting
        elif isinstance(node, n.Aggregator):
            yield from node.names


def _of_actions(block: n.ActionBlock, offset: int) -> Iterator[n.Identifier]:
    settings = [action.setting for action in block.actions if action.setting is not None]
    yield from _before(offset, settings)


def _of_postlude(postlude: n.Postlude, offset: int) -> Iterator[n.Identifier]:
    """Names of `fired` and `notfired` are visible to the end, those of `else` only in it."""
    for block in (postlude.body, postlude.otherwise, postlude.final):
        if block is None or (block is postlude.otherwise and not is_within(offset, block.span)):
            continue
        for statement in block.statements:
            yield from _of_statement(statement.core, offset)


def _of_statement(core: n.StatementCore, offset: int) -> Iterator[n.Identifier]:
    if core.span.end >= offset:
        return
    if isinstance(core, n.Declaration):
        yield core.name
    elif isinstance(core, n.Schedule) and core.setting is not None:
        yield core.setting


def _before(offset: int, identifiers: Sequence[n.Identifier]) -> Iterator[n.Identifier]:
    yield from (identifier for identifier in identifiers if identifier.span.end < offset)
