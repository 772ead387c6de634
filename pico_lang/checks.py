"""What can be said against a ruleset whose names are resolved, before it is ever run.

Each check is a small function over one kind of node or over the whole ruleset, in a module of its kind;
`check` runs them all and reports everything at once, in the order of the text. Follows section 17 of the
language reference and goes further where running the program could only fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from pico_lang import expression_checks as expressions
from pico_lang import meta_checks as meta
from pico_lang import nodes as n
from pico_lang import rule_checks as rules
from pico_lang import suite_checks as suites
from pico_lang.check_context import Context, Found, domain_of
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.event_checks import check_events
from pico_lang.host import Modules
from pico_lang.names import Names
from pico_lang.traversal import walk

MOST_SCOPES = 2_000_000
"""Rules and functions, times all that is declared. Python's compiler looks at every name of a function for
each function inside it, and lets no other thread run meanwhile: this many take it a fifth of a second."""


def check(ruleset: n.Ruleset, names: Names, modules: Modules) -> list[Diagnostic]:
    """Everything found, errors and warnings, those of name resolution included, in text order."""
    aliases = frozenset(domain_of(item).id for item in ruleset.meta if isinstance(item, n.UseModule))
    context = Context(names, modules, aliases)
    found = list(names.diagnostics)
    for whole in _RULESET_CHECKS:
        found += whole(ruleset, context)
    found += _check_nodes(ruleset, context)
    found += check_events(ruleset)
    return in_text_order(found)


def check_snippet(
    snippet: n.Snippet, names: Names, modules: Modules, used: Iterable[str] = ()
) -> list[Diagnostic]:
    """The same for what stands alone, with the domains of modules used around it."""
    context = Context(names, modules, frozenset(used))
    return in_text_order([*names.diagnostics, *_check_nodes(snippet, context)])


def check_tests(file: n.TestFile, names: Names, modules: Modules, used: Iterable[str]) -> list[Diagnostic]:
    """The same for tests of a ruleset that is elsewhere."""
    context = Context(names, modules, frozenset(used))
    found = [*names.diagnostics, *suites.check_test_names(file.tests), *_check_nodes(file, context)]
    return in_text_order(found)


def in_text_order(found: Iterable[Diagnostic]) -> list[Diagnostic]:
    return sorted(found, key=lambda one: (one.span.start, one.code))


def _check_nodes(root: n.Node, context: Context) -> Found:
    """The checks that look at one node at a time, over a tree or a single expression."""
    callees = {id(node.callee) for node in walk(root) if isinstance(node, n.Call)}
    for node in walk(root):
        if isinstance(node, n.DomainName) and id(node) in callees:
            continue
        one = _NODE_CHECKS.get(type(node))
        if one is not None:
            yield from one(node, context)
    yield from expressions.check_links(root)


def _check_size(ruleset: n.Ruleset, context: Context) -> Found:
    bodies = names = 0
    for node in walk(ruleset):
        if isinstance(node, (n.Rule, n.FunctionLiteral, n.ActionLiteral)):
            bodies += 1
        elif isinstance(node, (n.Declaration, n.Parameter)):
            names += 1
    if bodies * (bodies + names) > MOST_SCOPES:
        yield diagnostic(
            "K107",
            f"{bodies:,} rules and functions with {names:,} names are too many for one ruleset",
            ruleset.rid.span,
            "make modules of it: several rulesets, of which one uses the others",
        )


def _check_test_names(ruleset: n.Ruleset, context: Context) -> Found:
    yield from suites.check_test_names(ruleset.tests)


_RULESET_CHECKS: tuple[Callable[[n.Ruleset, Context], Iterable[Diagnostic]], ...] = (
    _check_size,
    meta.check_meta,
    meta.check_upgrades,
    meta.check_version,
    meta.check_shares,
    meta.check_aliases,
    rules.check_rule_names,
    _check_test_names,
)

_NODE_CHECKS: dict[type[n.Node], Callable[..., Iterable[Diagnostic]]] = {
    n.Upgrade: meta.check_upgrade,
    n.Rule: rules.check_rule,
    n.BaseEvent: rules.check_base_event,
    n.ActionBlock: rules.check_action_block,
    n.Action: rules.check_action,
    n.Assign: rules.check_assign,
    n.Clear: rules.check_persistent,
    n.Test: suites.check_test,
    n.GivenEntity: rules.check_persistent,
    n.GivenAnswer: suites.check_given_answer,
    n.ExpectError: suites.check_expected_error,
    n.ExpectFault: suites.check_expected_error,
    n.Call: expressions.check_call,
    n.DomainName: expressions.check_domain_name,
    n.MethodCall: expressions.check_method,
    n.PropertyRead: expressions.check_property,
    n.Name: expressions.check_name,
    n.RegExpLiteral: expressions.check_regexp,
}
