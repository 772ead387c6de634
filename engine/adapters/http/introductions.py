"""The routes by which people have picos invite others and accept invitations, and the page that an invitation
leads to when it is opened in a browser."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import segno

from engine.adapters.http.didcomm import mail_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import malformed, settled
from engine.adapters.http.replies import HTML, Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ, SEND, Endpoint, Routes, public
from engine.core.model import Eci
from engine.runtime.introducing import Wish

# It quotes nothing of the URL, and loads nothing: the invitation is for an agent.
PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>An invitation</title>
<h1>This is an invitation</h1>
<p>It is for an agent that speaks DIDComm: scan its QR code with one, or give it the address of this page.
<p>A pico accepts it with <code>picomesh connect ECI 'URL'</code>, the URL being the address of this page.
</html>
"""
SVG = ((b"content-type", b"image/svg+xml"), (b"cache-control", b"no-store"))
KEPT_PRIVATE = ((b"referrer-policy", b"no-referrer"), (b"cache-control", b"no-store"))


async def _show_page(host: Host, request: Request) -> Reply:
    return Reply(PAGE, headers=(*HTML, *KEPT_PRIVATE))


async def _invite(host: Host, request: Request) -> Reply:
    given = await _given(request, {"label": str, "once": bool, "expires": float | int, "here": bool})
    if isinstance(given.get("expires"), bool) or given.get("expires", 1) <= 0:
        raise malformed("expires is not a number of seconds", "leave it out for an invitation without end")
    return await _have(host, given, "invite")


async def _connect(host: Host, request: Request) -> Reply:
    given = await _given(request, {"url": str, "label": str})
    if "url" not in given:
        raise malformed("no invitation was given", 'send JSON: {"eci": "…", "url": "https://…?_oob=…"}')
    return await _have(host, given, "connect")


async def _rotate(host: Host, request: Request) -> Reply:
    return await _have(host, await _given(request, {}), "rotate")


async def _draw(host: Host, request: Request) -> Reply:
    request.demand_post("what is drawn is a secret as long as nobody has accepted it")
    text = (await request.parameters()).get("text")
    if not isinstance(text, str) or not text:
        raise malformed("no text was given", 'send JSON: {"text": "https://…?_oob=…"}')
    try:
        code = segno.make_qr(text, error="l")
    except segno.DataOverflowError:
        raise malformed("so much has no room in a QR code", "give the link itself instead") from None
    drawn = io.BytesIO()
    code.save(drawn, kind="svg", scale=4, xmldecl=False, title="QR code", light="#fff")
    return Reply(drawn.getvalue(), headers=SVG)


async def _given(request: Request, kinds: Mapping[str, Any]) -> dict[str, Any]:
    request.demand_post("this changes what a pico knows")
    given = await request.parameters()
    told = {name: given[name] for name in ("eci", *kinds) if given.get(name) is not None}
    if not isinstance(told.get("eci"), str):
        raise malformed("a pico is needed", 'send JSON: {"eci": "…"}, a channel of it')
    for name, kind in kinds.items():
        if name in told and not isinstance(told[name], kind):
            raise malformed(f"{name} is of another kind", "see the README of the HTTP face")
    return told


async def _have(host: Host, given: Mapping[str, Any], wish: Wish) -> Reply:
    return Reply(encode(settled(await mail_of(host).introduce(Eci(given["eci"]), wish, given))))


ROUTES: Routes = {
    "/api/invite": Endpoint(
        _invite, "by POST: an invitation by the pico at eci, with label, once, expires, here", SEND
    ),
    "/api/connect": Endpoint(
        _connect, "by POST: have the pico at eci accept the invitation url, with a label", SEND
    ),
    "/api/rotate": Endpoint(
        _rotate, "by POST: a new DID for the channel eci, told to those who know the old one", ADMIN
    ),
    "/invitation": Endpoint(
        _show_page,
        "where an invitation leads in a browser: what it is",
        public(
            "where an invitation leads in the browser of whoever is invited; it says nothing of this engine"
        ),
    ),
    "/api/qr": Endpoint(
        _draw, "by POST: a text, such as the link of an invitation, as a QR code (SVG)", READ
    ),
}
