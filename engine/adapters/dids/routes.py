"""How messages for a DID get there: by the DIDComm service of its document, perhaps by way of mediators.

DIDComm v2.1, "Service Endpoint" and "Using a DID as an endpoint": an endpoint that is a DID is that of a
mediator, whose own endpoint is where to post; routing keys come on top.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

from engine.adapters.dids.documents import Document, didcomm_endpoints
from engine.adapters.dids.refused import DidRefused
from engine.adapters.dids.resolver import DidResolver
from engine.core.dids import Did, show_did
from engine.ports import CannotSend, Route

MOST_HOPS = 4
POSTABLE = ("http://", "https://")


class Resolver(Protocol):
    async def resolve(self, did_url: str, /) -> Document:
        """Raises `DidRefused`."""


class AtHand:
    """A `Resolver` that asks nobody."""

    def __init__(self, resolver: DidResolver) -> None:
        self._resolver = resolver

    async def resolve(self, did_url: str) -> Document:
        document = self._resolver.at_hand(did_url)
        if document is None:
            raise DidRefused("unreachable", f"{show_did(did_url)} is not at hand")
        return document


Newest = Callable[[Did], Did]
"""By which DID an engine goes today."""


def same(did: Did) -> Did:
    """For somebody who knows of no engine that was anywhere else."""
    return did


class DidDirectory:
    """`engine.ports.Directory`."""

    def __init__(self, resolver: Resolver, newest: Newest = same) -> None:
        self._resolver = resolver
        self._newest = newest

    async def find_route(self, did: Did) -> Route:
        """By the first endpoint that can be posted to."""
        return await self._follow(self._newest(did), ())

    async def _follow(self, did: Did, hops: tuple[Did, ...]) -> Route:
        problem: CannotSend | None = None
        for uri, routing_keys in _services(await self._document(did)):
            here = (*routing_keys, *hops)
            try:
                if uri.startswith(POSTABLE):
                    return Route(uri, here)
                if uri.startswith("did:"):
                    return await self._follow_mediator(self._newest(Did(uri)), here)
            except CannotSend as found:
                problem = problem or found
        raise problem or CannotSend(f"{show_did(did)} names no place that messages can be posted to")

    async def _follow_mediator(self, mediator: Did, hops: tuple[Did, ...]) -> Route:
        if len(hops) >= MOST_HOPS:
            raise CannotSend(f"more than {MOST_HOPS} mediators one behind the other")
        return await self._follow(mediator, (mediator, *hops))

    async def _document(self, did: Did) -> Document:
        try:
            return await self._resolver.resolve(did)
        except DidRefused as refused:
            raise CannotSend(str(refused), is_final=refused.problem != "unreachable") from None


def relay_of(resolver: DidResolver, did: Did) -> Did | None:
    """Who takes in messages for a DID, if its document is at hand and names a DID for that."""
    document = resolver.at_hand(did)
    named = () if document is None else (uri for uri, _ in _services(document) if uri.startswith("did:"))
    return next(map(Did, named), None)


def _services(document: Document) -> Iterator[tuple[str, tuple[Did, ...]]]:
    for endpoint in didcomm_endpoints(document):
        yield endpoint.uri, tuple(map(Did, endpoint.routing_keys))
