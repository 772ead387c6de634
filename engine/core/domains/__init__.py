"""The built-in modules a ruleset may call: what members there are, and what each one does.

One module each; `MODULES` is for whoever checks and compiles rulesets, `CALLS` for whoever runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.domains import ctx, event, meta
from pico_lang.host import Modules
from pico_lang.values import Value

MODULES: Modules = {
    "event": event.MEMBERS,
    "meta": meta.MEMBERS,
    "ctx": ctx.MEMBERS,
}

CALLS: Mapping[tuple[str, str], Callable[..., Value]] = {
    (domain, name): function
    for domain, functions in (("event", event.CALLS), ("meta", meta.CALLS), ("ctx", ctx.CALLS))
    for name, function in functions.items()
}
