"""The language as an interpreter that walks the tree: slow, obvious, and written without the compiler.

It is the second opinion in the differential tests: for every program the compiler and this walker must
ask the host for the same things in the same order and come to the same values. Environments are plain
dictionaries with a parent; nothing is resolved beforehand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pico_lang import nodes as n
from pico_lang import operators
from pico_lang.builtins import OPERATORS
from pico_lang.calls import call
from pico_lang.coercion import to_string, truthy
from pico_lang.errors import RuntimeFault
from pico_lang.host import Modules
from pico_lang.runtime import Runtime
from pico_lang.values import Action, RegExp, Value, make_map

INFIX: dict[str, Callable[[Runtime, Value, Value], Value]] = {
    "+": operators.add,
    "-": operators.subtract,
    "*": operators.multiply,
    "/": operators.divide,
    "%": operators.modulo,
    "<": operators.less,
    "<=": operators.less_equal,
    ">": operators.greater,
    ">=": operators.greater_equal,
    "==": operators.equals,
    "!=": operators.not_equals,
    "<=>": operators.compare,
    "cmp": operators.compare_strings,
    "><": operators.contains,
    "like": operators.like,
}


class Unset:
    """What a declared name holds before its declaration has run."""


@dataclass
class Environment:
    """The names of one block; blocks see those around them."""

    parent: Environment | None = None
    names: dict[str, Value] = field(default_factory=dict)

    def find(self, name: str) -> Environment | None:
        if name in self.names:
            return self
        return None if self.parent is None else self.parent.find(name)

    def get(self, name: str) -> Value:
        holder = self.find(name)
        if holder is None:
            raise KeyError(name)
        if isinstance(holder.names[name], Unset):
            raise RuntimeFault("R604", f"{name} is used before it has its value")
        return holder.names[name]


class Stop(Exception):
    """`last` or `error error`: the rule is over."""

    def __init__(self, ending: str) -> None:
        self.ending = ending


class Walker:
    """Evaluates nodes for one runtime."""

    def __init__(self, rt: Runtime, modules: Modules) -> None:
        self.rt = rt
        self.modules = modules

    # --- expressions -------------------------------------------------------------------------------

    def value(self, node: n.Expression, env: Environment) -> Value:
        match node:
            case n.NumberLiteral() | n.StringLiteral() | n.BooleanLiteral():
                return node.value
            case n.NullLiteral():
                return None
            case n.RegExpLiteral():
                return RegExp(node.source, node.flags)
            case n.Chevron():
                return "".join(p if isinstance(p, str) else to_string(self.value(p, env)) for p in node.parts)
            case n.ArrayLiteral():
                return [self.value(item, env) for item in node.items]
            case n.MapLiteral():
                return make_map([(entry.key, self.value(entry.value, env)) for entry in node.entries])
            case n.Name():
                return self.name(node.id, env)
            case n.DomainName():
                if node.domain == "ent":
                    return self.rt.host.get_entity(node.name)
                return self.rt.host.read_property(node.domain, node.name)
            case n.PathRead():
                return operators.read_path(self.rt, self.value(node.target, env), self.value(node.key, env))
            case n.PropertyRead():
                return operators.read_path(self.rt, self.value(node.target, env), node.name.id)
            case n.Unary():
                return self.unary(node, env)
            case n.Binary():
                return self.binary(node, env)
            case n.Conditional():
                chosen = node.then if truthy(self.value(node.test, env)) else node.otherwise
                return self.value(chosen, env)
            case n.FunctionLiteral():
                return self.function(node, env)
            case n.ActionLiteral():
                return self.defaction(node, env)
            case n.Call():
                return self.call(node, env)
            case n.MethodCall():
                return self.method(node, env)

    def name(self, name: str, env: Environment) -> Value:
        if env.find(name) is None:
            operator = OPERATORS[name]
            return lambda x=None, a=None, b=None: operator(self.rt, x, a, b)
        return env.get(name)

    def unary(self, node: n.Unary, env: Environment) -> Value:
        operand = self.value(node.operand, env)
        if node.operator == "not":
            return not truthy(operand)
        return operand if node.operator == "+" else operators.negate(self.rt, operand)

    def binary(self, node: n.Binary, env: Environment) -> Value:
        left = self.value(node.left, env)
        if node.operator in ("&&", "||"):
            decided = truthy(left) is (node.operator == "||")
            return left if decided else self.value(node.right, env)
        return INFIX[node.operator](self.rt, left, self.value(node.right, env))

    def function(self, node: n.FunctionLiteral, env: Environment) -> Value:
        def body(arguments: Sequence[Value]) -> Value:
            inner = self.enter(node.parameters, arguments, env)
            self.declare(node.declarations, inner)
            return self.value(node.result, inner)

        return as_function([parameter.name.id for parameter in node.parameters], body)

    def defaction(self, node: n.ActionLiteral, env: Environment) -> Value:
        def body(arguments: Sequence[Value]) -> Value:
            inner = self.enter(node.parameters, arguments, env)
            self.declare(node.declarations, inner)
            self.actions(node.block, inner)
            return None if node.result is None else self.value(node.result, inner)

        return Action("defaction", as_function([parameter.name.id for parameter in node.parameters], body))

    def enter(
        self, parameters: Sequence[n.Parameter], arguments: Sequence[Value], env: Environment
    ) -> Environment:
        outer = Environment(env)
        for parameter, argument in zip(parameters, arguments, strict=True):
            given = argument
            if given is None and parameter.default is not None:
                given = self.value(parameter.default, outer)
            outer.names[parameter.name.id] = given
        return Environment(outer)

    def declare(self, declarations: Sequence[n.Declaration], env: Environment) -> None:
        """A function sees the whole block from the start; any other declaration what stands above it."""
        for declaration in declarations:
            if isinstance(declaration.value, n.FunctionLiteral | n.ActionLiteral):
                value = self.value(declaration.value, env)
            else:
                value = self.value(declaration.value, env)
            env.names[declaration.name.id] = value

    def arguments(
        self, given: Sequence[n.Argument], env: Environment
    ) -> tuple[list[Value], dict[str, Value]]:
        positional: list[Value] = []
        named: dict[str, Value] = {}
        for one in given:
            value = self.value(one.value, env)
            if one.name is None:
                positional.append(value)
            else:
                named[one.name.id] = value
        return positional, named

    def call(self, node: n.Call, env: Environment) -> Value:
        if isinstance(node.callee, n.DomainName) and node.callee.domain != "ent":
            return self.member(node.callee.domain, node.callee.name, [], node.arguments, env)
        if isinstance(node.callee, n.Name) and env.find(node.callee.id) is None:
            return self.operator(node.callee.id, *self.arguments(node.arguments, env))
        function = self.value(node.callee, env)
        return call(self.rt, function, *self.arguments(node.arguments, env))

    def method(self, node: n.MethodCall, env: Environment) -> Value:
        target = self.value(node.target, env)
        if node.domain is not None:
            return self.member(node.domain, node.name.id, [target], node.arguments, env)
        positional, named = self.arguments(node.arguments, env)
        if env.find(node.name.id) is None:
            return self.operator(node.name.id, [target, *positional], named)
        return call(self.rt, env.get(node.name.id), [target, *positional], named)

    def operator(self, name: str, positional: list[Value], named: Mapping[str, Value]) -> Value:
        operator = OPERATORS[name]
        parameters = operator.__code__.co_varnames[1 : operator.__code__.co_argcount]
        known = {key: value for key, value in named.items() if key in parameters}
        given = {**dict(zip(parameters, positional, strict=False)), **known}
        return operator(self.rt, **given)

    def member(
        self, domain: str, name: str, first: list[Value], given: Sequence[n.Argument], env: Environment
    ) -> Value:
        return self.rt.host.call_function(domain, name, self.padded(domain, name, first, given, env))

    def padded(
        self, domain: str, name: str, first: list[Value], given: Sequence[n.Argument], env: Environment
    ) -> tuple[Value, ...]:
        positional, named = self.arguments(given, env)
        parameters = self.modules[domain][name].parameters
        values = dict(zip(parameters, [*first, *positional], strict=False))
        values.update({key: value for key, value in named.items() if key in parameters})
        return tuple(values.get(parameter) for parameter in parameters)

    # --- actions and rules -------------------------------------------------------------------------

    def actions(self, block: n.ActionBlock, env: Environment) -> bool:
        for action in block.actions:
            if action.setting is not None:
                env.names[action.setting.id] = None
        if block.condition is not None and not truthy(self.value(block.condition, env)):
            return False
        for action in self.chosen(block, env):
            result = self.act(action, env)
            if action.setting is not None:
                env.names[action.setting.id] = result
        return True

    def chosen(self, block: n.ActionBlock, env: Environment) -> Sequence[n.Action]:
        if block.kind == "sample":
            index = self.rt.host.choose_sample(len(block.actions)) if block.actions else 0
            return block.actions[index : index + 1]
        if block.kind == "choose":
            assert block.choice is not None
            wanted = self.value(block.choice, env)
            return [one for one in block.actions if one.label is not None and one.label.id == wanted][:1]
        return block.actions

    def act(self, action: n.Action, env: Environment) -> Value:
        host = self.rt.host
        if action.domain is not None:
            given = self.padded(action.domain, action.name.id, [], action.arguments, env)
            return host.run_action(action.domain, action.name.id, given)
        positional, named = self.arguments(action.arguments, env)
        if env.find(action.name.id) is None:
            if action.name.id == "noop":
                return None
            values = {**dict(zip(("name", "options"), positional, strict=False)), **named}
            return host.send_directive(values.get("name"), values.get("options"))
        value = env.get(action.name.id)
        if not isinstance(value, Action):
            raise RuntimeFault("R603", f"{action.name.id} is not an action")
        return call(self.rt, value.run, positional, named)

    def rule(self, rule: n.Rule, bindings: Mapping[str, Value], env: Environment) -> str:
        """Run a selected rule; "done", "last" or "error"."""
        inner = Environment(env, dict(bindings))
        try:
            self.loops(rule, rule.loops, True, inner)
        except Stop as stop:
            return stop.ending
        return "done"

    def loops(self, rule: n.Rule, loops: Sequence[n.Foreach], final: bool, env: Environment) -> None:
        if not loops:
            self.iteration(rule, final, env)
            return
        pairs = self.pairs(self.value(loops[0].collection, env))
        for index, (value, key) in enumerate(pairs):
            names = [name.id for name in loops[0].setting]
            inner = Environment(env, dict(zip(names, [value, key, *[None] * len(names)], strict=False)))
            self.loops(rule, loops[1:], final and index == len(pairs) - 1, inner)

    def pairs(self, collection: Value) -> list[tuple[Value, Value]]:
        if isinstance(collection, list):
            return [(value, float(index)) for index, value in enumerate(collection)]
        if isinstance(collection, dict):
            return [(value, key) for key, value in collection.items()]
        if isinstance(collection, str):
            return [(char, str(index)) for index, char in enumerate(collection)]
        return []

    def iteration(self, rule: n.Rule, final: bool, env: Environment) -> None:
        inner = Environment(env)
        self.declare(rule.pre, inner)
        fired = True if rule.block is None else self.actions(rule.block, inner)
        if fired:
            self.rt.host.fired()
        if rule.postlude is not None:
            self.postlude(rule.postlude, fired, final, Environment(inner))

    def postlude(self, postlude: n.Postlude, fired: bool, final: bool, env: Environment) -> None:
        runs_body = postlude.kind == "always" or fired is (postlude.kind == "fired")
        for statement in postlude.body.statements:
            if isinstance(statement.core, n.Declaration):
                env.names.setdefault(statement.core.name.id, None)
        if runs_body:
            self.block(postlude.body, final, env)
        elif postlude.otherwise is not None:
            self.block(postlude.otherwise, final, Environment(env))
        if postlude.final is not None:
            self.block(postlude.final, final, env)

    def block(self, block: n.Block, final: bool, env: Environment) -> None:
        for statement in block.statements:
            wanted = statement.condition is None or truthy(self.value(statement.condition, env))
            if wanted and (final or not statement.on_final):
                self.statement(statement.core, env)

    def upgrade(self, upgrade: n.Upgrade, env: Environment) -> None:
        inner = Environment(env)
        for statement in upgrade.body.statements:
            if isinstance(statement.core, n.Declaration):
                inner.names.setdefault(statement.core.name.id, None)
        self.block(upgrade.body, True, inner)

    def optional(self, node: n.Expression | None, env: Environment) -> Value:
        return None if node is None else self.value(node, env)

    def statement(self, core: n.StatementCore, env: Environment) -> None:
        host = self.rt.host
        match core:
            case n.Declaration():
                env.names[core.name.id] = self.value(core.value, env)
            case n.Assign(path=None):
                host.set_entity(core.name.id, self.value(core.value, env))
            case n.Assign():
                path = self.optional(core.path, env)
                host.set_entity_path(core.name.id, path, self.value(core.value, env))
            case n.Clear(path=None):
                host.clear_entity(core.name.id)
            case n.Clear():
                host.clear_entity_path(core.name.id, self.optional(core.path, env))
            case n.Raise():
                domain = None if core.domain is None else core.domain.id
                event = self.value(core.event, env)
                host.raise_event(
                    domain, event, self.optional(core.for_rid, env), self.optional(core.attributes, env)
                )
            case n.Schedule():
                domain = None if core.domain is None else core.domain.id
                event, timing = self.value(core.event, env), self.value(core.timing, env)
                entry = host.schedule(domain, event, core.kind, timing, self.optional(core.attributes, env))
                if core.setting is not None:
                    env.names[core.setting.id] = entry
            case n.Log():
                host.log(core.level, self.value(core.value, env), None)
            case n.RaiseError():
                host.raise_error(core.level, self.value(core.value, env))
                if core.level == "error":
                    raise Stop("error")
            case n.Last():
                raise Stop("last")


def as_function(names: Sequence[str], body: Callable[[Sequence[Value]], Value]) -> Value:
    """A function value with these parameter names, which the language finds out from its code."""
    parameters = [f"v{index}_{name}" for index, name in enumerate(names)]
    header = ", ".join(f"{parameter}=None" for parameter in parameters)
    made: dict[str, Value] = {"body": body}
    exec(f"def function({header}): return body(({''.join(p + ', ' for p in parameters)}))", made)
    return made["function"]
