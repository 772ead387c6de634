"""The routes for events and queries: what a request becomes, and what goes back."""

from __future__ import annotations

from typing import Any

import pytest
from httpx import Response

from engine.adapters.http import Limits, make_app
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import CLOSED, ROOT, FakeHost, Seen


def client(host: FakeHost, body: int = 1000, depth: int = 8) -> Browser:
    """A browser in front of the routes."""
    return Browser(make_app(host, Limits(body, depth)))


def attrs_of(response: Response) -> dict[str, Any]:
    """What a query that answers its arguments was asked with, without the headers."""
    assert response.status_code == 200
    return {name: value for name, value in response.json().items() if name != "_headers"}


ECHO = f"/c/{ROOT}/query/echo/args"
WAIT = f"/c/{ROOT}/event-wait/d/t"


def test_an_accepted_event_is_answered_with_its_id() -> None:
    """/c/…/event answers the id as a JSON string, and the event has reached the pico."""
    host = FakeHost()
    response = client(host).post(f"/c/{ROOT}/event/lamp/on?level=3")
    assert response.json() == "event-0"
    assert [(seen.domain, seen.name, seen.attrs["level"]) for seen in host.events] == [("lamp", "on", "3")]


def test_a_waited_event_is_answered_with_its_directives() -> None:
    """Whole numbers have no fraction in the answer, whatever they are inside."""
    directive = {"type": "directive", "name": "counted", "options": {"n": 4.0, "half": 0.5}, "meta": {}}
    response = client(FakeHost([directive])).get(WAIT)
    expected = '"options":{"n":4,"half":0.5}'
    assert expected in response.text
    assert response.json() == {"eid": "event-0", "directives": [directive]}


def test_the_older_form_carries_the_id_in_the_path_as_an_attribute() -> None:
    """Clients have always sent the same id again, so it does not make two events one."""
    host = FakeHost()
    for _ in range(2):
        client(host).get(f"/sky/event/{ROOT}/1556/lamp/on")
    assert [seen.attrs["__eid"] for seen in host.events] == ["1556", "1556"]


@pytest.mark.parametrize(("path", "eid"), [("none/d/t", None), ("7/d/t?__eid=mine", "mine")])
def test_an_id_in_the_path_gives_way(path: str, eid: str | None) -> None:
    """`none` is no id, and an attribute of that name wins."""
    host = FakeHost()
    client(host).get(f"/sky/event/{ROOT}/{path}")
    assert host.events[0].attrs.get("__eid") == eid


def test_an_idempotency_key_makes_two_requests_one_event() -> None:
    """The second request is answered like the first and the event is there once."""
    host = FakeHost()
    first, second = (client(host).post(WAIT, headers={"Idempotency-Key": "k1"}) for _ in range(2))
    assert first.json() == second.json() == {"eid": "k1", "directives": []}
    assert len(host.events) == 1


def test_an_idempotency_key_counts_for_an_event_with_a_query_too() -> None:
    """Both get the value; the event is there once."""
    host = FakeHost(values={("counter", "count"): 1.0})
    path = f"/c/{ROOT}/event/counter/increment/query/counter/count"
    answers = [client(host).post(path, headers={"Idempotency-Key": "k1"}).json() for _ in range(2)]
    assert answers == [1, 1]
    assert len(host.events) == 1


def test_an_endless_idempotency_key_is_refused() -> None:
    """Ids are kept with their records and so have a limit."""
    response = client(FakeHost()).post(WAIT, headers={"Idempotency-Key": "k" * 256})
    assert (response.status_code, response.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_events_and_queries_take_any_method(method: str) -> None:
    """As in pico-engine."""
    assert client(FakeHost()).request(method, WAIT).status_code == 200
    assert client(FakeHost()).request(method, ECHO).status_code == 200


def test_head_is_answered_without_reading_further() -> None:
    """HEAD is a method like any other."""
    assert client(FakeHost()).request("HEAD", ECHO).status_code == 200


def test_browsers_are_told_that_they_may() -> None:
    """OPTIONS runs nothing and allows any origin; so does every answer."""
    host = FakeHost()
    asked = client(host).options(WAIT)
    assert (asked.status_code, asked.headers["allow"]) == (200, "POST, GET, OPTIONS")
    assert asked.headers["access-control-allow-headers"] == "*"
    assert host.events == []
    assert client(host).get("/c/nobody/query/a/b").headers["access-control-allow-origin"] == "*"


# --- parameters ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("?a=1&b=x%20y+z&c=", {"a": "1", "b": "x y z", "c": ""}),
        ("?a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        ("?n=%C3%A9", {"n": "é"}),
    ],
)
def test_the_query_string_gives_texts(query: str, expected: dict[str, Any]) -> None:
    """A key that comes again becomes an array."""
    assert attrs_of(client(FakeHost()).get(ECHO + query)) == expected


def test_a_json_body_wins_over_the_query_string() -> None:
    """Both are merged."""
    response = client(FakeHost()).post(ECHO + "?a=1&b=2", json={"b": {"deep": [1, None]}, "c": 1.5})
    assert attrs_of(response) == {"a": "1", "b": {"deep": [1, None]}, "c": 1.5}


