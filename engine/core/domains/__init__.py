"""The built-in modules a ruleset may call: what members there are, and what each one does.

One Python module each, with its `MEMBERS` for whoever checks and compiles rulesets and its `CALLS`
for whoever runs them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from engine.core.domains import ctx, event, http, math, meta, random, schedule, time
from pico_lang.host import Modules
from pico_lang.values import Value

MODULES: Modules = {
    "event": event.MEMBERS,
    "meta": meta.MEMBERS,
    "ctx": ctx.MEMBERS,
    "http": http.MEMBERS,
    "math": math.MEMBERS,
    "random": random.MEMBERS,
    "schedule": schedule.MEMBERS,
    "time": time.MEMBERS,
}

_CALLS: Mapping[str, Mapping[str, Callable[..., Value]]] = {
    "event": event.CALLS,
    "meta": meta.CALLS,
    "ctx": ctx.CALLS,
    "http": http.CALLS,
    "math": math.CALLS,
    "random": random.CALLS,
    "schedule": schedule.CALLS,
    "time": time.CALLS,
}

CALLS: Mapping[tuple[str, str], Callable[..., Value]] = {
    (domain, name): function for domain, calls in _CALLS.items() for name, function in calls.items()
}
