"""The routes about moves: have a pico move, what has moved or is about to, and where a pico lives."""

from __future__ import annotations

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, from_refusal, malformed
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, READ_ADMIN, Endpoint, Routes
from engine.core.dids import names_a_did
from engine.core.mesh.acquaintances import NoSuchEngine
from engine.core.messages import Refusal
from engine.core.model import Eci
from engine.runtime.admission import unknown_channel
from engine.runtime.moves.moves import Moves


async def _moves(host: Host, request: Request) -> Reply:
    moves, given = _needed(host), await request.parameters()
    if "to" not in given:
        return Reply(encode({"moves": moves.listed()}))
    request.demand_post("this has a pico move")
    eci, to, reason, price = given.get("eci"), given["to"], given.get("reason", ""), given.get("price", 0)
    if not isinstance(eci, str) or not isinstance(to, str) or not isinstance(reason, str):
        raise malformed("eci, to and reason are strings", 'send JSON: {"eci": "…", "to": "…"}')
    if not isinstance(price, int | float) or isinstance(price, bool) or price < 0 or price != int(price):
        raise malformed("price is no whole number of units", "leave it out where it costs nothing")
    pico = moves.pico_of(Eci(eci))
    if pico is None:
        raise from_refusal(unknown_channel(Eci(eci)))
    attempt = await moves.wanted(pico, _find_engine(host, to), reason, int(price))
    if isinstance(attempt, Refusal):
        raise from_refusal(attempt)
    return Reply(encode({"pico": pico, "attempt": attempt, **moves.standing(pico)}), 202 if attempt else 200)


def _find_engine(host: Host, name: str) -> str:
    """Its DID, by what people call it."""
    engines = mail_of(host).engines
    if engines is None or names_a_did(name):
        return name
    try:
        return engines.resolve(name).did
    except NoSuchEngine as problem:
        hint = "`picomesh engines list --all` shows those that are known"
        raise Problem(404, "unknown", str(problem), hint=hint) from None


async def _where(host: Host, request: Request) -> Reply:
    moves, given = _needed(host), await request.parameters()
    did = given.get("did")
    if not isinstance(did, str):
        raise malformed("no pico was named", "add ?did=… with its name for life, or a channel of it")
    found = await moves.where(did, await mail_of(host).log_of(did))
    if isinstance(found, Refusal):
        raise from_refusal(found)
    return Reply(encode(found))


def _needed(host: Host) -> Moves:
    if host.moves is None:
        raise Problem(404, "unknown", "picos of this engine do not move")
    return host.moves


ROUTES: Routes = {
    "/api/moves": Endpoint(
        _moves, "picos that move, came or went; by POST: have the one at eci move to an engine", READ_ADMIN
    ),
    "/api/where": Endpoint(_where, "the engine where the pico ?did=… lives, as far as is known here", READ),
}
