"""The page where browsers log in, and the links that lead there.

A link works once and for an hour. It is answered with a page and not with a redirect: the cookie of a login
is not sent along a chain that another site began, and the first page would say again that nobody has logged
in.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from engine.adapters.http.gate import Gate, caller_of, gate_of
from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed
from engine.adapters.http.rates import whose
from engine.adapters.http.replies import HTML_PAGE, JSON, Headers, Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, READ, Endpoint, Routes, public
from engine.adapters.http.tokens import tell_pass
from engine.core.access import SCOPES, read_scope

PATH = "/login"
START = "/"

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} – Picomesh</title><link rel="stylesheet" href="/ui/static/picomesh.css">{more}</head>
<body class="login"><main><h1>{title}</h1>{text}</main></body></html>
"""
FORM = """<p>{said}</p>
<p>On the machine of the engine, <code>picomesh login</code> prints a link that lets you in, once. Or paste
its code, or a token, here:</p>
<form method="post" action="/login"><input type="hidden" name="next" value="{next}">
<p><label>Code or token <input name="code" type="password" autocomplete="off" required autofocus></label></p>
<p><button>Log in</button></p></form>
"""


async def _log_in(host: Host, request: Request) -> Reply:
    gate = gate_of(request)
    gate.demand_known_host(request.headers)
    is_post = request.method == "POST"
    if is_post and not gate.is_ours(request.headers, if_not_said=True):
        raise Problem(403, "cross_site", "another site has sent this form", hint="open the page yourself")
    given = await request.parameters()
    code, onward = given.get("code"), _onward(given.get("next"))
    if not isinstance(code, str) or not code.strip():
        return _form("Nobody has logged in here yet.", onward, 200)
    made = await host.access.log_in(code.strip())
    if made is not None:
        return _welcome(onward, _cookie(gate, request, made[0], host.access.lasting.session_ms // 1000))
    session = gate.session_of(request.headers)
    if session is not None and host.access.identify(session) is not None:
        return _welcome(onward, ())  # a browser that fetches links ahead has spent it
    gate.note_failure(whose(request.scope))
    return _form("That link or token lets nobody in: it was used, is too old, or was revoked.", onward, 401)


async def _log_out(host: Host, request: Request) -> Reply:
    request.demand_post("this ends a login")
    caller = caller_of(request)
    if caller.kind == "session":
        await host.access.log_out(caller)
    return Reply(encode({"scope": None}), headers=(*JSON, *_cookie(gate_of(request), request, "", 0)))


def _welcome(onward: str, cookie: Headers) -> Reply:
    more = f'<meta http-equiv="refresh" content="0; url={escape(onward)}">'
    text = f'<p><a href="{escape(onward)}">Go on</a></p>'
    return Reply(_page("You are logged in", text, more), headers=(*HTML_PAGE, *cookie))


def _form(said: str, onward: str, status: int) -> Reply:
    text = FORM.format(said=escape(said), next=escape(onward))
    return Reply(_page("Log in", text), status, HTML_PAGE)


def _page(title: str, text: str, more: str = "") -> bytes:
    return PAGE.format(title=title, text=text, more=more).encode()


def _onward(given: object) -> str:
    """A path of this engine, whatever else was asked for."""
    is_path = isinstance(given, str) and given.startswith("/") and not given.startswith(("//", "/\\"))
    return str(given) if is_path and str(given).isprintable() and str(given).isascii() else START


def _cookie(gate: Gate, request: Request, secret: str, lasts_s: int) -> Headers:
    secure = "; Secure" if request.scope.get("scheme") == "https" else ""
    text = f"{gate.cookie}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={lasts_s}{secure}"
    return ((b"set-cookie", text.encode()),)


def to_login(path: str) -> Reply:
    """Where a page sends whoever has not logged in."""
    return Reply(b"", 303, ((b"location", f"{PATH}?next={quote(path)}".encode()),))


async def _make_link(host: Host, request: Request) -> Reply:
    request.demand_post("this makes a way in")
    scope = read_scope((await request.parameters()).get("scope", "admin"))
    if scope is None:
        raise malformed(f"scope is one of {', '.join(SCOPES)}", "what whoever follows the link may do")
    path = f"{PATH}?code={host.access.make_link(scope)}"
    return Reply(encode({"path": path, "scope": scope, "lasts_s": host.access.lasting.link_ms // 1000}))


async def _who_am_i(host: Host, request: Request) -> Reply:
    return Reply(encode(tell_pass(caller_of(request), None)))


ROUTES: Routes = {
    PATH: Endpoint(
        _log_in,
        "where browsers log in: with ?code=… of a link, or a token by POST",
        public("nobody has logged in yet who comes here", is_page=True),
    ),
    "/api/logout": Endpoint(_log_out, "by POST: end the login whose cookie is sent", READ),
    "/api/login-links": Endpoint(
        _make_link, "by POST: a path that lets somebody log in once, with scope", ADMIN
    ),
    "/api/me": Endpoint(_who_am_i, "who asks, as the engine knows them, and what they may", READ),
}
