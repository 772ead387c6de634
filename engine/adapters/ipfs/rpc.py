"""Requests to the RPC of one IPFS node, each with a deadline and a bound on what comes back.

aioipfs gives the session, the URLs and the form in which bytes are sent. Its own calls (of 0.7.1) are not
used: they give errors back as results or as None, wait half an hour for a block that nobody has, hold whole
answers in memory, and their uploads of files fail with an aiohttp of today. See `ipfs rpc` at
https://docs.ipfs.tech/reference/kubo/rpc/ for the commands.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from base64 import b64encode
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import aioipfs
from aioipfs.multi import FormDataWriter

from engine.adapters.ipfs.limits import NodeLimits
from engine.ipfs_choice import NodeAddress
from engine.ports import StoreFull, StoreUnavailable

Options = Mapping[str, str]
Body = AsyncIterable[bytes] | None
"""A file that is sent along, in pieces."""

LONGEST_REASON = 300
"""Characters of what a node says that are passed on."""
ERROR_BYTES = 64 << 10
GRACE_S = 2.0
"""What the way there and back may take beyond the time that the node itself was given."""

_FULL = ("no space left on device", "disk quota exceeded", "not enough space", "file too large")
_HINTS = {
    401: "it wants a name and password, which stand before an @ in its URL",
    403: "its API.Authorizations, or its Access-Control-Allow-Origin, do not let us in",
    404: "is that the RPC of an IPFS node? Its port is 5001; 8080 is the gateway",
}


class NodeRefused(StoreUnavailable):
    """The node answered, and that it did not do it. `said` is what it gave as its reason."""

    def __init__(self, store: str, command: str, status: int, said: str) -> None:
        hint = f" ({_HINTS[status]})" if status in _HINTS else ""
        super().__init__(store, f"{command} was answered {status}: {said or 'without a reason'}{hint}")
        self.status = status
        self.said = said

    def says(self, pattern: re.Pattern[str]) -> bool:
        """Whether the node itself says it: it fails with 500, and what stands before it in other ways."""
        return self.status in (200, 500) and pattern.search(self.said) is not None


class TooMuch(StoreUnavailable):
    """More bytes than the answer may have. It would be no shorter another time."""


class Rpc:
    """The RPC of one node. Nothing is sent before somebody asks."""

    def __init__(self, address: NodeAddress, limits: NodeLimits) -> None:
        self.name = address.name
        self._address = address
        self._headers = _headers(address)
        self._limits = limits
        self._room = asyncio.Semaphore(limits.at_once)
        self._client: aioipfs.AsyncIPFS | None = None
        self._is_closed = False

    async def ask(
        self, command: str, options: Options, deadline_s: float, body: Body = None, most: int = 0
    ) -> bytes:
        """The whole answer. Raises `NodeRefused`, `TooMuch` beyond `most` bytes, or another `StoreFailed`."""
        most = most or self._limits.answer_bytes
        found = bytearray()
        async with self.open(command, options, deadline_s, body) as pieces:
            async for piece in pieces:
                found += piece
                if len(found) > most:
                    raise TooMuch(self.name, f"{command} was answered with more than {most:,} bytes")
        return bytes(found)

    async def ask_json(self, command: str, options: Options, deadline_s: float) -> dict[str, Any]:
        """An answer that is one JSON object."""
        for entry in self.read_entries(command, await self.ask(command, options, deadline_s)):
            return entry
        raise StoreUnavailable(self.name, f"{command} was answered with nothing")

    def read_entries(self, command: str, answer: bytes) -> list[dict[str, Any]]:
        """An answer that is one JSON object a line. A node that fails on the way says so in such a line."""
        try:
            entries = [json.loads(line) for line in answer.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            entries = [None]
        if not all(isinstance(entry, dict) for entry in entries):
            raise StoreUnavailable(self.name, f"{command} was not answered with JSON, but {shown(answer)!r}")
        for entry in entries:
            if entry.get("Type") == "error":
                raise self._refusal(command, 200, shown(str(entry.get("Message", ""))))
        return entries

    @asynccontextmanager
    async def open(
        self,
        command: str,
        options: Options,
        deadline_s: float,
        body: Body = None,
        stall_s: float | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The answer in pieces as they come, all of them within `deadline_s`, each within `stall_s`."""
        if self._is_closed:
            raise StoreUnavailable(self.name, "it is closed")
        async with self._room:
            try:
                async with self._post(command, options, body, deadline_s, stall_s) as answer:
                    if answer.status != 200:
                        raise self._refusal(command, answer.status, await _read_reason(answer))
                    yield answer.content.iter_any()
            except TimeoutError as problem:
                raise StoreUnavailable(
                    self.name, self._explain_timeout(command, problem, deadline_s, stall_s)
                ) from problem
            except (aiohttp.ClientError, OSError) as problem:
                raise StoreUnavailable(self.name, self._explain(command, problem)) from problem
            except RuntimeError as problem:
                if not self._is_closed:  # aiohttp says it so when its session was closed meanwhile
                    raise
                raise StoreUnavailable(self.name, "it is closed") from problem

    async def close(self) -> None:
        """Requests under way fail."""
        self._is_closed = True
        if self._client is not None:
            await self._client.close()

    def _post(
        self, command: str, options: Options, body: Body, deadline_s: float, stall_s: float | None
    ) -> aiohttp.client._RequestContextManager:
        client = self._opened()
        # Not `asyncio.timeout`, which belongs to one task: pieces of a tree may be asked for by several.
        timeout = aiohttp.ClientTimeout(
            total=max(deadline_s, 0.001), sock_connect=self._limits.connect_s, sock_read=stall_s
        )
        return client.session.post(  # type: ignore[no-any-return]
            client.api_endpoint(command),
            params=options,
            data=None if body is None else _as_file(body),
            headers=self._headers,
            timeout=timeout,
            allow_redirects=False,  # a node does not say where else our blocks go
            auto_decompress=False,
        )

    def _opened(self) -> aioipfs.AsyncIPFS:
        if self._client is None:
            to = self._address
            self._client = aioipfs.AsyncIPFS(host=to.host, port=to.port, scheme=to.scheme)
        return self._client

    def _refusal(self, command: str, status: int, said: str) -> StoreFull | NodeRefused:
        if any(sign in said.lower() for sign in _FULL):
            return StoreFull(self.name, f"{command} was refused: {said}")
        return NodeRefused(self.name, command, status, said)

    def _explain_timeout(
        self, command: str, problem: TimeoutError, deadline_s: float, stall_s: float | None
    ) -> str:
        if isinstance(problem, aiohttp.ConnectionTimeoutError):
            return f"there was no connection within {self._limits.connect_s:g} seconds"
        if isinstance(problem, aiohttp.SocketTimeoutError) and stall_s is not None:
            return f"{command} stalled; nothing came for {stall_s:g} seconds"
        return f"{command} was not done within {deadline_s:g} seconds"

    def _explain(self, command: str, problem: Exception) -> str:
        if self._is_closed:
            return "it is closed"
        if isinstance(problem, aiohttp.ClientConnectorError):
            return f"nothing answers there ({_reason_of(problem.os_error)}); does the node run?"
        return f"{command} broke off: {shown(str(problem)) or type(problem).__name__}"


