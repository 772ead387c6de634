"""The routes about modules: what there is, and which pico may use it."""

from __future__ import annotations

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ, Endpoint, Routes
from engine.core.model import Eci


async def _show_modules(host: Host, request: Request) -> Reply:
    return Reply(encode(await host.list_modules()))


async def _grant(host: Host, request: Request) -> Reply:
    return await _decide(host, request, granted=True)


async def _revoke(host: Host, request: Request) -> Reply:
    return await _decide(host, request, granted=False)


async def _decide(host: Host, request: Request, granted: bool) -> Reply:
    request.demand_post("this changes what a pico may do")
    given = await request.parameters()
    eci, module = given.get("eci"), given.get("module")
    if not isinstance(eci, str) or not isinstance(module, str):
        raise malformed("a pico and a module are needed", 'send JSON: {"eci": "…", "module": "http"}')
    return Reply(encode(settled(await host.grant(Eci(eci), module, granted))))


ROUTES: Routes = {
    "/api/modules": Endpoint(
        _show_modules, "all modules that rulesets can call, and which pico may use them", READ
    ),
    "/api/grant": Endpoint(_grant, "by POST: let the pico at ?eci=… use the module ?module=…", ADMIN),
    "/api/revoke": Endpoint(_revoke, "by POST: let it use that module no more", ADMIN),
}
