"""Events for picos of other engines: two engines, the one's web being the other's HTTP face."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from httpx import ASGITransport, AsyncClient

from engine.adapters.http import Limits, make_app
from engine.core.messages import Fault
from engine.ports import WebFailed, WebRequest, WebResponse
from engine.runtime.host import Host
from engine.runtime.replies import EventReply, QueryReply
from tests.engine.in_loop import in_loop
from tests.engine.runtime.shop import send, start, until_done
from tests.fakes.memory_journal import MemoryJournal
from tests.fakes.web import FakeWeb

THERE = "http://there.example"

TRAVELLER = """
ruleset traveller {
  meta { shares seen, errors }
  global {
    seen = function() { ent:seen.defaultsTo([]) }
    errors = function() { ent:errors.defaultsTo([]) }
  }
  rule send {
    select when go send
    event:send({"eci": event:attrs{"eci"}, "domain": "far", "type": "a b", "attrs": {"n": event:attrs{"n"}}},
               event:attrs{"host"})
  }
  rule follow {
    select when go follow
    pre { bus = {"Tx": event:attrs{"eci"}, "Tx_host": event:attrs{"host"}} }
    event:send({"sub": bus, "domain": "far", "type": "a b"})
  }
  rule tell {
    select when go tell
    ctx:event(event:attrs{"eci"}, "far", "a b", {"n": 1}, event:attrs{"host"}) setting(eid)
    fired { ent:eid := eid }
  }
  rule fail {
    select when go fail
    event:send({"eci": event:attrs{"eci"}, "domain": "far", "type": "a b"}, event:attrs{"host"})
    fired { ent:n := "a" - 1 }
  }
  rule arrive {
    select where event:domain == "far"
    fired { ent:seen := seen().append(event:attrs{"n"}) }
  }
  rule hear {
    select when system error
    fired { ent:errors := errors().append(event:attrs{"data"}) }
  }
}
"""


@dataclass
class Way:
    """`engine.ports.WebClient` that leads to an engine, which may answer or be lost on the way back."""

    there: Host
    loses: bool = False
    """The answer, though the request has arrived."""
    requests: list[WebRequest] = field(default_factory=list)

    async def send(self, request: WebRequest) -> WebResponse:
        if urlsplit(request.url).hostname != urlsplit(THERE).hostname:
            raise WebFailed("nobody there")
        self.requests.append(request)
        transport = ASGITransport(make_app(self.there, Limits(body=1 << 20, depth=64)))
        async with AsyncClient(transport=transport) as client:
            answer = await client.request(
                request.method, request.url, headers=dict(request.headers), content=request.body
            )
        if self.loses:
            raise WebFailed("the answer is lost")
        return WebResponse(answer.status_code, answer.reason_phrase, dict(answer.headers), answer.text)


async def engine(folder: Path, web: Any) -> tuple[Host, MemoryJournal]:
    """One with a traveller as its root."""
    file = folder / "traveller.krl"
    file.write_text(TRAVELLER, "utf-8")
    journal = MemoryJournal()
    host = await start(journal, web)
    reply = await send(host, "wrangler:install_ruleset_request", url=file.as_uri())
    assert isinstance(reply, EventReply), reply
    return host, journal


async def ask(host: Host, name: str) -> Any:
    reply = await host.run_query(host.root_eci(), "traveller", name, {})
    assert isinstance(reply, QueryReply), reply
    return reply.value


def nobody(request: WebRequest) -> WebResponse:
    raise AssertionError("nobody is asked")


class Pair:
    """An engine to send from, and one to send to."""

    @classmethod
    async def open(cls, folder: Path) -> Pair:
        pair = cls()
        pair.there, pair._there_disk = await engine(folder, FakeWeb(nobody))
        pair.way = Way(pair.there)
        pair.here, pair._here_disk = await engine(folder, pair.way)
        return pair

    here: Host
    there: Host
    way: Way
    _here_disk: MemoryJournal
    _there_disk: MemoryJournal

    async def send(self, event: str, **attrs: Any) -> Any:
        reply = await send(self.here, event, **{"eci": self.there.root_eci(), "host": THERE, **attrs})
        for journal in (self._here_disk, self._there_disk, self._here_disk):
            await until_done(journal.disk)
        return reply


@pytest.mark.parametrize("event", ["go:send", "go:follow", "go:tell"])
@in_loop
async def test_an_event_reaches_a_pico_of_another_engine(event: str, tmp_path: Path) -> None:
    """After the commit, by the route that every engine of picos has; nobody hears more of it."""
    pair = await Pair.open(tmp_path)
    assert isinstance(await pair.send(event, n=1.0), EventReply)
    assert await ask(pair.there, "seen") == ([None] if event == "go:follow" else [1.0])
    assert await ask(pair.here, "errors") == []
    (request,) = pair.way.requests
    assert request.url == f"{THERE}/c/{pair.there.root_eci()}/event/far/a%20b"


@in_loop
async def test_an_event_that_fails_sends_nothing(tmp_path: Path) -> None:
    pair = await Pair.open(tmp_path)
    assert isinstance(await pair.send("go:fail"), Fault)
    assert pair.way.requests == []


@pytest.mark.parametrize(
    ("attrs", "told"),
    [({"eci": "nobody"}, "did not take it: 404"), ({"host": "http://gone.example/"}, "nobody there")],
)
@in_loop
async def test_an_event_that_nobody_took_is_an_error(
    attrs: dict[str, str], told: str, tmp_path: Path
) -> None:
    """Whether the engine says no or is not there; the sender hears `system:error`."""
    pair = await Pair.open(tmp_path)
    assert isinstance(await pair.send("go:send", **attrs), EventReply)
    (error,) = await ask(pair.here, "errors")
    assert told in error


@in_loop
async def test_an_event_that_arrives_twice_is_run_once(tmp_path: Path) -> None:
    """It has the same key each time, which the engine there knows."""
    pair = await Pair.open(tmp_path)
    await pair.send("go:send", n=1.0)
    await pair.way.send(pair.way.requests[0])
    await pair.send("go:send", n=2.0)
    assert await ask(pair.there, "seen") == [1.0, 2.0]


@in_loop
async def test_what_was_lost_on_the_way_back_is_an_error_though_it_arrived(tmp_path: Path) -> None:
    """The sender cannot know more."""
    pair = await Pair.open(tmp_path)
    pair.way.loses = True
    await pair.send("go:send", n=1.0)
    assert await ask(pair.there, "seen") == [1.0]
    assert await ask(pair.here, "errors") == ["the answer is lost"]


@pytest.mark.parametrize("host", [None, ""])
@pytest.mark.parametrize("event", ["go:send", "go:follow", "go:tell"])
@in_loop
async def test_without_a_host_this_engine_is_meant(event: str, host: str | None, tmp_path: Path) -> None:
    pair = await Pair.open(tmp_path)
    assert isinstance(await pair.send(event, eci=pair.here.root_eci(), host=host), EventReply)
    assert (len(await ask(pair.here, "seen")), pair.way.requests) == (1, [])


@pytest.mark.parametrize("host", [7.0, "there.example", "file:///x", {}])
@in_loop
async def test_a_host_is_a_url(host: Any, tmp_path: Path) -> None:
    pair = await Pair.open(tmp_path)
    reply = await pair.send("go:send", host=host)
    assert isinstance(reply, Fault)
    assert "a host is the URL of an engine" in reply.message
