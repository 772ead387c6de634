"""The HTTP interface of pico-engine on a whole engine: section 15, and the status decisions of 20."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.compatibility.engine import Engine

DOOR = """
ruleset door {
  meta { shares echo, state, page, fn, nothing }
  global {
    echo = function(a, b = "dflt") { [a, b] }
    state = function() { ent:state }
    page = function() { "<b>" + ent:state + "</b>" }
    fn = function() { function() { 1 } }
    nothing = function() { null }
  }
  rule open { select when door open by re#(.+)# setting(by)
    send_directive("opened", { "by": by, "attrs": event:attrs.delete("_headers"), "n": 2.50 })
    fired { ent:state := by } }
  rule headers { select when door headers   send_directive(event:attrs{["_headers", "x-test"]}) }
  rule web { select when door web   every {
    send_directive("_cookie", { "cookie": "seen=1; Path=/" })
    send_directive("_redirect", { "url": "https://example.org/next" }) } }
  rule fail { select when door fail   send_directive(1 - "x") }
}
"""


@pytest.fixture
def door(engine: Engine) -> Engine:
    engine.install(DOOR)
    return engine


def test_a_waited_event_answers_id_and_directives(door: Engine) -> None:
    """A directive has type, name, options and who told it; numbers print as JavaScript prints them."""
    reply = door.get("/c/ROOT/event-wait/door/open?by=Ada")
    eid = reply.json()["eid"]
    meta = {"rid": "door", "rule_name": "open", "txnId": eid}
    options = {"by": "Ada", "attrs": {"by": "Ada"}, "n": 2.5}
    assert reply.json()["directives"] == [
        {"type": "directive", "name": "opened", "options": options, "meta": meta}
    ]
    assert '"n":2.5' in reply.text


def test_an_event_that_nobody_waits_for_answers_its_id(door: Engine) -> None:
    """At once, as a JSON string; its effects come."""
    reply = door.get("/c/ROOT/event/door/open?by=Bob")
    assert isinstance(reply.json(), str)
    door.settle()
    assert door.query("door/state") == "Bob"


def test_the_sky_routes_do_the_same(door: Engine) -> None:
    """An id in the path becomes the attribute `__eid`; `none` is no id."""
    told = door.get("/sky/event/ROOT/none/door/open?by=Ada").json()["directives"][0]
    assert told["options"]["attrs"] == {"by": "Ada"}
    told = door.get("/sky/event/ROOT/7/door/open?by=Ada").json()["directives"][0]
    assert told["options"]["attrs"] == {"by": "Ada", "__eid": "7"}
    assert door.get("/sky/cloud/ROOT/door/state").text == '"Ada"'


@pytest.mark.parametrize(
    ("method", "rest", "attrs"),
    [
        ("GET", {"params": {"by": "q"}}, {"by": "q"}),
        ("GET", {"params": [("by", "1"), ("by", "2")]}, {"by": ["1", "2"]}),
        ("POST", {"json": {"by": 1, "deep": {"a": [None, True]}}}, {"by": 1, "deep": {"a": [None, True]}}),
        ("POST", {"data": {"by": "form"}}, {"by": "form"}),
        ("POST", {"params": {"by": "query", "q": "1"}, "json": {"by": "body"}}, {"by": "body", "q": "1"}),
        ("PUT", {"params": {"by": "q"}, "content": b"plain"}, {"by": "q"}),
    ],
)
def test_parameters(door: Engine, method: str, rest: dict[str, Any], attrs: dict[str, Any]) -> None:
    """Query string and body are merged, the body wins; any method will do."""
    path = f"/c/{door.host.root_eci()}/event-wait/door/open"
    [directive] = door.http(method, path, **rest).json()["directives"]
    assert directive["options"]["attrs"] == attrs


def test_request_headers_are_an_attribute(door: Engine) -> None:
    reply = door.get("/c/ROOT/event-wait/door/headers", headers={"X-Test": "yes"})
    assert [one["name"] for one in reply.json()["directives"]] == ["yes"]


@pytest.mark.parametrize("route", ["/c/ROOT/query/door/echo", "/sky/cloud/ROOT/door/echo"])
def test_queries_take_their_arguments_by_name(door: Engine, route: str) -> None:
    assert door.get(f"{route}?a=1").json() == ["1", "dflt"]
    assert door.http("POST", route.replace("ROOT", door.host.root_eci()), json=[1, 2]).json() == [1, 2]


def test_text_and_html(door: Engine) -> None:
    """A text goes out as it is when the name ends so; everything else stays JSON."""
    door.send("door:open", by="Ada")
    html = door.get("/c/ROOT/query/door/page.html")
    assert (html.text, html.headers["content-type"].split(";")[0]) == ("<b>Ada</b>", "text/html")
    text = door.get("/sky/cloud/ROOT/door/page.txt")
    assert (text.text, text.headers["content-type"].split(";")[0]) == ("<b>Ada</b>", "text/plain")
    assert door.get("/sky/cloud/ROOT/door/echo.txt?a=1").json() == ["1", "dflt"]


@pytest.mark.parametrize("name", ["state", "nothing", "fn"])
def test_a_null_result_is_null(door: Engine, name: str) -> None:
    """CHOOSE: of whatever origin, and so is a function."""
    assert door.get(f"/c/ROOT/query/door/{name}").text == "null"


def test_an_event_and_a_query_in_one(door: Engine) -> None:
    """The query sees what the event stored, and has the same parameters."""
    assert door.get("/c/ROOT/event/door/open/query/door/state?by=Eve").json() == "Eve"
    assert door.get("/c/ROOT/event/door/open/query/door/echo?by=x&a=1").json() == ["1", "dflt"]


def test_cookies_and_redirects(door: Engine) -> None:
    reply = door.get("/sky/event/ROOT/none/door/web")
    assert (reply.status_code, reply.headers["location"]) == (302, "https://example.org/next")
    assert reply.headers["set-cookie"] == "seen=1; Path=/"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/nowhere/event-wait/door/open", 404),
        ("/c/nowhere/query/door/state", 404),
        ("/c/ROOT/query/window/state", 404),
        ("/c/ROOT/query/door/missing", 404),
        ("/c/ROOT/event-wait/door/fail", 500),
        ("/no/such/path", 404),
    ],
)
def test_what_goes_wrong_has_a_status(door: Engine, path: str, status: int) -> None:
    """FIX 21: the body is problem+json, with the member `error` that the peer's clients look for."""
    reply = door.get(path)
    assert reply.status_code == status
    assert reply.headers["content-type"] == "application/problem+json"
    kind, _, message = reply.json()["error"].partition(": ")
    assert kind
    assert message


