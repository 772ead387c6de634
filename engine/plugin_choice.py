"""Which of the installed plugins an engine takes: a setting that names some of them, or says all or none."""

from __future__ import annotations

import re
from dataclasses import dataclass

from engine.choices import read_choice

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


def read_plugins(value: object) -> PluginChoice:
    """From a setting: true for all, false for none, a list of names, or a text with commas.

    Raises `ValueError` when something in it is no name.
    """
    return read_choice(value, ALL_PLUGINS, NO_PLUGIN, lambda parts: PluginChoice(tuple(map(_read, parts))))


def _read(part: str) -> str:
    text = part.strip()
    if not _NAME.fullmatch(text):
        raise ValueError
    return text
