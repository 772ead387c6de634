"""What each rule of `grammar.lark` becomes: a function of its span and its children that makes a node.

`NODES` lists them by the name the grammar uses; `SHAPES` are the few that only collect what others
made and need no span. Nothing here decides whether a text is well formed: the grammar did.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from pico_lang.productions import events, expressions, rules, rulesets, tests


def empty() -> list[Any]:
    return []


def absent() -> None:
    return None


def first(item: Any) -> list[Any]:
    return [item]


def append(items: list[Any], item: Any) -> list[Any]:
    # In place: a list belongs to the one reading that is being built, and copies would be quadratic.
    items.append(item)
    return items


SHAPES: Mapping[str, Callable[..., Any]] = {
    "empty": empty,
    "absent": absent,
    "first": first,
    "append": append,
}

NODES: Mapping[str, Callable[..., Any]] = {
    **expressions.NODES,
    **events.NODES,
    **rules.NODES,
    **rulesets.NODES,
    **tests.NODES,
}
