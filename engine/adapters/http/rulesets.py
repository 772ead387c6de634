"""The routes about the rulesets that an engine keeps: what there is, what it says, and new ones."""

from __future__ import annotations

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import TEXT, Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, READ_ADMIN, Endpoint, Routes


async def _rulesets(host: Host, request: Request) -> Reply:
    if request.method == "POST":
        text = _decode(await request.ruleset())
        return Reply(encode(settled(await host.stock.push(text))))
    eci = (await request.parameters()).get("eci")
    if eci is None:
        return Reply(encode(await host.stock.everything()))
    if not isinstance(eci, str):
        raise malformed("more than one eci was given", "ask for one pico at a time")
    return Reply(encode(settled(await host.stock.of_pico(eci))))


async def _check(host: Host, request: Request) -> Reply:
    request.demand_post("the text is the body")
    return Reply(encode(await host.stock.check(_decode(await request.ruleset()))))


async def _show_text(host: Host, request: Request) -> Reply:
    return Reply(settled(host.stock.text(request.path_word("cid"))).encode(), headers=TEXT)


async def _signatures(host: Host, request: Request) -> Reply:
    cid = request.path_word("cid")
    if request.method == "POST":
        return Reply(encode(settled(await host.stock.sign(cid, _decode(await request.body())))))
    return Reply(encode(settled(host.stock.signatures(cid))))


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")  # editors on some systems write a byte order mark
    except UnicodeDecodeError as error:
        raise malformed(f"the body is not UTF-8: {error.reason}", "send the text as UTF-8") from None


ROUTES: Routes = {
    "/api/rulesets": Endpoint(
        _rulesets, "the rulesets kept here, or those of ?eci=…; by POST: keep the text sent", READ_ADMIN
    ),
    "/api/rulesets/{cid}": Endpoint(_show_text, "the text of a kept ruleset", READ),
    "/api/rulesets/{cid}/signatures": Endpoint(
        _signatures, "its authors' signatures; by POST: keep the one sent", READ_ADMIN
    ),
    "/api/check": Endpoint(
        _check, "by POST: what is wrong with the text sent, or doubtful; nothing is kept", READ
    ),
}
