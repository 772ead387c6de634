"""DIDComm over a websocket: each frame is an envelope, and answers and mail come back the same way.

DIDComm v2.1, "WebSockets". One message is taken in at a time, and the next is read when it is answered; mail
is read from the journal when what was sent before is on its way. So a connection holds one envelope in either
direction, however slow its other end is. Where HTTP would have a status, the connection ends with the reason.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass

from starlette.types import Message, Receive, Scope, Send

from engine.adapters.http.didcomm import REFUSED
from engine.adapters.http.host import Host
from engine.adapters.http.rates import whose
from engine.runtime.lines import Line
from engine.runtime.mail import Mail
from engine.runtime.receipts import Verdict

SEND_S = 30.0
"""Seconds that the other end may take to read one message."""

GOING_AWAY, POLICY, TRY_LATER = 1001, 1008, 1013
"""How a websocket ends (RFC 6455, 7.4.1, and the registry it set up)."""


@dataclass(frozen=True, slots=True)
class DuplexLimits:
    """How many connections there may be at a time, for how long one may be idle that no mail is to come
    along, and how many one address may have, so that nobody alone takes them all."""

    at_once: int = 1024
    idle_s: float = 60.0
    per_address: int = 64


class Duplexes:
    """All websockets of an engine."""

    def __init__(self, host: Host, limits: DuplexLimits) -> None:
        self._host = host
        self._limits = limits
        self._open: Counter[str] = Counter()
        """By whose they are."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One, to its end."""
        address = whose(scope)
        if self._host.mail is None or not self._has_room(address):
            await send({"type": "websocket.close"})
            return
        self._open[address] += 1
        try:
            await receive()
            await send({"type": "websocket.accept"})
            await _Duplex(self._host.mail, receive, send, self._limits.idle_s).run()
        except OSError:
            # The other end is gone.
            return
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    def _has_room(self, address: str) -> bool:
        limits = self._limits
        return self._open.total() < limits.at_once and self._open[address] < limits.per_address


class _Duplex:
    def __init__(self, mail: Mail, receive: Receive, send: Send, idle_s: float) -> None:
        self._mail = mail
        self._receive = receive
        self._send = send
        self._idle_s = idle_s
        self._line = Line()
        self._sending = asyncio.Lock()

    async def run(self) -> None:
        reading = asyncio.ensure_future(self._read())
        delivering = asyncio.ensure_future(self._deliver())
        both = (reading, delivering)
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            self._mail.close(self._line)
        for task in both:
            if not task.cancelled() and (problem := task.exception()) is not None:
                raise problem

    async def _read(self) -> None:
        """Until the other end goes, is idle for too long, or sends something that is not taken."""
        while (envelope := await self._next_frame()) is not None:
            receipt = await self._mail.receive(envelope, self._line)
            if receipt.reply is not None:
                await self._write(receipt.reply)
            elif receipt.verdict != "taken":
                await self._close(*_farewell(receipt.verdict))
                return

    async def _next_frame(self) -> bytes | None:
        while True:
            try:
                event = await asyncio.wait_for(self._receive(), self._idle_s)
            except TimeoutError:
                if self._line.live:
                    continue
                await self._close(GOING_AWAY, "nothing came for too long")
                return None
            return _frame(event)

    async def _deliver(self) -> None:
        async for envelope in self._mail.deliveries(self._line):
            await self._write(envelope)

    async def _write(self, envelope: bytes) -> None:
        """Raises an `OSError` when nobody takes it: `TimeoutError` is one."""
        async with self._sending:
            await asyncio.wait_for(self._send({"type": "websocket.send", "bytes": envelope}), SEND_S)

    async def _close(self, code: int, reason: str) -> None:
        closing: Message = {"type": "websocket.close", "code": code, "reason": reason}
        async with self._sending:
            await asyncio.wait_for(self._send(closing), SEND_S)


def _frame(event: Message) -> bytes | None:
    """None when it is the end. Other stacks send envelopes as text as well as as bytes."""
    if event["type"] != "websocket.receive":
        return None
    content: bytes | None = event.get("bytes")
    text: str | None = event.get("text")
    return content if content is not None else (text or "").encode()


def _farewell(verdict: Verdict) -> tuple[int, str]:
    return (TRY_LATER if verdict == "busy" else POLICY), REFUSED[verdict][1]
