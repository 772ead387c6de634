"""Which declaration each name means: scopes, resolved into a table beside the tree.

One walk over the tree declares and resolves. Every declaration gets a number of its own, so that
the compiler can give each variable a name that no other has and shadowing needs no further thought.
Follows section 3 of the language reference; what it says of a name is K2xx.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Literal

from pico_lang import nodes as n
from pico_lang.diagnostics import Diagnostic, diagnostic

BindingKind = Literal["operator", "configured", "global", "local", "parameter", "setting", "loop", "result"]

PREDEFINED = ("__testing",)
"""Names that every ruleset has around its global scope and may declare anew, from their old value if it
likes."""

TEST_NAMES = ("directives", "query")
"""Names that every test has: what was directed since something last happened, and a function that asks."""


@dataclass(frozen=True, slots=True, eq=False)
class Binding:
    """One declaration of a name. `value` is what it is declared as, where that is an expression."""

    name: str
    number: int
    kind: BindingKind
    place: n.Identifier | None = None
    value: n.Expression | None = None

    @property
    def python_name(self) -> str:
        """Unique in the whole ruleset; the part after the first `_` is the KRL name."""
        return f"v{self.number}_{self.name}"


@dataclass(slots=True)
class Scope:
    """Names of one block; `pending` are those it will declare further down."""

    parent: Scope | None
    names: dict[str, Binding] = field(default_factory=dict)
    pending: frozenset[str] = frozenset()

    def find(self, name: str) -> Binding | None:
        scope: Scope | None = self
        while scope is not None:
            if (found := scope.names.get(name)) is not None:
                return found
            scope = scope.parent
        return None

    def is_pending(self, name: str) -> bool:
        return name in self.pending or (self.parent is not None and self.parent.is_pending(name))

    def visible(self) -> Iterator[str]:
        yield from self.names
        if self.parent is not None:
            yield from self.parent.visible()


@dataclass(slots=True)
class Names:
    """The table. Keys are `id(node)`: it is valid as long as the tree it was made from lives."""

    uses: dict[int, Binding] = field(default_factory=dict)
    """For every `Name`, and for the `Identifier` of a method call or of an action without domain."""
    declared: dict[int, Binding] = field(default_factory=dict)
    """For every declaring `Identifier`."""
    globals: dict[str, Binding] = field(default_factory=dict)
    """What `configure` and `global` declare, by name, and what is predefined and not declared anew."""
    predefined: dict[str, Binding] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def of(self, node: n.Name | n.Identifier) -> Binding:
        """The binding that a resolved mention of a name means."""
        return self.uses[id(node)]

    def made_by(self, identifier: n.Identifier) -> Binding:
        """The binding that a declaring identifier made."""
        return self.declared[id(identifier)]

    def is_used(self, binding: Binding) -> bool:
        return any(used is binding for used in self.uses.values())


def resolve(ruleset: n.Ruleset, operators: Iterable[str]) -> Names:
    """Resolve every name of a ruleset; `operators` are the standard ones, actions included."""
    resolver = _Resolver(operators)
    resolver.ruleset(ruleset)
    return resolver.names


def resolve_snippet(snippet: n.Snippet, operators: Iterable[str], known: Iterable[str] = ()) -> Names:
    """Resolve what stands alone; `known` are names given to it from outside."""
    resolver = _Resolver(operators)
    scope = Scope(resolver.given(known))
    resolver.block(snippet.declarations, scope, "local")
    if snippet.result is not None:
        resolver.expression(snippet.result, scope)
    return resolver.names


def resolve_tests(tests: Sequence[n.Test], operators: Iterable[str], known: Iterable[str]) -> Names:
    """Resolve tests for a ruleset that is elsewhere; `known` are the names it declares."""
    resolver = _Resolver(operators)
    scope = resolver.given(known)
    for test in tests:
        resolver.test(test, scope)
    return resolver.names


class _Resolver:
    """The walk. One method per kind of place; scopes are passed along, never stored."""

    def __init__(self, operators: Iterable[str]) -> None:
        self.names = Names()
        self._count = 0
        self.root = Scope(None)
        self.root.names = {name: self.binding(name, "operator") for name in operators}

    def binding(
        self,
        name: str,
        kind: BindingKind,
        place: n.Identifier | None = None,
        value: n.Expression | None = None,
    ) -> Binding:
        self._count += 1
        return Binding(name, self._count, kind, place, value)

    def declare(
        self, identifier: n.Identifier, kind: BindingKind, scope: Scope, value: n.Expression | None = None
    ) -> Binding:
        made = self.binding(identifier.id, kind, identifier, value)
        scope.names[identifier.id] = made
        self.names.declared[id(identifier)] = made
        return made

    def given(self, known: Iterable[str]) -> Scope:
        """A scope with names that come from outside."""
        scope = Scope(self.root, {name: self.binding(name, "global") for name in known})
        self.names.globals = scope.names
        return scope

    def complain(self, code: str, message: str, node: n.Node, hint: str | None = None) -> None:
        self.names.diagnostics.append(diagnostic(code, message, node.span, hint))

    # --- the ruleset -------------------------------------------------------------------------------

    def ruleset(self, ruleset: n.Ruleset) -> None:
        predefined = self.names.predefined
        predefined.update((name, self.binding(name, "global")) for name in PREDEFINED)
        configured = Scope(Scope(self.root, predefined))
        for item in ruleset.meta:
            self.meta_item(item, configured)
        top = Scope(configured)
        self.block(ruleset.declarations, top, "global")
        self.names.globals = {**predefined, **configured.names, **top.names}
        for item in ruleset.meta:
            if isinstance(item, n.Upgrade):
                self.statements(item.body, Scope(top))
        for rule in ruleset.rules:
            self.rule(rule, top)
        for test in ruleset.tests:
            self.test(test, top)

    def meta_item(self, item: n.MetaItem, configured: Scope) -> None:
        match item:
            case n.MetaText():
                self.expression(item.value, self.root)
            case n.Configure():
                self.block(item.declarations, configured, "configured")
            case n.UseModule():
                for declaration in item.configuration:
                    self.expression(declaration.value, configured)
            case _:
                pass

    def block(self, declarations: Sequence[n.Declaration], scope: Scope, kind: BindingKind) -> None:
        """Declarations in textual order; bodies of functions last, when all names are there."""
        scope.pending = frozenset(declaration.name.id for declaration in declarations)
        seen: dict[str, n.Identifier] = {}
        bodies: list[n.Expression] = []
        for declaration in declarations:
            if isinstance(declaration.value, n.FunctionLiteral | n.ActionLiteral):
                bodies.append(declaration.value)
            else:
                self.expression(declaration.value, scope)
            self._declare_once(declaration, scope, kind, seen)
        scope.pending = frozenset()
        for body in bodies:
            self.expression(body, scope)

    def _declare_once(
        self, declaration: n.Declaration, scope: Scope, kind: BindingKind, seen: dict[str, n.Identifier]
    ) -> None:
        name = declaration.name
        if name.id in seen:
            self.complain(
                "K202", f"{name.id} is declared twice in this block", name, "give one of them another name"
            )
        seen[name.id] = name
        self.declare(name, kind, scope, declaration.value)

    # --- rules -------------------------------------------------------------------------------------

    def rule(self, rule: n.Rule, top: Scope) -> None:
        scope = Scope(top)
        if isinstance(rule.select, n.SelectWhen):
            self.event(rule.select.event, scope)
            if rule.select.within is not None:
                self.expression(rule.select.within.amount, top)
        elif rule.select is not None:
            self.expression(rule.select.condition, scope)
        for loop in rule.loops:
            self.expression(loop.collection, scope)
            scope = Scope(scope)
            for name in loop.setting:
                self.declare(name, "loop", scope)
        inner = Scope(scope)
        self.block(rule.pre, inner, "local")
        if rule.block is not None:
            self.action_block(rule.block, inner)
        if rule.postlude is not None:
            self.postlude(rule.postlude, Scope(inner))

    def event(self, event: n.EventExpression, scope: Scope) -> None:
        match event:
            case n.BaseEvent():
                self.settings(event.setting, scope)
                if event.where is not None:
                    self.expression(event.where, scope)
            case n.EventOperator() | n.AnyOf():
                for operand in event.operands:
                    self.event(operand, scope)
            case n.Between():
                for part in (event.event, event.opening, event.closing):
                    self.event(part, scope)
            case n.Counted():
                self.event(event.event, scope)
                if event.aggregator is not None:
                    self.settings(event.aggregator.names, scope)

    def settings(self, identifiers: Sequence[n.Identifier], scope: Scope) -> None:
        """The same name in two base events is one variable: the latest capture wins."""
        for identifier in identifiers:
            known = scope.names.get(identifier.id)
            if known is None:
                self.declare(identifier, "setting", scope)
            else:
                self.names.declared[id(identifier)] = known

    def action_block(self, block: n.ActionBlock, scope: Scope) -> None:
        for part in (block.condition, block.choice):
            if part is not None:
                self.expression(part, scope)
        for action in block.actions:
            if action.domain is None:
                self.mention(action.name, scope)
            self.arguments(action.arguments, scope)
            if action.setting is not None:
                self.declare(action.setting, "result", scope)

    def postlude(self, postlude: n.Postlude, scope: Scope) -> None:
        """Names of `fired` and `notfired` are visible in `finally`, those of `else` are not in them."""
        self.statements(postlude.body, scope)
        if postlude.otherwise is not None:
            self.statements(postlude.otherwise, Scope(scope))
        if postlude.final is not None:
            self.statements(postlude.final, scope)

    def statements(self, block: n.Block, scope: Scope) -> None:
        for statement in block.statements:
            if statement.condition is not None:
                self.expression(statement.condition, scope)
            self.statement(statement.core, scope)

    def statement(self, core: n.StatementCore, scope: Scope) -> None:
        match core:
            case n.Declaration():
                self.expression(core.value, scope)
                self.declare(core.name, "result", scope)
            case n.Assign():
                self.optional(scope, core.path, core.value)
            case n.Clear():
                self.optional(scope, core.path)
            case n.Raise():
                self.optional(scope, core.event, core.for_rid, core.attributes)
            case n.Schedule():
                self.optional(scope, core.event, core.timing, core.attributes)
                if core.setting is not None:
                    self.declare(core.setting, "result", scope)
            case n.Log() | n.RaiseError():
                self.expression(core.value, scope)
            case n.Last():
                pass

    def optional(self, scope: Scope, *parts: n.Expression | None) -> None:
        for part in parts:
            if part is not None:
                self.expression(part, scope)

    # --- tests -------------------------------------------------------------------------------------

    def test(self, test: n.Test, top: Scope) -> None:
        """Names hold from their step on, those that every test has from the first."""
        given = Scope(top, {name: self.binding(name, "global") for name in TEST_NAMES})
        scope = Scope(given)
        seen: dict[str, n.Identifier] = {}
        for step in test.steps:
            match step:
                case n.Declaration(value=n.FunctionLiteral()):
                    self._declare_once(step, scope, "local", seen)
                    self.expression(step.value, scope)
                case n.Declaration():
                    self.expression(step.value, scope)
                    self._declare_once(step, scope, "local", seen)
                case n.GivenConfiguration():
                    # Needed to install the ruleset, so none of its names are there yet.
                    self.expression(step.value, self.root)
                case _:
                    self.optional(scope, *expressions_of(step))

    # --- expressions -------------------------------------------------------------------------------

    def mention(self, node: n.Name | n.Identifier, scope: Scope) -> None:
        found = scope.find(node.id)
        if found is not None:
            self.names.uses[id(node)] = found
        elif scope.is_pending(node.id):
            self.complain(
                "K207",
                f"{node.id} is used before its declaration",
                node,
                f"move the declaration of {node.id} above this line",
            )
        else:
            self.complain("K201", f"undefined name {node.id}", node, self._guess(node.id, scope))

    def _guess(self, name: str, scope: Scope) -> str | None:
        close = get_close_matches(name, set(scope.visible()), n=1, cutoff=0.75)
        return f"did you mean {close[0]}?" if close else None

    def arguments(self, arguments: Sequence[n.Argument], scope: Scope) -> None:
        named = False
        for argument in arguments:
            if argument.name is not None:
                named = True
            elif named:
                self.complain(
                    "K205",
                    "a positional argument after a named one",
                    argument,
                    "name this argument too, or put it in front",
                )
            self.expression(argument.value, scope)

    def parameters(self, parameters: Sequence[n.Parameter], scope: Scope) -> None:
        seen: set[str] = set()
        defaulted = False
        for parameter in parameters:
            name = parameter.name
            if name.id in seen:
                self.complain(
                    "K203", f"the parameter {name.id} stands here twice", name, "rename one of them"
                )
            seen.add(name.id)
            if parameter.default is not None:
                defaulted = True
                self.expression(parameter.default, scope)
            elif defaulted:
                self.complain(
                    "K204",
                    f"{name.id} has no default but follows a parameter that has one",
                    name,
                    f"write {name.id} = null",
                )
            self.declare(name, "parameter", scope)

    def expression(self, node: n.Expression, scope: Scope) -> None:
        """Resolve an expression; what `x.f(…){…}` hangs on is come to in a loop, for such chains are long."""
        hung_on: n.Expression | None = node
        while hung_on is not None:
            hung_on = self.link(hung_on, scope)

    def link(self, node: n.Expression, scope: Scope) -> n.Expression | None:
        """Resolve a node but for the expression that it hangs on, which is returned."""
        match node:
            case n.Name():
                self.mention(node, scope)
            case n.FunctionLiteral():
                self.function(node, scope)
            case n.ActionLiteral():
                self.defaction(node, scope)
            case n.MethodCall():
                if node.domain is None:
                    self.mention(node.name, scope)
                self.arguments(node.arguments, scope)
                return node.target
            case n.Call():
                self.arguments(node.arguments, scope)
                return node.callee
            case n.PathRead():
                self.expression(node.key, scope)
                return node.target
            case n.PropertyRead():
                return node.target
            case _:
                for part in parts_of(node):
                    self.expression(part, scope)
        return None

    def function(self, node: n.FunctionLiteral, scope: Scope) -> None:
        outer = Scope(scope)
        self.parameters(node.parameters, outer)
        inner = Scope(outer)
        self.block(node.declarations, inner, "local")
        self.expression(node.result, inner)

    def defaction(self, node: n.ActionLiteral, scope: Scope) -> None:
        outer = Scope(scope)
        self.parameters(node.parameters, outer)
        inner = Scope(outer)
        self.block(node.declarations, inner, "local")
        self.action_block(node.block, inner)
        if node.result is not None:
            self.expression(node.result, inner)


def expressions_of(step: n.TestStep) -> Sequence[n.Expression | None]:
    """The expressions that a step of a test is made of, as far as it is."""
    match step:
        case n.GivenEntity():
            return [step.path, step.value]
        case n.GivenAnswer():
            return [step.asked, step.answer]
        case n.Send():
            return [step.attributes]
        case n.Wait():
            return [step.amount]
        case n.ExpectDirective() | n.ExpectEvent():
            return [] if step.details is None else [step.details.value]
        case n.Declaration() | n.GivenConfiguration() | n.ExpectValue() | n.ExpectFault():
            return [step.value]
        case n.GivenPreset() | n.ExpectError():
            return []


def parts_of(node: n.Expression) -> Sequence[n.Expression]:
    """The expressions directly inside one that declares nothing and calls nothing by name."""
    match node:
        case n.Chevron():
            return [part for part in node.parts if not isinstance(part, str)]
        case n.ArrayLiteral():
            return node.items
        case n.MapLiteral():
            return [entry.value for entry in node.entries]
        case n.Unary():
            return [node.operand]
        case n.Binary():
            return operands_of(node)
        case n.Conditional():
            return rungs_of(node)
        case _:
            return []


def operands_of(node: n.Binary) -> Sequence[n.Expression]:
    """The operands of a chain of infix operators, left to right.

    A loop, because a chain such as `a + b + c …` leans left by its whole length.
    """
    rights: list[n.Expression] = []
    left: n.Expression = node
    while isinstance(left, n.Binary):
        rights.append(left.right)
        left = left.left
    return [left, *reversed(rights)]


def rungs_of(node: n.Conditional) -> Sequence[n.Expression]:
    """The expressions of a ladder `a => b | c => d | e`, which leans right by its whole length."""
    rungs: list[n.Expression] = []
    rest: n.Expression = node
    while isinstance(rest, n.Conditional):
        rungs += (rest.test, rest.then)
        rest = rest.otherwise
    return [*rungs, rest]
