"""What goes back to a caller: a status, headers and bytes, with what never changes made once."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from engine.adapters.http.problems import Problem

Headers = tuple[tuple[bytes, bytes], ...]

ANY_ORIGIN = (b"access-control-allow-origin", b"*")
JSON: Headers = ((b"content-type", b"application/json"), ANY_ORIGIN)
HTML: Headers = ((b"content-type", b"text/html; charset=utf-8"), ANY_ORIGIN)
TEXT: Headers = ((b"content-type", b"text/plain; charset=utf-8"), ANY_ORIGIN)
PROBLEM: Headers = ((b"content-type", b"application/problem+json"), ANY_ORIGIN)


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


def problem_reply(problem: Problem, location: str | None = None) -> Reply:
    """A problem as an answer. One about a body that was not read to its end closes the connection."""
    headers = PROBLEM
    if location is not None and is_header_text(location):
        headers += ((b"location", location.encode()),)
    if problem.status == 413:
        headers += ((b"connection", b"close"),)
    if problem.status in (429, 503):
        headers += ((b"retry-after", b"1"),)
    return Reply(encode(problem.to_document()), problem.status, headers)


def is_header_text(text: object) -> bool:
    """Whether a ruleset's text may stand in a header: no line end can smuggle in another one."""
    return isinstance(text, str) and text.isascii() and text.isprintable()


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
