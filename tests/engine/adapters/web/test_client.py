"""What only the real client has: limits in bytes and seconds, encodings, headers of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from engine.adapters.web.client import HttpxWebClient, WebLimits
from engine.host_patterns import ALL_HOSTS
from engine.ports import WebFailed, WebRefused, WebRequest, WebResponse
from engine.version import VERSION
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import Handler, serving

MOST = 10_000
LIMITS = WebLimits(private=ALL_HOSTS, response_bytes=MOST)


async def get(handler: Handler, path: str = "/", limits: WebLimits = LIMITS) -> WebResponse:
    async with serving(handler) as port:
        request = WebRequest("GET", f"http://127.0.0.1:{port}{path}", {})
        return await HttpxWebClient(limits).send(request)


def page(content: str = "", **headers: str) -> Handler:
    """A site that answers everything with this."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: WebResponse(200, "OK", named, content)


@in_loop
async def test_loopback_is_closed_unless_it_is_opened() -> None:
    """Without a setting, and although somebody listens there."""
    with pytest.raises(WebRefused, match="http_private"):
        await get(page(), limits=WebLimits())


@in_loop
async def test_the_client_says_who_it_is() -> None:
    """Unless the ruleset does; and it wants nothing compressed."""
    arrived: list[WebRequest] = []

    def note(request: WebRequest) -> WebResponse:
        arrived.append(request)
        return WebResponse(200, "OK", {}, "")

    async with serving(note) as port:
        client, url = HttpxWebClient(LIMITS), f"http://127.0.0.1:{port}/"
        await client.send(WebRequest("GET", url, {}))
        await client.send(WebRequest("GET", url, {"user-agent": "mine"}))
    assert [one.headers["user-agent"] for one in arrived] == [f"picomesh/{VERSION}", "mine"]
    assert arrived[0].headers["accept-encoding"] == "identity"


@in_loop
async def test_a_response_may_have_so_many_bytes() -> None:
    """And not one more, whether or not the server says beforehand how many come."""
    assert len((await get(page("x" * MOST))).content) == MOST
    with pytest.raises(WebFailed, match=r"more than 10,000 bytes \(setting http_response_limit\)"):
        await get(page("x" * (MOST + 1)))


@in_loop
async def test_an_endless_response_is_cut_off() -> None:
    """Reading stops soon after the limit."""
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x" * 10_000)
            sent += 10_000
            try:
                await writer.drain()
            except ConnectionError:
                break
        writer.close()

    server = await asyncio.start_server(flood, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    with pytest.raises(WebFailed, match="more than"):
        await HttpxWebClient(LIMITS).send(WebRequest("GET", url, {}))
    server.close()
    await server.wait_closed()
    assert sent < 50_000_000  # what two sockets hold between them, with much to spare


@in_loop
async def test_compressed_content_is_refused() -> None:
    """Nobody asked for it, and it may be a thousand times larger than it looks."""
    with pytest.raises(WebFailed, match="answered in gzip, which was not asked for"):
        await get(page("whatever", content_encoding="gzip"))


@pytest.mark.parametrize(
    ("content_type", "sent", "read"),
    [
        ("text/plain", "Ã©", "é"),
        ("text/plain; charset=utf-8", "ï»¿Ã©", "é"),
        ("text/plain; charset=iso-8859-1", "é", "é"),
        ("text/plain; charset=nonsense", "Ã©", "é"),
        ("text/plain; charset=idna", "xn--", "xn--"),
        ("text/plain; charset=zlib", "x", "x"),
        ("text/plain", "\xff", "�"),
    ],
)
@in_loop
async def test_content_is_read_in_the_encoding_it_is_said_to_be_in(
    content_type: str, sent: str, read: str
) -> None:
    """If that is one of texts; else, and if nothing is said, as UTF-8. (`sent` is shown as Latin-1.)"""
    assert (await get(page(sent, content_type=content_type))).content == read


@in_loop
async def test_names_of_headers_come_in_lower_case() -> None:
    response = await get(page(**{"X-Mixed-Case": "Yes"}))
    assert response.headers["x-mixed-case"] == "Yes"


@in_loop
async def test_secrets_of_a_url_are_not_repeated() -> None:
    """What stands in a message ends up in logs: neither passwords nor parameters belong there."""
    with pytest.raises(WebFailed) as caught:
        await HttpxWebClient(LIMITS).send(WebRequest("GET", "http://me:pw@127.0.0.1:1/x?token=t#f", {}))
    assert str(caught.value).startswith("GET http://127.0.0.1:1/x failed: ")


@pytest.mark.parametrize(
    "headers", [{"bad name": "x"}, {"": "x"}, {"x-a": "one\r\nx-b: two"}, {"x-a": "\ud800\x00"}]
)
@in_loop
async def test_a_header_that_cannot_be_sent_is_a_failure(headers: dict[str, str]) -> None:
    """Above all one that would smuggle in another."""
    async with serving(page()) as port:
        with pytest.raises(WebFailed, match="failed: "):
            await HttpxWebClient(LIMITS).send(WebRequest("GET", f"http://127.0.0.1:{port}/", headers))


@pytest.mark.parametrize(
    "url", ["http://[bad", "http://a b/", "http://\ud800.example/", "http://x:99999/", "http:///x"]
)
@in_loop
async def test_a_url_that_is_none_is_a_failure(url: str) -> None:
    """Of a sort that can be told, whatever a ruleset makes up."""
    with pytest.raises(WebFailed):
        await HttpxWebClient(LIMITS).send(WebRequest("GET", url, {}))


@in_loop
async def test_a_connection_that_is_not_made_in_time_is_a_failure() -> None:
    """To a name server that never answers, the time for the whole request applies."""

    async def ponder(host: str, port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    client = HttpxWebClient(WebLimits(total_s=0.01), ponder)
    with pytest.raises(WebFailed, match=r"no answer within 0.01 seconds \(setting http_total_s\)"):
        await client.send(WebRequest("GET", "http://slow.example/", {}))
