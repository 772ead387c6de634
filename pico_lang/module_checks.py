"""What can be said of a ruleset when the modules it uses are at hand too.

On its own a ruleset can only be trusted to use names that its modules provide; with their texts beside
it, it can be checked. Modules that are not at hand are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from pico_lang import nodes as n
from pico_lang.check_context import domain_of
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.source import Span
from pico_lang.traversal import walk

Provided = Mapping[str, frozenset[str]]
"""By rid, what a ruleset provides."""


def provided_by(ruleset: n.Ruleset) -> frozenset[str]:
    """The names a ruleset provides to those that use it."""
    return frozenset(name.id for item in ruleset.meta if isinstance(item, n.Provides) for name in item.names)


def check_modules(ruleset: n.Ruleset, provided: Provided) -> Iterator[Diagnostic]:
    """Members that a used module does not have, as far as its text is known."""
    used = {domain_of(item).id: item.rid.id for item in ruleset.meta if isinstance(item, n.UseModule)}
    for domain, name, span in _mentions(ruleset):
        rid = used.get(domain)
        if rid is not None and rid in provided and name not in provided[rid]:
            yield diagnostic(
                "K402", f"{rid} does not provide {name}", span, _hint(domain, name, provided[rid])
            )


def _mentions(ruleset: n.Ruleset) -> Iterator[tuple[str, str, Span]]:
    for node in walk(ruleset):
        match node:
            case n.DomainName(domain=domain, name=name):
                yield domain, name, node.span
            case (
                n.MethodCall(domain=str(domain), name=identifier)
                | n.Action(domain=str(domain), name=identifier)
            ):
                yield domain, identifier.id, identifier.span
            case _:
                pass


def _hint(domain: str, name: str, offered: frozenset[str]) -> str:
    close = get_close_matches(name, offered, n=1)
    if close:
        return f"did you mean {domain}:{close[0]}?"
    return f"it provides: {', '.join(sorted(offered)) or 'nothing'}"
