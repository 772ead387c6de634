"""What the engine itself does about a second chance keeps nobody waiting."""

from __future__ import annotations

import threading
from threading import Thread

import pytest

from engine.core.messages import Done, Turn
from engine.core.model import Pico
from engine.runtime import workshop as workshops
from engine.runtime.orders import write_turn_order
from tests.engine.in_loop import in_loop
from tests.engine.runtime.overruns import library_of, over, workshop


@in_loop
async def test_a_pico_is_written_down_beside_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It can be large: with a hundred thousand channels that took the loop a second."""
    threads: list[Thread] = []

    def write(pico: Pico, turn: Turn) -> bytes:
        threads.append(threading.current_thread())
        return write_turn_order(pico, turn)

    monkeypatch.setattr(workshops, "write_turn_order", write)
    one = over("foreach 0.range(9999) setting(x) foreach 0.range(9) setting(y) noop()")
    async with workshop(library_of(one.bench)) as opened:
        assert isinstance(await one.retried(opened), Done)
    assert len(threads) == 1
    assert threads != [threading.main_thread()]
