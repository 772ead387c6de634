"""The routes about other engines: who is known, meeting one, trusting it, forgetting it, and who may come."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ_ADMIN, Endpoint, Routes
from engine.core.mesh.acquaintances import Trust
from engine.runtime.mesh.engines import Engines

GIVEN: tuple[Trust, ...] = ("known", "trusted", "blocked")
LONGEST_S = 10 * 365 * 86_400
Given = Mapping[str, Any]


async def _list(host: Host, request: Request) -> Reply:
    given, engines = await request.parameters(), _engines(host)
    if "now" in given:
        request.demand_post("this asks all of them")
        await engines.look()
    return Reply(encode(engines.list("all" in given)))


async def _invite(host: Host, request: Request) -> Reply:
    given = await _posted(request, "this makes an invitation")
    lasts, once = given.get("lasts"), given.get("once", True)
    if lasts is not None and not (_is_number(lasts) and 1 <= lasts <= LONGEST_S):
        raise malformed("lasts is not a number of seconds", "leave it out for an invitation without end")
    lasts_s = None if lasts is None else int(lasts)
    invited = await _engines(host).invite(lasts_s, once is not False, _trust(given) or "known")
    return Reply(encode(settled(invited)))


async def _add(host: Host, request: Request) -> Reply:
    given = await _posted(request, "this makes two engines known to each other")
    added = await _engines(host).add(_text(given, "invitation"), _name(given), _trust(given) or "known")
    return Reply(encode(settled(added)))


async def _change(host: Host, request: Request) -> Reply:
    given = await _posted(request, "this changes how far an engine is trusted")
    changed = await _engines(host).change(_text(given, "engine"), _trust(given), _name(given))
    return Reply(encode(settled(changed)))


async def _remove(host: Host, request: Request) -> Reply:
    given = await _posted(request, "this forgets an engine")
    return Reply(encode(settled(await _engines(host).remove(_text(given, "engine")))))


async def _accept(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    wishes = {name: value for name, value in given.items() if name != "_headers"}
    if not wishes:
        return Reply(encode(_engines(host).policy()))
    request.demand_post("this says who may come")
    return Reply(encode(settled(await _engines(host).accept(wishes))))


async def _drain(host: Host, request: Request) -> Reply:
    evacuation, given = mail_of(host).evacuation, await request.parameters()
    if evacuation is None:
        raise Problem(404, "unknown", "picos of this engine do not move")
    if request.method != "POST":
        return Reply(encode(evacuation.tell()))
    names, reason = given.get("engines", []), given.get("reason", "")
    if not isinstance(reason, str) or not _are_texts(names):
        raise malformed("engines is an array of names, reason a string", 'send JSON: {"engines": ["…"]}')
    return Reply(encode(settled(await evacuation.begin(names, reason))), 202)


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _engines(host: Host) -> Engines:
    found = mail_of(host).engines
    if found is None:
        raise Problem(404, "unknown", "this engine has nothing to do with others")
    return found


async def _posted(request: Request, why: str) -> Given:
    request.demand_post(why)
    return await request.parameters()


def _text(given: Given, name: str) -> str:
    found = given.get(name)
    if not isinstance(found, str) or not found.strip():
        raise malformed(f"{name} is missing, or no string", f'send JSON: {{"{name}": "…"}}')
    return found


def _name(given: Given) -> str | None:
    return None if given.get("name") is None else _text(given, "name").strip()


def _trust(given: Given) -> Trust | None:
    found = given.get("trust")
    if found is not None and found not in GIVEN:
        raise malformed(f"trust is one of {', '.join(GIVEN)}", "known is what engines are that have met")
    return cast(Trust | None, found)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


ROUTES: Routes = {
    "/api/engines": Endpoint(
        _list,
        "the engines that this one knows; with ?all also those it has heard of; by POST: ?now asks first",
        READ_ADMIN,
    ),
    "/api/engines/invite": Endpoint(
        _invite, "by POST: an invitation to another engine, with lasts, once, trust", ADMIN
    ),
    "/api/engines/add": Endpoint(
        _add, "by POST: accept the invitation of another engine, with name, trust", ADMIN
    ),
    "/api/engines/change": Endpoint(
        _change, "by POST: trust engine more or less (trust), call it otherwise (name)", ADMIN
    ),
    "/api/engines/remove": Endpoint(_remove, "by POST: forget engine, and tell it so", ADMIN),
    "/api/engines/accept": Endpoint(_accept, "whose picos may come; by POST: changes of that", READ_ADMIN),
    "/api/drain": Endpoint(
        _drain,
        "how far it is that all picos leave; by POST: begin, to engines or all that may do",
        READ_ADMIN,
    ),
}
