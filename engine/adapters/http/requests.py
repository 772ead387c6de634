"""What a request says: its path, headers and parameters, read within the limits of the engine.

Parameters are the query string with the body laid over it. Everything that cannot be read is a
`Problem`, raised before the engine has heard of the request. This is the hot path: it reads by hand
what an event needs and nothing more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote

import orjson
from starlette.types import Receive, Scope

from engine.adapters.http.problems import Problem, malformed
from engine.core.model import EventId
from pico_lang.values import Value, from_json, in_js_order

MAX_EVENT_ID = 255
"""Characters of an event id that a caller chooses; it is kept for as long as the event's record."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one request may say."""

    body: int
    """Bytes."""
    depth: int
    """Levels of JSON."""
    ruleset: int = 1 << 20
    """Bytes of a ruleset's text."""


class ClientGone(Exception):
    """The caller hung up before it had said everything."""


class Request:
    """One request. The headers are read at once, the body only when somebody asks for it."""

    __slots__ = ("_limits", "_read", "_receive", "headers", "scope")

    def __init__(self, scope: Scope, receive: Receive, limits: Limits) -> None:
        self.scope = scope
        self.headers = _decode_headers(scope["headers"])
        self._receive = receive
        self._limits = limits
        self._read: bytes | None = None

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def media_type(self) -> str:
        """Of the body, in lower case and without parameters; empty when it is not said."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def demand_post(self, why: str) -> None:
        """For what changes something. Raises `Problem`, with the reason."""
        if self.method != "POST":
            raise malformed(f"{why}, so it is not done by looking", "send a POST")

    def event_id(self) -> EventId | None:
        """The caller's own id of its event: the same id twice is one event."""
        key = self.headers.get("idempotency-key")
        if key is not None and not 0 < len(key) <= MAX_EVENT_ID:
            raise malformed(
                f"the Idempotency-Key has {len(key)} characters; 1 to {MAX_EVENT_ID} are possible",
                "a UUID will do",
            )
        return None if key is None else EventId(key)

    async def parameters(self) -> dict[str, Value]:
        """Query string and body as one map of language values; the body wins."""
        query = self.scope["query_string"]
        found = _read_pairs(query, "query string") if query else {}
        if self._has_body():
            found.update(self._read_body(await self.body()))
        found["_headers"] = self.headers
        return in_js_order(found)

    def _has_body(self) -> bool:
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers

    def path_word(self, name: str) -> str:
        """What stands in the path at that place of the route."""
        return str(self.scope["path_params"][name])

    async def body(self) -> bytes:
        """The whole body, refused as soon as it is known to be too long."""
        return await self._read_up_to(self._limits.body, "body_limit")

    async def ruleset(self) -> bytes:
        """The body, when it is the text of a ruleset."""
        return await self._read_up_to(self._limits.ruleset, "ruleset_limit")

    async def said(self, with_body: bool) -> tuple[dict[str, Any], dict[str, Any]]:
        """The parameters as they were sent: what is text, of query string and form, and what is JSON."""
        query = self.scope["query_string"]
        texts = _read_pairs(query, "query string") if query else {}
        if not with_body or not self._has_body():
            return texts, {}
        if self.media_type == "application/x-www-form-urlencoded":
            return texts | _read_pairs(await self.body(), "body"), {}
        if self.media_type != "application/json":
            return texts, {}
        return texts, _read_document(await self.body(), self._limits.depth)

    async def _read_up_to(self, most: int, setting: str) -> bytes:
        if self._read is None:
            self._read = await self._read_now(most, setting)
        return self._read

    async def _read_now(self, most: int, setting: str) -> bytes:
        declared = self.headers.get("content-length", "0")
        if declared.isdecimal() and int(declared) > most:
            raise _too_large(most, setting)
        body, more = await self._next_chunk()
        while more and len(body) <= most:
            chunk, more = await self._next_chunk()
            body += chunk
        if len(body) > most:
            raise _too_large(most, setting)
        return body

    async def _next_chunk(self) -> tuple[bytes, bool]:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        return message.get("body", b""), message.get("more_body", False)

    def _read_body(self, body: bytes) -> dict[str, Value]:
        """Parameters from a body. Types that cannot hold any say nothing, as in pico-engine."""
        media_type = self.media_type
        if media_type == "application/json":
            return _read_json(body, self._limits.depth)
        if media_type == "application/x-www-form-urlencoded":
            return _read_pairs(body, "body")
        return {}


def _too_large(most: int, setting: str) -> Problem:
    return Problem(
        413,
        "too_large",
        f"the body has more than {most:,} bytes",
        hint=f"send less at a time, or raise the setting {setting}",
    )


def path_segments(scope: Scope) -> list[str]:
    """The parts of the path between slashes. An escaped slash belongs to its part."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    parts = raw.decode("latin-1").split("/")[1:]
    if b"%" not in raw:
        return parts
    try:
        return [unquote(part, errors="strict") for part in parts]
    except UnicodeDecodeError as error:
        raise malformed(f"the path is not UTF-8: {error.reason}", "escape text as UTF-8") from None


def _decode_headers(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by lower-case name; those that come more than once are joined (RFC 9110, 5.3)."""
    headers: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1"), value_bytes.decode("latin-1")
        if name in headers:
            value = headers[name] + ("; " if name == "cookie" else ", ") + value
        headers[name] = value
    return headers


def _read_pairs(text: bytes, where: str) -> dict[str, Any]:
    """`a=1&b=2&b=3` as a map; a key that comes again gets an array."""
    found: dict[str, Any] = {}
    try:
        pairs = parse_qsl(text.decode("utf-8"), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        raise malformed(f"the {where} is not UTF-8: {error.reason}", "escape text as UTF-8") from None
    for key, value in pairs:
        if key not in found:
            found[key] = value
        elif isinstance(found[key], list):
            found[key].append(value)
        else:
            found[key] = [found[key], value]
    return found


def _read_json(body: bytes, limit: int) -> dict[str, Value]:
    parameters: dict[str, Value] = from_json(_read_document(body, limit))
    return parameters


def _read_document(body: bytes, limit: int) -> dict[str, Any]:
    """The object that a body is."""
    if not body.strip():
        return {}
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise malformed(f"the body is not JSON: {error}", 'send one object, such as {"name": 1}') from None
    if _is_deeper(document, limit):
        raise malformed(
            f"the JSON is nested more than {limit} levels deep", "the setting json_depth says how deep"
        )
    if isinstance(document, list):
        document = {str(index): item for index, item in enumerate(document)}
    if not isinstance(document, dict):
        raise malformed(
            f"the body is {_name_of(document)}, not an object", 'parameters have names: {"name": value}'
        )
    return document


def _is_deeper(document: Any, limit: int) -> bool:
    """Whether arrays and objects are nested past a limit. The reader itself has stopped at 1,024."""
    if isinstance(document, dict):
        document = list(document.values())
    if not isinstance(document, list):
        return False
    return limit == 0 or any(_is_deeper(item, limit - 1) for item in document)


def _name_of(document: Any) -> str:
    return {str: "a string", bool: "true or false", type(None): "null"}.get(type(document), "a number")
