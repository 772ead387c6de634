"""Two real engines, either of which is killed at random while a pico moves between them under events.

No event that was acknowledged is lost, none is run twice, and in the end one engine has the pico.
"""

from __future__ import annotations

import itertools
import os
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.hints import counter_ruleset
from engine.commands.process import EngineProcess
from engine.commands.traffic import INCREMENT, count_tickets, judge
from engine.core.cids import to_url
from tests.scenarios.messages import neighbour

MOVES = int(os.environ.get("MOVES", "3"))
SENDERS = 16
PATIENCE_S = 60.0


class Stubborn:
    """Senders that give no event up: each goes from engine to engine until one acknowledges it."""

    def __init__(self, urls: Sequence[str], eci: str) -> None:
        self.acknowledged: list[str] = []
        self._urls, self._eci = list(urls), eci
        self._is_over = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(f"t{n}",), daemon=True) for n in range(SENDERS)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> list[str]:
        self._is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads), "an event found nobody to take it"
        return self.acknowledged

    def _send(self, name: str) -> None:
        clients = [EngineClient(url) for url in self._urls]
        try:
            self._keep_sending(name, itertools.cycle(clients))
        finally:
            for client in clients:
                client.close()

    def _keep_sending(self, name: str, engines: Iterator[EngineClient]) -> None:
        engine = next(engines)
        for number in itertools.count(1):
            if self._is_over.is_set():
                return
            ticket = f"{name}-{number}"
            while not self._is_taken(engine, ticket):
                engine = next(engines)
                time.sleep(0.05)
            self.acknowledged.append(ticket)

    def _is_taken(self, engine: EngineClient, ticket: str) -> bool:
        try:
            engine.send_event(self._eci, INCREMENT, {"ticket": ticket}, ticket)
        except Failure:
            return False
        return True


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[list[EngineProcess]]:
    with ExitStack() as stack:
        both = [neighbour(tmp_path / name / "home") for name in ("ann", "bob")]
        for one in both:
            stack.callback(one.end)
        yield both


def lives_at(clients: Sequence[EngineClient], eci: str) -> list[int]:
    """Which of the engines answer for the pico."""
    found = []
    for place, client in enumerate(clients):
        try:
            client.query(eci, ("counter", "count"), {})
            found.append(place)
        except Failure:
            continue
    return found


def settled(clients: Sequence[EngineClient], eci: str) -> int:
    """The engine that has it, when nothing is under way any more."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        phases = [one["phase"] for client in clients for one in client.moves()]
        places = lives_at(clients, eci)
        if len(places) == 1 and not {"offered", "leaving", "released"} & {*phases}:
            return places[0]
        time.sleep(0.05)
    raise AssertionError([client.moves() for client in clients])


def make_counter(engine: EngineClient) -> str:
    """A pico below the root, by the channel that is for people."""
    engine.send_event(engine.root_eci(), ("wrangler", "new_child_request"), {"name": "counter"})
    end = time.monotonic() + PATIENCE_S
    while not (children := engine.tree()["children"]) or children[0]["eci"] is None:
        assert time.monotonic() < end, "the pico was not born"
        time.sleep(0.02)
    eci = str(children[0]["eci"])
    pushed = engine.push_ruleset(counter_ruleset().read_text("utf-8"))
    engine.install(eci, to_url(pushed["hash"]), {})
    return eci


def test_no_event_is_lost_or_doubled_by_kills(engines: list[EngineProcess]) -> None:
    """Each kill is somewhere in a move; what was sent then is sent again, to whoever answers."""
    chance = random.Random(7)
    clients = [one.start() for one in engines]
    for client in clients:
        client.acceptance({"who": "anyone"})
    dids = [str(client.did()["did"]) for client in clients]
    eci = make_counter(clients[0])
    senders = Stubborn([client.url for client in clients], eci)
    senders.start()
    place = 0
    for _ in range(MOVES):
        clients[place].move(eci, dids[1 - place], "to see whether it is lost")
        victim = chance.randrange(2)
        time.sleep(chance.random() * 0.6)
        engines[victim].kill()
        clients[victim] = engines[victim].start()
        place = settled(clients, eci)
    acknowledged = senders.stop()
    place = settled(clients, eci)
    verdict = judge(acknowledged, count_tickets(clients[place], eci))
    assert verdict.is_clean, verdict
    assert len(acknowledged) > SENDERS * MOVES
