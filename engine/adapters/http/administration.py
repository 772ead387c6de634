"""The routes about the engine itself: health, version, what a user interface needs, and the tree."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.runtime.replies import PicoView
from engine.version import VERSION
from pico_lang.diagnostics import Diagnostic
from pico_lang.source import Source

Handler = Callable[[Host, Request], Awaitable[Reply]]


async def _show_context(host: Host, request: Request) -> Reply:
    return Reply(encode({"version": VERSION, "eci": host.ui_eci()}))


async def _show_tree(host: Host, request: Request) -> Reply:
    return Reply(encode(_picture(host.tree())))


def _picture(pico: PicoView) -> dict[str, Any]:
    picture = {
        "id": pico.id,
        "name": pico.name,
        "eci": pico.eci,
        "rulesets": list(pico.rulesets),
        "children": [_picture(child) for child in pico.children],
    }
    return picture | {"is_cut": True} if pico.is_cut else picture


async def _flush(host: Host, request: Request) -> Reply:
    url = (await request.parameters()).get("url")
    if not isinstance(url, str) or not url:
        raise malformed("no ruleset was named", "add ?url=… with the URL it was installed from")
    reply = settled(await host.flush_ruleset(url))
    compiler = {"version": VERSION, "warnings": [_describe(one, reply.source) for one in reply.warnings]}
    document = {"url": reply.url, "rid": reply.rid, "hash": reply.hash, "flushed": reply.flushed}
    return Reply(encode({**document, "compiler": compiler}))


def _describe(found: Diagnostic, source: Source) -> dict[str, Any]:
    place = {"start": _position(source, found.span.start), "end": _position(source, found.span.end)}
    return {"loc": place, "code": found.code, "message": found.message, "hint": found.hint}


def _position(source: Source, offset: int) -> dict[str, int]:
    line, column = source.position(offset)
    return {"line": line, "column": column}


async def _show_version(host: Host, request: Request) -> Reply:
    return Reply(encode({"name": "picomesh", "version": VERSION}))


async def _say_alive(host: Host, request: Request) -> Reply:
    return Reply(encode({"status": "ok"}))


async def _say_ready(host: Host, request: Request) -> Reply:
    return Reply(encode({"status": "ready", "root_eci": host.root_eci()}))


ROUTES: Mapping[str, tuple[Handler, str]] = {
    "/api/ui-context": (_show_context, "the channel that user interfaces begin with"),
    "/api/flush": (_flush, "read the ruleset at ?url=… again and bring it into force"),
    "/api/tree": (_show_tree, "all picos below the root, with their rulesets and channels"),
    "/healthz": (_say_alive, "whether the process answers"),
    "/readyz": (_say_ready, "whether the engine takes work"),
    "/version": (_show_version, "which Picomesh this is"),
}
