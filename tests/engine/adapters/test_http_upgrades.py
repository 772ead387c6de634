"""The routes that bring new texts into force, try them and go back: what they take and what they refuse."""

from __future__ import annotations

from typing import Any

import pytest

from engine.adapters.http import Limits, make_app
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import CLOSED, ROOT, FakeHost

UPGRADE = "/api/rulesets/io.picolabs.shop/upgrade"
ROLLBACK = "/api/rulesets/io.picolabs.shop/rollback"
RID = "io.picolabs.shop"


def client(draining: bool = False) -> Browser:
    return Browser(make_app(FakeHost(draining=draining), Limits(1000, 8, 1000)))


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, {"rid": RID, "source": None, "eci": None}),
        ({"url": "ipfs://b", "eci": ROOT}, {"rid": RID, "source": "ipfs://b", "eci": ROOT}),
        ({"try": False}, {"rid": RID, "source": None, "eci": None}),
        ({"try": True}, {"rid": RID, "source": None, "eci": None, "events": 20}),
        ({"try": True, "events": 3}, {"rid": RID, "source": None, "eci": None, "events": 3}),
    ],
)
def test_an_upgrade_is_asked_for_in_json(given: dict[str, Any], asked: dict[str, Any]) -> None:
    assert client().post(UPGRADE, json=given).json() == asked


def test_it_can_be_asked_for_in_the_query_too() -> None:
    asked = client().post(f"{UPGRADE}?try&events=7&eci={ROOT}").json()
    assert asked == {"rid": RID, "source": None, "eci": ROOT, "events": 7}


def test_a_rollback_may_be_of_all_picos() -> None:
    assert client().post(ROLLBACK).json() == {"rid": RID, "eci": None, "state": None}


def test_a_rollback_says_what_becomes_of_the_variables() -> None:
    for state in (None, "keep", "restore"):
        given = {"eci": ROOT} | ({} if state is None else {"state": state})
        assert client().post(ROLLBACK, json=given).json() == {"rid": RID, "eci": ROOT, "state": state}


@pytest.mark.parametrize(
    ("path", "given", "detail"),
    [
        (UPGRADE, {"try": True, "events": -1}, "events is to be"),
        (UPGRADE, {"try": True, "events": "many"}, "events is to be"),
        (UPGRADE, {"url": 5}, "url is to be"),
        (UPGRADE, {"eci": ""}, "eci is to be"),
        (ROLLBACK, {"eci": ROOT, "state": "both"}, "state: invalid"),
    ],
)
def test_nonsense_is_refused(path: str, given: dict[str, Any], detail: str) -> None:
    refused = client().post(path, json=given)
    assert (refused.status_code, detail in refused.json()["detail"]) == (400, True)


@pytest.mark.parametrize("path", [UPGRADE, f"{UPGRADE}?try", ROLLBACK])
def test_looking_does_nothing(path: str) -> None:
    refused = client().get(path)
    assert (refused.status_code, refused.json()["code"]) == (405, "method")


def test_refusals_of_the_engine_have_their_status() -> None:
    assert client().post(UPGRADE, json={"eci": CLOSED}).status_code == 403
    assert client(draining=True).post(ROLLBACK, json={"eci": ROOT}).status_code == 503
