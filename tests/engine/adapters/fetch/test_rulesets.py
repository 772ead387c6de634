"""Texts come back whole, and every way of not getting one is told as a sentence that helps."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from engine.adapters.fetch.rulesets import LARGEST_TEXT, Connect, RulesetTexts, library_rids
from engine.ports import FetchFailed, WebRefused
from tests.engine.in_loop import in_loop

TEXT = "ruleset héllo { }"


class Site(httpx.AsyncBaseTransport):
    """A web site with one page."""

    def __init__(self, response: httpx.Response | Exception) -> None:
        self.response = response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def through(site: Site) -> Connect:
    """Every request goes to that site."""

    async def connect() -> Site:
        return site

    return connect


async def refusal(source: RulesetTexts, url: str) -> str:
    with pytest.raises(FetchFailed) as caught:
        await source.fetch(url)
    return str(caught.value)


@in_loop
async def test_a_file_is_read(tmp_path: Path) -> None:
    """Also one whose name has a space, and one that begins with a byte order mark."""
    path = tmp_path / "my rules.krl"
    path.write_text("\ufeff" + TEXT, encoding="utf-8")
    assert await RulesetTexts().fetch(path.as_uri()) == TEXT


@in_loop
async def test_a_missing_file_is_named() -> None:
    """The message holds the path."""
    assert await refusal(RulesetTexts(), "file:///no/such.krl") == "there is no file /no/such.krl"


@in_loop
async def test_a_file_url_must_be_whole() -> None:
    """A relative path depends on where the engine was started; another machine's file is out of reach."""
    for url in ("file:counter.krl", "file://elsewhere/counter.krl"):
        assert "write file:///absolute/path.krl" in await refusal(RulesetTexts(), url)


@in_loop
async def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    """Reading one would wait for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert "there is no file" in await refusal(RulesetTexts(), (tmp_path / "pipe").as_uri())


@in_loop
async def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    """The limit itself is still fine."""
    path = tmp_path / "big.krl"
    path.write_bytes(b" " * LARGEST_TEXT)
    assert len(await RulesetTexts().fetch(path.as_uri())) == LARGEST_TEXT
    path.write_bytes(b" " * (LARGEST_TEXT + 1))
    assert "larger than a ruleset may be (1,048,576 bytes;" in await refusal(RulesetTexts(), path.as_uri())
    path.write_bytes(b" " * 8)
    assert "(7 bytes; the setting ruleset_limit" in await refusal(RulesetTexts(largest=7), path.as_uri())


@in_loop
async def test_text_in_another_encoding_is_refused(tmp_path: Path) -> None:
    """Latin-1 would give a ruleset with other letters than its author wrote."""
    path = tmp_path / "latin.krl"
    path.write_bytes(TEXT.encode("latin-1"))
    assert "is not UTF-8 text" in await refusal(RulesetTexts(), path.as_uri())


@in_loop
async def test_a_page_is_downloaded() -> None:
    """The body of a 200, decoded."""
    site = Site(httpx.Response(200, content=TEXT.encode()))
    assert await RulesetTexts(through(site)).fetch("http://rules.example/a.krl") == TEXT


@in_loop
async def test_anything_but_200_is_refused() -> None:
    """An error page is not a ruleset."""
    site = Site(httpx.Response(404, content=b"ruleset not found"))
    reason = await refusal(RulesetTexts(through(site)), "http://rules.example/a.krl")
    assert reason == "http://rules.example/a.krl answered 404 Not Found, not 200 OK"


@in_loop
async def test_an_endless_page_is_cut_off() -> None:
    """Reading stops as soon as the limit is passed."""
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 1 << 16
            yield b"x" * (1 << 16)

    site = Site(httpx.Response(200, content=flood()))
    assert "larger than a ruleset may be" in await refusal(
        RulesetTexts(through(site)), "http://rules.example/a.krl"
    )
    assert sent <= LARGEST_TEXT + (1 << 17)


@in_loop
async def test_a_place_that_is_not_reached_is_told() -> None:
    """No connection and no answer in time both name the URL."""
    nobody = Site(httpx.ConnectError("connection refused"))
    assert "a.krl cannot be fetched: connection refused" in await refusal(
        RulesetTexts(through(nobody)), "http://rules.example/a.krl"
    )
    silent = Site(httpx.ReadTimeout(""))
    assert "cannot be fetched: ReadTimeout" in await refusal(
        RulesetTexts(through(silent)), "http://rules.example/a"
    )


@in_loop
async def test_a_host_that_may_not_be_reached_is_told() -> None:
    """With the reason that whoever connects gives."""
    refused = Site(WebRefused("10.0.0.1 is not a public address"))
    reason = await refusal(RulesetTexts(through(refused)), "http://10.0.0.1/a.krl")
    assert reason == "http://10.0.0.1/a.krl cannot be fetched: 10.0.0.1 is not a public address"


@in_loop
async def test_a_closed_port_is_told() -> None:
    """The same with real sockets."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    assert "cannot be fetched" in await refusal(RulesetTexts(), f"http://127.0.0.1:{port}/a.krl")


@in_loop
async def test_other_schemes_are_refused() -> None:
    """The message lists the ones there are."""
    for url in ("ftp://x/a.krl", "counter.krl", "", "http://[bad"):
        reason = await refusal(RulesetTexts(), url)
        assert "file:///, http://, https:// or library:" in reason or "is not a URL" in reason


@in_loop
async def test_the_library_is_read_by_rid() -> None:
    """What comes with the engine needs no path; what does not come with it is told apart."""
    text = await RulesetTexts().fetch("library:io.picolabs.wrangler")
    assert "ruleset io.picolabs.wrangler {" in text
    for rid in ("nope", "../pyproject", ""):
        reason = await refusal(RulesetTexts(), f"library:{rid}")
        assert f"it has {', '.join(library_rids())}" in reason
    assert "io.picolabs.wrangler" in library_rids()
