"""How a ruleset is used from outside, as far as its text says: events with their attributes, and queries.

Types and defaults are read off the places where a rule takes an attribute: `.as("Number")`,
`.defaultsTo(1)`, a pattern that it has to match. What is not said is left open. It is told as JSON Schema,
which forms and other programs understand.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pico_lang import nodes as n
from pico_lang.traversal import walk

Schema = dict[str, Any]

TYPES = {"Number": "number", "String": "string", "Boolean": "boolean", "Array": "array", "Map": "object"}
"""Of the language, and what JSON Schema calls them."""


@dataclass(slots=True)
class Value:
    """An attribute or an argument."""

    name: str
    type: str | None = None
    default: Any = None
    has_default: bool = False
    pattern: str | None = None

    def schema(self) -> Schema:
        told: Schema = {} if self.type is None else {"type": self.type}
        if self.has_default:
            told["default"] = self.default
        if self.pattern is not None:
            told["description"] = f"a rule wants it to match re#{self.pattern}#"
        return told


@dataclass(slots=True)
class EventInterface:
    domain: str
    name: str
    values: dict[str, Value] = field(default_factory=dict)
    required: set[str] | None = None
    """Attributes without which no rule is selected by it; None until a rule was looked at."""
    about: list[str] = field(default_factory=list)
    """The names of the rules."""

    def schema(self) -> Schema:
        return _schema(list(self.values.values()), sorted(self.required or ()))


@dataclass(frozen=True, slots=True)
class QueryInterface:
    name: str
    values: tuple[Value, ...]

    def schema(self) -> Schema:
        return _schema(self.values, [])


@dataclass(frozen=True, slots=True)
class Interface:
    rid: str
    description: str
    events: tuple[EventInterface, ...]
    queries: tuple[QueryInterface, ...]


def describe_interface(ruleset: n.Ruleset) -> Interface:
    return Interface(ruleset.rid.id, _description(ruleset), tuple(_events(ruleset)), tuple(_queries(ruleset)))


def _schema(values: Sequence[Value], required: Sequence[str]) -> Schema:
    told: Schema = {"type": "object", "properties": {one.name: one.schema() for one in values}}
    return told | ({"required": list(required)} if required else {})


def _description(ruleset: n.Ruleset) -> str:
    """What its meta block says, if that is a plain text."""
    for item in ruleset.meta:
        if isinstance(item, n.MetaText) and item.property == "description":
            return _plain(item.value).strip()
    return ""


def _plain(value: n.Expression) -> str:
    match value:
        case n.StringLiteral(value=text):
            return text
        case n.Chevron(parts=parts):
            return "".join(part for part in parts if isinstance(part, str))
    return ""


# --- queries -----------------------------------------------------------------------------------------


def _queries(ruleset: n.Ruleset) -> Iterator[QueryInterface]:
    values = {declaration.name.id: declaration.value for declaration in ruleset.declarations}
    for item in ruleset.meta:
        if isinstance(item, n.Shares):
            for name in item.names:
                function = values.get(name.id)
                parameters = function.parameters if isinstance(function, n.FunctionLiteral) else ()
                yield QueryInterface(name.id, tuple(map(_argument, parameters)))


def _argument(parameter: n.Parameter) -> Value:
    value = Value(parameter.name.id)
    if parameter.default is not None:
        _take_default(value, parameter.default)
    return value


# --- events ------------------------------------------------------------------------------------------


def _events(ruleset: n.Ruleset) -> Iterator[EventInterface]:
    found: dict[tuple[str, str], EventInterface] = {}
    for rule in ruleset.rules:
        if isinstance(rule.select, n.SelectWhen) and rule.active:
            _add_rule(rule, rule.select, found)
    return iter(found.values())


def _add_rule(rule: n.Rule, select: n.SelectWhen, found: dict[tuple[str, str], EventInterface]) -> None:
    reads = _reads(rule)
    for node in walk(select):
        if isinstance(node, n.BaseEvent):
            event = found.setdefault((node.domain, node.name), EventInterface(node.domain, node.name))
            event.about.append(rule.name.id)
            matched = {one.attribute for one in node.matches}
            event.required = matched if event.required is None else event.required & matched
            for one in node.matches:
                event.values.setdefault(
                    one.attribute, Value(one.attribute, "string", pattern=one.pattern.source)
                )
            for name, value in reads.items():
                event.values.setdefault(name, value)


def _reads(rule: n.Rule) -> Mapping[str, Value]:
    """The attributes that a rule takes, each with what is said of it where that is done."""
    found: dict[str, Value] = {}
    for node in walk(rule):
        chain: list[n.MethodCall] = []
        inner: n.Node = node
        while isinstance(inner, n.MethodCall) and _read(inner) is None:
            chain.append(inner)
            inner = inner.target
        name = _read(inner)
        if name is not None:
            value = found.setdefault(name, Value(name))
            for call in reversed(chain):
                _take_call(value, call)
    return found


def _read(node: n.Node) -> str | None:
    """The name of the attribute that is read there."""
    match node:
        case n.PathRead(target=n.DomainName(domain="event", name="attrs"), key=n.StringLiteral(value=name)):
            return name
        case n.Call(callee=n.DomainName(domain="event", name="attr"), arguments=(first, *_)):
            return first.value.value if isinstance(first.value, n.StringLiteral) else None
        case n.MethodCall(
            target=n.DomainName(domain="event", name="attrs"),
            name=n.Identifier(id="get"),
            arguments=(first, *_),
        ):
            return first.value.value if isinstance(first.value, n.StringLiteral) else None
    return None


def _take_call(value: Value, call: n.MethodCall) -> None:
    match call:
        case n.MethodCall(
            name=n.Identifier(id="as"), arguments=(n.Argument(value=n.StringLiteral(value=kind)),)
        ):
            value.type = value.type or TYPES.get(kind)
        case n.MethodCall(name=n.Identifier(id="defaultsTo"), arguments=(first, *_)):
            if not value.has_default:
                _take_default(value, first.value)


def _take_default(value: Value, default: n.Expression) -> None:
    """If it is written out: what is computed is known only when it is."""
    match default:
        case n.NumberLiteral(value=number):
            value.default = int(number) if number.is_integer() else number
            value.type = value.type or "number"
        case n.StringLiteral(value=text):
            value.default, value.type = text, value.type or "string"
        case n.BooleanLiteral(value=truth):
            value.default, value.type = truth, value.type or "boolean"
        case n.ArrayLiteral(items=()):
            value.default, value.type = [], value.type or "array"
        case n.MapLiteral(entries=()):
            value.default, value.type = {}, value.type or "object"
        case _:
            return
    value.has_default = True
