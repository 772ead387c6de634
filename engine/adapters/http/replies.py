"""What goes back to a caller: a status, headers and bytes, with what never changes made once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any

import orjson
from starlette.types import Send

from engine.adapters.http.problems import Problem

Headers = tuple[tuple[bytes, bytes], ...]

ANY_ORIGIN = (b"access-control-allow-origin", b"*")
NO_GUESSING = (b"x-content-type-options", b"nosniff")
JSON: Headers = ((b"content-type", b"application/json"), ANY_ORIGIN, NO_GUESSING)
HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"), ANY_ORIGIN, NO_GUESSING)
TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"), ANY_ORIGIN, NO_GUESSING)
PROBLEM: Headers = ((b"content-type", b"application/problem+json"), ANY_ORIGIN, NO_GUESSING)

HTML_PAGE: Headers = ((b"content-type", b"text/html; charset=utf-8"),)
"""A page of the engine's own."""

PAGE_OF_RULESET: Headers = (
    *HTML,
    # It comes from the same place as the engine's own pages, and must not be able to act as whoever has
    # logged in to those: so a browser takes it for a page of nowhere.
    (
        b"content-security-policy",
        b"sandbox allow-scripts allow-forms allow-popups allow-modals allow-downloads",
    ),
)
"""What a ruleset has made."""

GUARDED: Headers = (
    NO_GUESSING,
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        b"connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""On everything that is for somebody who has logged in, and on the page where that is done."""
NOT_KEPT = (b"cache-control", b"no-store")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, ready to be sent."""

    body: bytes
    status: int = 200
    headers: Headers = JSON
    pieces: AsyncGenerator[bytes, None] | None = None
    """A long body, in the place of the other: each piece is made when the one before it is on its way."""


OPTIONS = Reply(
    b"",
    headers=(
        (b"allow", b"POST, GET, OPTIONS"),
        ANY_ORIGIN,
        (b"access-control-allow-methods", b"*"),
        (b"access-control-allow-headers", b"*"),
    ),
)
"""Says yes to browsers that ask whether they may send JSON and headers of their own."""


def encode(document: Any) -> bytes:
    """JSON as UTF-8. What orjson refuses (a lone surrogate, deep nesting) is written with escapes."""
    try:
        return orjson.dumps(document)
    except TypeError:
        return json.dumps(document, separators=(",", ":"), allow_nan=False).encode()


def problem_reply(problem: Problem, location: str | None = None, wait_s: int = 1) -> Reply:
    """A problem as an answer. One about a body that was not read to its end closes the connection."""
    headers = PROBLEM
    if location is not None and is_header_text(location):
        headers += ((b"location", location.encode()),)
    if problem.status == 401:
        headers += ((b"www-authenticate", b'Bearer realm="picomesh"'),)
    if problem.status == 413:
        headers += ((b"connection", b"close"),)
    if problem.status in (429, 503):
        headers += ((b"retry-after", str(wait_s).encode()),)
    return Reply(encode(problem.to_document()), problem.status, headers)


def is_header_text(text: object) -> bool:
    """Whether a ruleset's text may stand in a header: no line end can smuggle in another one."""
    return isinstance(text, str) and text.isascii() and text.isprintable()


def allowed(methods: Iterable[str]) -> Headers:
    """Which methods a route takes; one of which nothing is said takes any."""
    told = ", ".join((*methods, "OPTIONS")) if methods else "POST, GET, OPTIONS"
    return ((b"allow", told.encode()),)


def guarded(reply: Reply) -> Reply:
    """The same as only pages of the engine itself may see it."""
    own = tuple(header for header in reply.headers if header not in (ANY_ORIGIN, NO_GUESSING))
    kept = () if any(name == NOT_KEPT[0] for name, _ in own) else (NOT_KEPT,)
    return replace(reply, headers=(*own, *GUARDED, *kept))


def with_headers(reply: Reply, headers: Headers) -> Reply:
    return replace(reply, headers=(*reply.headers, *headers)) if headers else reply


async def send_reply(send: Send, reply: Reply) -> None:
    if reply.pieces is not None:
        await _send_pieces(send, reply, reply.pieces)
        return
    length = (b"content-length", str(len(reply.body)).encode())
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers, length]})
    await send({"type": "http.response.body", "body": reply.body})


async def _send_pieces(send: Send, reply: Reply, pieces: AsyncGenerator[bytes, None]) -> None:
    """Without a length: whoever takes it sees by the end of the last chunk that it is whole. What goes wrong
    in the middle ends the connection, which says that it is not."""
    await send({"type": "http.response.start", "status": reply.status, "headers": [*reply.headers]})
    async with aclosing(pieces):
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
