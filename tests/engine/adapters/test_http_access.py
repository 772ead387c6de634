"""Who is let in to which route: nobody without a login or a token, but to what is public."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import closing

import pytest
from httpx import Response

from engine.adapters.http import GateRules, Limits, RateLimit, all_routes, make_app
from engine.adapters.http.routes import Surface
from engine.core.access import SCOPES, TokenScope
from tests.compatibility.engine import Engine
from tests.engine.adapters.browser import Browser
from tests.fakes.access import AS_OWNER
from tests.fakes.fake_host import ROOT, FakeHost

HERE = "http://127.0.0.1:3000"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
ROUTES = [(re.sub(r"\{\w+\}", "x", path), surface) for path, _, surface in all_routes()]
CLOSED = [(path, surface) for path, surface in ROUTES if not surface.is_public]
OPEN = [path for path, surface in ROUTES if surface.is_public]


BELOW: dict[TokenScope, set[TokenScope]] = {
    "mcp": {"mcp"},
    "read": {"read"},
    "send": {"read", "send"},
    "admin": {"mcp", "read", "send", "admin"},
}
"""What assistants may do is nothing that a token to look or to send opens as well."""


def face(host: FakeHost, headers: Mapping[str, str], rules: GateRules | None = None) -> Browser:
    host.feed.close()  # or whoever is let in to what goes on would listen for ever
    return Browser(make_app(host, Limits(1000, 8), rules=rules), headers)


def as_token(host: FakeHost, scope: TokenScope) -> dict[str, str]:
    secret, _ = asyncio.run(host.access.create_token("test", scope, None))
    return {"authorization": f"Bearer {secret}"}


def logged_in(host: FakeHost, scope: TokenScope = "admin") -> dict[str, str]:
    """The cookie that a browser has which has followed a link."""
    answer = face(host, {}).get("/login", params={"code": host.access.make_link(scope)})
    cookie, _, _ = answer.headers["set-cookie"].partition(";")
    return {"cookie": cookie}


@pytest.mark.parametrize(("path", "surface"), CLOSED)
def test_a_stranger_gets_nowhere(path: str, surface: Surface) -> None:
    """By no method, and the engine hears nothing of it."""
    host = FakeHost()
    for method in METHODS:
        answer = face(host, {}).request(method, path)
        assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (
            303 if surface.is_page else 401,
            False,
        )
        assert surface.is_page or answer.headers["www-authenticate"].startswith("Bearer")
    assert host.events == []


@pytest.mark.parametrize("path", OPEN)
def test_what_is_public_asks_nobody_who_they_are(path: str) -> None:
    """Each such route says why it is public."""
    assert face(FakeHost(), {}).get(path).status_code not in (401, 403, 421)
    assert next(surface.why for one, surface in ROUTES if one == path)


def test_what_is_public_is_known_by_name() -> None:
    """A route that becomes public is a decision: it is written down here too."""
    named = {path for path in OPEN if not path.startswith(("/c/", "/sky/"))}
    assert named == {
        *("/healthz", "/readyz", "/didcomm", "/login", "/invitation"),
        *("/picos/x/did.jsonl", "/picos/x/did-witness.json", "/ui/static/{file:path}"),
    }


@pytest.mark.parametrize(("path", "surface"), CLOSED)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_token_is_good_for_its_scope_and_what_is_below(
    path: str, surface: Surface, scope: TokenScope
) -> None:
    """For looking and for changing, each as the route says."""
    host = FakeHost()
    host.feed.close()  # or what is to be heard there would have no end
    headers = as_token(host, scope)
    for method in ("GET", "POST", "DELETE"):
        needed = surface.needed(method)
        assert needed is not None
        answer = face(host, headers).request(method, path)
        is_refused = answer.status_code == 403 and answer.json()["code"] == "scope"
        assert is_refused == (needed not in BELOW[scope]), (method, answer.text)


def test_a_refusal_says_what_why_and_how() -> None:
    """To whoever has nothing, has something that is not good, or has too little."""
    host = FakeHost()
    nothing = face(host, {}).get("/api/tree").json()
    assert (nothing["status"], nothing["code"]) == (401, "login")
    assert "picomesh token create" in nothing["hint"]
    wrong = face(host, {"authorization": "Bearer nonsense"}).get("/api/tree").json()
    assert (wrong["status"], wrong["code"]) == (401, "token")
    little = face(host, as_token(host, "read")).post("/api/install", json={}).json()
    assert (little["status"], little["code"]) == (403, "scope")
    assert "'admin'" in little["detail"]
    assert "--scope admin" in little["hint"]


@pytest.mark.parametrize(
    "given", ["Bearer", "Bearer ", "Basic abc", "pm_00000000_" + "0" * 64, "Bearer pm_" + "é" * 9]
)
def test_what_is_no_token_lets_nobody_in(given: str) -> None:
    """Nor does a cookie beside it."""
    host = FakeHost()
    headers = {"authorization": given.encode("latin-1").decode("latin-1"), **logged_in(host)}
    raw = {key: value.encode("latin-1") for key, value in headers.items()}
    assert Browser(make_app(host, Limits(1000, 8)), {}).get("/api/tree", headers=raw).status_code == 401


def test_a_token_that_is_revoked_is_good_no_more() -> None:
    """From the next request on; nor are logins that were begun with it."""
    host = FakeHost()
    owner = face(host, AS_OWNER)
    made = owner.post("/api/tokens", json={"name": "laptop", "scope": "read"}).json()
    token = {"authorization": f"Bearer {made['token']}"}
    page = face(host, {}).post("/login", data={"code": made["token"]})
    login = {"cookie": page.headers["set-cookie"].partition(";")[0]}
    for headers in (token, login):
        assert face(host, headers).get("/api/tree").status_code == 200
    assert made["token"] not in owner.get("/api/tokens").text
    assert owner.request("DELETE", f"/api/tokens/{made['id']}").json()["name"] == "laptop"
    for headers in (token, login):
        assert face(host, headers).get("/api/tree").status_code == 401
    assert owner.request("DELETE", f"/api/tokens/{made['id']}").status_code == 404


@pytest.mark.parametrize(
    "given", [{}, {"name": ""}, {"name": "x", "scope": "all"}, {"name": "x", "scope": "read", "lasts": "1"}]
)
def test_a_token_that_makes_no_sense_is_not_made(given: dict[str, str]) -> None:
    host = FakeHost()
    assert face(host, AS_OWNER).post("/api/tokens", json=given).status_code == 400
    assert host.access.tokens() == []


# --- browsers ---


def test_a_link_lets_a_browser_in_once() -> None:
    """With a cookie that no script can read and no other site can send."""
    host = FakeHost()
    code = host.access.make_link()
    first = face(host, {}).get("/login", params={"code": code, "next": "/ui/system"})
    assert 'content="0; url=/ui/system"' in first.text
    cookie = first.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/", "Max-Age=604800"} <= set(cookie.split("; "))
    assert face(host, {"cookie": cookie.partition(";")[0]}).get("/api/me").json()["scope"] == "admin"
    again = face(host, {}).get("/login", params={"code": code})
    assert (again.status_code, "set-cookie" in again.headers) == (401, False)


def test_the_cookie_is_secure_where_the_way_there_is() -> None:
    """Behind a proxy that speaks https."""
    host = FakeHost()
    app = make_app(host, Limits(1000, 8))

    async def over_https(scope, receive, send):  # type: ignore[no-untyped-def]
        await app({**scope, "scheme": "https"}, receive, send)

    answer = Browser(over_https, {}).get("/login", params={"code": host.access.make_link()})
    assert "Secure" in answer.headers["set-cookie"].split("; ")


@pytest.mark.parametrize(
    "onward", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere", "", "x"]
)
def test_a_login_leads_nowhere_else(onward: str) -> None:
    host = FakeHost()
    answer = face(host, {}).get("/login", params={"code": host.access.make_link(), "next": onward})
    assert 'content="0; url=/"' in answer.text


def test_whoever_logs_out_is_out() -> None:
    """The cookie is gone, and good for nothing if somebody has kept it."""
    host = FakeHost()
    cookie = logged_in(host)
    answer = face(host, {**cookie, "origin": HERE}).post("/api/logout")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert face(host, cookie).get("/api/tree").status_code == 401


OTHERS: list[dict[str, str]] = [
    {},
    {"origin": "null"},
    {"origin": "http://evil.example"},
    {"origin": "http://127.0.0.1:3001"},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"origin": "http://evil.example", "sec-fetch-site": "same-origin"},
]


@pytest.mark.parametrize("said", OTHERS)
def test_what_another_site_sends_with_the_cookie_changes_nothing(said: dict[str, str]) -> None:
    """Nor does what does not say where it comes from."""
    host = FakeHost()
    headers = {**logged_in(host), **said}
    answer = face(host, headers).post("/api/tokens", json={"name": "x", "scope": "admin"})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site")
    assert host.access.tokens() == []


@pytest.mark.parametrize("said", [{"origin": HERE}, {"sec-fetch-site": "same-origin"}])
def test_what_a_page_of_ours_sends_is_done(said: dict[str, str]) -> None:
    host = FakeHost()
    answer = face(host, {**logged_in(host), **said}).post("/api/tokens", json={"name": "x", "scope": "read"})
    assert answer.status_code == 201


@pytest.mark.parametrize("said", OTHERS[1:])
def test_another_site_does_not_look_either(said: dict[str, str]) -> None:
    """Also because some of what is asked by looking is work for the engine."""
    host = FakeHost()
    assert face(host, {**logged_in(host), **said}).get("/api/tree").status_code == 403


def test_a_page_of_ours_behind_a_proxy_is_ours() -> None:
    """Its origin is that of public_url, whatever name the proxy calls us by."""
    host = FakeHost()
    rules = GateRules(frozenset({"picos.example"}), frozenset({"https://picos.example"}))
    headers = {**logged_in(host), "origin": "https://picos.example"}
    assert face(host, headers, rules).post("/api/login-links").status_code == 200


@pytest.mark.parametrize(
    ("called", "status"),
    [
        *(("127.0.0.1:3000", 200), ("localhost", 200), ("[::1]:3000", 200), ("10.1.2.3", 200)),
        *(("ui.localhost:3000", 200), ("picos.example", 200), ("PICOS.example:8443", 200)),
        *(
            ("evil.example", 421),
            ("127.0.0.1.evil.example", 421),
            ("", 421),
            ("[", 421),
            ("localhost.evil", 421),
        ),
    ],
)
def test_nobody_has_another_name_stand_for_the_engine(called: str, status: int) -> None:
    """What is public is answered by any name: a tunnel may have its own."""
    host = FakeHost()
    face_of = face(host, {**AS_OWNER, "host": called}, GateRules(frozenset({"picos.example"})))
    assert face_of.get("/api/tree").status_code == status
    assert (face_of.get("/login").status_code == 421) == (status == 421)
    assert face_of.get(f"/c/{ROOT}/event-wait/d/t").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/api/tree", "/api/me"])
def test_pages_run_nothing_but_the_scripts_of_the_engine(path: str) -> None:
    """Stand in no frame, are not guessed at, and tell nobody where one was."""
    headers = face(FakeHost(), AS_OWNER).get(path).headers
    policy = headers["content-security-policy"]
    assert "unsafe" not in policy
    assert {"default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"} <= set(policy.split("; "))
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_what_a_ruleset_shows_is_of_no_origin() -> None:
    """A script in it is not one of the engine's pages, though it comes from the same place."""
    host = FakeHost(values={("r", "page"): "<script>steal()</script>"})
    answer = face(host, {}).get(f"/sky/cloud/{ROOT}/r/page.html")
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("sandbox ")
    assert "allow-same-origin" not in policy


