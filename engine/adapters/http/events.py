"""The route of live events: what happens to one pico, or in the whole engine, as server-sent events.

A stream of one pico is numbered as its turns are and read from the journal, so whoever comes back with the
last number misses nothing, however long that was. That of the engine is what is in memory; what is forgotten
is said to be a gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, Endpoint, Routes
from engine.adapters.http.streams import KEEP_ALIVE, Stream, to_message
from engine.core.model import PicoId
from engine.core.timekeeping import to_iso
from engine.runtime.feed import Feed, Happening

MOST_STREAMS = 256
PAGE = 100
"""Turns that are read at a time."""
QUIET_S = 15.0
"""After so long with nothing to say, something is said that says nothing."""
TOGETHER_S = 0.05
"""What happens within so long is sent together: a busy engine has thousands of turns a second."""


async def _watch(host: Host, request: Request) -> Stream:
    if request.method != "GET":
        raise Problem(405, "malformed", "one listens by GET", hint="an EventSource does")
    given = await request.parameters()
    eci, since = given.get("eci"), request.headers.get("last-event-id") or given.get("after")
    if host.feed.watchers >= MOST_STREAMS:
        raise Problem(429, "quota", f"{MOST_STREAMS} streams are open already", hint="close one of them")
    if eci is None:
        return Stream(_of_engine(host.feed, _position(host.feed, since)))
    if not isinstance(eci, str):
        raise malformed("eci is a string", "name one pico: ?eci=…")
    pico, last = settled(host.histories.newest(eci))
    return Stream(_of_pico(host, pico, last if since is None else _number(since, last)))


def _number(since: Any, last: int) -> int:
    if isinstance(since, str) and since.isascii() and since.isdecimal() and len(since) < 16:
        return min(int(since), last)
    raise malformed("a stream of one pico goes on after the number of a turn", "an example: after=20")


def _position(feed: Feed, since: Any) -> int:
    """Of what was last heard; 0 less than none where that was another run of the engine."""
    if since is None:
        return feed.newest
    run, mark, number = str(since).rpartition("-")
    if not mark or not (number.isascii() and number.isdecimal()) or len(number) > 15:
        raise malformed("that is no id of an event of this stream", "leave `after` out to begin with now")
    return int(number) if run == feed.run else -1


async def _of_engine(feed: Feed, n: int) -> AsyncGenerator[bytes, None]:
    feed.watchers += 1
    try:
        yield b"retry: 2000\n\n" + to_message("ready", f"{feed.run}-{max(n, 0)}", {})
        while not feed.is_closed:
            found = feed.after(n)
            if found is None:
                n = feed.newest
                yield to_message("gap", f"{feed.run}-{n}", {})
            elif found:
                n = found[-1].n
                yield b"".join(to_message(one.kind, f"{feed.run}-{one.n}", _tell(one)) for one in found)
            else:
                yield await _pause(feed, n)
    finally:
        feed.watchers -= 1


async def _of_pico(host: Host, pico: PicoId, seq: int) -> AsyncGenerator[bytes, None]:
    feed = host.feed
    feed.watchers += 1
    try:
        yield b"retry: 2000\n\n" + to_message("ready", seq, {"pico": pico})
        while not feed.is_closed:
            n = feed.newest
            turns = host.histories.turns_after(pico, seq, PAGE)
            for turn in turns:
                seq = turn["seq"]
                yield to_message("turn", seq, {"pico": pico, **turn})
            if not turns:
                if isinstance(host.histories.newest(pico), tuple):
                    yield await _wait_for(feed, pico, n)
                else:
                    yield to_message("ended", seq, {"pico": pico})
                    return
    finally:
        feed.watchers -= 1


async def _wait_for(feed: Feed, pico: PicoId, n: int) -> bytes:
    """Until something happens to that pico, or for too long a quiet; what there is to say meanwhile."""
    while True:
        if said := await _pause(feed, n):
            return said
        found, n = feed.after(n), feed.newest
        if feed.is_closed or found is None or any(one.pico == pico for one in found):
            return b""


async def _pause(feed: Feed, n: int) -> bytes:
    try:
        async with asyncio.timeout(QUIET_S):
            await feed.wait_news(n)
    except TimeoutError:
        return KEEP_ALIVE
    if not feed.is_closed:
        await asyncio.sleep(TOGETHER_S)
    return b""


def _tell(one: Happening) -> dict[str, Any]:
    told = {"pico": one.pico, "time": to_iso(one.time_ms)}
    if one.event is None:
        return told
    outcome = "failed" if one.failed else "done"
    event = {"event": ":".join(one.event), "domain": one.event[0], "name": one.event[1]}
    return {
        **told,
        **{"seq": one.seq, "eid": one.eid, "eci": one.eci, "sender": one.sender, "outcome": outcome},
        **event,
    }


ROUTES: Routes = {
    "/api/events": Endpoint(
        _watch,
        "what happens, as it does (SSE): in the engine, or to the pico at ?eci=…; ?after=ID goes on",
        READ,
    ),
}
