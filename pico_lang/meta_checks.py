"""Checks of what a ruleset says of itself in `meta`, and in front of it."""

from __future__ import annotations

from difflib import get_close_matches

from pico_lang import nodes as n
from pico_lang.check_context import Context, Found, domain_of
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.static_types import type_of_binding


def check_meta(ruleset: n.Ruleset, context: Context) -> Found:
    seen: set[str] = set()
    for item in ruleset.meta:
        match item:
            case n.MetaText(property=name) if name in seen:
                yield diagnostic(
                    "K308", f"only one {name} is allowed in meta", item.span, "remove one of them"
                )
            case n.MetaText(property=name):
                seen.add(name)
            case n.MetaLogging():
                yield diagnostic(
                    "K503",
                    "logging has no effect",
                    item.span,
                    "remove it; log statements are always recorded",
                )
            case n.MetaKey():
                yield _unsupported(
                    "key", item, "give keys to a ruleset with the configuration it is installed with"
                )
            case n.ErrorsTo():
                yield _unsupported("errors to", item, "write a rule that selects when system:error")
            case n.ProvidesKeys():
                yield _unsupported(
                    "provides keys", item, "pass them with the module's configuration: with key = …"
                )
            case _:
                pass


def check_upgrades(ruleset: n.Ruleset, context: Context) -> Found:
    upgrades = [item for item in ruleset.meta if isinstance(item, n.Upgrade)]
    version = _own_version(ruleset)
    if upgrades and version is None:
        yield diagnostic(
            "K314",
            "an upgrade block in a ruleset that has no version",
            upgrades[0].span,
            'say in meta to which version it leads: version "2.0"',
        )
    seen: set[str] = set()
    for one in (version for upgrade in upgrades for version in upgrade.versions):
        if one.value in seen:
            message = f'another upgrade block is for version "{one.value}" already'
            yield diagnostic("K315", message, one.span, "make one block of the two")
        elif one.value == version:
            message = f'"{one.value}" is the version of this very text'
            yield diagnostic("K316", message, one.span, "name the version of the text that it replaces")
        seen.add(one.value)


def _own_version(ruleset: n.Ruleset) -> str | None:
    for item in ruleset.meta:
        match item:
            case n.MetaText(property="version", value=n.StringLiteral(value=version)):
                return version
    return None


def check_upgrade(node: n.Upgrade, context: Context) -> Found:
    for statement in node.body.statements:
        if statement.on_final:
            yield diagnostic("K311", "on final belongs in a foreach", statement.span, "remove on final")
        elif not isinstance(statement.core, n.Assign | n.Clear | n.Log | n.Declaration):
            yield diagnostic(
                "K311",
                "an upgrade block only changes entity variables",
                statement.core.span,
                "assign, clear, declare and log here; let a rule do the rest",
            )


def _unsupported(name: str, item: n.Node, hint: str) -> Diagnostic:
    return diagnostic("K309", f"meta property not supported: {name}", item.span, hint)


def check_version(ruleset: n.Ruleset, context: Context) -> Found:
    if ruleset.version is not None:
        yield diagnostic(
            "K504",
            "a version in front of meta is deprecated",
            ruleset.version.span,
            "write it inside meta { … }",
        )


def check_shares(ruleset: n.Ruleset, context: Context) -> Found:
    for item in ruleset.meta:
        if isinstance(item, n.Shares | n.Provides):
            for name in item.names:
                yield from _check_exported(name, isinstance(item, n.Shares), context)


def _check_exported(name: n.Identifier, shared: bool, context: Context) -> Found:
    verb = "share" if shared else "provide"
    binding = context.names.globals.get(name.id)
    if binding is None:
        close = get_close_matches(name.id, context.names.globals, n=1)
        yield diagnostic(
            "K306",
            f"trying to {verb} {name.id}, but global does not define it",
            name.span,
            f"did you mean {close[0]}?" if close else f"declare {name.id} in global",
        )
    elif shared and type_of_binding(binding, context.names) == "Action":
        yield diagnostic(
            "K307",
            f"actions must not be shared: {name.id}",
            name.span,
            "provide it to other rulesets instead",
        )


def check_aliases(ruleset: n.Ruleset, context: Context) -> Found:
    seen: set[str] = set()
    for item in ruleset.meta:
        if isinstance(item, n.UseModule):
            domain = domain_of(item)
            if domain.id in seen:
                yield diagnostic(
                    "K404",
                    f"two modules are used as {domain.id}",
                    domain.span,
                    "give one of them another alias",
                )
            seen.add(domain.id)
