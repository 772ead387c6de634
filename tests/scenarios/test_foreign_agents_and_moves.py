"""An agent that nobody here wrote goes on talking with a pico that moves to another engine.

It is the npm package didcomm-node. It knows the DID that the channel had, and the engine where the pico was.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from engine.commands.two_engines import TwoEngines, Wanderer
from engine.core.protocols import picomesh
from tests.engine.adapters.didcomm.foreign_stack import ForeignStack
from tests.engine.adapters.didcomm.people import Person
from tests.scenarios.messages import PENPAL, wait_until
from tests.scenarios.test_foreign_agents import AGREEING, ME, SIGNING, Agent, document, secret

DIRECT = {"options": {"forward": False}}


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[TwoEngines]:
    with TwoEngines(tmp_path) as engines:
        engines.introduce()
        yield engines


class Correspondent(Agent):
    """Who writes letters to one channel of a pico, wherever that is."""

    def __init__(self, stack: ForeignStack, pico: Wanderer) -> None:
        self.pico = pico
        told = pico.here.send_event(pico.eci, ("pen", "open"), {})["directives"][0]["options"]
        self.eci = told["eci"]
        super().__init__(stack, pico.here, told["did"])

    def write(self, n: str) -> httpx.Response:
        """A letter, to the engine where it knows the pico to be."""
        letter = {"domain": "pen", "type": "letter", "attributes": {"n": n}, "wait": True}
        return self.post(self.pack(self.message(picomesh.EVENT, letter), **DIRECT))

    def unpacked(self, response: httpx.Response) -> dict[str, Any]:
        assert response.status_code == 200, response.text
        answer = self.stack.ask("unpack", envelope=response.text)
        assert "error" not in answer, answer
        return answer

    def seen(self) -> list[str]:
        """Letters that the pico has read."""
        found: list[str] = self.pico.here.query(self.pico.eci, ("penpal", "seen"), {})
        return found

    def learn(self, name: str) -> None:
        """Get to know one more DID."""
        documents = [document(one) for one in (ME, self.did, name)]
        secrets = [secret(f"{ME}#key-1", SIGNING), secret(f"{ME}#key-2", AGREEING)]
        self.stack.ask("know", documents=documents, secrets=secrets)


@pytest.fixture
def agent(engines: TwoEngines, tmp_path: Path) -> Iterator[Correspondent]:
    file = tmp_path / "penpal.krl"
    file.write_text(PENPAL)
    with ForeignStack((), Person(ME, {})) as stack:
        yield Correspondent(stack, Wanderer(engines, file))


def test_it_keeps_talking_across_a_move(engines: TwoEngines, agent: Correspondent) -> None:
    """By the old name, at the old engine, which passes on what it cannot read; the answer comes back over the
    same connection. By the name that the channel has now, it is reached at the new engine itself."""
    before, old = agent.did, agent.client
    assert agent.unpacked(agent.write("one"))["message"]["from"] == before
    agent.pico.move()
    wait_until(lambda: agent.pico.here.did(agent.eci)["did"] != before)
    answer = agent.unpacked(agent.write("two"))
    assert agent.client is old is not agent.pico.here
    assert (answer["message"]["type"], answer["message"]["from"]) == (picomesh.OUTCOME, before)
    assert answer["metadata"]["authenticated"]
    assert answer["message"]["body"]["directives"][0]["options"] == {"n": "two", "from": ME}
    agent.client, after = agent.pico.here, agent.pico.here.did(agent.eci)["did"]
    agent.learn(after)
    agent.did = after
    assert agent.unpacked(agent.write("three"))["message"]["from"] == after
    assert agent.seen() == ["one", "two", "three"]


def test_no_letter_is_lost_while_it_moves(engines: TwoEngines, agent: Correspondent) -> None:
    """Each that was taken is read, once, though the pico goes there and back while they arrive."""
    taken, stop = list[str](), threading.Event()

    def write() -> None:
        while not stop.is_set():
            n = f"letter {len(taken)}"
            if agent.write(n).status_code in (200, 202):
                taken.append(n)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            agent.pico.move()
    finally:
        stop.set()
        writer.join()
    assert len(taken) > 4
    wait_until(lambda: set(taken) <= set(agent.seen()))
    assert sorted(agent.seen()) == sorted(taken)
