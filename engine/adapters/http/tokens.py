"""The routes of tokens: what there is, new ones, and the end of one. A token is told once, when it is
made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, Endpoint, Routes
from engine.core.access import SCOPES, Pass, read_scope
from engine.core.timekeeping import to_iso
from engine.runtime.access import MOST_TOKENS, TooManyTokens

LONGEST_NAME = 100
LONGEST_S = 10 * 365 * 86_400


async def _tokens(host: Host, request: Request) -> Reply:
    access = host.access
    if request.method != "POST":
        told = [tell_pass(one, access.used_ms(one)) for one in (*access.tokens(), *access.sessions())]
        return Reply(encode({"tokens": told}))
    name, scope, lasts_s = _read(await request.parameters())
    until_ms = None if lasts_s is None else host.access.now_ms() + lasts_s * 1000
    try:
        secret, token = await access.create_token(name, scope, until_ms)
    except TooManyTokens:
        hint = "`picomesh token list` shows them, `picomesh token revoke ID` ends one"
        raise Problem(409, "full", f"there are {MOST_TOKENS:,} tokens already", hint=hint) from None
    return Reply(encode({**tell_pass(token, None), "token": secret}), 201)


def _read(given: Mapping[str, Any]) -> tuple[str, Any, int | None]:
    name, scope, lasts = given.get("name"), read_scope(given.get("scope")), given.get("lasts")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= LONGEST_NAME:
        raise malformed(f"name is a text of 1 to {LONGEST_NAME} characters", "say what the token is for")
    if scope is None:
        raise malformed(f"scope is one of {', '.join(SCOPES)}", "what whoever has the token may do")
    if lasts is None:
        return name.strip(), scope, None
    if not isinstance(lasts, int | float) or isinstance(lasts, bool) or not 1 <= lasts <= LONGEST_S:
        raise malformed("lasts is not a number of seconds", "leave it out for a token without end")
    return name.strip(), scope, int(lasts)


async def _revoke(host: Host, request: Request) -> Reply:
    if request.method != "DELETE":
        raise Problem(
            405, "malformed", "a token is ended by DELETE", hint="`picomesh token revoke ID` does it"
        )
    id = request.path_word("id")
    ended = await host.access.revoke(id)
    if ended is None:
        raise Problem(404, "unknown", f"there is no token '{id}'", hint="`picomesh token list` shows them")
    return Reply(encode(tell_pass(ended, None)))


def tell_pass(one: Pass, used_ms: int | None) -> dict[str, Any]:
    """Everything but what it takes to use it."""
    return {
        **{"id": one.id, "kind": one.kind, "name": one.name, "scope": one.scope},
        "made": to_iso(one.made_ms),
        "until": None if one.until_ms is None else to_iso(one.until_ms),
        "used": None if used_ms is None else to_iso(used_ms),
    }


ROUTES: Routes = {
    "/api/tokens": Endpoint(
        _tokens, "tokens and logins; by POST: a new token with name, scope, lasts (seconds), told once", ADMIN
    ),
    "/api/tokens/{id}": Endpoint(_revoke, "by DELETE: end that token, or that login", ADMIN),
}
