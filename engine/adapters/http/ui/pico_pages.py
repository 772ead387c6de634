"""The pages about one pico: a frame that says which it is, and a tab for each thing to know of it."""

from __future__ import annotations

from typing import Any

from engine.adapters.http.gallery import gallery_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.ui.rendering import called, draw, is_page

TABS = (
    ("", "Overview"),
    ("rulesets", "Rulesets"),
    ("channels", "Channels"),
    ("relationships", "Relationships"),
    ("testing", "Testing"),
    ("log", "Log"),
    ("state", "State"),
    ("timers", "Timers"),
    ("cost", "Cost"),
)
"""How each is called in paths, and by people."""
FEW = 50
"""Children that the overview names; the graph has them all."""


async def draw_tab(host: Host, request: Request, tab: str, **given: Any) -> Reply:
    """A tab, with the pico that it is about."""
    told = await about(host, request)
    name = tab or "overview"
    return draw(f"pico/{name}.html", here="picos", tabs=TABS, tab=tab, **{**told, **given})


async def about(host: Host, request: Request) -> dict[str, Any]:
    """Who a pico is; its channel for people only where they may use it. Raises `Problem` if there is none."""
    told = settled(await gallery_of(host).path(request.path_word("pico")))
    pico, caller = told["pico"], request.scope.get("caller")
    if "seq" not in pico and "damage" not in pico:
        where = pico["moved"].get("url") or "`picomesh where` finds the place"
        raise Problem(404, "moved", f"{called(pico)} lives on another engine now", hint=where)
    may_write = caller is None or caller.allows("send")
    if not may_write or "moved" in pico:
        pico["eci"] = None  # all that such a page could offer would be refused
    return told


@is_page
async def _overview(host: Host, request: Request) -> Reply:
    name = request.path_word("pico")
    page = settled(await gallery_of(host).page(name, 0, FEW))
    state = settled(await host.histories.state(page["pico"]["id"]))
    return await draw_tab(host, request, "", children=page["children"], state=state)


ROUTES: Routes = {
    "/ui/picos/{pico}": Endpoint(
        _overview, "the web UI: who a pico is, named by a channel or its id", page("read")
    )
}
