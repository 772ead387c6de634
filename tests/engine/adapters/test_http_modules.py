"""The routes about modules."""

from __future__ import annotations

import pytest

from engine.adapters.http import Limits, make_app
from tests.engine.adapters.browser import Browser
from tests.fakes.fake_host import ROOT, FakeHost


def client() -> Browser:
    return Browser(make_app(FakeHost(), Limits(1000, 8)))


def test_modules_are_listed_with_their_members() -> None:
    """Those that every engine has are there."""
    told = client().get("/api/modules").json()
    modules = {one["name"]: one for one in told["modules"]}
    assert modules["math"]["from"] == "built in"
    members = {one["name"]: one for one in modules["math"]["members"]}
    assert members["round"] == {
        "name": "round",
        "kind": "function",
        "signature": "(number, precision)",
        "about": "rounded, to so many decimals; halves go up",
    }
    assert told["problems"] == []


@pytest.mark.parametrize(("path", "granted"), [("/api/grant", True), ("/api/revoke", False)])
def test_a_grant_is_given_and_taken(path: str, granted: bool) -> None:
    """By POST, in JSON."""
    told = client().post(path, json={"eci": ROOT, "module": "http"})
    assert (told.status_code, told.json()["granted"]) == (200, granted)


def test_looking_grants_nothing() -> None:
    """A link that somebody follows changes nothing."""
    told = client().get("/api/grant", params={"eci": ROOT, "module": "http"})
    assert (told.status_code, told.json()["code"]) == (405, "method")


@pytest.mark.parametrize("body", [{}, {"eci": ROOT}, {"module": "http"}, {"eci": ROOT, "module": 1}])
def test_a_grant_names_a_pico_and_a_module(body: dict[str, object]) -> None:
    assert client().post("/api/grant", json=body).status_code == 400


def test_a_grant_for_nobody_is_refused() -> None:
    assert client().post("/api/grant", json={"eci": "nobody", "module": "http"}).status_code == 404
