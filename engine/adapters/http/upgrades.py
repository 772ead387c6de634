"""The routes by which a ruleset gets a new text on the picos that have it, and by which it goes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, Endpoint, Routes
from engine.core.model import Eci, Rid
from engine.core.rollback import KEEP, RESTORE

Parameters = Mapping[str, Any]

FEW = 20
"""Turns that a trial goes through when nobody says how many."""


async def _upgrade(host: Host, request: Request) -> Reply:
    given, rid = await _read(request)
    source, eci = _word(given, "url"), _word(given, "eci")
    named = None if eci is None else Eci(eci)
    if given.get("try") in (None, False, "false"):
        return Reply(encode(settled(await host.upgrade(rid, source, named))))
    return Reply(encode(settled(await host.try_upgrade(rid, source, named, _count(given)))))


async def _roll_back(host: Host, request: Request) -> Reply:
    given, rid = await _read(request)
    eci, state = _word(given, "eci"), _word(given, "state")
    if state not in (None, KEEP, RESTORE):
        raise malformed(f"{state} is nothing that can be done with variables", f"state={KEEP} or {RESTORE}")
    return Reply(encode(settled(await host.roll_back(rid, None if eci is None else Eci(eci), state))))


async def _read(request: Request) -> tuple[Parameters, Rid]:
    request.demand_post("this changes picos")
    return await request.parameters(), Rid(request.path_word("rid"))


def _word(given: Parameters, name: str) -> str | None:
    value = given.get(name)
    if value is None or (isinstance(value, str) and value):
        return value
    raise malformed(f"{name} is not a text", f"give one {name}, or none")


def _count(given: Parameters) -> int:
    value = given.get("events", FEW)
    if isinstance(value, int | float) and value >= 0 and value == int(value):
        return int(value)
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 16:
        return int(value)
    raise malformed("events is not a number of events", "an example: events=20")


ROUTES: Routes = {
    "/api/rulesets/{rid}/upgrade": Endpoint(
        _upgrade,
        "by POST: a new text from ?url=… for ?eci=… or all that have it; with ?try only as if, for ?events=…",
        ADMIN,
    ),
    "/api/rulesets/{rid}/rollback": Endpoint(
        _roll_back,
        "by POST: back to the text before, at ?eci=… or all that had one; ?state=keep or restore if asked",
        ADMIN,
    ),
}
