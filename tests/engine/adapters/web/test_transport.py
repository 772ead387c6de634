"""A request goes to the address that was judged, under the name that was asked for."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from engine.adapters.web.transport import PinnedTransport
from engine.host_patterns import NO_HOSTS
from engine.ports import WebRefused
from tests.engine.in_loop import in_loop

FIRST, SECOND = "203.0.112.1", "203.0.112.2"
"""Public addresses. Nothing is sent there: what stands behind is a double of the network."""


class Network(httpx.AsyncBaseTransport):
    """Remembers what it was given; some addresses do not answer."""

    def __init__(self, *silent: str) -> None:
        self.silent = silent
        self.problem: Exception = httpx.ConnectError("refused")
        self.given: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.given.append(request)
        if request.url.host in self.silent:
            raise self.problem
        return httpx.Response(200)


class NameServer:
    """Tells another address every time it is asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        return self.answers.pop(0)


async def get(network: Network, names: NameServer, url: str) -> httpx.Response:
    transport = PinnedTransport(network, NO_HOSTS, names)
    return await transport.handle_async_request(httpx.Request("GET", url))


@in_loop
async def test_the_connection_is_made_to_the_address_and_the_rest_keeps_the_name() -> None:
    """Header and certificate are about the host of the URL."""
    network = Network()
    await get(network, NameServer([FIRST]), "https://site.example:8443/x?y=1")
    (request,) = network.given
    assert str(request.url) == f"https://{FIRST}:8443/x?y=1"
    assert request.headers["host"] == "site.example:8443"
    assert request.extensions["sni_hostname"] == "site.example"


@in_loop
async def test_a_name_is_looked_up_once() -> None:
    """What the name server says afterwards, when it was public before, has no effect."""
    network, names = Network(), NameServer([FIRST], ["127.0.0.1"])
    await get(network, names, "http://site.example/")
    assert [request.url.host for request in network.given] == [FIRST]
    assert len(names.answers) == 1


@in_loop
async def test_every_request_is_judged_anew() -> None:
    """So a name that has changed, or a redirect, is not let through on old merits."""
    network, names = Network(), NameServer([FIRST], ["127.0.0.1"])
    await get(network, names, "http://site.example/")
    with pytest.raises(WebRefused):
        await get(network, names, "http://site.example/")


@in_loop
async def test_an_address_that_cannot_be_reached_is_followed_by_the_next() -> None:
    """Until there is none."""
    network = Network(FIRST)
    await get(network, NameServer([FIRST, SECOND]), "http://site.example/")
    assert [request.url.host for request in network.given] == [FIRST, SECOND]
    with pytest.raises(httpx.ConnectError):
        await get(Network(FIRST, SECOND), NameServer([FIRST, SECOND]), "http://site.example/")


@in_loop
async def test_a_connection_that_is_gone_at_once_is_one_that_failed() -> None:
    """The libraries beneath meet it with something that looks like a mistake of theirs."""
    network = Network(FIRST)
    network.problem = AttributeError("'NoneType' object has no attribute 'getpeername'")
    await get(network, NameServer([FIRST, SECOND]), "http://site.example/")
    with pytest.raises(httpx.ConnectError, match="gone at once"):
        await get(network, NameServer([FIRST]), "http://site.example/")
