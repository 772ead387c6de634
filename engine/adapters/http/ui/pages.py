"""The pages about all of an engine: its picos as a graph, the engines that it knows, and how it is."""

from __future__ import annotations

from typing import Any

from engine.adapters.http.gallery import gallery_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, settled
from engine.adapters.http.replies import Reply
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import Endpoint, Routes, page
from engine.adapters.http.system import tell_system
from engine.adapters.http.ui.rendering import draw, is_page, short
from engine.core.mesh.adverts import engine_of
from engine.runtime.mesh.engines import Engines

FEW = 100
"""Picos that are listed to be moved; the others are found by search."""


@is_page
async def _graph(host: Host, request: Request) -> Reply:
    return draw("graph.html", here="picos")


@is_page
async def _engines(host: Host, request: Request) -> Reply:
    engines, gallery = _known(host), gallery_of(host)
    root = settled(await gallery.outline())["root"]
    listed = [] if host.moves is None else host.moves.listed()
    told = engines.list(also_heard=True)
    return draw(
        "engines.html",
        here="engines",
        told=told,
        policy=engines.policy(),
        picos=settled(await gallery.page(root, 0, FEW))["children"],
        moves=[_describe(one, engines) for one in listed],
        can_move=host.moves is not None,
    )


def _known(host: Host) -> Engines:
    found = None if host.mail is None else host.mail.engines
    if found is None:
        raise Problem(404, "unknown", "this engine has nothing to do with others")
    return found


def _describe(move: dict[str, Any], engines: Engines) -> dict[str, Any]:
    """With engines as people call them."""
    where = {side: _name(engines, move.get(side)) for side in ("from", "to")}
    return {"failed": None, "reason": "", **move, **where}


def _name(engines: Engines, did: str | None) -> str | None:
    """An engine may have other DIDs than the one it says of itself."""
    if did is None:
        return None
    if engine_of(did) == engine_of(engines.here()["did"]):
        return "this engine"
    known = engines.find(did)
    return short(did) if known is None else known.name


@is_page
async def _system(host: Host, request: Request) -> Reply:
    return draw("system.html", here="system", system=await tell_system(host))


ROUTES: Routes = {
    "/": Endpoint(_graph, "the web UI: the picos of this engine as a graph", page("read")),
    "/ui/engines": Endpoint(
        _engines, "the web UI: engines and what they offer, and moves to them", page("read")
    ),
    "/ui/system": Endpoint(_system, "the web UI: health, queues, storage, IPFS", page("read")),
}
