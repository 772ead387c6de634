"""The tab with what a pico heard: turn after turn, and why one of them came about, and what it led to."""

from __future__ import annotations

from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.pico_pages import about, draw_tab
from engine.adapters.http.ui.rendering import is_page
from engine.core.messages import Refusal
from engine.core.model import EventId

TURNS = 100
"""That are listed."""
MOST_CAUSES = 8
"""How far back causes are followed."""


@is_page
async def _log(host: Host, request: Request) -> Reply:
    pico = (await about(host, request))["pico"]
    given = await request.parameters()
    log = settled(await host.histories.log(pico["id"], TURNS))
    chosen, eid = None, given.get("eid")
    if isinstance(eid, str) and eid:
        chosen = settled(await host.histories.why(EventId(eid), pico["id"]))
    causes = [] if chosen is None else await _causes(host, chosen)
    return await draw_tab(
        host, request, "log", turns=list(reversed(log["events"])), chosen=chosen, causes=causes
    )


async def _causes(host: Host, turn: dict[str, Any]) -> list[dict[str, Any]]:
    """What led to a turn, the oldest first, as far back as is known and anybody reads."""
    found: list[dict[str, Any]] = []
    cause = turn.get("cause")
    while cause is not None and len(found) < MOST_CAUSES:
        found.insert(0, cause)
        before = await host.histories.why(EventId(cause["eid"]), cause["pico"])
        cause = None if isinstance(before, Refusal) else before.get("cause")
    return found


ROUTES: Routes = {
    "/ui/picos/{pico}/log": Endpoint(
        _log, "the web UI: its turns as they come, and why; of one, ?eid=…", page("read")
    )
}
