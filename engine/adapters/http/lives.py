"""The routes of the names that picos have for life: their logs, shown, continued and served."""

from __future__ import annotations

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import ANY_ORIGIN, Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import SEND_ADMIN, Endpoint, Routes, public
from engine.core.model import Eci, PicoId
from engine.ports import KeptLog

APPROVALS = ((b"content-type", b"application/json"), ANY_ORIGIN)
LIFELONG = "did:scid:vh:1:"
LINES = ((b"content-type", b"text/jsonl; charset=utf-8"), ANY_ORIGIN)


async def _log(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    if given.get("did") is not None:
        return await _tell_known(host, given["did"])
    eci, *others = (given.get(name) for name in ("eci", "recovery", "entry", "approvals"))
    if not isinstance(eci, str) or not all(isinstance(one, str | None) for one in others):
        raise malformed("eci, recovery, entry and approvals are strings", "name a pico by a channel: ?eci=…")
    recovery, entry, approvals = others
    if recovery or entry or given.get("rotate"):
        request.demand_post("this changes the log")
    mail, channel = mail_of(host), Eci(eci)
    if entry is not None:
        told = await mail.lives.extend(channel, KeptLog(entry, approvals or ""))
    elif given.get("rotate") is True:
        told = await mail.lives.rotate(channel)
    else:
        told = await mail.life(channel, recovery)
    return Reply(encode(settled(told)))


async def _tell_known(host: Host, did: object) -> Reply:
    """Whoever it is of, as long as it need not be asked for."""
    mail = mail_of(host)
    found = await mail.log_of(did) if isinstance(did, str) else None
    if found is None or not isinstance(did, str):
        raise Problem(
            404, "unknown", "no log of that DID is known here", hint=f"it is one like {LIFELONG}Qm…"
        )
    told = {"did": did, "log": found.lines, "approvals": found.approvals}
    return Reply(encode({**told, "moved": mail.moved_in(found), "open": mail.is_open(did)}))


async def _serve(host: Host, request: Request) -> Reply:
    return Reply((await _kept(host, request)).lines.encode(), headers=LINES)


async def _serve_approvals(host: Host, request: Request) -> Reply:
    return Reply(((await _kept(host, request)).approvals or "[]").encode(), headers=APPROVALS)


async def _kept(host: Host, request: Request) -> KeptLog:
    kept = await mail_of(host).lives.current(PicoId(request.path_word("pico")))
    if kept is None:
        raise Problem(404, "unknown", "no pico of that id has a log here")
    return kept


ROUTES: Routes = {
    "/api/did/log": Endpoint(
        _log,
        "the log of the pico at ?eci=…, or of ?did=…; by POST: rotate its key, or add the entry sent",
        SEND_ADMIN,
    ),
    "/picos/{pico}/did.jsonl": Endpoint(
        _serve,
        "the log of a pico, as did:webvh has it",
        public("a did:webvh is proved by its log, which every verifier fetches"),
    ),
    "/picos/{pico}/did-witness.json": Endpoint(
        _serve_approvals,
        "what the witnesses of that log have approved",
        public("the same for what the witnesses of the log have approved"),
    ),
}
