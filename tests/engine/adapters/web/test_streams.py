"""Long answers of the web, taken as they come: a real client against a site on loopback."""

from __future__ import annotations

import pytest

from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.host_patterns import HostPatterns
from engine.ports import WebFailed, WebRefused, WebRequest, WebResponse, WebStreams
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import Handler, serving

BODY = bytes(range(256)) * 8_000
LIMITS = WebLimits(private=HostPatterns(("127.0.0.1",)), response_bytes=1 << 20)


def site(**headers: str) -> Handler:
    def answer(request: WebRequest) -> WebResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return WebResponse(200, "OK", {"content-type": "x/y", **named}, BODY.decode("latin-1"))

    return answer


async def taken(client: WebStreams, port: int, pieces: list[bytes]) -> None:
    request = WebRequest("POST", f"http://127.0.0.1:{port}/", {"accept": "x/y"}, "?")
    async with client.stream(request) as stream:
        assert (stream.status, stream.headers["content-type"]) == (200, "x/y")
        async for piece in stream.pieces():
            pieces.append(piece)


@in_loop
async def test_a_stream_may_be_larger_than_an_answer_and_comes_in_small_pieces() -> None:
    """All bytes as they were sent, whatever they would be as text."""
    pieces: list[bytes] = []
    async with serving(site()) as port:
        await taken(HttpxWebClient(LIMITS), port, pieces)
    assert b"".join(pieces) == BODY
    assert len(BODY) > LIMITS.response_bytes
    assert max(map(len, pieces)) <= 1 << 17


@in_loop
async def test_a_stream_that_ends_too_soon_is_no_whole_one() -> None:
    """Whoever took what came of it is told that there should be more."""
    pieces: list[bytes] = []
    async with serving(site(content_length=str(len(BODY) + 1))) as port:
        with pytest.raises(WebFailed):
            await taken(HttpxWebClient(LIMITS), port, pieces)
    assert BODY.startswith(b"".join(pieces)[:1000])
    assert pieces


@in_loop
async def test_streams_lead_nowhere_that_requests_may_not_go() -> None:
    """What is judged is the address, as for any other request."""
    async with serving(site()) as port:
        with pytest.raises(WebRefused):
            await taken(HttpxWebClient(WebLimits()), port, [])
