"""Requests that are sent again under one key: done once, answered alike."""

from __future__ import annotations

import asyncio

import pytest

from engine.adapters.http import Limits, make_app, repeats
from engine.adapters.http.problems import Problem
from engine.adapters.http.repeats import Repeats
from engine.adapters.http.replies import Reply
from tests.engine.adapters.browser import Browser
from tests.engine.in_loop import in_loop
from tests.fakes.fake_host import FakeHost

KEY = ("me", "POST", "/api/x", "k")
TOKEN = {"name": "laptop", "scope": "read"}


def test_the_same_request_is_done_once() -> None:
    """And answered as the first time; another key makes another."""
    host = FakeHost()
    browser = Browser(make_app(host, Limits(1000, 8)))
    keys = ("a", "a", "b")
    made = [browser.post("/api/tokens", json=TOKEN, headers={"idempotency-key": key}) for key in keys]
    assert [one.status_code for one in made] == [201, 201, 201]
    assert made[0].json() == made[1].json() != made[2].json()
    assert len(host.access.tokens()) == 2


def test_a_key_is_of_one_request() -> None:
    """Of one caller, at one route, with one body."""
    host = FakeHost()
    browser = Browser(make_app(host, Limits(1000, 8)))
    same = {"idempotency-key": "a"}
    assert browser.post("/api/tokens", json=TOKEN, headers=same).status_code == 201
    other = browser.post("/api/tokens", json={**TOKEN, "name": "other"}, headers=same)
    assert (other.status_code, other.json()["code"]) == (422, "key")
    assert browser.post("/api/login-links", json={}, headers=same).status_code == 200
    assert browser.post("/api/tokens", json=TOKEN, headers={"idempotency-key": "x" * 256}).status_code == 400


def test_what_was_refused_may_be_tried_again() -> None:
    host = FakeHost(draining=True)
    browser, same = Browser(make_app(host, Limits(1000, 8))), {"idempotency-key": "a"}
    given = {"eci": "root-eci", "module": "http"}
    assert browser.post("/api/grant", json=given, headers=same).status_code == 503
    host.draining = False
    assert browser.post("/api/grant", json=given, headers=same).status_code == 200


@in_loop
async def test_one_that_comes_meanwhile_waits_for_the_first() -> None:
    """And hears what that one hears, be it a refusal."""
    kept, go, done = Repeats(), asyncio.Event(), 0

    async def do() -> Reply:
        nonlocal done
        done += 1
        await go.wait()
        if done == 1:
            return Reply(b"once")
        raise Problem(409, "no", "no")

    both = [asyncio.ensure_future(kept.answer(KEY, b"", do)) for _ in range(2)]
    await asyncio.sleep(0)
    go.set()
    assert [one.body for one in await asyncio.gather(*both)] == [b"once", b"once"]
    with pytest.raises(Problem):
        await kept.answer((*KEY[:3], "other"), b"", do)
    assert done == 2


@in_loop
async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """In number, and in what one may have."""
    monkeypatch.setattr(repeats, "MOST_KEPT", 2)
    kept, done = Repeats(), []

    async def ask(key: str, body: bytes = b"") -> None:
        async def do() -> Reply:
            done.append(key)
            return Reply(body)

        await kept.answer((*KEY[:3], key), b"", do)

    for key in "abcac":
        await ask(key)
    assert done == ["a", "b", "c", "a"]
    for _ in range(2):
        await ask("large", b"x" * (repeats.LARGEST + 1))
    assert done.count("large") == 2