def test_numbers_of_a_body_reach_the_language_as_floats() -> None:
    """The language has one type of number; no int gets in."""
    host = FakeHost()
    client(host).post(WAIT, json={"n": 1, "many": [2], "yes": True})
    attrs = host.events[0].attrs
    assert [type(attrs["n"]), type(attrs["many"][0]), attrs["yes"]] == [float, float, True]


def test_a_form_gives_texts() -> None:
    """application/x-www-form-urlencoded is read like a query string."""
    response = client(FakeHost()).post(ECHO, data={"a": ["1", "2"], "b": "ü"})
    assert attrs_of(response) == {"a": ["1", "2"], "b": "ü"}


def test_an_array_as_body_is_a_map_by_index() -> None:
    """Positional arguments of a query come that way."""
    assert attrs_of(client(FakeHost()).post(ECHO, json=["x", "y"])) == {"0": "x", "1": "y"}


@pytest.mark.parametrize("content_type", ["text/plain", "application/xml", ""])
def test_other_bodies_say_nothing(content_type: str) -> None:
    """They are read to their end and ignored, as in pico-engine."""
    headers = {"content-type": content_type}
    assert attrs_of(client(FakeHost()).post(ECHO + "?a=1", content=b'{"a":2}', headers=headers)) == {"a": "1"}


def test_an_empty_json_body_is_no_parameters() -> None:
    """Some clients announce JSON and send nothing."""
    headers = {"content-type": "application/json"}
    assert attrs_of(client(FakeHost()).post(ECHO, content=b"", headers=headers)) == {}


def test_headers_are_an_attribute_that_nobody_can_forge() -> None:
    """`_headers` is what was sent, joined where a name came twice."""
    headers = [("X-One", "1"), ("X-One", "2")]
    response = client(FakeHost()).post(ECHO, json={"_headers": "forged"}, headers=headers)
    assert response.json()["_headers"]["x-one"] == "1, 2"


def test_an_escaped_slash_belongs_to_its_part() -> None:
    """A path is split before it is unescaped."""
    host = FakeHost()
    client(host).get(f"/c/{ROOT}/event-wait/a%2Fb/c%20d")
    assert (host.events[0].domain, host.events[0].name) == ("a/b", "c d")


# --- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "null"), (float("nan"), "null"), (3.0, "3"), ("é", '"é"'), ([], "[]"), ("\ud800", '"\\ud800"')],
)
def test_a_query_answers_json(value: object, text: str) -> None:
    """Null is `null`, not an empty body; a lone surrogate is written with an escape."""
    response = client(FakeHost(values={("r", "q"): value})).get(f"/sky/cloud/{ROOT}/r/q")
    assert (response.text, response.headers["content-type"]) == (text, "application/json")


@pytest.mark.parametrize(("extension", "content_type"), [("html", "text/html"), ("txt", "text/plain")])
def test_an_extension_sends_a_string_as_it_is(extension: str, content_type: str) -> None:
    """name.html and name.txt are for people; anything but a string stays JSON."""
    host = FakeHost(values={("r", "page"): "<b>ü</b>", ("r", "map"): {"a": 1.0}})
    page = client(host).get(f"/sky/cloud/{ROOT}/r/page.{extension}")
    assert page.text == "<b>ü</b>"
    assert page.headers["content-type"] == f"{content_type}; charset=utf-8"
    assert client(host).get(f"/c/{ROOT}/query/r/map.{extension}").text == '{"a":1}'


def test_an_event_with_a_query_answers_the_query() -> None:
    """Both get the same parameters."""
    host = FakeHost()
    response = client(host).get(f"/c/{ROOT}/event/lamp/on/query/echo/args?a=1")
    assert attrs_of(response) == {"a": "1"}
    assert isinstance(host.events[0], Seen)


def test_cookie_and_redirect_directives_act() -> None:
    """In the older form a rule can set cookies and send the browser elsewhere."""
    directives = [
        {"name": "_cookie", "options": {"cookie": "a=1"}},
        {"name": "_cookie", "options": {"cookie": "b=2"}},
        {"name": "_redirect", "options": {"url": "https://example.org/x"}},
    ]
    response = client(FakeHost(directives)).get(f"/sky/event/{ROOT}/none/d/t")
    assert response.status_code == 302
    assert response.headers["location"] == "https://example.org/x"
    assert response.headers.get_list("set-cookie") == ["a=1", "b=2"]


@pytest.mark.parametrize("options", [{"cookie": "a=1\r\nx: y"}, {"cookie": 5.0}, None, {}])
def test_a_cookie_cannot_smuggle_in_a_header(options: object) -> None:
    """A text that does not belong in a header is left out of them; the directive is still told."""
    response = client(FakeHost([{"name": "_cookie", "options": options}])).get(f"/sky/event/{ROOT}/none/d/t")
    assert "set-cookie" not in response.headers
    assert len(response.json()["directives"]) == 1


def test_only_the_older_form_acts_on_them() -> None:
    """A waited event in the newer form is data and nothing else."""
    host = FakeHost([{"name": "_redirect", "options": {"url": "/"}}])
    assert client(host).get(WAIT).status_code == 200


def test_a_closed_channel_is_no_business_of_the_route() -> None:
    """The host's refusals become statuses; see test_http_problems for all of them."""
    assert client(FakeHost()).get(f"/c/{CLOSED}/event/d/t").status_code == 403
