"""Which of the installed plugins an engine takes: a setting that names some of them, or says all or none."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class PluginChoice:
    """Those with these names, or all of them."""

    names: tuple[str, ...] = ()
    is_all: bool = False

    def __str__(self) -> str:
        return "true" if self.is_all else ", ".join(self.names) or "false"

    def takes(self, name: str) -> bool:
        """Whether the plugin of that name is one of those meant."""
        return self.is_all or name in self.names


ALL_PLUGINS = PluginChoice(is_all=True)
NO_PLUGIN = PluginChoice()


def read_choice(value: object) -> PluginChoice:
    """From a setting: true for all, false for none, a list of names, or a text with commas.

    Raises `ValueError` when something in it is no name.
    """
    match value:
        case PluginChoice():
            return value
        case True | "true":
            return ALL_PLUGINS
        case False | "false" | "":
            return NO_PLUGIN
        case str():
            return read_choice(value.split(","))
        case list():
            return PluginChoice(tuple(map(_read, value)))
    raise ValueError


def _read(part: object) -> str:
    text = part.strip() if isinstance(part, str) else ""
    if not _NAME.fullmatch(text):
        raise ValueError
    return text
