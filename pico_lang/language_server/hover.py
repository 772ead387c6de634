"""What an editor shows when somebody rests on a word: how it is used, and what it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.language_server.analysis import Analysis
from pico_lang.language_server.descriptions import (
    member_doc,
    member_signature,
    operator_doc,
    operator_signature,
    variable_doc,
    variable_signature,
)
from pico_lang.language_server.document import Document
from pico_lang.language_server.symbols import (
    Domain,
    EntityVariable,
    Member,
    RuleName,
    Symbol,
    Variable,
    use_of,
)
from pico_lang.lexer import Token
from pico_lang.names import Binding
from pico_lang.source import Source, Span
from pico_lang.traversal import walk


@dataclass(frozen=True, slots=True)
class Hover:
    """Code, prose, and the part of the text that both are about."""

    span: Span
    code: str
    prose: str


def hover_at(document: Document, offset: int) -> Hover | None:
    """None where nothing has a name, and while the text cannot be read."""
    if document.analysis is None:
        return None
    occurrence = document.analysis.occurrence_at(offset)
    if occurrence is None:
        return None
    return Hover(occurrence.span, *_describe(occurrence.symbol, document.analysis))


def _describe(symbol: Symbol, analysis: Analysis) -> tuple[str, str]:
    """Code and prose."""
    match symbol:
        case Variable(binding):
            return _variable(binding, analysis)
        case EntityVariable(name):
            return f"ent:{name}", _entity_variable(name, analysis.tree)
        case Domain(name):
            return name, _domain(name, analysis)
        case Member(domain, name):
            return _member(domain, name, analysis)
        case RuleName(name):
            return f"rule {name}", _rule(name, analysis)


def _variable(binding: Binding, analysis: Analysis) -> tuple[str, str]:
    if binding.kind == "operator":
        return operator_signature(binding.name), operator_doc(binding.name)
    prose = variable_doc(binding, analysis.names)
    if binding.place is not None:
        prose = _with_comment(prose, comment_above(binding.place, analysis))
    return variable_signature(binding, analysis.source), prose


def _entity_variable(name: str, tree: n.Ruleset) -> str:
    """Who changes it is what one wants to know of a variable that lives for years."""
    upgrades = (item for item in tree.meta if isinstance(item, n.Upgrade))
    changing: list[n.Rule | n.Upgrade] = [*upgrades, *tree.rules]
    rules = [_called(one) for one in changing if _changes(one, name)]
    return f"entity variable; {'changed by ' + ', '.join(rules) if rules else 'no rule here changes it'}"


def _called(one: n.Rule | n.Upgrade) -> str:
    if isinstance(one, n.Rule):
        return one.name.id
    return f"upgrade from {', '.join(version.value for version in one.versions)}"


def _changes(one: n.Rule | n.Upgrade, name: str) -> bool:
    return any(isinstance(node, n.Assign | n.Clear) and node.name.id == name for node in walk(one))


def _domain(name: str, analysis: Analysis) -> str:
    if (use := use_of(name, analysis.tree)) is not None:
        return f"the module {use.rid.id}"
    members = analysis.modules.get(name)
    return "no module is known by this name" if members is None else f"built in: {', '.join(sorted(members))}"


def _member(domain: str, name: str, analysis: Analysis) -> tuple[str, str]:
    if (use := use_of(domain, analysis.tree)) is not None:
        return f"{domain}:{name}", f"provided by {use.rid.id}"
    member = analysis.modules.get(domain, {}).get(name)
    if member is None:
        return f"{domain}:{name}", "no module has it"
    return member_signature(domain, name, member), member_doc(domain, member)


def _rule(name: str, analysis: Analysis) -> str:
    rule = next(rule for rule in analysis.tree.rules if rule.name.id == name)
    if rule.select is None:
        return "never selected"
    text = analysis.source.text[rule.select.span.start : rule.select.span.end]
    return _with_comment(f"`{' '.join(text.split())}`", comment_above(rule, analysis))


def _with_comment(prose: str, comment: str) -> str:
    return f"{prose}\n\n{comment}" if comment else prose


def comment_above(node: n.Node, analysis: Analysis) -> str:
    """The comments that end right above the line of a node, with nothing but them on their lines."""
    source = analysis.source
    line = source.position(node.span.start)[0]
    found: list[str] = []
    for comment in reversed(analysis.lexed.comments):
        if comment.end <= node.span.start and _stands_alone(comment, line, source):
            found.append(_inner(comment.text))
            line = source.position(comment.start)[0]
    return "\n".join(reversed(found))


def _stands_alone(comment: Token, line_below: int, source: Source) -> bool:
    first, column = source.position(comment.start)
    last, end = source.position(comment.end)
    return (
        last == line_below - 1
        and not source.line(first)[: column - 1].strip()
        and not source.line(last)[end - 1 :].strip()
    )


def _inner(comment: str) -> str:
    """The text of a comment without what marks it as one."""
    if comment.startswith("//"):
        return comment[2:].strip()
    lines: Sequence[str] = comment[2:-2].splitlines()
    return "\n".join(line.strip().removeprefix("*").strip() for line in lines).strip()
