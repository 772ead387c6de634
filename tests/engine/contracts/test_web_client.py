"""What every client of the web promises, held against the real one and the one tests use in its place."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.host_patterns import HostPatterns
from engine.ports import WebClient, WebFailed, WebRefused, WebRequest, WebResponse
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import Handler, serving
from tests.fakes.web import PRIVATE, SITE, FakeWeb

OpenWeb = Callable[[Handler], AbstractAsyncContextManager[tuple[WebClient, str]]]
"""A client and the URL of a site that a function answers for."""

OK = WebResponse(200, "OK", {}, "")
PATIENCE_S = 0.2
"""Within that the site on loopback answers, if it answers at all; one test waits for it to pass."""


async def look_up(host: str, port: int) -> Sequence[str]:
    """A name server that knows two names."""
    if host in (SITE, PRIVATE):
        return ["127.0.0.1"]
    raise OSError("no such name")


@asynccontextmanager
async def open_real(handler: Handler) -> AsyncIterator[tuple[WebClient, str]]:
    async with serving(handler) as port:
        limits = WebLimits(private=HostPatterns((SITE,)))
        yield HttpxWebClient(limits, look_up), f"http://{SITE}:{port}"


@asynccontextmanager
async def open_fake(handler: Handler) -> AsyncIterator[tuple[WebClient, str]]:
    yield FakeWeb(handler), f"http://{SITE}:8000"


@pytest.fixture(params=[open_real, open_fake], ids=["httpx", "fake"])
def open_web(request: pytest.FixtureRequest) -> OpenWeb:
    opened: OpenWeb = request.param
    return opened


class Site:
    """Answers by path, and remembers what arrived."""

    def __init__(self, **pages: WebResponse | None) -> None:
        self.pages = pages
        self.arrived: list[WebRequest] = []

    def __call__(self, request: WebRequest) -> WebResponse | None:
        self.arrived.append(request)
        return self.pages[request.url.partition("?")[0].lstrip("/")]


def get(url: str, follows_redirects: bool = True) -> WebRequest:
    return WebRequest("GET", url, {}, None, follows_redirects)


def to(location: str, status: int = 302) -> WebResponse:
    return WebResponse(status, "Found", {"location": location}, "")


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
@in_loop
async def test_a_request_arrives_as_it_was_made(open_web: OpenWeb, method: str) -> None:
    """Method, path, query, headers and body."""
    site = Site(path=OK)
    body = None if method in ("GET", "HEAD") else "é"
    async with open_web(site) as (client, url):
        await client.send(WebRequest(method, f"{url}/path?a%5B0%5D=1", {"x-mine": "yes"}, body))
    (arrived,) = site.arrived
    assert (arrived.method, arrived.url, arrived.body) == (method, "/path?a%5B0%5D=1", body)
    assert arrived.headers["x-mine"] == "yes"


@in_loop
async def test_a_response_comes_back_whole(open_web: OpenWeb) -> None:
    """Status, reason, headers and content."""
    async with open_web(Site(x=WebResponse(201, "Made", {"x-a": "b"}, "text"))) as (client, url):
        response = await client.send(get(f"{url}/x"))
    assert (response.status, response.reason, response.content) == (201, "Made", "text")
    assert response.headers["x-a"] == "b"


@in_loop
async def test_an_error_of_the_server_is_a_response(open_web: OpenWeb) -> None:
    """It is for the ruleset to judge."""
    async with open_web(Site(x=WebResponse(503, "Busy", {}, "later"))) as (client, url):
        response = await client.send(get(f"{url}/x"))
    assert (response.status, response.content) == (503, "later")


@in_loop
async def test_a_redirect_is_followed_when_that_is_wanted(open_web: OpenWeb) -> None:
    """Otherwise it is the response."""
    site = Site(x=to("/y"), y=WebResponse(200, "OK", {}, "there"))
    async with open_web(site) as (client, url):
        assert (await client.send(get(f"{url}/x"))).content == "there"
        left_alone = await client.send(get(f"{url}/x", follows_redirects=False))
    assert (left_alone.status, left_alone.headers["location"]) == (302, "/y")


@pytest.mark.parametrize(("status", "method", "body"), [(303, "GET", None), (307, "POST", "text")])
@in_loop
async def test_what_a_redirect_repeats_depends_on_its_status(
    open_web: OpenWeb, status: int, method: str, body: str | None
) -> None:
    """RFC 9110: after a 303 the result is fetched, after a 307 the same request is made again."""
    site = Site(x=to("/y", status), y=OK)
    async with open_web(site) as (client, url):
        await client.send(WebRequest("POST", f"{url}/x", {}, "text"))
    assert [(one.method, one.body) for one in site.arrived] == [("POST", "text"), (method, body)]


@in_loop
async def test_redirects_come_to_an_end(open_web: OpenWeb) -> None:
    """Five are followed and no sixth."""
    site = Site(x=to("/x"))
    async with open_web(site) as (client, url):
        with pytest.raises(WebFailed, match="more than 5 redirects"):
            await client.send(get(f"{url}/x"))
    assert len(site.arrived) == 6


@in_loop
async def test_a_host_that_is_not_there_is_a_failure(open_web: OpenWeb) -> None:
    async with open_web(Site()) as (client, _):
        with pytest.raises(WebFailed, match=r"there is no host nowhere\.example") as caught:
            await client.send(get("http://nowhere.example/"))
    assert not isinstance(caught.value, WebRefused)


@in_loop
async def test_a_private_host_is_refused(open_web: OpenWeb) -> None:
    """Nothing arrives there, neither at once nor by way of a redirect."""
    site = Site(x=OK)
    async with open_web(site) as (client, url):
        forbidden = url.replace(SITE, PRIVATE)
        site.pages["away"] = to(f"{forbidden}/x")
        for one in (f"{forbidden}/x", f"{url}/away"):
            with pytest.raises(WebRefused):
                await client.send(get(one))
    assert [one.url for one in site.arrived] == ["/away"]


@pytest.mark.parametrize("url", ["ftp://site.example/x", "file:///etc/passwd", "site.example", "/x", ""])
@in_loop
async def test_other_schemes_are_refused(open_web: OpenWeb, url: str) -> None:
    async with open_web(Site()) as (client, _):
        with pytest.raises(WebRefused):
            await client.send(get(url))


@in_loop
async def test_a_server_that_says_nothing_is_a_failure() -> None:
    """The real client, with little patience; the fake has none at all."""
    async with serving(Site(x=None)) as port:
        limits = WebLimits(private=HostPatterns((SITE,)), total_s=PATIENCE_S)
        for client in (HttpxWebClient(limits, look_up), FakeWeb(Site(x=None))):
            with pytest.raises(WebFailed, match="no answer"):
                await client.send(get(f"http://{SITE}:{port}/x"))
