"""Every node below a node, without recursion: trees may be deeper than Python's stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from pico_lang.nodes import Node


def walk(root: Node) -> Iterator[Node]:
    """The node itself and everything below it, in the order of the text."""
    waiting: list[Node] = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(list(children(node))))


def children(node: Node) -> Iterator[Node]:
    """The nodes directly below a node."""
    for name in _field_names(type(node)):
        value = getattr(node, name)
        if isinstance(value, Node):
            yield value
        elif type(value) is tuple:
            yield from (item for item in value if isinstance(item, Node))


_FIELD_NAMES: dict[type[Node], tuple[str, ...]] = {}


def _field_names(kind: type[Node]) -> tuple[str, ...]:
    if (known := _FIELD_NAMES.get(kind)) is not None:
        return known
    return _FIELD_NAMES.setdefault(kind, tuple(field.name for field in fields(kind) if field.name != "span"))
