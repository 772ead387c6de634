"""A ruleset, an engine and a web site, all of them real and on this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.config import Settings
from engine.core.messages import Fault
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
