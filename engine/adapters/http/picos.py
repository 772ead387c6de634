"""The routes through which picos are used: events and queries, in pico-engine's forms.

Each takes any method. They are matched by hand, ahead of the router for everything else, because an
event is all that most requests are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import settled
from engine.adapters.http.replies import (
    JSON,
    OPTIONS,
    PAGE_OF_RULESET,
    TEXT,
    Headers,
    Reply,
    encode,
    is_header_text,
)
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import public
from engine.core.model import Eci
from engine.runtime.replies import EventReply
from pico_lang.values import Value, to_json

ROUTES: Mapping[str, str] = {
    "/c/{eci}/event/{domain}/{name}": "accept an event: its id, once it is on disk",
    "/c/{eci}/event-wait/{domain}/{name}": "run an event: its id and directives, once committed",
    "/sky/event/{eci}/{eid}/{domain}/{name}": "the older form of the same; _cookie and _redirect act",
    "/c/{eci}/query/{rid}/{name}": "call a shared function: its value",
    "/sky/cloud/{eci}/{rid}/{name}": "the older form of the same; .html and .txt send text",
    "/c/{eci}/event/{domain}/{name}/query/{rid}/{query}": "run an event, then a query: the query's value",
}


SURFACE = public("who knows a channel may use it, as far as its policy says")


async def answer(host: Host, request: Request, segments: Sequence[str]) -> Reply | None:
    """Answer a request for a pico; None when the path is not one of `ROUTES`."""
    match segments:
        case ["c", eci, "event-wait", domain, name]:
            return await _answer_event(host, request, (eci, domain, name))
        case ["c", eci, "event", domain, name]:
            return await _accept_event(host, request, (eci, domain, name))
        case ["c", eci, "query", rid, name] | ["sky", "cloud", eci, rid, name]:
            return await _answer_query(host, request, (eci, rid, name))
        case ["sky", "event", eci, eid, domain, name]:
            return await _answer_sky_event(host, request, (eci, domain, name), eid)
        case ["c", eci, "event", domain, name, "query", rid, query]:
            return await _answer_event_query(host, request, (eci, domain, name), (rid, query))
    return None


Address = tuple[str, str, str]
"""ECI, domain and name of an event; ECI, rid and name of a query."""


async def _accept_event(host: Host, request: Request, address: Address) -> Reply:
    if request.method == "OPTIONS":
        return OPTIONS
    eci, domain, name = address
    attrs = await request.parameters()
    eid = settled(await host.accept_event(Eci(eci), domain, name, attrs, request.event_id()))
    return Reply(encode(eid))


async def _answer_event(host: Host, request: Request, address: Address) -> Reply:
    if request.method == "OPTIONS":
        return OPTIONS
    return _event_reply(await _run_event(host, request, address, {}))


async def _answer_sky_event(host: Host, request: Request, address: Address, eid: str) -> Reply:
    """As above. The id in the path is only an attribute: callers have always sent the same one again."""
    if request.method == "OPTIONS":
        return OPTIONS
    reply = await _run_event(host, request, address, {} if eid == "none" else {"__eid": eid})
    headers = [header for directive in reply.directives for header in _headers_of(directive)]
    status = 302 if any(name == b"location" for name, _ in headers) else 200
    return _event_reply(reply, status, (*JSON, *headers))


async def _run_event(
    host: Host, request: Request, address: Address, defaults: Mapping[str, Value]
) -> EventReply:
    eci, domain, name = address
    attrs = {**defaults, **await request.parameters()} if defaults else await request.parameters()
    return settled(await host.run_event(Eci(eci), domain, name, attrs, request.event_id()))


def _event_reply(reply: EventReply, status: int = 200, headers: Headers = JSON) -> Reply:
    document = {"eid": reply.eid, "directives": to_json(list(reply.directives))}
    return Reply(encode(document), status, headers)


def _headers_of(directive: Mapping[str, Any]) -> Headers:
    """Directives that speak to the browser: `_cookie` and `_redirect`."""
    options = directive.get("options")
    if not isinstance(options, dict):
        return ()
    cookie, url = options.get("cookie"), options.get("url")
    if directive.get("name") == "_cookie" and is_header_text(cookie) and not _is_of_login(str(cookie)):
        return ((b"set-cookie", str(cookie).encode()),)
    if directive.get("name") == "_redirect" and is_header_text(url):
        return ((b"location", str(url).encode()),)
    return ()


def _is_of_login(cookie: str) -> bool:
    """A ruleset logs nobody in or out."""
    return cookie.strip().lower().startswith("picomesh")


async def _answer_query(host: Host, request: Request, address: Address) -> Reply:
    if request.method == "OPTIONS":
        return OPTIONS
    eci, rid, name = address
    name, text_headers = _split_extension(name)
    reply = settled(await host.run_query(Eci(eci), rid, name, await request.parameters()))
    if text_headers is not None and isinstance(reply.value, str):
        return Reply(reply.value.encode("utf-8", "replace"), headers=text_headers)
    return Reply(encode(to_json(reply.value)))


def _split_extension(name: str) -> tuple[str, Headers | None]:
    for extension, headers in ((".html", PAGE_OF_RULESET), (".txt", TEXT)):
        if name.endswith(extension):
            return name.removesuffix(extension), headers
    return name, None


async def _answer_event_query(
    host: Host, request: Request, address: Address, query: tuple[str, str]
) -> Reply:
    if request.method == "OPTIONS":
        return OPTIONS
    eci, domain, name = address
    parameters = await request.parameters()
    event = Eci(eci), domain, name, parameters
    reply = settled(await host.run_event_query(*event, *query, parameters, request.event_id()))
    return Reply(encode(to_json(reply.value)))
