"""Requests that do not succeed: each has a status, says what to do, and leaves no trace."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args, get_type_hints

import pytest
from httpx import Response

from engine.adapters.http import Limits, make_app
from engine.adapters.http.problems import STATUS_OF_REFUSAL
from engine.core.messages import Refusal
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import CLOSED, ROOT, FakeHost

WAIT = f"/c/{ROOT}/event-wait/d/t"
AS_JSON = {"content-type": "application/json"}


def client(host: FakeHost, body: int = 1000, depth: int = 8) -> Browser:
    """A browser in front of the routes."""
    return Browser(make_app(host, Limits(body, depth)))


def assert_problem(response: Response, status: int, code: str, said: str) -> None:
    """The answer is RFC 9457, with pico-engine's `error` member beside it."""
    assert response.headers["content-type"] == "application/problem+json"
    found = response.json()
    assert (response.status_code, found["status"], found["code"]) == (status, status, code)
    assert said in found["detail"]
    assert found["error"].endswith(": " + found["detail"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"{", "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b'{"a":"\xff"}', "not valid UTF-8"),
        (b'{"a":NaN}', "the body is not JSON"),
        (b'{"a":1}x', "the body is not JSON"),
        (b'"text"', "the body is a string, not an object"),
        (b"5", "the body is a number, not an object"),
        (b"null", "the body is null, not an object"),
        (b"true", "the body is true or false, not an object"),
        (b'{"a":' * 9 + b"1" + b"}" * 9, "nested more than 8 levels"),
        (b"[" * 900, "the body is not JSON"),
    ],
)
def test_a_body_that_cannot_be_read_is_malformed(body: bytes, said: str) -> None:
    """The event is not run and the caller learns what is wrong with its JSON."""
    host = FakeHost()
    assert_problem(client(host).post(WAIT, content=body, headers=AS_JSON), 400, "malformed", said)
    assert host.events == []


def test_json_may_be_as_deep_as_the_setting_says() -> None:
    """The limit itself is allowed."""
    body = b'{"a":' * 8 + b"1" + b"}" * 8
    assert client(FakeHost()).post(WAIT, content=body, headers=AS_JSON).status_code == 200


def test_json_past_every_limit_stops_in_the_reader() -> None:
    """A hundred thousand brackets are refused without a stack of ours being used."""
    response = client(FakeHost(), body=200_000).post(WAIT, content=b"[" * 100_000, headers=AS_JSON)
    assert_problem(response, 400, "malformed", "depth limit exceeded")


@pytest.mark.parametrize("path", [WAIT + "?a=%ff", f"/c/{ROOT}/event-wait/%ff/t"])
def test_an_address_that_is_not_utf8_is_malformed(path: str) -> None:
    """In the query string and in the path."""
    assert_problem(client(FakeHost()).get(path), 400, "malformed", "is not UTF-8")


def test_a_form_that_is_not_utf8_is_malformed() -> None:
    """Escaped or not."""
    headers = {"content-type": "application/x-www-form-urlencoded"}
    response = client(FakeHost()).post(WAIT, content=b"a=\xff", headers=headers)
    assert_problem(response, 400, "malformed", "the body is not UTF-8")


def test_a_body_is_refused_by_its_announced_length() -> None:
    """Nothing of it is read, so the connection cannot be used again."""
    response = client(FakeHost(), body=10).post(WAIT, json={"long": "x" * 20})
    assert_problem(response, 413, "too_large", "more than 10 bytes")
    assert response.headers["connection"] == "close"


def test_a_body_without_a_length_is_refused_on_the_way() -> None:
    """A stream is stopped at the first part that goes past the limit."""

    async def parts() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 5

    response = client(FakeHost(), body=10).post(WAIT, content=parts())
    assert_problem(response, 413, "too_large", "more than 10 bytes")


def test_a_body_as_long_as_the_limit_is_read() -> None:
    """The limit itself is allowed."""
    assert client(FakeHost(), body=10).post(WAIT, content=b'{"a":"b"} ', headers=AS_JSON).status_code == 200


def test_every_refusal_has_a_status() -> None:
    """No kind of refusal ends as a bug."""
    assert set(get_args(get_type_hints(Refusal)["kind"])) <= set(STATUS_OF_REFUSAL)


@pytest.mark.parametrize(
    ("path", "status", "code", "said"),
    [
        ("/c/nobody/event-wait/d/t", 404, "unknown", "ECI not found nobody"),
        ("/c/nobody/event/d/t", 404, "unknown", "ECI not found nobody"),
        ("/c/nobody/query/r/q", 404, "unknown", "ECI not found nobody"),
        ("/c/nobody/event/d/t/query/r/q", 404, "unknown", "ECI not found nobody"),
        (f"/c/{CLOSED}/event-wait/d/t", 403, "denied", "Denied by channel policy"),
        (f"/c/{ROOT}/query/r/nothing", 404, "R610", 'does not have query function "nothing"'),
        (f"/c/{ROOT}/nonsense", 404, "unknown", "there is nothing at"),
        ("/c/", 404, "unknown", "there is nothing at"),
        ("/nonsense", 404, "unknown", "there is nothing at /nonsense"),
        ("/ui", 404, "unknown", "there is nothing at /ui"),
    ],
)
def test_what_is_not_there_or_not_allowed(path: str, status: int, code: str, said: str) -> None:
    """The status tells a program what the sentence tells a person."""
    assert_problem(client(FakeHost()).get(path), status, code, said)


def test_an_engine_that_stops_says_when_to_come_back() -> None:
    """503 with Retry-After; the event is not lost without a word."""
    response = client(FakeHost(draining=True)).get(WAIT)
    assert_problem(response, 503, "draining", "the engine is stopping")
    assert response.headers["retry-after"] == "1"


def test_a_rule_that_fails_says_where() -> None:
    """500 with the code of the fault and the places in the ruleset, innermost first."""
    response = client(FakeHost()).get(f"/c/{ROOT}/event-wait/fault/t")
    assert_problem(response, 500, "R601", "a map cannot be a number")
    found = response.json()
    assert found["error"] == "TypeError: a map cannot be a number"
    assert found["places"] == [{"rid": "counter", "line": 3, "column": 7, "within": "rule increment"}]


def test_a_bug_is_a_status_too() -> None:
    """The caller gets no inner details; the engine's log does."""
    response = client(FakeHost()).get(f"/c/{ROOT}/event-wait/bug/t")
    assert_problem(response, 500, "bug", "the engine made a mistake")
    assert "ZeroDivision" not in response.text
