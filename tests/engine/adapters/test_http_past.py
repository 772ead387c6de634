"""The routes about what was, over a whole engine in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.adapters.http import past
from tests.compatibility.engine import Engine

TEXT = """
ruleset tea {
  rule drink { select when tea offered fired { ent:cups := ent:cups.defaultsTo(0) + 1 } }
}
"""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    opened = Engine()
    opened.install(TEXT)
    for _ in range(3):
        opened.send("tea:offered")
    yield opened
    opened.close()


def get(engine: Engine, path: str, **parameters: Any) -> Any:
    """What a route answers about the root pico."""
    response = engine.get(path, params={"eci": engine.host.root_eci(), **parameters})
    assert response.status_code == 200, response.text
    return response.json()


def test_every_route_answers(engine: Engine) -> None:
    """One after the other, as somebody would who wonders about an event."""
    (event,) = get(engine, "/api/log", n=1)["events"]
    assert event["fired"] == [{"rid": "tea", "rule": "drink"}]
    assert "differences" not in event
    (event,) = get(engine, "/api/log", n=1, full="true")["events"]
    assert event["differences"][0]["new"] == 3
    why = get(engine, "/api/why", eid=event["eid"])
    assert why["seq"] == event["seq"]
    assert get(engine, "/api/state")["seq"] == event["seq"]
    assert get(engine, "/api/state", at=event["seq"] - 1, rid="tea")["entities"] == {"cups": 2}
    found = get(engine, "/api/differences", **{"from": event["seq"] - 1, "to": event["seq"]})
    assert found["differences"] == [{"part": ["entity", "tea", "cups"], "old": 2, "new": 3}]
    assert get(engine, "/api/replay")["repeated"] == event["seq"]
    assert len(past.ROUTES) == 6


def test_a_fork_is_made_by_post_alone(engine: Engine) -> None:
    body = {"eci": engine.host.root_eci(), "at": 5}
    assert engine.http("GET", "/api/fork", params=body).status_code == 405
    made = engine.http("POST", "/api/fork", json=body).json()
    assert get(engine, "/api/state", eci=made["eci"])["id"] == made["id"]
    assert "tea" in made["rulesets"]


def test_an_event_is_found_without_its_pico(engine: Engine) -> None:
    (event,) = get(engine, "/api/log", n=1)["events"]
    assert engine.get("/api/why", params={"eid": event["eid"]}).json()["seq"] == event["seq"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/log", 400),
        ("/api/log?eci=nobody", 404),
        ("/api/log?eci=ROOT&n=many", 400),
        ("/api/log?eci=ROOT&n=-1", 400),
        ("/api/why", 400),
        ("/api/why?eid=nothing", 404),
        ("/api/state?eci=ROOT&at=1.5", 400),
        ("/api/state?eci=ROOT&at=1000000", 404),
        ("/api/differences?eci=ROOT&from=1", 400),
        ("/api/replay?eci=nobody", 404),
    ],
)
def test_what_is_not_there_is_a_problem(engine: Engine, path: str, status: int) -> None:
    response = engine.get(path)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")


@pytest.mark.parametrize("path", past.ROUTES)
def test_every_route_answers_browsers_that_ask(engine: Engine, path: str) -> None:
    assert "OPTIONS" in engine.http("OPTIONS", path).headers["allow"]
