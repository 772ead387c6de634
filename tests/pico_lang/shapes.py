"""Trees compared by what they say, wherever it stands in the text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from typing import Any

from pico_lang.nodes import Node


def shape(tree: Node) -> list[Any]:
    """A tree as a flat list without spans: equal for two trees exactly if only their spans differ.

    Flat, because trees lean further left than Python's stack is deep, and `==` of nodes recurses.
    """
    return list(_flattened(tree))


def _flattened(tree: Node) -> Iterator[Any]:
    waiting: list[Any] = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Node):
            yield type(value).__name__
            names = [field.name for field in fields(value) if field.name != "span"]
            waiting.extend(getattr(value, name) for name in reversed(names))
        elif isinstance(value, tuple):
            yield len(value)
            waiting.extend(reversed(value))
        else:
            yield value
