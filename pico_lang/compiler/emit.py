"""Making Python syntax trees: what is being written, and the few shapes it is written in.

A `Unit` is one ruleset (or one expression) under compilation, a `Body` one block of one Python
function in it. Every Python node carries the KRL position it comes from, so that the traceback of a
failing program tells lines and columns of the ruleset without any bookkeeping while it runs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from pico_lang import nodes as n
from pico_lang.host import Modules
from pico_lang.names import Names
from pico_lang.source import Source
from pico_lang.traversal import children, walk

T = TypeVar("T", bound=ast.AST)


@dataclass(slots=True)
class Unit:
    """What all code of one ruleset shares."""

    source: Source
    names: Names
    modules: Modules
    module_variables: dict[str, str]
    """Domain of a used module → Python variable that holds what it provides."""
    constants: dict[str, Any] = field(default_factory=dict)
    """Names in the compiled code's namespace for values that Python has no literal for."""
    numbers: count[int] = field(default_factory=count)

    def fresh(self, prefix: str) -> str:
        """A Python name that nothing else in this unit has."""
        return f"{prefix}{next(self.numbers)}"

    def constant(self, prefix: str, value: Any) -> ast.expr:
        name = self.fresh(prefix)
        self.constants[name] = value
        return load(name)


@dataclass(slots=True)
class Body:
    """A block under construction; expressions add the function definitions they need to it."""

    unit: Unit
    statements: list[ast.stmt] = field(default_factory=list)

    def block(self) -> Body:
        """A new block in the same unit: the inside of an `if`, a loop or a function."""
        return Body(self.unit)

    def emit(self, statement: ast.stmt, node: n.Node) -> None:
        self.statements.append(locate(statement, node, self.unit.source))

    def assign(self, name: str, value: ast.expr, node: n.Node) -> None:
        self.emit(ast.Assign([store(name)], value), node)

    def finished(self) -> list[ast.stmt]:
        """The statements; Python wants at least one in a block."""
        return self.statements or [ast.Pass(lineno=1, col_offset=0)]


def locate(tree: T, node: n.Node, source: Source) -> T:
    """Give the tree, as far as it has none yet, the position of a KRL node."""
    line, column = source.position(node.span.start)
    end_line, end_column = source.position(node.span.end)
    waiting: list[ast.AST] = [tree]
    while waiting:
        one = waiting.pop()
        if hasattr(one, "lineno"):
            continue
        if "lineno" in one._attributes:
            one.lineno, one.col_offset = line, column - 1  # type: ignore[attr-defined]
            one.end_lineno, one.end_col_offset = end_line, end_column - 1  # type: ignore[attr-defined]
        waiting.extend(ast.iter_child_nodes(one))
    return tree


def load(name: str) -> ast.expr:
    return ast.Name(name, ast.Load())


def store(name: str) -> ast.expr:
    return ast.Name(name, ast.Store())


def keep(name: str, value: ast.expr) -> ast.expr:
    """`(name := value)`."""
    return ast.NamedExpr(ast.Name(name, ast.Store()), value)


def literal(value: str | float | bool | None) -> ast.expr:
    return ast.Constant(value)


def call(function: str | ast.expr, *arguments: ast.expr) -> ast.expr:
    return ast.Call(load(function) if isinstance(function, str) else function, list(arguments), [])


def attribute(value: ast.expr, name: str) -> ast.expr:
    return ast.Attribute(value, name, ast.Load())


def host(method: str, *arguments: ast.expr) -> ast.expr:
    """`rt.host.method(…)`."""
    return call(attribute(attribute(load("rt"), "host"), method), *arguments)


def tuple_of(items: Iterable[ast.expr]) -> ast.expr:
    return ast.Tuple(list(items), ast.Load())


def list_of(items: Iterable[ast.expr]) -> ast.expr:
    return ast.List(list(items), ast.Load())


def map_of(keys: Iterable[str], values: Iterable[ast.expr]) -> ast.expr:
    return ast.Dict([literal(key) for key in keys], list(values))


def is_float(*values: ast.expr) -> ast.expr:
    """`type(a) is type(b) is float`."""
    types = [call("type", value) for value in values]
    return ast.Compare(types[0], [ast.Is()] * len(types), [*types[1:], load("float")])


def choose(test: ast.expr, then: ast.expr, otherwise: ast.expr) -> ast.expr:
    return ast.IfExp(test, then, otherwise)


def define(name: str, parameters: Sequence[str], body: Body, defaults: bool = True) -> ast.FunctionDef:
    """`def name(a=None, b=None): …`."""
    return ast.FunctionDef(
        name=name,
        args=ast.arguments(
            posonlyargs=[],
            args=[ast.arg(parameter) for parameter in parameters],
            kwonlyargs=[],
            kw_defaults=[],
            defaults=[literal(None) for _ in parameters] if defaults else [],
        ),
        body=body.finished(),
        decorator_list=[],
    )


DEEPEST = 20
"""Links of a chain that become one nested Python expression; Python's own compiler has its limits."""


def outline_every(count: int, value: ast.expr, node: n.Node, body: Body) -> ast.expr:
    """The value of a growing chain; after every so many links, a call of a function that computes it.

    What a function computes it computes when it is called, so conditions and order stay as they are.
    """
    locate(value, node, body.unit.source)
    if count % DEEPEST:
        return value
    name, inner = body.unit.fresh("part"), body.block()
    inner.emit(ast.Return(value), node)
    body.emit(define(name, [], inner), node)
    return locate(call(name), node, body.unit.source)


def count_step(body: Body, node: n.Node) -> None:
    """`m.steps -= cost`, and stop when none are left: the first thing a function does.

    The cost grows with the size of the body: else one call of a function as long as a ruleset may be
    would do the work of thousands and count as one.
    """
    steps = ast.Attribute(load("m"), "steps", ast.Store())
    cost = 1 + own_size(node) // NODES_PER_STEP
    body.emit(ast.AugAssign(steps, ast.Sub(), ast.Constant(cost)), node)
    spent = ast.Compare(attribute(load("m"), "steps"), [ast.Lt()], [ast.Constant(0)])
    stop = ast.Expr(call(attribute(load("m"), "exhausted")))
    body.emit(ast.If(spent, [stop], []), node)


NODES_PER_STEP = 32
"""Nodes of a body that one step pays for."""


def own_size(node: n.Node) -> int:
    """Nodes in a function's text, without the functions inside it, which count when they are called."""
    size, waiting = 0, [node]
    while waiting:
        size += 1
        waiting += [
            child
            for child in children(waiting.pop())
            if not isinstance(child, n.FunctionLiteral | n.ActionLiteral)
        ]
    return size


def is_small_leaf(node: n.FunctionLiteral) -> bool:
    """Whether a function is short and calls nothing, so that whoever calls it has paid for it already.

    Such functions are what `map`, `filter` and `reduce` are mostly given, and those charge for every
    element; no recursion passes through a function that calls nothing.
    """
    calls = (n.Call, n.MethodCall, n.FunctionLiteral, n.ActionLiteral)
    inside = [one for one in walk(node) if one is not node]
    return len(inside) < NODES_PER_STEP and not any(isinstance(one, calls) for one in inside)
