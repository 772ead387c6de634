"""Upkeep: the events by which the engine itself tends a pico, and what each of them does.

They come in the domain `UPKEEP`, which no channel lets in, and are recorded as turns like any other. None of
them needs a ruleset to be awake, because mending one that cannot be run is what some of them are for.
"""

from __future__ import annotations

from engine.core.forks import fork
from engine.core.installation import install, release, uninstall
from engine.core.messages import Event
from engine.core.model import Rid
from engine.core.owners_wishes import introduce
from engine.core.quarantine import set_aside
from engine.core.rollback import roll_back
from engine.core.run import Run
from engine.core.scheduling import pass_over
from pico_lang.coercion import to_string
from pico_lang.errors import RuntimeFault
from pico_lang.values import to_stored


def tend(run: Run, event: Event) -> None:
    """`install` (url, config), `uninstall` (rid), `rollback` (rid, to, state), `pass_over` (timer, until),
    `fork` (pico), `grant` (module), `revoke` (module), `quarantine` (rulesets), `release`,
    `invite` (eci, label, once, expires, here), `connect` (url, label), `rotate` (eci), `turn`, which does
    nothing: of a turn there is one sealed head, and sometimes another one is needed.
    """
    match event.name, event.attrs:
        case "install", {"url": str(url)}:
            install(run, url, to_stored(event.attrs.get("config") or {}, run.meter))
        case "uninstall", {"rid": rid}:
            uninstall(run, to_string(rid))
        case "rollback", {"rid": str(rid), "to": str(to)}:
            state = event.attrs.get("state")
            roll_back(run, Rid(rid), to, None if state is None else to_string(state))
        case "pass_over", {"timer": str(timer), "until": float(until)}:
            pass_over(run.draft, timer, int(until))
        case "fork", {"pico": str(pico)}:
            fork(run, pico)
        case (("grant" | "revoke"), {"module": str(module)}):
            run.draft.set_grant(module, event.name == "grant")
        case "quarantine", {"rulesets": list(found)}:
            set_aside(run, found)
        case "turn", _:
            pass
        case "release", _:
            release(run)
        case (("invite" | "connect" | "rotate"), _):
            run.directives.append(introduce(run, event.name, event.attrs))
        case _:
            raise RuntimeFault("R606", f"there is no upkeep {event.name!r} with such attributes")
