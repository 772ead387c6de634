"""The routes about what was: events, reasons, states, and histories run again. Only forks make anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ, Endpoint, Routes
from engine.core.messages import Refusal
from engine.core.model import Eci, EventId

Parameters = Mapping[str, Any]

FEW = 20
"""Events that are told when nobody says how many."""


async def _show_log(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    count = _number(given, "n")
    full = given.get("full") in (True, "true", "")
    eci = _word(given, "eci")
    return _told_of(host, eci, await host.histories.log(eci, FEW if count is None else count, full))


async def _show_reasons(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    eci = _word(given, "eci") if "eci" in given else None
    return _told(await host.histories.why(EventId(_word(given, "eid")), eci))


async def _show_state(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    rid = _word(given, "rid") if "rid" in given else None
    eci = _word(given, "eci")
    return _told_of(host, eci, await host.histories.state(eci, _number(given, "at"), rid))


async def _show_differences(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    first, second = _number(given, "from"), _number(given, "to")
    if first is None or second is None:
        raise malformed("two turns are needed", "add &from=… and &to=… with the numbers of two turns")
    return _told(await host.histories.differences(_word(given, "eci"), first, second))


async def _replay(host: Host, request: Request) -> Reply:
    eci = _word(await request.parameters(), "eci")
    return _told_of(host, eci, await host.histories.replay(eci))


async def _fork(host: Host, request: Request) -> Reply:
    request.demand_post("this makes a pico")
    given = await request.parameters()
    made = settled(await host.fork(_word(given, "eci"), _number(given, "at")))
    return Reply(encode({"id": made.id, "eci": made.eci, "rulesets": list(made.rulesets)}))


def _told(answer: Any) -> Reply:
    return Reply(encode(settled(answer)))


def _told_of(host: Host, eci: str, answer: Any) -> Reply:
    """With where the pico is now, if it has moved away: what is told is how it was here."""
    moves = host.moves
    pico = None if moves is None else moves.pico_of(Eci(eci))
    left = None if moves is None or pico is None else moves.why_elsewhere(pico)
    # Of one that left long ago nothing is kept that could be told.
    told = settled(left if isinstance(answer, Refusal) and left is not None else answer)
    moved = None if moves is None or pico is None else moves.place_of(pico)
    return Reply(encode(told if moved is None else {**told, "moved": dict(moved)}))


def _word(given: Parameters, name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise malformed(f"no {name} was named", f"add ?{name}=…")
    return value


def _number(given: Parameters, name: str) -> int | None:
    """A count or the number of a turn, as text or as a JSON number."""
    value = given.get(name)
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer() and value >= 0:
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    raise malformed(f"{name} is not a number of turns", f"an example: {name}=20")


ROUTES: Routes = {
    "/api/log": Endpoint(
        _show_log,
        "the last ?n=… events of the pico at ?eci=…: rules, changes, messages; all of it with ?full",
        READ,
    ),
    "/api/why": Endpoint(
        _show_reasons, "how the event ?eid=… came about, and why each rule fired or did not", READ
    ),
    "/api/state": Endpoint(
        _show_state, "the pico at ?eci=…, after turn ?at=… if given; or only what is ?rid=…'s", READ
    ),
    "/api/differences": Endpoint(
        _show_differences, "what differs at ?eci=… after turns ?from=… and ?to=…", READ
    ),
    "/api/replay": Endpoint(
        _replay, "run all turns of the pico at ?eci=… again: does each come out as recorded?", READ
    ),
    "/api/fork": Endpoint(
        _fork, "by POST: a pico below the root that begins as the one at ?eci=… is, or was ?at=…", ADMIN
    ),
}
