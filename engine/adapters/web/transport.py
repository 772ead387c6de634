"""Requests to the very address that was judged, whatever a name server would say a moment later.

For whoever is at the other end nothing is different: the name from the URL stays in the `Host` header
and is what a certificate has to be for.
"""

from __future__ import annotations

import httpx

from engine.adapters.web.reach import Resolve, find_addresses
from engine.host_patterns import HostPatterns

PORTS = {"http": 80, "https": 443}


class PinnedTransport(httpx.AsyncBaseTransport):
    """Finds and judges the address of every request before the transport behind it connects."""

    def __init__(self, behind: httpx.AsyncBaseTransport, allowed: HostPatterns, resolve: Resolve) -> None:
        self._behind = behind
        self._allowed = allowed
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.raw_host.decode("ascii")
        if request.url.scheme not in PORTS or not host:
            raise httpx.UnsupportedProtocol(f"{request.url.scheme!r} is no protocol of the web")
        port = request.url.port or PORTS[request.url.scheme]
        *others, last = await find_addresses(host, port, self._allowed, self._resolve)
        for address in others:
            try:
                return await self._send(request, host, address)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent, so the next address may be tried
        return await self._send(request, host, last)

    async def _send(self, request: httpx.Request, host: str, address: str) -> httpx.Response:
        pinned = httpx.Request(
            request.method,
            request.url.copy_with(host=address),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": host},
        )
        try:
            return await self._behind.handle_async_request(pinned)
        except AttributeError as problem:
            # What anyio makes of a connection that is gone before it has looked at it: seen when the other
            # side is killed at that moment.
            raise httpx.ConnectError(f"the connection was gone at once ({problem})") from problem

    async def aclose(self) -> None:
        await self._behind.aclose()
