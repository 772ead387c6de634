"""DIDComm over HTTP: messages come by POST, and what an engine and its channels are called can be asked.

DIDComm v2.1, "HTTPS": the media type says what kind of envelope it is, 202 that it was taken in. An answer
for whoever asked for one on the same connection (`return_route`) is in the response, with 200. One that is
long comes as a stream of another type, where `Accept` names that.
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import ANY_ORIGIN, Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import SEND, Endpoint, Routes, public
from engine.core.didcomm.media_types import ENCRYPTED, PLAIN, SIGNED
from engine.core.model import Eci
from engine.runtime.lines import Exchange
from engine.runtime.mail import Mail
from engine.runtime.receipts import Verdict

PATH = "/didcomm"
"""By POST, and as a websocket: see `duplex`."""

ENVELOPE = ((b"content-type", ENCRYPTED.encode()), ANY_ORIGIN)
MEDIA_TYPES = (ENCRYPTED, SIGNED, PLAIN)

REFUSED: Mapping[Verdict, tuple[int, str]] = {
    "unreadable": (400, "the message cannot be read, or nothing proves what it says"),
    "denied": (403, "the channel does not take this from whoever sent it"),
    "unknown": (404, "there is nobody here whom the message is for"),
    "too_large": (413, "the message has more of something than is taken"),
    "moved": (410, "whom the message is for lives elsewhere, which the log that comes along proves"),
    "busy": (503, "too much is waiting; send the same message again later"),
}
"""All that a stranger is told; the engine's log says more."""


async def _take(host: Host, request: Request) -> Reply:
    if request.method != "POST":
        raise Problem(405, "malformed", "messages come by POST", hint=f"send an envelope as {ENCRYPTED}")
    kind = request.media_type
    if kind not in MEDIA_TYPES:
        raise Problem(
            415, "malformed", f"{kind or 'nothing'} is no DIDComm v2 message", hint=f"it is {ENCRYPTED}"
        )
    line = Exchange(takes=request.headers.get("accept", ""))
    receipt = await mail_of(host).receive(await request.body(), line)
    if receipt.stream is not None:
        type_header = (b"content-type", receipt.stream.media_type.encode())
        return Reply(b"", headers=(type_header, ANY_ORIGIN), pieces=receipt.stream.pieces())
    if receipt.reply is not None:
        return Reply(receipt.reply, headers=ENVELOPE)
    if receipt.verdict == "taken":
        return Reply(b"", 202, (ANY_ORIGIN,))
    status, detail = REFUSED[receipt.verdict]
    raise Problem(status, receipt.verdict, detail, extra=receipt.more)


async def _tell(host: Host, request: Request) -> Reply:
    mail, eci = mail_of(host), (await request.parameters()).get("eci")
    if eci is None:
        return Reply(encode({"did": mail.engine_did()}))
    if not isinstance(eci, str):
        raise malformed("eci is a string", "name one channel: ?eci=…")
    return Reply(encode({"did": settled(await mail.channel_did(Eci(eci))), "eci": eci}))


def mail_of(host: Host) -> Mail:
    if host.mail is None:
        raise Problem(404, "unknown", "this engine has no DIDs")
    return host.mail


ROUTES: Routes = {
    PATH: Endpoint(
        _take,
        "by POST: a DIDComm v2 message, encrypted to a DID of this engine; also a websocket",
        public(
            "whoever has a DID of this engine writes to it; messages are encrypted and say who wrote them"
        ),
    ),
    "/api/did": Endpoint(_tell, "the DID of the engine, or of the channel ?eci=…", SEND),
}
