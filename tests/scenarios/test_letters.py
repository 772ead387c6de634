"""Two engines whose picos write to each other, and are killed in the middle of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from tests.scenarios.messages import befriend, neighbour, wait_until

LETTERS = 40


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[tuple[EngineProcess, EngineProcess]]:
    pair = neighbour(tmp_path / "ann" / "home"), neighbour(tmp_path / "bob" / "home")
    yield pair
    for one in pair:
        one.end()


def seen(client: EngineClient) -> list[str]:
    found: list[str] = client.query("root", ("penpal", "seen"), {})
    return sorted(found)


def test_letters_and_their_answers_arrive_once(
    engines: tuple[EngineProcess, EngineProcess], tmp_path: Path
) -> None:
    """Though each engine is killed three times while they are under way."""
    ann, bob = engines
    here, there = ann.start(), bob.start()
    channel, _ = befriend(here, tmp_path)
    _, did = befriend(there, tmp_path)
    chance = random.Random(5)
    kills = {number: (ann, bob)[turn % 2] for turn, number in enumerate(chance.sample(range(LETTERS), 6))}
    for number in range(LETTERS):
        letter = {"did": did, "from": channel, "n": f"{number}", "answer": True}
        here.accept_event("root", ("pen", "post"), letter, f"letter-{number}")
        if number in kills:
            kills[number].kill()
            started = kills[number].start()
            here, there = (started, there) if kills[number] is ann else (here, started)
    letters = sorted(str(number) for number in range(LETTERS))
    answers = sorted(f"re: {number}" for number in range(LETTERS))
    wait_until(lambda: len(seen(there)) >= LETTERS and len(seen(here)) >= LETTERS)
    assert seen(there) == letters
    assert seen(here) == answers
    assert here.query("root", ("penpal", "errors"), {}) == there.query("root", ("penpal", "errors"), {}) == []
