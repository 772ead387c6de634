"""The route by which somebody has a pico vouch for others.

Its body is read strictly, and not as values of the language: a number in a claim is signed as it was written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, Endpoint, Routes
from engine.core.didcomm.limits import LIMITS
from engine.core.didcomm.refused import Refused
from engine.core.didcomm.strict_json import read_object
from engine.core.model import Eci
from engine.ports import Statement

DAY_S = 86_400
MOST_DAYS = 36_500
FORMS = ("jwt", "linked-data")
EXAMPLE = 'send an object like {"eci": "…", "subject": "did:…", "type": "Friend", "claims": {}, "days": 365}'


async def _issue(host: Host, request: Request) -> Reply:
    request.demand_post("this issues a credential")
    try:
        given = read_object(await request.body(), LIMITS)
    except Refused as problem:
        raise malformed(f"the body cannot be read: {problem.reason}", EXAMPLE) from None
    said = _read_statement(given)
    return Reply(encode(settled(await mail_of(host).vouching.issue(Eci(_text(given, "eci")), said))))


def _read_statement(given: Mapping[str, Any]) -> Statement:
    claims, days, form = given.get("claims", {}), given.get("days", 365), given.get("form", FORMS[0])
    if not isinstance(claims, dict):
        raise malformed("claims is an object", EXAMPLE)
    if type(days) is not int or not 0 < days <= MOST_DAYS:
        raise malformed(f"days is a whole number from 1 to {MOST_DAYS:,}", "how long it is valid")
    if form not in FORMS:
        raise malformed("form is jwt or linked-data", "how it is signed")
    return Statement(_text(given, "subject"), _text(given, "type"), claims, days * DAY_S, form)


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str):
        raise malformed(f"{name} is a string", EXAMPLE)
    return found


ROUTES: Routes = {
    "/api/credential": Endpoint(
        _issue, "by POST: a credential by the pico at eci: subject, type, claims, days, form", ADMIN
    ),
}
