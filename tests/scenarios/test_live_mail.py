"""Three engines: mail for one that nobody reaches comes along a websocket from another as it arrives."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from tests.scenarios.messages import befriend, free_port, neighbour, wait_until

HOUR = "mediator_every_s = 3600\n"


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[dict[str, EngineProcess]]:
    all = {name: neighbour(tmp_path / name / "home") for name in ("ann", "mediator")}
    (all["mediator"].home / "picomesh.toml").write_text('mediator_for = "true"\n')
    far = tmp_path / "far" / "home"
    far.mkdir(parents=True)
    all["far"] = EngineProcess(far, "--port", str(free_port()))
    yield all
    for one in all.values():
        one.end()


def seen(client: EngineClient) -> list[str]:
    found: list[str] = client.query("root", ("penpal", "seen"), {})
    return found


def has_come(here: EngineClient, there: EngineClient, number: str) -> bool:
    """The letter, and its answer."""
    return number in seen(there) and f"re: {number}" in seen(here)


def test_letters_come_along_as_they_arrive(engines: dict[str, EngineProcess], tmp_path: Path) -> None:
    """Though they would be fetched once an hour; each after what waited at the start was fetched."""
    mediator = engines["mediator"].start()
    named = f'mediator = "{mediator.did()["did"]}"\nhttp_private = ["127.0.0.1"]\n{HOUR}'
    (engines["far"].home / "picomesh.toml").write_text(named)
    here, there = engines["ann"].start(), engines["far"].start()
    channel, _ = befriend(here, tmp_path)
    _, did = befriend(there, tmp_path)
    for number in ("1", "2", "3"):
        letter = {"did": did, "from": channel, "n": number, "answer": True}
        here.send_event("root", ("pen", "post"), letter)
        wait_until(partial(has_come, here, there, number))
    assert seen(there) == ["1", "2", "3"]
    assert seen(here) == ["re: 1", "re: 2", "re: 3"]
