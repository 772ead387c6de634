"""What is done in the background rests when others want the loop, and only then."""

from __future__ import annotations

import asyncio

import pytest

from engine.runtime.background import BUSY, LOOK_S, Background
from tests.engine.runtime.store_machine import virtually


class Processor:
    """What a thread has computed, as a test says it."""

    def __init__(self) -> None:
        self.used_s = 0.0

    def used(self) -> float:
        return self.used_s

    def background(self, share: float = 0.1) -> Background:
        return Background(share, asyncio.get_running_loop().time, self.used)


async def work(processor: Processor, loop_s: float, wait_s: float = 0.0) -> str:
    processor.used_s += loop_s / 2
    await asyncio.sleep(wait_s)
    processor.used_s += loop_s / 2
    return "done"


async def took(background: Background, processor: Processor, loop_s: float, wait_s: float = 0.0) -> float:
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    assert await background.run(work(processor, loop_s, wait_s)) == "done"
    return loop.time() - began_s


async def pass_time(processor: Processor, background: Background, busy: float) -> None:
    """The loop has computed for so much of it."""
    await background.run(work(processor, 0.0))
    await asyncio.sleep(2 * LOOK_S)
    processor.used_s += 2 * LOOK_S * busy


@virtually
async def test_a_loop_that_has_time_is_used() -> None:
    """Nobody is better off when it stands idle."""
    processor = Processor()
    background = processor.background()
    await pass_time(processor, background, BUSY / 2)
    assert await took(background, processor, 0.01) < 0.001


@virtually
async def test_a_busy_loop_is_left_to_others() -> None:
    """The work has its share of the time, in which it also waits for the disk."""
    processor = Processor()
    background = processor.background(0.1)
    await pass_time(processor, background, 0.9)
    assert await took(background, processor, 0.01) == pytest.approx(0.1, rel=0.01)
    await pass_time(processor, background, 0.9)
    assert await took(background, processor, 0.01, wait_s=0.06) == pytest.approx(0.1, rel=0.01)
    await pass_time(processor, background, 0.9)
    assert await took(background, processor, 0.01, wait_s=0.15) == pytest.approx(0.15, rel=0.01)


@virtually
async def test_a_loop_that_has_become_idle_is_used_again() -> None:
    """What it did before does not count."""
    processor = Processor()
    background = processor.background()
    await pass_time(processor, background, 0.9)
    await pass_time(processor, background, 0.0)
    assert await took(background, processor, 0.01) < 0.001


@virtually
async def test_what_fails_and_what_is_given_up_comes_through() -> None:
    """At once, and the work hears of it as if nobody had looked on."""
    processor, heard = Processor(), list[str]()
    background = processor.background()
    await pass_time(processor, background, 0.9)

    async def fails() -> None:
        processor.used_s += 1.0
        raise OSError("no disk")

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            heard.append("given up")
            raise

    with pytest.raises(OSError, match="no disk"):
        await background.run(fails())
    task = asyncio.create_task(background.run(waits()))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard == ["given up"]
