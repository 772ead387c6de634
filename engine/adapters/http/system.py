"""The route that tells how an engine is: what it has, what waits, how much room there is, and its stores."""

from __future__ import annotations

from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, Endpoint, Routes
from engine.ports import StoreFailed
from engine.version import VERSION

UNDER_WAY = {"offered", "leaving", "accepted", "staged"}
"""Phases of a move that has not come to its end."""


async def _system(host: Host, request: Request) -> Reply:
    return Reply(encode(await tell_system(host)))


async def tell_system(host: Host) -> dict[str, Any]:
    """Everything at once, each part as far as the engine has it."""
    if host.vitals is None:
        raise Problem(404, "unknown", "this engine does not count anything")
    return {
        "version": VERSION,
        **await host.vitals.tell(),
        "moves": _tell_moves(host),
        "stores": await _tell_stores(host),
    }


def _tell_moves(host: Host) -> dict[str, Any]:
    listed = [] if host.moves is None else host.moves.listed()
    moving = [one for one in listed if one["phase"] in UNDER_WAY]
    return {"moving": len(moving), "known": len(listed), "failed": sum("failed" in one for one in listed)}


async def _tell_stores(host: Host) -> dict[str, Any] | None:
    """A store that fails is something to tell here, and no reason to tell nothing."""
    if host.seal_desk is None:
        return None
    try:
        return await host.seal_desk.stores()
    except StoreFailed as problem:
        return {"problem": str(problem)}


ROUTES: Routes = {
    "/api/system": Endpoint(_system, "how the engine is: picos, queues, room, stores, moves", READ)
}
