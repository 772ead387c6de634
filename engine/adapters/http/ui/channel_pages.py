"""The tabs about how others reach a pico: its channels with their policies, and its relationships."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.pico_pages import about, draw_tab
from engine.adapters.http.ui.rendering import is_page

SUBSCRIPTIONS = "io.picolabs.subscription"
PHASES = ("established", "inbound", "outbound")

MOST_SHOWN = 200
"""Channels: a pico has one for each of its children, and those that people may use come first."""

Told = Mapping[str, Any]


@is_page
async def _channels(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    state = settled(await host.histories.state(pico["id"]))
    channels = sorted(state["channels"], key=lambda one: ("family" in one, list(one["tags"])))
    shown = [_describe(one) for one in channels[:MOST_SHOWN]]
    return await draw_tab(host, request, "channels", channels=shown, count=len(channels))


def _describe(channel: Told) -> dict[str, Any]:
    return {
        "eci": channel["eci"],
        "tags": list(channel["tags"]),
        "inside": channel.get("family") is not None,
        "events": list(_lines(channel["events"])),
        "queries": list(_lines(channel["queries"])),
    }


def _lines(policy: Told) -> Iterator[dict[str, Any]]:
    """Who may do what, a line each; what is denied comes first, as it does when the engine decides."""
    for verdict in ("deny", "allow"):
        for scope, name, *of_whom in policy[verdict]:
            yield {"allowed": verdict == "allow", "what": f"{scope}:{name}", "whom": of_whom}


@is_page
async def _relationships(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    state = settled(await host.histories.state(pico["id"]))
    buses = state["entities"].get(SUBSCRIPTIONS, {})
    here = {one["them"]: one["pico"] for one in pico["kin"] if one["pico"]}
    return await draw_tab(
        host,
        request,
        "relationships",
        subscriptions={phase: _buses(buses.get(phase)) for phase in PHASES},
        well_known=buses.get("wellKnown") if isinstance(buses.get("wellKnown"), str) else None,
        relations=[one for one in state.get("relations") or () if "moved" not in one["state"]],
        invitations=state.get("invitations") or (),
        neighbours=here,
    )


def _buses(kept: object) -> list[Told]:
    """The ruleset's own notes; another ruleset of that name may have kept something else there."""
    return [one for one in kept.values() if isinstance(one, dict)] if isinstance(kept, dict) else []


ROUTES: Routes = {
    "/ui/picos/{pico}/channels": Endpoint(
        _channels, "the web UI: its channels, and who may do what by them", page("read")
    ),
    "/ui/picos/{pico}/relationships": Endpoint(
        _relationships, "the web UI: whom it knows, and invitations", page("read")
    ),
}
