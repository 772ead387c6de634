"""The routes about the engine itself."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.http import Limits, administration, make_app
from engine.version import VERSION
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import ROOT, RULESET_URL, FakeHost


def client() -> Browser:
    """A browser in front of an engine with two picos."""
    return Browser(make_app(FakeHost(), Limits(1000, 8)))


def test_user_interfaces_learn_where_to_begin() -> None:
    """The version and the UI channel of the root pico."""
    assert client().get("/api/ui-context").json() == {"version": VERSION, "eci": "ui-eci"}


def test_the_tree_names_every_pico() -> None:
    """Nested as the picos are."""
    tree = client().get("/api/tree").json()
    assert (tree["eci"], tree["rulesets"]) == (ROOT, ["io.picolabs.wrangler"])
    assert tree["children"] == [
        {"id": "child", "name": "lamp", "eci": "child-eci", "rulesets": [], "children": []}
    ]


def test_a_flush_tells_what_is_in_force() -> None:
    """In the shape that pico-engine's clients know."""
    assert client().get("/api/flush", params={"url": RULESET_URL}).json() == {
        "url": RULESET_URL,
        "rid": "counter",
        "hash": "00ff",
        "flushed": "2026-01-01T00:00:00.000Z",
        "compiler": {"version": VERSION, "warnings": []},
    }


@pytest.mark.parametrize(("query", "status"), [("", 400), ("?url=", 400), ("?url=file:///other", 404)])
def test_a_flush_of_nothing_is_a_problem(query: str, status: int) -> None:
    """Without a URL, or with one that was never installed."""
    response = client().get("/api/flush" + query)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("path", administration.ROUTES)
def test_every_route_answers_browsers_that_ask(path: str) -> None:
    """With the methods that it takes."""
    assert "OPTIONS" in client().options(path).headers["allow"]


def test_health_readiness_and_version() -> None:
    """What supervisors look at."""
    assert client().get("/healthz").json() == {"status": "ok"}
    assert client().get("/readyz").json() == {"status": "ready"}
    assert client().get("/api/engine").json() == {
        **{"name": "picomesh", "version": VERSION},
        **{"root": "root", "root_eci": ROOT},
    }
    assert client().get("/version").json() == {"name": "picomesh", "version": VERSION}


def test_expressions_are_evaluated() -> None:
    """With everything that can be said of the value; what is no list of texts is refused."""
    browser = client()
    given = {"eci": ROOT, "rid": "counter", "texts": ["ent:count"]}
    answer = browser.post("/api/evaluate", json=given)
    assert answer.json() == {
        "type": "Array",
        "value": ["counter", "ent:count"],
        "names": ["ent:count"],
        "log": [],
    }
    mistakes: list[dict[str, Any]] = [{"texts": "1"}, {"texts": [1]}, {"eci": 5}, {"rid": {}}]
    for wrong in mistakes:
        assert browser.post("/api/evaluate", json={**given, **wrong}).status_code == 400
