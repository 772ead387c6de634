"""What the checks of a ruleset may look at, and what more than one of them asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pico_lang import nodes as n
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.host import Member, Modules
from pico_lang.names import Names

Found = Iterator[Diagnostic]


@dataclass(frozen=True, slots=True)
class Context:
    """What every check may look at."""

    names: Names
    modules: Modules
    aliases: frozenset[str]
    """Domains of used modules."""


def domain_of(item: n.UseModule) -> n.Identifier:
    """The name under which a used module is called: its alias, else its rid."""
    return item.alias or item.rid


def find_member(
    domain: str, name: str, node: n.Node, context: Context
) -> tuple[Member | None, Diagnostic | None]:
    """The built-in member of that name, or what is wrong; neither for members of used modules."""
    if domain in context.aliases:
        return None, None
    members = context.modules.get(domain)
    if members is None:
        return None, _unknown_module(domain, node, context)
    if name not in members:
        close = get_close_matches(name, members, n=1)
        hint = (
            f"did you mean {domain}:{close[0]}?" if close else f"{domain} has: {', '.join(sorted(members))}"
        )
        return None, diagnostic("K402", f"{domain} has no {name}", node.span, hint)
    return members[name], None


def _unknown_module(domain: str, node: n.Node, context: Context) -> Diagnostic:
    close = get_close_matches(domain, [*context.aliases, *context.modules, "ent"], n=1)
    hint = (
        f"did you mean {close[0]}?"
        if close
        else (f"add to meta: use module … alias {domain}; or is a plugin missing that has it?")
    )
    return diagnostic("K401", f"there is no module {domain}", node.span, hint)
