"""One request to the web and what came back, or one sentence that says why nothing did.

Bounded in every direction: time to connect, time in all, redirects, bytes read.
"""

from __future__ import annotations

import asyncio
import codecs
import re
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass

import httpx

from engine.adapters.web.reach import Resolve, ask_system
from engine.adapters.web.transport import PinnedTransport
from engine.host_patterns import NO_HOSTS, HostPatterns
from engine.ports import WebFailed, WebRefused, WebRequest, WebResponse
from engine.version import VERSION

TEXT_ENCODINGS = ("utf-8", "utf-16", "ascii", "iso8859", "cp125", "koi8", "shift_jis", "euc_", "gb", "big5")
"""How the names of encodings begin that a server may choose. Some others that Python knows are no
encodings of text, or take forever to read."""


@dataclass(frozen=True, slots=True)
class WebLimits:
    """How far one request may go."""

    private: HostPatterns = NO_HOSTS
    """Hosts that may be reached although their addresses are not public."""
    connect_s: float = 5.0
    total_s: float = 30.0
    response_bytes: int = 1 << 20
    redirects: int = 5


DEFAULT_HEADERS = {
    "user-agent": f"picomesh/{VERSION}",
    "accept": "*/*",
    # What is not compressed cannot be larger than it looks.
    "accept-encoding": "identity",
}


class HttpxWebClient:
    """`engine.ports.WebClient`."""

    def __init__(self, limits: WebLimits, resolve: Resolve = ask_system) -> None:
        self._limits = limits
        self._resolve = resolve
        self._tls: ssl.SSLContext | None = None

    async def send(self, request: WebRequest) -> WebResponse:
        with self._explained(_show(request)):
            async with asyncio.timeout(self._limits.total_s):
                async with self._open(request, await self.connect()) as client:
                    return await self._exchange(client, request)

    @asynccontextmanager
    async def stream(self, request: WebRequest) -> AsyncIterator[HttpxStream]:
        """`engine.ports.WebStreams`. The time in all is that between two pieces here, and nobody counts the
        bytes but who takes them: none are held."""
        shown = _show(request)
        async with AsyncExitStack() as open_ones:
            with self._explained(shown):
                client = await open_ones.enter_async_context(self._open(request, await self.connect()))
                sending = client.stream(
                    request.method,
                    request.url,
                    headers=_encode_headers(request),
                    content=_encode_body(request),
                )
                response = await open_ones.enter_async_context(sending)
            yield HttpxStream(response, lambda: self._explained(shown))

    @contextmanager
    def _explained(self, shown: str) -> Iterator[None]:
        """What goes wrong, in the words of the port."""
        try:
            yield
        except (httpx.TimeoutException, TimeoutError) as problem:
            raise WebFailed(f"{shown}: {self._explain_timeout(problem)}") from problem
        except httpx.TooManyRedirects as problem:
            most = self._limits.redirects
            raise WebFailed(f"{shown}: more than {most} redirects (setting http_redirects)") from problem
        except httpx.UnsupportedProtocol as problem:
            raise WebRefused(
                f"{shown}: a request needs a URL that begins with http:// or https://"
            ) from problem
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as problem:
            raise WebFailed(f"{shown} failed: {str(problem) or type(problem).__name__}") from problem

    def _explain_timeout(self, problem: Exception) -> str:
        if isinstance(problem, httpx.ConnectTimeout):
            return f"no connection within {self._limits.connect_s:g} seconds (setting http_connect_s)"
        return f"no answer within {self._limits.total_s:g} seconds (setting http_total_s)"

    async def _trust(self) -> ssl.SSLContext:
        """The certificates to trust, read once and off the loop: there are so many of them."""
        if self._tls is None:
            self._tls = await asyncio.to_thread(httpx.create_ssl_context)
        return self._tls

    async def connect(self) -> httpx.AsyncBaseTransport:
        """What leads to the hosts that rulesets may reach, and to no other: for one request and those that it
        is redirected to, since a connection made for one name must never serve another."""
        behind = httpx.AsyncHTTPTransport(verify=await self._trust(), trust_env=False)
        return PinnedTransport(behind, self._limits.private, self._resolve)

    def _open(self, request: WebRequest, transport: httpx.AsyncBaseTransport) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(self._limits.total_s, connect=self._limits.connect_s),
            follow_redirects=request.follows_redirects,
            max_redirects=self._limits.redirects,
            # No proxy and no password file: what a ruleset may do does not depend on the environment.
            trust_env=False,
        )

    async def _exchange(self, client: httpx.AsyncClient, request: WebRequest) -> WebResponse:
        sending = client.stream(
            request.method, request.url, headers=_encode_headers(request), content=_encode_body(request)
        )
        async with sending as response:
            body = await self._read(response)
            return WebResponse(
                response.status_code,
                response.reason_phrase,
                _headers_of(response),
                body.decode(_encoding_of(response), "replace"),
            )

    async def _read(self, response: httpx.Response) -> bytes:
        body, most = bytearray(), self._limits.response_bytes
        async for chunk in response.aiter_raw():
            body += chunk
            if len(body) > most:
                limit = f"{most:,} bytes (setting http_response_limit)"
                raise WebFailed(f"{response.url.host} answered with more than {limit}")
        encoding = response.headers.get("content-encoding", "identity").lower()
        if body and encoding != "identity":
            raise WebFailed(f"{response.url.host} answered in {encoding}, which was not asked for")
        return bytes(body)


@dataclass(frozen=True, slots=True)
class HttpxStream:
    """`engine.ports.WebStream`."""

    _response: httpx.Response
    _explained: Callable[[], AbstractContextManager[None]]

    @property
    def status(self) -> int:
        return self._response.status_code

    @property
    def reason(self) -> str:
        return self._response.reason_phrase

    @property
    def headers(self) -> Mapping[str, str]:
        return _headers_of(self._response)

    async def pieces(self) -> AsyncIterator[bytes]:
        with self._explained():
            async for piece in self._response.aiter_raw():
                yield piece


def _headers_of(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


def _encode_headers(request: WebRequest) -> list[tuple[bytes, bytes]]:
    headers = {**DEFAULT_HEADERS, **request.headers}
    return [
        (name.encode("utf-8", "replace"), value.encode("utf-8", "replace")) for name, value in headers.items()
    ]


def _encode_body(request: WebRequest) -> bytes | None:
    # Half of a surrogate pair has no place in UTF-8.
    return None if request.body is None else request.body.encode("utf-8", "replace")


def _encoding_of(response: httpx.Response) -> str:
    """What the server says if that can be believed, else UTF-8."""
    try:
        name = codecs.lookup(response.charset_encoding or "utf-8").name
    except (LookupError, ValueError):
        name = "utf-8"
    # A byte order mark is not part of the text.
    return name if name.startswith(TEXT_ENCODINGS) and name != "utf-8" else "utf-8-sig"


def _show(request: WebRequest) -> str:
    """The request as it may stand in a message: without what may be secret in its URL."""
    address = re.split(r"[?#]", request.url, maxsplit=1)[0]
    return f"{request.method} {re.sub('//[^/]*@', '//', address)}"
