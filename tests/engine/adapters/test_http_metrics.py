"""`/metrics`: others' parser reads it, and what happened is in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from httpx import ASGITransport, AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from engine.adapters.http import Limits, make_app
from engine.adapters.http.metrics import kind_of
from tests.compatibility.engine import URL, Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    opened = Engine()
    yield opened
    opened.close()


async def ask(engine: Engine, *paths: str) -> dict[str, float]:
    """The samples after requests to these paths, by name and labels."""
    transport = ASGITransport(make_app(engine.host, Limits(1 << 20, 64)))
    async with AsyncClient(transport=transport, base_url=URL, headers=engine.as_owner) as client:
        for path in paths:
            await client.get(path)
        answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return {
        " ".join([one.name, *(f"{key}={value}" for key, value in sorted(one.labels.items()))]): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


def test_what_happened_is_counted(engine: Engine) -> None:
    """Turns, those that failed, births."""
    before = engine.run(ask(engine))
    engine.send("talk:hello")
    engine.make_child("lamp")
    after = engine.run(ask(engine))
    assert after["picomesh_turns_total outcome=done"] >= before["picomesh_turns_total outcome=done"] + 2
    assert after["picomesh_picos_born_total"] == before["picomesh_picos_born_total"] + 1
    assert after["picomesh_picos state=here"] == 2
    assert after["picomesh_turns_total outcome=failed"] == 0


def test_turns_that_fail_are_told_apart(engine: Engine) -> None:
    engine.install(
        "ruleset r { global { f = function(n) { f(n) + 1 } } rule f { select when t f pre { x = f(1) } } }"
    )
    engine.fault("t:f")
    assert engine.run(ask(engine))["picomesh_turns_total outcome=failed"] == 1


def test_how_long_requests_took_is_by_what_they_were_about(engine: Engine) -> None:
    """And by how they ended; what nobody has thought of makes no series of its own."""
    eci = engine.host.root_eci()
    paths = [f"/c/{eci}/event-wait/talk/hello"] * 3 + ["/c/nobody/query/r/q", "/x1", "/x2", "/api/tree"]
    told = engine.run(ask(engine, *paths))
    count = "picomesh_request_seconds_count"
    assert told[f"{count} kind=event-wait status=2xx"] == 3
    assert told[f"{count} kind=query status=4xx"] == 1
    assert told[f"{count} kind=api status=2xx"] == 1
    assert told["picomesh_request_seconds_bucket kind=event-wait le=+Inf status=2xx"] == 3
    assert not any("x1" in name for name in told)


def test_what_waits_and_how_much_there_is_are_told(engine: Engine) -> None:
    """Of each queue, also when it is empty."""
    told = engine.run(ask(engine))
    assert {f"picomesh_queue of={of}" for of in ("events", "outbox", "timers", "mail")} <= set(told)
    assert {f"picomesh_moves state={state}" for state in ("moving", "known", "failed")} <= set(told)
    assert told["picomesh_info version=0.1.0"] == 1


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/c/x/event/d/n", "event"),
        ("/c/x/event-wait/d/n", "event-wait"),
        ("/c/x/event/d/n/query/r/q", "event"),
        ("/c/x/query/r/q", "query"),
        ("/c/x/invented/r/q", "other"),
        ("/sky/event/x/none/d/n", "event-wait"),
        ("/sky/cloud/x/r/q", "query"),
        ("/sky/invented", "other"),
        ("/api/tree", "api"),
        ("/didcomm", "didcomm"),
        ("/", "other"),
        ("/invented", "other"),
        ("/c/", "other"),
        ("/sky/", "other"),
    ],
)
def test_there_are_only_so_many_kinds(path: str, kind: str) -> None:
    """Whatever strangers ask for."""
    assert kind_of(path) == kind
