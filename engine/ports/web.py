"""The web: what is fetched, asked for and listened to there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


class RulesetSource(Protocol):
    async def fetch(self, url: str) -> str:
        """The text behind a `file:`, `http:`, `https:` or `library:` URL. Raises `FetchFailed`."""


class FetchFailed(Exception):
    """A text that could not be had; the message says why and how to mend it."""


@dataclass(frozen=True, slots=True)
class WebRequest:
    """A request that a ruleset makes. Names of headers are in lower case."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: str | None = None
    follows_redirects: bool = True


@dataclass(frozen=True, slots=True)
class WebResponse:
    """What a server said, whatever its status. Names of headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: str


class WebClient(Protocol):
    async def send(self, request: WebRequest) -> WebResponse:
        """Make a request. Raises `WebRefused` when it may not be made, `WebFailed` when nothing came back."""


class WebStream(Protocol):
    """A response whose body is still on its way."""

    @property
    def status(self) -> int: ...

    @property
    def reason(self) -> str: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def pieces(self) -> AsyncIterator[bytes]:
        """The body as it comes, in pieces of any size. Raises `WebFailed` when the rest of it does not."""


@runtime_checkable
class WebStreams(Protocol):
    def stream(self, request: WebRequest) -> AbstractAsyncContextManager[WebStream]:
        """Make a request whose answer may be long. It may take as long as it needs while something comes.
        Raises as `WebClient.send` does."""


class WebFailed(Exception):
    """There was no response; the message says why, and which setting matters if one does."""


class WebRefused(WebFailed):
    """This engine does not make such requests."""


class Websocket(Protocol):
    """One that is open. What is sent and received are whole messages; each of these raises `WebFailed` when
    the connection is over."""

    async def send(self, frame: bytes) -> None: ...

    async def receive(self) -> bytes: ...

    async def close(self) -> None:
        """Raises nothing."""


class Websockets(Protocol):
    async def open(self, url: str) -> Websocket:
        """Raises `WebRefused` when it may not be opened, `WebFailed` when nobody takes it."""
