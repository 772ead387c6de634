"""The routes by which people look through the picos of an engine: pieces of the tree, pages, and by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import READ, Endpoint, Routes
from engine.runtime.gallery import Gallery

PAGE = 100
MOST_ON_A_PAGE = 500


async def _picos(host: Host, request: Request) -> Reply:
    given, gallery = await request.parameters(), gallery_of(host)
    if "search" in given:
        return Reply(encode(await gallery.search(_text(given, "search"))))
    if "under" not in given:
        return Reply(encode(settled(await gallery.outline())))
    name = _text(given, "under")
    if "from" not in given and "n" not in given:
        return Reply(encode(settled(await gallery.outline(name))))
    first, count = _number(given, "from", 0), _number(given, "n", PAGE)
    return Reply(encode(settled(await gallery.page(name, first, min(count, MOST_ON_A_PAGE)))))


async def _path(host: Host, request: Request) -> Reply:
    return Reply(encode(settled(await gallery_of(host).path(request.path_word("pico")))))


def gallery_of(host: Host) -> Gallery:
    """Raises `Problem` where there is none."""
    if host.gallery is None:
        raise Problem(404, "unknown", "the picos of this engine cannot be looked through")
    return host.gallery


def _text(given: Mapping[str, Any], name: str) -> str:
    found = given[name]
    if not isinstance(found, str) or not found.strip():
        raise malformed(f"{name} is not a text", f"an example: {name}=lamp")
    return found


def _number(given: Mapping[str, Any], name: str, default: int) -> int:
    found = given.get(name, str(default))
    if isinstance(found, str) and found.isascii() and found.isdecimal() and len(found) < 10:
        return int(found)
    raise malformed(f"{name} is not a number of picos", f"an example: {name}={PAGE}")


ROUTES: Routes = {
    "/api/picos": Endpoint(
        _picos,
        "the tree, or below ?under=…; children of that ?from=… on, ?n=… of them; or those like ?search=…",
        READ,
    ),
    "/api/picos/{pico}": Endpoint(
        _path, "who a pico is, named by a channel or its id, and from whom it descends", READ
    ),
}
