"""What a ruleset says about itself for testing: its shared functions and the events it selects.

The value of the predefined `__testing`, from which forms can be made. Follows section 7 of the
language reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pico_lang import nodes as n
from pico_lang.traversal import walk
from pico_lang.values import Value


def describe_testing(ruleset: n.Ruleset) -> Mapping[str, Value]:
    """`{"queries": [{"name", "args"}], "events": [{"domain", "name", "attrs"}]}`."""
    return {"queries": list(_queries(ruleset)), "events": list(_events(ruleset))}


def _queries(ruleset: n.Ruleset) -> Iterator[Mapping[str, Value]]:
    values = {declaration.name.id: declaration.value for declaration in ruleset.declarations}
    for item in ruleset.meta:
        if isinstance(item, n.Shares):
            for name in item.names:
                value = values.get(name.id)
                parameters = value.parameters if isinstance(value, n.FunctionLiteral) else ()
                yield {"name": name.id, "args": [parameter.name.id for parameter in parameters]}


def _events(ruleset: n.Ruleset) -> Iterator[Mapping[str, Value]]:
    for rule in ruleset.rules:
        if rule.select is None:
            continue
        attributes = list(_attributes(rule))
        seen: set[tuple[str, str]] = set()
        for node in walk(rule.select):
            if isinstance(node, n.BaseEvent) and (node.domain, node.name) not in seen:
                seen.add((node.domain, node.name))
                yield {"domain": node.domain, "name": node.name, "attrs": attributes}


def _attributes(rule: n.Rule) -> Iterator[str]:
    """Names of the attributes a rule matches or reads, once each."""
    seen: set[str] = set()
    for node in walk(rule):
        name = _attribute(node)
        if name is not None and name not in seen:
            seen.add(name)
            yield name


def _attribute(node: n.Node) -> str | None:
    match node:
        case n.AttributeMatch(attribute=name):
            return name
        case n.PathRead(target=n.DomainName(domain="event", name="attrs"), key=n.StringLiteral(value=name)):
            return name
        case n.Call(callee=n.DomainName(domain="event", name="attr"), arguments=(first, *_)):
            return _text(first)
        case n.MethodCall(
            target=n.DomainName(domain="event", name="attrs"),
            name=n.Identifier(id="get"),
            arguments=(first, *_),
        ):
            return _text(first)
        case _:
            return None


def _text(argument: n.Argument) -> str | None:
    return argument.value.value if isinstance(argument.value, n.StringLiteral) else None
