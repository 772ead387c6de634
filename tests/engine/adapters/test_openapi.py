"""`/openapi.json` is what is in force: others read it, try it, and find nothing wrong."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from engine.adapters.http import Limits, all_routes, make_app
from engine.adapters.http.declared import OPERATIONS
from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from tests.campaign import examples
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import FakeHost

CHECKS = [
    *(not_a_server_error, status_code_conformance, content_type_conformance),
    *(response_schema_conformance, negative_data_rejection, ignored_auth, unsupported_method),
]
ANY_METHOD = ("/c/", "/sky/")
"""Routes of picos take any, as clients of pico-engine expect."""
ENDLESS = "/api/events"


def description() -> dict[str, Any]:
    found: dict[str, Any] = Browser(make_app(FakeHost(), Limits(1000, 8))).get("/openapi.json").json()
    return found


def tried() -> Iterator[Any]:
    """Each operation with what fits it, and with what does not, if there is any such."""
    for found in schemathesis.openapi.from_dict(description()).get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path == ENDLESS:
            continue
        yield pytest.param(operation, GenerationMode.POSITIVE, id=operation.label)
        if OPERATIONS[operation.path][operation.method.upper()].takes is not None:
            yield pytest.param(
                operation, GenerationMode.NEGATIVE, id=f"{operation.label}, not as it is to be"
            )


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    """A real one, since what is checked is what it really answers."""
    process = EngineProcess(tmp_path_factory.mktemp("openapi") / "home")
    try:
        client = process.start()
        install_ruleset(client, "root", counter_ruleset().as_uri(), {})
        yield client
    finally:
        process.end()


@pytest.fixture(scope="module")
def names(engine: EngineClient) -> list[str]:
    """Of something that is there, for requests that would otherwise all be about nothing."""
    return [engine.root_eci(), engine.tree()["id"]]


@pytest.mark.parametrize(("operation", "mode"), list(tried()))
def test_nothing_is_found_wrong(
    operation: Any, mode: GenerationMode, engine: EngineClient, names: list[str]
) -> None:
    """No server error, no answer that was not described, nothing taken that is said not to be."""
    checks = [
        check
        for check in CHECKS
        if check is not unsupported_method or not operation.path.startswith(ANY_METHOD)
    ]

    @settings(
        max_examples=examples(3),
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
        database=None,
        derandomize=True,
        deadline=None,
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def trying(case: Any) -> None:
        if mode is GenerationMode.POSITIVE:
            name_something(case, names)
        case.call_and_validate(base_url=engine.url, headers=engine.credentials(), checks=checks)

    trying()


def name_something(case: Any, names: list[str]) -> None:
    """Now and then, one that is there, where an address of a pico is asked for."""
    chance = random.Random(repr(case))
    for part in (case.body, case.query, case.path_parameters):
        if isinstance(part, dict) and isinstance(part.get("eci"), str) and chance.random() < 0.6:
            part["eci"] = chance.choice(names)


def test_every_route_of_the_api_is_described() -> None:
    """And nothing that is not there. Pages and messages are no API."""
    paths = {path for path, *_ in all_routes()}
    assert set(OPERATIONS) <= paths
    api = {path for path in paths if path.startswith(("/api/", "/c/", "/sky/"))}
    assert api <= set(description()["paths"])


def test_every_operation_says_who_may() -> None:
    """By the scope of its route; what is for everybody says why."""
    for path, methods in description()["paths"].items():
        for method, told in methods.items():
            assert bool(told["security"]) == ("x-scope" in told), (path, method)
            assert told["description"], (path, method)


@pytest.mark.parametrize(
    ("path", "given", "said"),
    [
        ("/api/fork", {}, "eci is missing"),
        ("/api/fork", {"eci": 5}, "eci is to be a text, and not a whole number"),
        ("/api/fork", {"eci": "x", "at": -1}, "at is to be a whole number >= 0"),
        ("/api/seal", {"stores": [1]}, "stores[0] is to be a text"),
        ("/api/tokens", {"name": "x", "scope": "all"}, "scope: invalid enum value 'all'"),
        ("/api/moves", {"eci": "x", "to": "y", "price": 1.5}, "price is to be a whole number"),
    ],
)
def test_what_does_not_fit_is_named(path: str, given: dict[str, Any], said: str) -> None:
    """By its place in what was sent."""
    answer = Browser(make_app(FakeHost(), Limits(1000, 8))).post(path, json=given)
    assert answer.status_code == 400
    assert said.lower() in answer.json()["detail"].lower()


def test_a_method_that_is_not_there_is_told_which_are() -> None:
    """Before anything of the request is looked at."""
    browser = Browser(make_app(FakeHost(), Limits(1000, 8)))
    answer = browser.request("DELETE", "/api/rulesets")
    assert (answer.status_code, answer.json()["code"]) == (405, "method")
    assert "GET or POST" in answer.json()["detail"]
    assert browser.options("/api/rulesets").headers["allow"] == "GET, POST, OPTIONS"


def test_texts_of_a_query_string_are_read_as_what_they_are_to_be() -> None:
    """A number is a number there too, and the mere name of a flag says yes."""
    browser = Browser(make_app(FakeHost(), Limits(1000, 8)))
    statuses = {
        query: browser.get(f"/api/log?eci=x&{query}").status_code
        for query in ("n=5", "n=five", "n=-1", "full", "full=true", "full=maybe")
    }
    assert statuses == {**dict.fromkeys(("n=5", "full", "full=true"), 404)} | dict.fromkeys(
        ("n=five", "n=-1", "full=maybe"), 400
    )


def test_the_description_is_openapi() -> None:
    """Of the version that has JSON Schema as it is."""
    told = description()
    assert told["openapi"].startswith("3.1.")
    assert json.dumps(told)
