"""The HTTP face as one ASGI application: picos first, by hand; everything else through the gate and a
router."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from time import monotonic, perf_counter
from typing import TypeVar

import structlog
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.adapters.http import (
    administration,
    assistants,
    didcomm,
    engines,
    events,
    gallery,
    guarding,
    introductions,
    lives,
    login,
    metrics,
    modules,
    moves,
    past,
    picos,
    rulesets,
    seals,
    system,
    tokens,
    upgrades,
    vouching,
)
from engine.adapters.http.declared import OPERATIONS
from engine.adapters.http.declared.operations import JSON as JSON_BODY
from engine.adapters.http.declared.operations import demand_fitting, find_operation
from engine.adapters.http.duplex import Duplexes, DuplexLimits
from engine.adapters.http.gate import Gate, GateRules
from engine.adapters.http.host import Host
from engine.adapters.http.mcp_door import MCP_ABOUT, MCP_PATH, McpDoor, McpFace
from engine.adapters.http.metrics import Meters, kind_of
from engine.adapters.http.openapi import describe
from engine.adapters.http.problems import Problem
from engine.adapters.http.rates import RateLimit, Rates, whose
from engine.adapters.http.repeats import Repeats
from engine.adapters.http.replies import (
    OPTIONS,
    Reply,
    allowed,
    encode,
    guarded,
    problem_reply,
    send_reply,
    with_headers,
)
from engine.adapters.http.requests import ClientGone, Limits, Request, path_segments
from engine.adapters.http.routes import LOOKING, MCP, READ, Endpoint, Routes, Surface
from engine.adapters.http.streams import Stream, send_stream
from engine.adapters.http.ui import UI_ROUTES
from engine.adapters.http.withholding import withhold
from engine.core.codec import Unreadable

T = TypeVar("T")

log = structlog.get_logger("picomesh.http")

MENDING = "`picomesh replay ECI` names the record; a copy of the journal has to take its place"
"""What can be done about a damaged history."""

FAILURES = RateLimit(per_s=0.2, burst=10, on_loopback=True)
"""How often one address may type what lets nobody in. Nobody finds a code by trying; it is for the load."""
LOST = "`picomesh doctor surface` lists the routes, and so does the README of the HTTP face"

_ROUTED: Routes = {
    **administration.ROUTES,
    **login.ROUTES,
    **tokens.ROUTES,
    **gallery.ROUTES,
    **rulesets.ROUTES,
    **upgrades.ROUTES,
    **modules.ROUTES,
    **assistants.ROUTES,
    **past.ROUTES,
    **events.ROUTES,
    **didcomm.ROUTES,
    **introductions.ROUTES,
    **engines.ROUTES,
    **lives.ROUTES,
    **vouching.ROUTES,
    **guarding.ROUTES,
    **seals.ROUTES,
    **system.ROUTES,
    **metrics.ROUTES,
    **moves.ROUTES,
    **UI_ROUTES,
}


async def _describe(host: Host, request: Request) -> Reply:
    return Reply(_description())


@cache
def _description() -> bytes:
    return encode(describe(all_routes()))


OPENAPI = Endpoint(_describe, "this description of all routes, as OpenAPI 3.1", READ)
ROUTED: Routes = {**_ROUTED, "/openapi.json": OPENAPI}
"""Everything but the routes of `picos`."""


def all_routes() -> Iterator[tuple[str, str, Surface]]:
    """Path, line and surface of everything that this application answers."""
    for path, about in picos.ROUTES.items():
        yield path, about, picos.SURFACE
    for path, endpoint in ROUTED.items():
        yield path, endpoint.about, endpoint.surface
    yield MCP_PATH, MCP_ABOUT, MCP


def make_app(
    host: Host,
    limits: Limits,
    duplex: DuplexLimits | None = None,
    rules: GateRules | None = None,
    rate: RateLimit | None = None,
    mcp: McpFace | None = None,
) -> ASGIApp:
    """The application that answers for an engine. `mcp` speaks the Model Context Protocol, where it can."""
    duplexes = Duplexes(host, duplex or DuplexLimits())
    gate = Gate(host.access, rules or GateRules(), Rates(FAILURES, monotonic))
    meters = Meters()
    rates = Rates(rate or RateLimit(), monotonic)
    router = Router(
        [
            *(
                Route(path, _Door(host, limits, gate, meters, path, endpoint))
                for path, endpoint in ROUTED.items()
            ),
            Route(MCP_PATH, McpDoor(gate, mcp)),
        ],
        redirect_slashes=False,
        default=_answer_unknown,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if rates.is_on and not rates.take(whose(scope)):
            await _refuse_rate(scope, send, rates.wait_s(whose(scope)))
            return
        if scope["type"] == "websocket" and scope["path"] == didcomm.PATH:
            await duplexes.serve(scope, receive, send)
            return
        if scope["type"] != "http" or not scope["path"].startswith(("/c/", "/sky/")):
            await router(scope, receive, send)
            return

        began_s = perf_counter()

        async def answer() -> Reply:
            request = Request(scope, receive, limits)
            return await picos.answer(host, request, path_segments(scope)) or _unknown_path(scope)

        if (reply := await _outcome(scope, answer)) is not None:
            await send_reply(send, reply)
            meters.note(kind_of(scope["path"]), reply.status, perf_counter() - began_s)

    return app


class _Door:
    """An endpoint as the router wants it, behind the gate."""

    def __init__(
        self, host: Host, limits: Limits, gate: Gate, meters: Meters, path: str, endpoint: Endpoint
    ) -> None:
        self._host = host
        self._limits = limits
        self._gate = gate
        self._meters = meters
        self._repeats = Repeats()
        self._endpoint = endpoint
        self._declared = OPERATIONS.get(path, {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        surface = self._endpoint.surface

        async def answer() -> Reply | Stream:
            request = Request(scope, receive, self._limits)
            scope["gate"], scope["meters"] = self._gate, self._meters
            scope["caller"] = self._gate.admit(surface, scope["method"], request.headers)
            if scope["method"] == "OPTIONS":
                return OPTIONS if surface.is_public else Reply(b"", headers=allowed(self._declared))
            if self._declared:
                await demand_fitting(request, find_operation(self._declared, scope["method"]))
            return await self._done_once(request)

        began_s = perf_counter()
        reply = await _outcome(scope, answer)
        if isinstance(reply, Stream):
            await send_stream(receive, send, reply, partial(self._shown, scope))
        elif reply is not None:
            finished = self._finished(reply, scope)
            await send_reply(send, finished)
            self._meters.note(kind_of(scope["path"]), finished.status, perf_counter() - began_s)

    async def _done_once(self, request: Request) -> Reply | Stream:
        """Also when it is sent again."""
        key, caller = request.event_id(), request.scope["caller"]
        if key is None or caller is None or request.method in LOOKING:
            return await self._handled(request)
        declared = self._declared.get(request.method)
        is_text = declared is not None and declared.sends != JSON_BODY
        said = await (request.ruleset() if is_text else request.body())
        what = (caller.id, request.method, request.scope["path"], key)
        return await self._repeats.answer(
            what, request.scope["query_string"] + b"\n" + said, lambda: self._replied(request)
        )

    async def _replied(self, request: Request) -> Reply:
        reply = await self._handled(request)
        assert isinstance(reply, Reply), "streams are for those who look"
        return reply

    async def _handled(self, request: Request) -> Reply | Stream:
        try:
            return await self._endpoint.handler(self._host, request)
        except Problem as problem:
            if problem.status == 500 and problem.code.startswith("R"):
                # A ruleset fails over what was asked for; the engine did all that it could.
                problem.status = 422
            raise

    def _shown(self, scope: Scope, body: bytes) -> bytes:
        """What whoever asked may see of it."""
        caller = scope.get("caller")
        if caller is None or caller.allows("send"):
            return body
        return withhold(body, self._host.is_channel)

    def _finished(self, reply: Reply, scope: Scope) -> Reply:
        """As whoever asked may see it."""
        surface = self._endpoint.surface
        if reply.status == 401 and surface.is_page and not surface.is_public:
            reply = login.to_login(scope["path"])
        reply = replace(reply, body=self._shown(scope, reply.body))
        if not surface.is_guarded:
            return reply
        return with_headers(guarded(reply), self._gate.opened_to(surface, scope))


async def _answer_unknown(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send_reply(send, _unknown_path(scope))
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


async def _refuse_rate(scope: Scope, send: Send, wait_s: int) -> None:
    if scope["type"] != "http":
        await send({"type": "websocket.close"})
        return
    hint = f"wait {wait_s} s; the settings rate_per_address and rate_burst say how many are"
    problem = Problem(429, "rate", "too many requests came from this address", hint=hint)
    await send_reply(send, problem_reply(problem, wait_s=wait_s))


def _unknown_path(scope: Scope) -> Reply:
    return problem_reply(Problem(404, "unknown", f"there is nothing at {scope['path']}", hint=LOST))


def _location(scope: Scope, problem: Problem) -> str | None:
    """Where the same request belongs now."""
    if problem.status != 307:
        return None
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return f"{problem.extra['url']}{path.decode('latin-1')}{f'?{query.decode()}' if query else ''}"


async def _outcome(scope: Scope, answer: Callable[[], Awaitable[T]]) -> T | Reply | None:
    """What a handler answers, also when it raises; None when there is nobody any more who could hear it. A
    bug is logged here, and told without details."""
    try:
        return await answer()
    except Problem as problem:
        return problem_reply(problem, _location(scope, problem))
    except Unreadable as damage:
        log.error("a pico cannot be woken", path=scope["path"], reason=str(damage))
        return problem_reply(Problem(500, "damaged", f"a history is damaged: {damage}", hint=MENDING))
    except ClientGone:
        return None
    except Exception:
        log.exception("a request met a bug", path=scope["path"], method=scope["method"])
        return problem_reply(Problem(500, "bug", "the engine made a mistake", hint="its log has the details"))