def _headers(address: NodeAddress) -> dict[str, str]:
    headers = {"accept-encoding": "identity"}  # what is not compressed cannot be larger than it looks
    if address.user or address.password:
        known = b64encode(f"{address.user}:{address.password}".encode())
        headers["authorization"] = f"Basic {known.decode()}"
    return headers


def _as_file(pieces: AsyncIterable[bytes]) -> aiohttp.MultipartWriter:
    """As commands want it that take a file; sent as it comes, so that nobody holds the whole."""
    with FormDataWriter() as form:
        part = aiohttp.payload.AsyncIterablePayload(pieces, content_type="application/octet-stream")
        part.set_content_disposition("form-data", name="file", filename="file")
        form.append_payload(part)
    return form  # type: ignore[no-any-return]


def _reason_of(problem: OSError) -> str:
    """Asyncio puts a sentence of its own in the place of the system's; a name that is not found has none."""
    if problem.errno is not None and problem.errno > 0:
        return os.strerror(problem.errno)
    return shown(str(problem.strerror or type(problem).__name__))


async def _read_reason(answer: aiohttp.ClientResponse) -> str:
    """Kubo says it as JSON with a message; whatever stands before it, as it likes."""
    body = bytearray()
    async for piece in answer.content.iter_any():
        body += piece
        if len(body) > ERROR_BYTES:
            break
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    message = told.get("Message") if isinstance(told, dict) else None
    return shown(message if isinstance(message, str) else bytes(body))


def shown(said: str | bytes) -> str:
    """What somebody else wrote, fit for a log: one line, no control characters, not too long."""
    start = said[: 4 * LONGEST_REASON]
    text = start if isinstance(start, str) else start.decode("utf-8", "replace")
    line = " ".join(text.split())[:LONGEST_REASON]
    return "".join(character if character.isprintable() else "�" for character in line)
