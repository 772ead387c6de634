"""The routes about the engine itself: health, version, what a user interface needs, and the tree."""

from __future__ import annotations

from typing import Any, TypeGuard

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, OPEN_ADMIN, OPEN_SEND, READ, SEND, Endpoint, Routes, public
from engine.core.model import Eci
from engine.runtime.replies import PicoView
from engine.runtime.stock import tell_diagnostic
from engine.version import VERSION
from pico_lang.values import to_json


async def _show_context(host: Host, request: Request) -> Reply:
    return Reply(encode({"version": VERSION, "eci": host.ui_eci()}))


async def _show_tree(host: Host, request: Request) -> Reply:
    return Reply(encode(_picture(await host.picture())))


def _picture(pico: PicoView) -> dict[str, Any]:
    picture: dict[str, Any] = {
        "id": pico.id,
        "name": pico.name,
        "eci": pico.eci,
        "rulesets": list(pico.rulesets),
        "children": [_picture(child) for child in pico.children],
    }
    if pico.damage is not None:
        picture["damage"] = pico.damage
    if pico.beside:
        picture["beside"] = [_picture(one) for one in pico.beside]
    if pico.moved is not None:
        picture["moved"] = dict(pico.moved)
    if pico.quarantined:
        picture["quarantined"] = dict(pico.quarantined)
    return picture | {"is_cut": True} if pico.is_cut else picture


async def _install(host: Host, request: Request) -> Reply:
    if request.method != "POST":
        raise malformed("a ruleset is installed by POST", "a GET changes nothing")
    given = await request.parameters()
    eci, url, config = given.get("eci"), given.get("url"), given.get("config", {})
    if not isinstance(eci, str) or not isinstance(url, str) or not isinstance(config, dict):
        raise malformed(
            "eci and url are strings, config is a map",
            'send JSON: {"eci": "…", "url": "file:///…", "config": {}}',
        )
    reply = settled(await host.install(Eci(eci), url, config))
    return Reply(encode({"eid": reply.eid, "url": url}))


async def _flush(host: Host, request: Request) -> Reply:
    url = (await request.parameters()).get("url")
    if not isinstance(url, str) or not url:
        raise malformed("no ruleset was named", "add ?url=… with the URL it was installed from")
    reply = settled(await host.flush_ruleset(url))
    compiler = {
        "version": VERSION,
        "warnings": [tell_diagnostic(one, reply.source) for one in reply.warnings],
    }
    document = {"url": reply.url, "rid": reply.rid, "hash": reply.hash, "flushed": reply.flushed}
    return Reply(encode({**document, "compiler": compiler}))


async def _evaluate(host: Host, request: Request) -> Reply:
    given = await request.parameters()
    eci, rid, texts = given.get("eci"), given.get("rid"), given.get("texts")
    if not isinstance(eci, str) or not isinstance(rid, str | None) or not _are_texts(texts):
        raise malformed(
            "eci and rid are strings, texts are an array of some",
            'send JSON: {"eci": "…", "rid": "counter", "texts": ["ent:count + 1"]}',
        )
    reply = settled(await host.look_at(Eci(eci), rid, texts))
    log = [{"level": line.level, "message": line.message, "value": line.value} for line in reply.log]
    found = {"type": reply.type, "value": reply.value, "names": list(reply.names), "log": log}
    return Reply(encode(to_json(found)))


def _are_texts(given: Any) -> TypeGuard[list[str]]:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


async def _show_version(host: Host, request: Request) -> Reply:
    return Reply(encode({"name": "picomesh", "version": VERSION}))


async def _say_alive(host: Host, request: Request) -> Reply:
    return Reply(encode({"status": "ok"}))


async def _say_ready(host: Host, request: Request) -> Reply:
    return Reply(encode({"status": "ready"}))


async def _show_engine(host: Host, request: Request) -> Reply:
    root = {"root": host.root_id(), "root_eci": host.root_eci()}
    return Reply(encode({"name": "picomesh", "version": VERSION, **root}))


ROUTES: Routes = {
    "/api/ui-context": Endpoint(_show_context, "the channel that user interfaces begin with", OPEN_SEND),
    "/api/install": Endpoint(
        _install, "by POST: install url (with config) at eci, though Wrangler be broken", ADMIN
    ),
    "/api/flush": Endpoint(_flush, "read the ruleset at ?url=… again and bring it into force", OPEN_ADMIN),
    "/api/tree": Endpoint(_show_tree, "all picos below the root, with their rulesets and channels", READ),
    "/api/evaluate": Endpoint(
        _evaluate, "what expressions come to on a pico's state, which stays as it is", SEND
    ),
    "/healthz": Endpoint(
        _say_alive,
        "whether the process answers",
        public("supervisors and load balancers ask whether the process answers; that is all it says"),
    ),
    "/readyz": Endpoint(
        _say_ready,
        "whether the engine takes work",
        public("they also ask whether it takes work; that is all it says"),
    ),
    "/api/engine": Endpoint(_show_engine, "what this engine is, and the root pico of it", READ),
    "/version": Endpoint(_show_version, "which Picomesh this is", READ),
}
