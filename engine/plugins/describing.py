"""What can be said of the modules that an engine has, as a JSON document."""

from __future__ import annotations

from typing import Any

from engine.core.catalogue import Domain
from engine.core.domains import words
from engine.plugins.collection import Plugin, Plugins
from pico_lang.host import Member

Document = dict[str, Any]

BUILT_IN = "built in"
"""Where a module comes from that every engine has."""


def tell_modules(plugins: Plugins) -> Document:
    """Modules with their members and where they come from, and what is to be said against others."""
    return {
        "modules": [
            _tell_domain(domain, plugins.find(domain.name)) for domain in plugins.catalogue.domains.values()
        ],
        "problems": [
            {"name": one.name, "from": one.origin, "reason": one.reason} for one in plugins.problems
        ],
    }


def _tell_domain(domain: Domain, plugin: Plugin | None) -> Document:
    return {
        "name": domain.name,
        "from": BUILT_IN if plugin is None else plugin.origin,
        "about": words.MODULES[domain.name] if plugin is None else plugin.module.about,
        "free": domain.is_free,
        "members": _tell_members(domain, plugin),
    }


def _tell_members(domain: Domain, plugin: Plugin | None) -> list[Document]:
    if plugin is None:
        return [
            {
                "name": name,
                "kind": _KINDS[one.kind],
                "signature": _signature(one),
                "about": words.MEMBERS[f"{domain.name}:{name}"],
            }
            for name, one in domain.members.items()
        ]
    return [
        {"name": name, "kind": one.kind, "signature": f"({one.signature})", "about": one.about}
        for name, one in plugin.module.members.items()
    ]


def _signature(member: Member) -> str:
    return "" if member.kind == "property" else f"({', '.join(member.parameters)})"


_KINDS = {
    "property": "value",
    "function": "function",
    "action": "action",
    "both": "function and action",
}