def test_policies_answer_403(door: Engine) -> None:
    """With the peer's sentence."""
    policy: dict[str, Any] = {"allow": [], "deny": []}
    door.send("wrangler:new_channel_request", tags=["shut"], eventPolicy=policy, queryPolicy=policy)
    [channel] = door.query("io.picolabs.wrangler/channels", tags=["shut"])
    reply = door.get(f"/c/{channel['id']}/event-wait/door/open?by=x")
    assert (reply.status_code, reply.json()["error"]) == (403, "Error: Not allowed by channel policy")


def test_options_and_other_origins(door: Engine) -> None:
    reply = door.http("OPTIONS", f"/c/{door.host.root_eci()}/event/door/open")
    assert (reply.status_code, reply.headers["allow"]) == (200, "POST, GET, OPTIONS")
    assert door.get("/c/ROOT/query/door/state").headers["access-control-allow-origin"] == "*"


def test_the_ui_finds_its_channel(door: Engine) -> None:
    context = door.get("/api/ui-context").json()
    assert context["eci"] == door.host.ui_eci()
    assert isinstance(context["version"], str)


def test_flushing(door: Engine) -> None:
    """Reports what was read and what the compiler warns of; a text that does not compile is 422."""
    url = door.publish(DOOR.replace("ent:state }", "[ent:state].head() }").replace("by re#(.+)# ", ""))
    reply = door.get("/api/flush", params={"url": url})
    report = reply.json()
    assert (report["url"], report["rid"], len(report["hash"])) == (url, "door", 64)
    [warning] = report["compiler"]["warnings"]
    assert {"line", "column"} <= set(warning["loc"]["start"])
    door.publish("ruleset door {")
    broken = door.get("/api/flush", params={"url": url})
    assert broken.status_code == 422
    assert "krl:1:" in broken.json()["error"]


def test_a_repeated_event_is_one_event(door: Engine) -> None:
    """Ours: with an idempotency key the second request has the first one's answer."""
    path = "/c/ROOT/event-wait/door/open?by=Ada"
    first, second = (door.get(path, headers={"Idempotency-Key": "k"}).text for _ in range(2))
    assert json.loads(first) == json.loads(second)
