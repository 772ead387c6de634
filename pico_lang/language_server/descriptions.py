"""What can be said about operators, modules and names, in the words that editors show.

Operators are described by their docstrings in `pico_lang.builtins`; modules by the tables of their
host, which have names and kinds but no prose.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from pico_lang import nodes as n
from pico_lang.builtins import OPERATORS
from pico_lang.host import Member
from pico_lang.language_server.symbols import function_of
from pico_lang.names import Binding, Names
from pico_lang.source import Source
from pico_lang.static_types import type_of_binding

ACTION_DOCS: Mapping[str, tuple[str, str]] = {
    "send_directive": ("send_directive(name, options)", "tell whoever sent the event to do something"),
    "noop": ("noop()", "do nothing; the rule has fired all the same"),
}
"""The standard actions: how each is called, and what it does."""

_MEMBER_KINDS = {
    "property": "value",
    "function": "function",
    "action": "action",
    "both": "function and action",
}

_BINDING_KINDS = {
    "configured": "configured; whoever uses this ruleset as a module may give another value",
    "global": "declared in global",
    "local": "declared in this block",
    "parameter": "parameter",
    "setting": "captured by the event expression",
    "loop": "set by foreach",
    "result": "set when the rule has come there",
}


def operator_signature(name: str) -> str:
    """How an operator or a standard action is called; the value it is called on is `value`."""
    if name in ACTION_DOCS:
        return ACTION_DOCS[name][0]
    _runtime, _value, *parameters = inspect.signature(OPERATORS[name]).parameters.values()
    return f"value.{name}({', '.join(str(parameter.name) for parameter in parameters)})"


def operator_doc(name: str) -> str:
    """What an operator or a standard action gives or does."""
    if name in ACTION_DOCS:
        return ACTION_DOCS[name][1]
    return (inspect.getdoc(OPERATORS[name]) or "").removeprefix(f"`{name}`: ")


def member_signature(domain: str, name: str, member: Member) -> str:
    """How a member of a module is written."""
    path = f"{domain}:{name}"
    return path if member.kind == "property" else f"{path}({', '.join(member.parameters)})"


def member_doc(domain: str, member: Member) -> str:
    return f"{_MEMBER_KINDS[member.kind]} of the module {domain}"


def variable_signature(binding: Binding, source: Source) -> str:
    """A name, with its parameters if it is a function."""
    function = function_of(binding)
    if function is None:
        return binding.name
    return f"{binding.name}({', '.join(_text(parameter, source) for parameter in function.parameters)})"


def variable_doc(binding: Binding, names: Names) -> str:
    """Where a name comes from and, if that is known, of what type it is."""
    known = type_of_binding(binding, names)
    return _BINDING_KINDS[binding.kind] if known is None else f"{known}, {_BINDING_KINDS[binding.kind]}"


def _text(node: n.Node, source: Source) -> str:
    return source.text[node.span.start : node.span.end]
