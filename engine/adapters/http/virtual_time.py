"""Requests that say what time it is: the header `Picomesh-Time` of an engine with a virtual clock.

It stands in front of all routes. A request is passed on when its time has come, with everything that
was due by then; other engines are put together without this, and ignore the header.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import problem_reply, send_reply
from engine.core.messages import Refusal

HEADER = "Picomesh-Time"

Reach = Callable[[int], Awaitable[Refusal | None]]
"""Lets it be that time, in milliseconds since 1970; see `engine.runtime.virtual_time`."""

_NAME = HEADER.lower().encode()
_TIME = re.compile(rb"[0-9]{1,16}")


def follow_time(app: ASGIApp, reach: Reach) -> ASGIApp:
    """The application, for an engine whose time is the time of its requests."""

    async def timed(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            time_ms = _read_time(scope)
            if time_ms is not None:
                settled(await reach(time_ms))
        except Problem as problem:
            await send_reply(send, problem_reply(problem))
        else:
            await app(scope, receive, send)

    return timed


def _read_time(scope: Scope) -> int | None:
    given = [value.strip() for name, value in scope.get("headers", ()) if name == _NAME]
    if not given or scope["type"] != "http":
        return None
    if len(given) > 1 or not _TIME.fullmatch(given[0]):
        shown = b", ".join(given).decode("latin-1")
        raise malformed(f"{HEADER} is {shown!r}, which is no time", "send milliseconds since 1970, in digits")
    return int(given[0])
