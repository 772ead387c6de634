"""Turns go round: nobody is served twice while somebody else waits, and the event loop gets its share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from engine.runtime.rota import Rota
from tests.engine.in_loop import in_loop


def worker(name: str, turns: int, log: list[str]) -> Callable[[], bool]:
    def take_turn() -> bool:
        log.append(name)
        return log.count(name) < turns

    return take_turn


@in_loop
async def test_everybody_takes_one_turn_per_round() -> None:
    """However much work the first one has."""
    rota, log = Rota(), list[str]()
    rota.enlist(worker("a", 3, log))
    rota.enlist(worker("b", 2, log))
    rota.enlist(worker("c", 1, log))
    await asyncio.sleep(0)
    assert log == ["a", "b", "c", "a", "b", "a"]


@in_loop
async def test_the_loop_is_let_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """When a slice is used up the rest waits for the next pass of the loop, and nothing is left out."""
    monkeypatch.setattr("engine.runtime.rota.SLICE_S", -1.0)  # every turn uses it up
    rota, log = Rota(), list[str]()
    rota.enlist(worker("a", 3, log))
    for expected in (1, 2, 3):
        await asyncio.sleep(0)
        assert len(log) == expected


@in_loop
async def test_a_turn_that_lets_a_bug_out_does_not_stop_the_others() -> None:
    """It is reported to the loop, and the rota goes on."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context["exception"]))

    def broken() -> bool:
        raise ZeroDivisionError

    rota, log = Rota(), list[str]()
    rota.enlist(broken)
    rota.enlist(worker("a", 2, log))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert log == ["a", "a"]
    assert isinstance(reported[0], ZeroDivisionError)
