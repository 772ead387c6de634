"""Who reaches the web when: a few requests of each pico at a time, and no more than so many in all."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from engine.core.model import PicoId
from engine.ports import WebFailed, WebRefused, WebRequest, WebResponse
from engine.runtime.web import WebAnswers
from tests.engine.in_loop import in_loop

ANN, BOB = PicoId("ann"), PicoId("bob")


class SlowWeb:
    """`engine.ports.WebClient` that answers when the test says so."""

    def __init__(self, outcome: WebResponse | WebFailed | None = None) -> None:
        self.outcome = outcome or WebResponse(200, "OK", {"a": "b"}, "text")
        self.arrived: list[str] = []
        self.may_answer = asyncio.Semaphore(0)

    async def send(self, request: WebRequest) -> WebResponse:
        self.arrived.append(request.url)
        await self.may_answer.acquire()
        if isinstance(self.outcome, WebFailed):
            raise self.outcome
        return self.outcome


def content(url: str) -> dict[str, Any]:
    return {"method": "GET", "url": url, "headers": {}, "redirect": True, "parse": False}


def ask(web: WebAnswers, pico: PicoId, *urls: str) -> list[asyncio.Task[Mapping[str, Any]]]:
    return [asyncio.create_task(web.answer(pico, content(url))) for url in urls]


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@in_loop
async def test_a_pico_waits_for_itself() -> None:
    """Its third request begins when one of the two that may be under way has ended; others' begin at once."""
    client = SlowWeb()
    web = WebAnswers(client, per_pico=2, at_once=100)
    asking = [*ask(web, ANN, "a1", "a2", "a3"), *ask(web, BOB, "b1")]
    await settle()
    assert client.arrived == ["a1", "a2", "b1"]
    client.may_answer.release()
    await settle()
    assert client.arrived == ["a1", "a2", "b1", "a3"]
    for _ in range(3):
        client.may_answer.release()
    await asyncio.gather(*asking)


@in_loop
async def test_all_picos_together_have_a_limit_too() -> None:
    """They take turns in the order in which they came."""
    client = SlowWeb()
    web = WebAnswers(client, per_pico=2, at_once=2)
    asking = [*ask(web, ANN, "a1", "a2", "a3"), *ask(web, BOB, "b1")]
    await settle()
    assert client.arrived == ["a1", "a2"]
    client.may_answer.release()
    await settle()
    assert client.arrived == ["a1", "a2", "b1"]
    for _ in range(3):
        client.may_answer.release()
    await asyncio.gather(*asking)


@in_loop
async def test_who_goes_away_leaves_the_place_to_the_next() -> None:
    """Whether waiting or under way."""
    client = SlowWeb()
    web = WebAnswers(client, per_pico=1, at_once=1)
    first, second, third = ask(web, ANN, "1", "2", "3")
    await settle()
    second.cancel()
    first.cancel()
    await settle()
    assert client.arrived == ["1", "3"]
    client.may_answer.release()
    assert (await third)["status"] == 200


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (
            WebResponse(404, "No", {"a": "b"}, "t"),
            {"status": 404, "reason": "No", "headers": {"a": "b"}, "content": "t"},
        ),
        (WebFailed("gone"), {"error": "gone", "code": "R608"}),
        (WebRefused("private"), {"error": "private", "code": "R607"}),
    ],
)
@in_loop
async def test_whatever_comes_of_it_is_an_answer(
    outcome: WebResponse | WebFailed, expected: dict[str, Any]
) -> None:
    """A response as plain data; a failure with its code and reason."""
    client = SlowWeb(outcome)
    client.may_answer.release()
    assert await WebAnswers(client, 1, 1).answer(ANN, content("u")) == expected