def test_a_ruleset_does_not_log_anybody_in() -> None:
    """Its cookies are its own."""
    login = {"name": "_cookie", "options": {"cookie": " Picomesh_12345678=x; Path=/"}}
    own = {"name": "_cookie", "options": {"cookie": "chocolate=x"}}
    answer = face(FakeHost(directives=[login, own]), {}).get(f"/sky/event/{ROOT}/none/d/t")
    assert answer.headers.get_list("set-cookie") == ["chocolate=x"]


# --- how often ---


def test_one_address_may_come_so_often_and_no_more() -> None:
    """To what is public too; it is told when to come again."""
    app = make_app(FakeHost(), Limits(1000, 8), rate=RateLimit(per_s=0.001, burst=3, on_loopback=True))
    answers = [Browser(app, {}).get(f"/c/{ROOT}/event-wait/d/t") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) > 1


def test_wrong_codes_are_counted() -> None:
    """Also from this machine; what is good goes on being good."""
    host = FakeHost()
    app = make_app(host, Limits(1000, 8))
    answers: list[Response] = [Browser(app, {}).post("/login", data={"code": "x"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert Browser(app, {}).get("/login", params={"code": host.access.make_link()}).status_code == 200


# --- old clients ---


def test_an_open_interface_is_open_to_this_machine_alone() -> None:
    """What old interfaces begin with, and nothing else; not for whatever site its owner looks at."""
    host, rules = FakeHost(), GateRules(is_open_ui=True)
    stranger = face(host, {}, rules)
    assert stranger.get("/api/ui-context").json()["eci"] == "ui-eci"
    assert stranger.get("/api/flush").status_code == 400
    assert stranger.get("/api/tree").status_code == 401
    for said in (
        {"origin": "http://evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"host": "evil.example"},
    ):
        assert face(host, said, rules).get("/api/ui-context").status_code in (403, 421)
    page = face(host, {"origin": "http://localhost:8080"}, rules).get("/api/ui-context")
    assert page.headers["access-control-allow-origin"] == "http://localhost:8080"


# --- looking ---


def test_whoever_may_only_look_is_told_no_channel() -> None:
    """By no route, though the owner is told them by the same ones; picos are named by their ids."""
    with closing(Engine()) as engine:
        look_everywhere(engine)


def look_everywhere(engine: Engine) -> None:
    engine.host.feed.close()
    child = engine.make_child("lamp")
    engine.host.feed.close()  # or what is to be heard there would have no end
    channels = [eci.encode() for eci in (engine.host.root_eci(), child)]
    pico = engine.host.root_id()
    token, _ = engine.run(engine.host.access.create_token("looker", "read", None))
    told: dict[bool, bytes] = {False: b"", True: b""}
    looks = [path for path, surface in ROUTES if surface.look == "read"]
    for path in looks:
        for is_owner in (True, False):
            headers = {} if is_owner else {"authorization": f"Bearer {token}"}
            given = {"eci": pico, "eid": "x", "from": "1", "to": "2", "did": child, "full": ""}
            answer = engine.http("GET", path, params=given, headers=headers)
            told[is_owner] += answer.content
    assert all(eci in told[True] for eci in channels)
    assert not any(eci in told[False] for eci in channels)
    assert str(pico).encode() in told[False]
