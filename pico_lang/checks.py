"""What can be said against a ruleset whose names are resolved, before it is ever run.

Each check is a small function over one kind of node or over the whole ruleset; `check` runs them all
and reports everything at once, in the order of the text. Follows section 17 of the language
reference and goes further where running the program could only fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from pico_lang import nodes as n
from pico_lang.diagnostics import Diagnostic, diagnostic
from pico_lang.errors import FAULTS
from pico_lang.event_checks import check_events
from pico_lang.event_patterns import problems
from pico_lang.host import Member, Modules
from pico_lang.names import Names
from pico_lang.regexps import check_regexp
from pico_lang.static_types import ACTIONS, type_of, type_of_binding
from pico_lang.traversal import walk

MAX_LINKS = 100
"""Calls and reads that hang on one another, as in `x.f().g(){"a"}`."""

MAX_LOOPS = 12
"""Nested `foreach`; the code that runs them cannot nest without end."""

MOST_SCOPES = 2_000_000
"""Rules and functions, times all that is declared. Python's compiler looks at every name of a function for
each function inside it, and lets no other thread run meanwhile: this many take it a fifth of a second."""

Found = Iterator[Diagnostic]


@dataclass(frozen=True, slots=True)
class Context:
    """What every check may look at."""

    names: Names
    modules: Modules
    aliases: frozenset[str]
    """Domains of used modules."""


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
    found = [*names.diagnostics, *_check_test_names(file.tests), *_check_nodes(file, context)]
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
    yield from _check_links(root)


def _check_links(root: n.Node) -> Found:
    """A chain is blamed once, as a whole; its links are found from the outside inwards."""
    links: dict[int, int] = {}
    for node in walk(root):
        hangs_on = _hangs_on(node)
        if hangs_on is not None:
            links[id(hangs_on)] = count = links.get(id(node), 0) + 1
            if count == MAX_LINKS + 1:
                yield diagnostic(
                    "K105",
                    f"more than {MAX_LINKS} calls and reads that hang on one another",
                    node.span,
                    "give the value in the middle a name",
                )


def _hangs_on(node: n.Node) -> n.Expression | None:
    match node:
        case n.MethodCall(target=target) | n.PathRead(target=target) | n.PropertyRead(target=target):
            return target
        case n.Call(callee=callee):
            return callee
        case _:
            return None


def domain_of(item: n.UseModule) -> n.Identifier:
    """The name under which a used module is called: its alias, else its rid."""
    return item.alias or item.rid


# --- size ------------------------------------------------------------------------------------------


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


# --- meta ------------------------------------------------------------------------------------------


def _check_meta(ruleset: n.Ruleset, context: Context) -> Found:
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


def _check_upgrades(ruleset: n.Ruleset, context: Context) -> Found:
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


def _check_upgrade(node: n.Upgrade, context: Context) -> Found:
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


def _check_version(ruleset: n.Ruleset, context: Context) -> Found:
    if ruleset.version is not None:
        yield diagnostic(
            "K504",
            "a version in front of meta is deprecated",
            ruleset.version.span,
            "write it inside meta { … }",
        )


def _check_shares(ruleset: n.Ruleset, context: Context) -> Found:
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


def _check_aliases(ruleset: n.Ruleset, context: Context) -> Found:
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


# --- rules -----------------------------------------------------------------------------------------


def _check_rule_names(ruleset: n.Ruleset, context: Context) -> Found:
    seen: set[str] = set()
    for rule in ruleset.rules:
        if rule.name.id in seen:
            yield diagnostic(
                "K206", f"duplicate rule name {rule.name.id}", rule.name.span, "rename one of them"
            )
        seen.add(rule.name.id)


def _check_rule(rule: n.Rule, context: Context) -> Found:
    if rule.select is None:
        yield diagnostic(
            "K301", f"rule {rule.name.id} has no select", rule.name.span, "add: select when domain type"
        )
    if not rule.active:
        yield diagnostic("K507", f"rule {rule.name.id} is inactive and never runs", rule.name.span)
    if len(rule.loops) > MAX_LOOPS:
        yield diagnostic(
            "K105",
            f"more than {MAX_LOOPS} nested foreach",
            rule.loops[MAX_LOOPS].span,
            "move the inner ones into a function",
        )
    if isinstance(rule.select, n.SelectWhen):
        yield from problems(rule.select.event)
        yield from _check_settings_used(rule, rule.select.event, context)


def _check_settings_used(rule: n.Rule, event: n.EventExpression, context: Context) -> Found:
    """A captured name that nothing in its rule reads is probably misspelt there."""
    used = {id(binding) for binding in context.names.uses.values()}
    for node in walk(event):
        if isinstance(node, n.BaseEvent):
            for name in node.setting:
                if id(context.names.made_by(name)) not in used:
                    yield diagnostic(
                        "K509", f"{name.id} is set here but rule {rule.name.id} never uses it", name.span
                    )


def _check_base_event(node: n.BaseEvent, context: Context) -> Found:
    if node.setting and not node.matches:
        yield diagnostic(
            "K506",
            "setting without an attribute match leaves these names null",
            node.setting[0].span,
            "add a match such as: name re#(.*)#",
        )
    if node.where_first:
        yield diagnostic("K505", "where in front of setting is deprecated", node.span, "put setting(…) first")


def _check_action_block(node: n.ActionBlock, context: Context) -> Found:
    if node.kind != "choose":
        return
    for action in node.actions:
        if action.label is None:
            yield diagnostic(
                "K304",
                "every action inside choose needs a label",
                action.span,
                f"write: label => {action.name.id}(…)",
            )


def _check_action(node: n.Action, context: Context) -> Found:
    if node.domain is not None:
        yield from _check_domain_action(node, node.domain, context)
        return
    binding = context.names.uses.get(id(node.name))
    known = None if binding is None else type_of_binding(binding, context.names)
    if known is not None and known != "Action":
        yield diagnostic("K303", f"{node.name.id} is a {known}, not an action", node.name.span)


def _check_domain_action(node: n.Action, domain: str, context: Context) -> Found:
    member, complaint = _find_member(domain, node.name.id, node, context)
    if complaint is not None:
        yield complaint
    elif member is not None and member.kind not in ("action", "both"):
        yield diagnostic(
            "K303",
            f"{domain}:{node.name.id} is a {member.kind}, not an action",
            node.span,
            f"use it in a declaration: result = {domain}:{node.name.id}",
        )


def _check_persistent(node: n.Assign | n.Clear | n.GivenEntity, context: Context) -> Found:
    if node.domain != "ent":
        yield diagnostic(
            "K310",
            f"only entity variables can change: {node.domain}:{node.name.id}",
            node.span,
            f"write ent:{node.name.id}",
        )


def _check_assign(node: n.Assign, context: Context) -> Found:
    yield from _check_persistent(node, context)
    value = node.value
    if (
        node.path is None
        and isinstance(value, n.MethodCall)
        and value.name.id == "put"
        and isinstance(value.target, n.DomainName)
        and (value.target.domain, value.target.name) == (node.domain, node.name.id)
        and len(value.arguments) == 2
    ):
        yield diagnostic(
            "K508",
            "this writes the whole variable to change one entry",
            node.span,
            f"write {node.domain}:{node.name.id}{{…}} := …",
        )


# --- tests -----------------------------------------------------------------------------------------


def _check_tests(ruleset: n.Ruleset, context: Context) -> Found:
    yield from _check_test_names(ruleset.tests)


def _check_test_names(tests: Iterable[n.Test]) -> Found:
    seen: set[str] = set()
    for test in tests:
        if test.name.value in seen:
            message = f'there is another test "{test.name.value}"'
            yield diagnostic("K601", message, test.name.span, "rename one of them")
        seen.add(test.name.value)


def _check_test(test: n.Test, context: Context) -> Found:
    if not any(isinstance(step, n.Expectation) for step in test.steps):
        yield diagnostic(
            "K512", f'the test "{test.name.value}" expects nothing', test.name.span, "add: expect …"
        )
    begun = False
    for step in test.steps:
        is_preset = isinstance(step, n.GivenPreset | n.GivenConfiguration)
        if begun and is_preset:
            yield diagnostic(
                "K603", "this is needed before anything else", step.span, "make it the first step of the test"
            )
        begun = begun or not is_preset


def _check_given_answer(node: n.GivenAnswer, context: Context) -> Found:
    _, complaint = _find_member(node.domain, node.name.id, node, context)
    if complaint is not None:
        yield complaint


def _check_expected_error(node: n.ExpectError | n.ExpectFault, context: Context) -> Found:
    if node.code is not None and node.code.value not in FAULTS:
        close = get_close_matches(node.code.value, FAULTS, n=1)
        yield diagnostic(
            "K602",
            f"there is no error {node.code.value}",
            node.code.span,
            f"did you mean {close[0]}?" if close else "the codes of errors while running begin with R",
        )


# --- expressions -----------------------------------------------------------------------------------


def _check_call(node: n.Call, context: Context) -> Found:
    if isinstance(node.callee, n.DomainName):
        yield from _check_domain_call(node.callee, context)
        return
    known = type_of(node.callee, context.names)
    if known == "Action":
        yield diagnostic(
            "K302", "not a function: Action", node.callee.span, "actions run in the action block of a rule"
        )
    elif known is not None and known != "Function":
        yield diagnostic("K302", f"not a function: {known}", node.callee.span)


def _check_domain_call(callee: n.DomainName, context: Context) -> Found:
    path = f"{callee.domain}:{callee.name}"
    if callee.domain == "ent":
        return
    member, complaint = _find_member(callee.domain, callee.name, callee, context)
    if complaint is not None:
        yield complaint
    elif member is None:
        return
    elif member.kind == "property":
        yield diagnostic(
            "K403", f"{path} is a value, not a function", callee.span, f"write {path} without (…)"
        )
    elif member.kind == "action":
        yield diagnostic(
            "K305",
            f"{path} is an action, not a function",
            callee.span,
            "use it in the action block of a rule",
        )
    if path == "event:attr":
        yield diagnostic("K501", "event:attr is deprecated", callee.span, 'write event:attrs{"name"}')


def _check_domain_name(node: n.DomainName, context: Context) -> Found:
    if node.domain == "ent":
        return
    member, complaint = _find_member(node.domain, node.name, node, context)
    path = f"{node.domain}:{node.name}"
    if complaint is not None:
        yield complaint
    elif member is not None and member.kind == "action":
        yield diagnostic("K305", f"{path} is an action, not a value", node.span)
    elif member is not None and member.kind != "property":
        yield diagnostic("K403", f"{path} is a function; it has to be called", node.span, f"write {path}(…)")


def _check_method(node: n.MethodCall, context: Context) -> Found:
    if node.domain is not None:
        yield from _check_domain_call(n.DomainName(node.name.span, node.domain, node.name.id), context)
        return
    binding = context.names.uses.get(id(node.name))
    known = None if binding is None else type_of_binding(binding, context.names)
    if known is not None and known != "Function":
        yield diagnostic("K302", f"not a function: {known}", node.name.span)


def _check_property(node: n.PropertyRead, context: Context) -> Found:
    name = node.name.id
    yield diagnostic(
        "K502",
        "reading a property with a dot is deprecated",
        node.name.span,
        f'write {{"{name}"}}, or .{name}() to call',
    )


def _check_name(node: n.Name, context: Context) -> Found:
    binding = context.names.uses.get(id(node))
    if binding is not None and binding.kind == "operator" and binding.name in ACTIONS:
        yield diagnostic(
            "K305", f"{node.id} is an action, not a value", node.span, "use it in the action block of a rule"
        )


def _check_regexp(node: n.RegExpLiteral, context: Context) -> Found:
    complaint = check_regexp(node.source, node.flags)
    if complaint is not None:
        yield diagnostic("K106", complaint, node.span)


def _find_member(
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
    hint = f"did you mean {close[0]}?" if close else f"add to meta: use module … alias {domain}"
    return diagnostic("K401", f"there is no module {domain}", node.span, hint)


_RULESET_CHECKS: tuple[Callable[[n.Ruleset, Context], Iterable[Diagnostic]], ...] = (
    _check_size,
    _check_meta,
    _check_upgrades,
    _check_version,
    _check_shares,
    _check_aliases,
    _check_rule_names,
    _check_tests,
)

_NODE_CHECKS: dict[type[n.Node], Callable[..., Iterable[Diagnostic]]] = {
    n.Upgrade: _check_upgrade,
    n.Rule: _check_rule,
    n.BaseEvent: _check_base_event,
    n.ActionBlock: _check_action_block,
    n.Action: _check_action,
    n.Assign: _check_assign,
    n.Clear: _check_persistent,
    n.Test: _check_test,
    n.GivenEntity: _check_persistent,
    n.GivenAnswer: _check_given_answer,
    n.ExpectError: _check_expected_error,
    n.ExpectFault: _check_expected_error,
    n.Call: _check_call,
    n.DomainName: _check_domain_name,
    n.MethodCall: _check_method,
    n.PropertyRead: _check_property,
    n.Name: _check_name,
    n.RegExpLiteral: _check_regexp,
}
