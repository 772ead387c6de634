"""Things with a name in a ruleset, and every place where one is mentioned.

Two mentions mean the same thing if their symbols are equal. Variables come from the table of
`pico_lang.names`; entity variables, modules, their members and rules are known by their names alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pico_lang import nodes as n
from pico_lang.check_context import domain_of
from pico_lang.lexer import Token
from pico_lang.names import Binding, Names
from pico_lang.source import Span
from pico_lang.traversal import walk

ENTITY = "ent"
"""The domain of entity variables."""


@dataclass(frozen=True, slots=True)
class Variable:
    """A declared name, a parameter and the like, or a standard operator."""

    binding: Binding

    @property
    def name(self) -> str:
        return self.binding.name


@dataclass(frozen=True, slots=True)
class EntityVariable:
    name: str


@dataclass(frozen=True, slots=True)
class Domain:
    """What stands in front of a colon: a built-in module, or one that `use module` names."""

    name: str


@dataclass(frozen=True, slots=True)
class Member:
    """What stands behind the colon of a module."""

    domain: str
    name: str


@dataclass(frozen=True, slots=True)
class RuleName:
    name: str


Symbol = Variable | EntityVariable | Domain | Member | RuleName


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A mention of something; a definition is where a reader would look for what it is."""

    span: Span
    symbol: Symbol
    is_definition: bool = False


def occurrences(tree: n.Ruleset, names: Names, tokens: Sequence[Token]) -> list[Occurrence]:
    """All mentions of everything, in the order of the text."""
    search = _Search(names, {token.start: index for index, token in enumerate(tokens)}, tokens)
    found = [one for node in walk(tree) for one in search.in_node(node)]
    return sorted(found, key=lambda one: one.span.start)


def function_of(binding: Binding | None) -> n.FunctionLiteral | n.ActionLiteral | None:
    """The function that a name is sure to mean; a configured one may be another."""
    if binding is not None and binding.kind != "configured":
        value = binding.value
        if isinstance(value, n.FunctionLiteral | n.ActionLiteral):
            return value
    return None


def use_of(domain: str, tree: n.Ruleset) -> n.UseModule | None:
    """The `use module` that makes a name the name of a module."""
    for item in tree.meta:
        if isinstance(item, n.UseModule) and domain_of(item).id == domain:
            return item
    return None


@dataclass(frozen=True, slots=True)
class _Search:
    names: Names
    places: Mapping[int, int]
    """Where a token begins → its index."""
    tokens: Sequence[Token]

    def in_node(self, node: n.Node) -> Iterator[Occurrence]:
        """The mentions in a node itself, not those in the nodes below it."""
        match node:
            case n.Name() | n.Identifier():
                yield from self._variable(node)
            case n.DomainName():
                yield from self._domain_name(node)
            case n.MethodCall() | n.PropertyRead() | n.Action() if node.domain is not None:
                yield from self._member(node.domain, node.name.span)
            case n.Assign() | n.Clear() | n.GivenEntity() if node.domain == ENTITY:
                yield Occurrence(
                    node.name.span, EntityVariable(node.name.id), is_definition=isinstance(node, n.Assign)
                )
            case n.Shares() | n.Provides():
                yield from self._exported(node)
            case n.UseModule():
                yield Occurrence(domain_of(node).span, Domain(domain_of(node).id), is_definition=True)
            case n.Rule():
                yield Occurrence(node.name.span, RuleName(node.name.id), is_definition=True)
            case _:
                pass
        if isinstance(node, n.Call | n.MethodCall | n.Action):
            yield from self._named_arguments(node)

    def _variable(self, node: n.Name | n.Identifier) -> Iterator[Occurrence]:
        if (binding := self.names.uses.get(id(node))) is not None:
            yield Occurrence(node.span, Variable(binding))
        elif (binding := self.names.declared.get(id(node))) is not None:
            yield Occurrence(node.span, Variable(binding), is_definition=True)

    def _domain_name(self, node: n.DomainName) -> Iterator[Occurrence]:
        name = self.tokens[self.places[node.span.start] + 2]
        if node.domain == ENTITY:
            yield Occurrence(name.span, EntityVariable(node.name))
        else:
            yield from self._member(node.domain, name.span)

    def _member(self, domain: str, name: Span) -> Iterator[Occurrence]:
        """Domain, colon and name are three tokens, whatever space is between them."""
        place = self.places[name.start]
        yield Occurrence(self.tokens[place - 2].span, Domain(domain))
        yield Occurrence(name, Member(domain, self.tokens[place].text))

    def _exported(self, node: n.Shares | n.Provides) -> Iterator[Occurrence]:
        for name in node.names:
            if (binding := self.names.globals.get(name.id)) is not None:
                yield Occurrence(name.span, Variable(binding))

    def _named_arguments(self, node: n.Call | n.MethodCall | n.Action) -> Iterator[Occurrence]:
        """A name in front of an argument is a mention of the parameter, if it is known whose."""
        function = function_of(self._callee(node))
        if function is None:
            return
        parameters = {
            parameter.name.id: self.names.made_by(parameter.name) for parameter in function.parameters
        }
        for argument in node.arguments:
            if argument.name is not None and argument.name.id in parameters:
                yield Occurrence(argument.name.span, Variable(parameters[argument.name.id]))

    def _callee(self, node: n.Call | n.MethodCall | n.Action) -> Binding | None:
        if isinstance(node, n.Call):
            return self.names.uses.get(id(node.callee))
        return self.names.uses.get(id(node.name)) if node.domain is None else None
