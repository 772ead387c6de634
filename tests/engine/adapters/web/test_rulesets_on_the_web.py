"""A ruleset, an engine and a web site, all of them real and on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.config import Settings
from engine.core.messages import Fault, Refusal
from engine.host_patterns import NO_HOSTS, HostPatterns
from engine.ports import WebRequest, WebResponse
from engine.runtime.host import Host
from engine.runtime.replies import EventReply
from engine.wiring import open_engine
from tests.engine.in_loop import in_loop
from tests.engine.loopback_site import serving

VISITOR = """
ruleset visitor {
  global { guests = meta:rulesetConfig{"url"} + "/guests?list=1" }
  rule visit {
    select when visit due
    http:post(guests, qs = {"n": [1, 2]}, json = {"name": "Ann"}, parseJSON = true) setting(r)
    fired { raise visit event "over" attributes {"r": r} }
  }
  rule over { select when visit over send_directive("over", event:attrs{"r"}) }
}
"""


@asynccontextmanager
async def visiting(home: Path, url: str, private: HostPatterns) -> AsyncIterator[Host]:
    """An engine whose root is a visitor of that site."""
    home.mkdir()
    ruleset = home / "visitor.krl"
    ruleset.write_text(VISITOR)
    engine = await open_engine(Settings(home=home, http_private=private))
    attrs = {"url": ruleset.as_uri(), "config": {"url": url}}
    try:
        reply = await engine.host.run_event(
            engine.host.root_eci(), "wrangler", "install_ruleset_request", attrs
        )
        assert isinstance(reply, EventReply), reply
        yield engine.host
    finally:
        await engine.close()


async def visit(host: Host) -> Any:
    return await host.run_event(host.root_eci(), "visit", "due", {})


@in_loop
async def test_a_ruleset_talks_to_a_server_that_the_settings_let_it_reach(tmp_path: Path) -> None:
    """What it sent and what it got, as they were on the wire."""
    arrived: list[WebRequest] = []

    def answer(request: WebRequest) -> WebResponse:
        arrived.append(request)
        return WebResponse(201, "Welcome", {"content-type": "application/json"}, '{"guest": 7}')

    async with serving(answer) as port:
        patterns = HostPatterns(("127.0.0.0/8",))
        async with visiting(tmp_path / "home", f"http://127.0.0.1:{port}", patterns) as host:
            reply = await visit(host)
    (request,) = arrived
    assert (request.method, request.url) == ("POST", "/guests?list=1&n%5B0%5D=1&n%5B1%5D=2")
    assert request.body == '{"name":"Ann"}'
    assert request.headers["content-type"] == "application/json"
    assert len(request.headers["idempotency-key"]) == 32
    got = reply.directives[0]["options"]
    assert (got["status_code"], got["status_line"], got["content"]) == (201.0, "Welcome", {"guest": 7.0})
    assert got["content_length"] == float(len('{"guest": 7}'))


@in_loop
async def test_without_that_it_does_not(tmp_path: Path) -> None:
    """The event fails with the line for the settings, and the server hears nothing."""
    arrived: list[WebRequest] = []

    def note(request: WebRequest) -> WebResponse:
        arrived.append(request)
        return WebResponse(200, "OK", {}, "")

    async with (
        serving(note) as port,
        visiting(tmp_path / "home", f"http://localhost:{port}", NO_HOSTS) as host,
    ):
        fault = await visit(host)
    assert isinstance(fault, Fault)
    assert fault.code == "R607"
    assert 'http_private = ["localhost"]' in fault.message
    assert arrived == []


@asynccontextmanager
async def running(home: Path, private: HostPatterns) -> AsyncIterator[Host]:
    """An engine with nothing on it."""
    engine = await open_engine(Settings(home=home, http_private=private))
    try:
        yield engine.host
    finally:
        await engine.close()


async def install(host: Host, url: str) -> Any:
    return await host.run_event(host.root_eci(), "wrangler", "install_ruleset_request", {"url": url})


@in_loop
async def test_no_ruleset_makes_the_engine_fetch_a_text_from_the_operators_network(tmp_path: Path) -> None:
    """Nobody calls there; the refusal names the setting. A flush of the engine's owner is no exception."""
    calls: list[WebRequest] = []

    def answer(request: WebRequest) -> WebResponse:
        calls.append(request)
        return WebResponse(200, "OK", {}, "ruleset near {}")

    async with serving(answer) as port, running(tmp_path / "home", NO_HOSTS) as host:
        for url in (f"http://127.0.0.1:{port}/near.krl", "http://169.254.169.254/latest/meta-data"):
            refused = await install(host, url)
            assert isinstance(refused, Fault)
            assert "is not a public address" in refused.message
            assert "the setting http_private" in refused.message
            flushed = await host.flush_ruleset(url)
            assert isinstance(flushed, Refusal)
            assert "the setting http_private" in flushed.reason
    assert calls == []


@in_loop
async def test_a_text_from_a_host_that_the_settings_open_is_installed(tmp_path: Path) -> None:
    """For those who serve their rulesets from their own machine; where that sends them on, it ends."""

    def answer(request: WebRequest) -> WebResponse:
        if request.url == "/away.krl":
            return WebResponse(302, "Found", {"location": "http://169.254.169.254/"}, "")
        return WebResponse(200, "OK", {}, "ruleset near {}")

    opened = HostPatterns(("127.0.0.1",))
    async with serving(answer) as port, running(tmp_path / "home", opened) as host:
        assert isinstance(await install(host, f"http://127.0.0.1:{port}/near.krl"), EventReply)
        assert "near" in host.tree().rulesets
        refused = await install(host, f"http://127.0.0.1:{port}/away.krl")
        assert isinstance(refused, Fault)
        assert "169.254.169.254 is not a public address" in refused.message
