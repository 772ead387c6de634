"""Where the websocket of somebody is: an endpoint of its own, or at the same place as where one posts to."""

from __future__ import annotations

from engine.adapters.dids.documents import didcomm_endpoints
from engine.adapters.dids.resolver import DidResolver
from engine.core.dids import Did
from engine.ports import Directory

SCHEMES = ("ws://", "wss://")


async def find_websocket(resolver: DidResolver, directory: Directory, did: Did) -> str:
    """Raises `CannotSend`. Whether there is one is found out by opening it."""
    url = (await directory.find_route(did)).url
    document = resolver.at_hand(did) or {}
    named = (one.uri for one in didcomm_endpoints(document) if one.uri.startswith(SCHEMES))
    return next(named, f"ws{url.removeprefix('http')}")
