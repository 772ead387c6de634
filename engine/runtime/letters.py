"""Sending DIDComm messages: packed for the recipient, wrapped for the mediators before it, and posted.

One attempt each. Who wants a message to arrive keeps it until it has, and tries again with the same id.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from engine.core.didcomm.media_types import ENCRYPTED
from engine.core.didcomm.messages import Message
from engine.core.dids import Did, did_of, scid_in
from engine.core.protocols.reactions import ids_from
from engine.core.protocols.routing import forward
from engine.ports import (
    CannotSend,
    Directory,
    Envelopes,
    Route,
    WebClient,
    WebFailed,
    WebRefused,
    WebRequest,
    WebResponse,
    WebStream,
    WebStreams,
)
from engine.runtime.away import Away, NobodyThere

WORTH_ANOTHER_TRY = frozenset((404, 408, 425, 429))
"""Of the statuses that say it is our fault. An engine that is being restored may not know its DIDs yet."""

BEHIND_NOBODY = frozenset((502, 503, 504))
"""What gateways say."""


TellAhead = Callable[[Did, Did], Awaitable[None]]
"""Have the engine that takes in a message know what proves the name for life that it is from. Raises
`CannotSend`."""
Met = Callable[[Did], Awaitable[None]]
"""Somebody took a message."""


@dataclass(frozen=True, slots=True)
class Posted:
    """It was taken; `reply` is the envelope that came back over the same connection, if one did."""

    reply: bytes | None


@dataclass(frozen=True, slots=True)
class Opened:
    """A message was taken, and what comes back over the same connection is still on its way."""

    media_type: str
    pieces: Callable[[], AsyncIterator[bytes]]


class Letters:
    def __init__(
        self,
        envelopes: Envelopes,
        directory: Directory,
        web: WebClient,
        away: Away | None = None,
        streams: WebStreams | None = None,
    ) -> None:
        """With `away`, what is for a place where nobody answered lately is not even sent. Without `streams`
        nobody is asked for long answers."""
        self._envelopes = envelopes
        self._directory = directory
        self._web = web
        self._away = away
        self._streams = streams
        self.tell_ahead: TellAhead | None = None
        self.met: Met | None = None

    async def send(self, message: Message, to: Did) -> Posted:
        """Raises `CannotSend`."""
        route = await self._directory.find_route(to)
        sender = message.from_
        if self.tell_ahead is not None and sender is not None and scid_in(sender) and route.hops:
            await self.tell_ahead(Did(sender), route.hops[-1])
        posted = await self._post(route.url, await self._wrapped(message, to, route))
        if self.met is not None:
            await self.met(Did(did_of(to)))
        return posted

    @asynccontextmanager
    async def open(self, message: Message, to: Did, media_type: str) -> AsyncIterator[Opened]:
        """Send a question to whoever may answer with a stream of that type instead of an envelope. Raises
        `CannotSend`, also while the answer is taken."""
        route = await self._directory.find_route(to)
        if self._streams is None or route.hops:
            posted = await self.send(message, to)
            yield Opened(ENCRYPTED if posted.reply else "", partial(_whole, posted.reply or b""))
            return
        envelope = await self._wrapped(message, to, route)
        headers = {"content-type": ENCRYPTED, "accept": f"{media_type}, {ENCRYPTED};q=0.5"}
        request = WebRequest("POST", route.url, headers, envelope.decode(), follows_redirects=False)
        try:
            async with self._streams.stream(request) as stream:
                self._check(route.url, stream)
                yield Opened(_type_of(stream), partial(self._pieces, stream))
        except WebRefused as problem:
            raise CannotSend(str(problem)) from problem
        except WebFailed as problem:
            raise self._nobody(route.url, str(problem)) from problem

    async def _pieces(self, stream: WebStream) -> AsyncIterator[bytes]:
        """Who has begun to answer is there, whatever cuts the connection."""
        try:
            async for piece in stream.pieces():
                yield piece
        except WebFailed as problem:
            raise CannotSend(str(problem), is_final=False) from problem

    async def herald(self, sender: Did, to: Did) -> None:
        """Have the engine of whoever that is know what proves the name for life `sender`. Raises
        `CannotSend`."""
        route = await self._directory.find_route(to)
        if self.tell_ahead is not None and route.hops:
            await self.tell_ahead(sender, route.hops[-1])

    async def _wrapped(self, message: Message, to: Did, route: Route) -> bytes:
        """In an envelope for each mediator on the way."""
        # Not before `tell_ahead`, which may be what finds out whether somebody is there.
        if self._away is not None and (reason := self._away.reason(route.url)) is not None:
            raise NobodyThere(f"nobody answered there a moment ago: {reason}", route.url)
        envelope = await self._envelopes.close(message, to)
        new_id, following = ids_from(message.id), did_of(to)
        for hop in reversed(route.hops):
            wrapped = forward(
                new_id(f"forward by {hop}"), envelope, following, did_of(hop), message.expires_time
            )
            envelope = await self._envelopes.close(wrapped, hop)
            following = hop
        return envelope

    async def _post(self, url: str, envelope: bytes) -> Posted:
        request = WebRequest(
            "POST", url, {"content-type": ENCRYPTED}, envelope.decode(), follows_redirects=False
        )
        try:
            response = await self._web.send(request)
        except WebRefused as problem:
            raise CannotSend(str(problem)) from problem
        except WebFailed as problem:
            raise self._nobody(url, str(problem)) from problem
        self._check(url, response)
        is_answer = _type_of(response) == ENCRYPTED and response.content
        return Posted(response.content.encode() if is_answer else None)

    def _check(self, url: str, response: WebResponse | WebStream) -> None:
        """Whether it was taken. Raises `CannotSend`."""
        if _is_nobody(response):
            raise self._nobody(url, f"{url} answered {response.status} {response.reason}")
        if self._away is not None:
            self._away.answered(url)
        if not 200 <= response.status < 300:
            is_final = 400 <= response.status < 500 and response.status not in WORTH_ANOTHER_TRY
            raise CannotSend(f"{url} answered {response.status} {response.reason}", is_final)

    def _nobody(self, url: str, reason: str) -> NobodyThere:
        if self._away is not None:
            self._away.failed(url, reason)
        return NobodyThere(reason, url)


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    yield body


def _type_of(response: WebResponse | WebStream) -> str:
    return response.headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_nobody(response: WebResponse | WebStream) -> bool:
    """Whether something in front says so. Whoever is there themselves say in JSON what is wrong."""
    is_own = "json" in response.headers.get("content-type", "")
    return response.status in BEHIND_NOBODY and not is_own
