"""The tab for trying a pico: a form for each event that its rulesets hear, and for each query they answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.pico_pages import about, draw_tab
from engine.adapters.http.ui.rendering import is_page
from engine.core.messages import Fault, Refusal
from engine.core.model import Eci

OWN = "io.picolabs."
"""Rulesets that every pico has; they come last, since their author is not who is testing."""


@is_page
async def _testing(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    state = settled(await host.histories.state(pico["id"]))
    rids = sorted(pico["rulesets"], key=lambda rid: rid.startswith(OWN))
    forms = [] if pico["eci"] is None else [await _declared(host, pico["eci"], rid) for rid in rids]
    channels = [one for one in state["channels"] if one.get("family") is None]
    return await draw_tab(host, request, "testing", rulesets=forms, channels=channels)


async def _declared(host: Host, eci: str, rid: str) -> dict[str, Any]:
    """What a ruleset says of itself, or why it does not."""
    told = await host.run_query(Eci(eci), rid, "__testing", {})
    if isinstance(told, Refusal):
        return {"rid": rid, "problem": told.reason, "events": [], "queries": []}
    if isinstance(told, Fault):
        return {"rid": rid, "problem": told.message, "events": [], "queries": []}
    declared = told.value if isinstance(told.value, Mapping) else {}
    queries = [one for one in _maps(declared, "queries") if not str(one.get("name")).startswith("__")]
    return {"rid": rid, "problem": None, "events": _together(_maps(declared, "events")), "queries": queries}


def _maps(declared: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """A ruleset may declare `__testing` itself, and then as it likes."""
    found = declared.get(name)
    return [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []


def _together(events: list[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """One form for an event, with the attributes that all rules together read."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for one in events:
        key = str(one.get("domain", one.get("type", ""))), str(one.get("name", ""))
        kept = found.setdefault(key, {"domain": key[0], "name": key[1], "attrs": []})
        attrs = one.get("attrs")
        kept["attrs"] += [name for name in attrs or () if isinstance(name, str) and name not in kept["attrs"]]
    return list(found.values())


ROUTES: Routes = {
    "/ui/picos/{pico}/testing": Endpoint(
        _testing, "the web UI: forms for its events and queries", page("read")
    )
}
