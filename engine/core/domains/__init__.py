"""The built-in modules a ruleset may call: what members there are, and what each one does.

One Python module each, with its `MEMBERS` for whoever checks and compiles rulesets and its `CALLS`
for whoever runs them.
"""

from __future__ import annotations

from engine.core.catalogue import Catalogue, Domain
from engine.core.domains import (
    ctx,
    didcomm,
    engine,
    event,
    http,
    ipfs,
    math,
    meta,
    random,
    schedule,
    time,
)

BUILT_IN = Catalogue(
    (
        Domain(engine.NAME, engine.MEMBERS, engine.CALLS, is_free=False),
        Domain("event", event.MEMBERS, event.CALLS),
        Domain("meta", meta.MEMBERS, meta.CALLS),
        Domain("ctx", ctx.MEMBERS, ctx.CALLS),
        Domain("didcomm", didcomm.MEMBERS, didcomm.CALLS),
        Domain("http", http.MEMBERS, http.CALLS),
        Domain(ipfs.NAME, ipfs.MEMBERS, ipfs.CALLS, is_free=False),
        Domain("math", math.MEMBERS, math.CALLS),
        Domain("random", random.MEMBERS, random.CALLS),
        Domain("schedule", schedule.MEMBERS, schedule.CALLS),
        Domain("time", time.MEMBERS, time.CALLS),
    )
)
"""What every engine has. It is free, because rulesets written for other engines count on it; but for two that
they do not know: through `ipfs` a pico shows to everybody what it puts, and by `engine` it leaves."""

MODULES = BUILT_IN.modules
