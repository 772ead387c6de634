"""The HTTP face as one ASGI application: picos first, by hand; everything else through a router."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from engine.adapters.http import (
    administration,
    didcomm,
    engines,
    guarding,
    introductions,
    lives,
    modules,
    moves,
    past,
    picos,
    rulesets,
    seals,
    upgrades,
    vouching,
)
from engine.adapters.http.duplex import Duplexes, DuplexLimits
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import OPTIONS, Reply, problem_reply, send_reply
from engine.adapters.http.requests import ClientGone, Limits, Request, path_segments
from engine.adapters.http.routes import Handler, Routes
from engine.core.codec import Unreadable

log = structlog.get_logger("picomesh.http")

MENDING = "`picomesh replay ECI` names the record; a copy of the journal has to take its place"
"""What can be done about a damaged history."""

ROUTED: Routes = {
    **administration.ROUTES,
    **rulesets.ROUTES,
    **upgrades.ROUTES,
    **modules.ROUTES,
    **past.ROUTES,
    **didcomm.ROUTES,
    **introductions.ROUTES,
    **engines.ROUTES,
    **lives.ROUTES,
    **vouching.ROUTES,
    **guarding.ROUTES,
    **seals.ROUTES,
    **moves.ROUTES,
}
"""Everything but the routes of `picos`."""


def make_app(host: Host, limits: Limits, duplex: DuplexLimits | None = None) -> ASGIApp:
    """The application that answers for an engine."""
    duplexes = Duplexes(host, duplex or DuplexLimits())
    router = Router(
        [Route(path, _Endpoint(host, limits, handler)) for path, (handler, _) in ROUTED.items()],
        redirect_slashes=False,
        default=_answer_unknown,
    )

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and scope["path"] == didcomm.PATH:
            await duplexes.serve(scope, receive, send)
            return
        if scope["type"] != "http" or not scope["path"].startswith(("/c/", "/sky/")):
            await router(scope, receive, send)
            return

        async def answer() -> Reply:
            request = Request(scope, receive, limits)
            return await picos.answer(host, request, path_segments(scope)) or _unknown_path(scope)

        await _send_outcome(scope, send, answer)

    return app


class _Endpoint:
    """A handler as the router wants it."""

    def __init__(self, host: Host, limits: Limits, handler: Handler) -> None:
        self._host = host
        self._limits = limits
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def answer() -> Reply:
            if scope["method"] == "OPTIONS":
                return OPTIONS
            return await self._handler(self._host, Request(scope, receive, self._limits))

        await _send_outcome(scope, send, answer)


async def _answer_unknown(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send_reply(send, _unknown_path(scope))
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000})


def _unknown_path(scope: Scope) -> Reply:
    hint = "the routes are " + ", ".join((*picos.ROUTES, *ROUTED))
    return problem_reply(Problem(404, "unknown", f"there is nothing at {scope['path']}", hint=hint))


def _location(scope: Scope, problem: Problem) -> str | None:
    """Where the same request belongs now."""
    if problem.status != 307:
        return None
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope.get("query_string", b"")
    return f"{problem.extra['url']}{path.decode('latin-1')}{f'?{query.decode()}' if query else ''}"


async def _send_outcome(scope: Scope, send: Send, answer: Callable[[], Awaitable[Reply]]) -> None:
    """Send what a handler answers, also when it raises. A bug is logged here, and told without details."""
    try:
        reply = await answer()
    except Problem as problem:
        reply = problem_reply(problem, _location(scope, problem))
    except ClientGone:
        return
    except Unreadable as damage:
        log.error("a pico cannot be woken", path=scope["path"], reason=str(damage))
        reply = problem_reply(Problem(500, "damaged", f"a history is damaged: {damage}", hint=MENDING))
    except Exception:
        log.exception("a request met a bug", path=scope["path"], method=scope["method"])
        reply = problem_reply(
            Problem(500, "bug", "the engine made a mistake", hint="its log has the details")
        )
    await send_reply(send, reply)
