"""Checks of expressions: what is called, what is named, and what hangs on what."""

from __future__ import annotations

from pico_lang import nodes as n
from pico_lang.check_context import Context, Found, find_member
from pico_lang.diagnostics import diagnostic
from pico_lang.regexps import check_regexp as complaint_about
from pico_lang.static_types import ACTIONS, type_of, type_of_binding
from pico_lang.traversal import walk

MAX_LINKS = 100
"""Calls and reads that hang on one another, as in `x.f().g(){"a"}`."""


def check_call(node: n.Call, context: Context) -> Found:
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
    member, complaint = find_member(callee.domain, callee.name, callee, context)
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


def check_domain_name(node: n.DomainName, context: Context) -> Found:
    if node.domain == "ent":
        return
    member, complaint = find_member(node.domain, node.name, node, context)
    path = f"{node.domain}:{node.name}"
    if complaint is not None:
        yield complaint
    elif member is not None and member.kind == "action":
        yield diagnostic("K305", f"{path} is an action, not a value", node.span)
    elif member is not None and member.kind != "property":
        yield diagnostic("K403", f"{path} is a function; it has to be called", node.span, f"write {path}(…)")


def check_method(node: n.MethodCall, context: Context) -> Found:
    if node.domain is not None:
        yield from _check_domain_call(n.DomainName(node.name.span, node.domain, node.name.id), context)
        return
    binding = context.names.uses.get(id(node.name))
    known = None if binding is None else type_of_binding(binding, context.names)
    if known is not None and known != "Function":
        yield diagnostic("K302", f"not a function: {known}", node.name.span)


def check_property(node: n.PropertyRead, context: Context) -> Found:
    name = node.name.id
    yield diagnostic(
        "K502",
        "reading a property with a dot is deprecated",
        node.name.span,
        f'write {{"{name}"}}, or .{name}() to call',
    )


def check_name(node: n.Name, context: Context) -> Found:
    binding = context.names.uses.get(id(node))
    if binding is not None and binding.kind == "operator" and binding.name in ACTIONS:
        yield diagnostic(
            "K305", f"{node.id} is an action, not a value", node.span, "use it in the action block of a rule"
        )


def check_regexp(node: n.RegExpLiteral, context: Context) -> Found:
    complaint = complaint_about(node.source, node.flags)
    if complaint is not None:
        yield diagnostic("K106", complaint, node.span)


def check_links(root: n.Node) -> Found:
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
