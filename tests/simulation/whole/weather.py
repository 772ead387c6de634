"""How bad it is for whole engines, and the network that carries their requests through it."""

from __future__ import annotations

import asyncio
import random
from asyncio import Future, Task
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from httpx import ASGITransport, AsyncClient, Response
from starlette.types import ASGIApp

from engine.ports import WebFailed, WebRequest, WebResponse
from tests.simulation.whole.loop import Process

PATIENCE_S = 30.0
"""For which a client waits for an answer."""


@dataclass(frozen=True)
class Weather:
    """Chances of one request or answer, of one transaction, or of one look at the whole."""

    lost: float = 0.04
    doubled: float = 0.04
    late: float = 0.04
    very_late: float = 0.003
    """So late that it has expired."""
    crash: float = 0.006
    disk_error: float = 0.003
    partition: float = 0.15
    backup: float = 0.2
    restore: float = 0.06
    refused: float = 0.05


ROUGH = Weather()
CALM = Weather(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)


class Network:
    """Loses, doubles, delays and so reorders requests and answers; and some engines cannot reach others."""

    def __init__(self, chance: random.Random, weather: Weather, note: Callable[..., None]) -> None:
        self.weather = weather
        self.processes: dict[str, tuple[Process, ASGIApp]] = {}
        self.cut: frozenset[frozenset[str]] = frozenset()
        """Pairs that do not hear each other."""
        self._chance = chance
        self._note = note
        self.context = Context()
        """What is under way does not die with its sender."""

    def web_of(self, process: Process) -> Web:
        return Web(self, process)

    def join(self, process: Process, app: ASGIApp) -> None:
        self.processes[process.name] = process, app

    def leave(self, process: Process) -> None:
        self.processes.pop(process.name, None)

    async def carry(self, sender: str, request: WebRequest) -> WebResponse:
        to = (urlsplit(request.url).hostname or "").removesuffix(".example")
        answered: Future[WebResponse] = asyncio.get_running_loop().create_future()
        copies = self._copies(self._chance.random())
        self._note("request", sender, to, copies, len(request.body or ""))
        for _ in range(copies):
            self._later(partial(self._arrive, sender, to, request, answered))
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await answered
        except TimeoutError:
            raise WebFailed("no answer in time") from None

    def _copies(self, roll: float) -> int:
        if roll < self.weather.lost:
            return 0
        return 2 if roll < self.weather.lost + self.weather.doubled else 1

    def _later(self, what: Callable[[], object]) -> None:
        asyncio.get_running_loop().call_later(self._delay_s(), what, context=self.context)

    def _delay_s(self) -> float:
        roll, weather = self._chance.random(), self.weather
        if roll < weather.very_late:
            return self._chance.uniform(100, 900)
        if roll < weather.very_late + weather.late:
            return self._chance.uniform(0.1, 45)
        return self._chance.uniform(0.001, 0.03)

    def _is_cut(self, one: str, other: str) -> bool:
        return frozenset((one, other)) in self.cut

    def _arrive(self, sender: str, to: str, request: WebRequest, answered: Future[WebResponse]) -> None:
        found = self.processes.get(to)
        if found is None or self._is_cut(sender, to):
            self._later(partial(settle, answered, WebFailed("nobody there")))
            return
        process, app = found
        asking = process.spawn(ask(app, request))
        asking.add_done_callback(partial(self._answer, sender, to, answered), context=self.context)

    def _answer(self, sender: str, to: str, answered: Future[WebResponse], asked: Task[Response]) -> None:
        if self._chance.random() < self.weather.lost or self._is_cut(sender, to):
            return
        self._later(partial(settle, answered, outcome_of(asked)))


@dataclass(frozen=True)
class Web:
    """`engine.ports.WebClient` of one process."""

    network: Network
    process: Process

    async def send(self, request: WebRequest) -> WebResponse:
        return await self.network.carry(self.process.name, request)


def settle(answered: Future[Any], outcome: WebResponse | WebFailed) -> None:
    if answered.done():
        return
    if isinstance(outcome, WebFailed):
        answered.set_exception(outcome)
    else:
        answered.set_result(outcome)


def outcome_of(asked: Task[Response]) -> WebResponse | WebFailed:
    if asked.cancelled():
        return WebFailed("the connection broke")
    answer = asked.result()
    return WebResponse(answer.status_code, answer.reason_phrase, dict(answer.headers), answer.text)


async def ask(app: ASGIApp, request: WebRequest) -> Response:
    async with AsyncClient(transport=ASGITransport(app)) as client:
        return await client.request(
            request.method, request.url, headers=dict(request.headers), content=request.body
        )
