"""What the module `engine` says of engines, and what becomes of a wish to move."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from engine.core.consultation import MODULE
from engine.core.messages import Refusal
from engine.core.model import PicoId
from engine.plugins.collection import NO_PLUGINS
from engine.runtime.consultants import Consultants, ConsultingLimits
from engine.runtime.engine_module import engine_module
from engine.runtime.load import Load
from tests.fakes.mesh import FakeDepartures, FakeEngines

PICO = PicoId("p1")
KEYS = (
    "did:peer:2.Vz6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"
    ".Ez6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc"
)
HERE: dict[str, Any] = {"name": "laptop", "did": f"{KEYS}.SeyJ0IjoiZG0ifQ", "price": 0}
SERVER = {"name": "server", "did": "did:peer:2.server", "price": 5}
ATTIC = {"name": "attic", "did": "did:peer:2.attic", "price": 0}


class Table:
    """The module, asked as the outbox asks, with what the pico is told of it."""

    def __init__(self, refusal: Refusal | None = None) -> None:
        self.moves = FakeDepartures({} if refusal is None else {"server": refusal})
        self.told: list[tuple[PicoId, str, Mapping[str, str]]] = []
        module = engine_module(FakeEngines(HERE, [SERVER, ATTIC]), self.moves, Load(), self._inform)
        self._consultants = Consultants(NO_PLUGINS, ConsultingLimits())
        self._consultants.add(module)

    async def _inform(self, pico: PicoId, what: str, attrs: Mapping[str, str]) -> None:
        self.told.append((pico, what, attrs))

    def ask(self, name: str, arguments: dict[str, Any], key: str | None = None) -> Any:
        content = {"module": "engine", "name": name, "arguments": arguments}
        answer = asyncio.run(
            self._consultants.answer(PICO, content if key is None else {**content, "key": key})
        )
        return answer["value"]


def test_the_kind_of_its_questions_is_that_of_modules() -> None:
    assert MODULE == "module"


@pytest.mark.parametrize(
    ("came_ms", "since"), [(None, None), (1_767_225_600_000, "2026-01-01T00:00:00.000Z")]
)
def test_a_pico_learns_where_it_is_and_since_when(came_ms: int | None, since: str | None) -> None:
    """One that was born there is not there since anything."""
    table = Table()
    table.moves.came_ms = came_ms
    assert table.ask("here", {}) == {**HERE, "price": 0.0, "load": None, "since": since}


def test_offers_are_those_that_are_as_wanted() -> None:
    table = Table()
    assert [one["name"] for one in table.ask("offers", {"filter": {}})] == ["server", "attic"]
    assert [one["name"] for one in table.ask("offers", {"filter": {"name": "attic"}})] == ["attic"]


def test_a_move_is_begun_and_not_waited_for() -> None:
    """What becomes of it is told by whoever moves it."""
    table = Table()
    assert table.ask("migrate", {"to": "server", "reason": "cheaper", "price": 5.0}, "k1") == {
        "attempt": "attempt 1"
    }
    assert table.moves.wants == [(PICO, "server", "cheaper", 5)]
    assert table.told == []


def test_one_that_cannot_begin_is_told_like_one_that_has_failed() -> None:
    """With the reason and how to mend it."""
    table = Table(Refusal("unknown", "this engine knows no server", "picomesh engines lists them"))
    assert table.ask("migrate", {"to": "server", "reason": "cheaper"}, "k1") == {"attempt": ""}
    assert table.told == [
        (
            PICO,
            "departed_failed",
            {
                "from": HERE["did"],
                "to": "server",
                "reason": "this engine knows no server; picomesh engines lists them",
                "attempt": "k1",
            },
        )
    ]


def test_a_refusal_that_is_asked_for_again_goes_by_the_same_name() -> None:
    """An errand is asked again after a crash, and the pico is to think again once: it is told by the name."""
    table = Table(Refusal("unknown", "this engine knows no server"))
    for _ in range(2):
        table.ask("migrate", {"to": "server", "reason": ""}, "k1")
    assert [attrs["attempt"] for _, _, attrs in table.told] == ["k1", "k1"]


@pytest.mark.parametrize("to", ["laptop", HERE["did"], KEYS, f"{KEYS}.SeyJ0IjoiZG0iLCJzIjoiaHR0cDovL3gifQ"])
def test_a_pico_that_is_there_already_is_not_troubled(to: str) -> None:
    """What it has yet to ask goes along with it, so the new engine may be asked to move it to itself, by
    whatever DID it had."""
    table = Table(Refusal("undecided", "it lives there already"))
    assert table.ask("migrate", {"to": to, "reason": ""}, "k1") == {"attempt": ""}
    assert (table.moves.wants, table.told) == ([], [])


class Machine:
    """A clock and a processor that go as they are told to."""

    def __init__(self) -> None:
        self.now_s = self.busy_s = 0.0

    def load(self) -> Load:
        return Load(lambda: self.now_s, lambda: self.busy_s)

    def run(self, for_s: float, busy_s: float) -> None:
        self.now_s += for_s
        self.busy_s += busy_s


def test_load_is_the_share_of_the_time_since_somebody_asked() -> None:
    machine = Machine()
    load = machine.load()
    machine.run(100, 25)
    assert load.share() == 0.25
    machine.run(50, 50)
    assert load.share() == 1.0


def test_load_over_a_moment_is_that_of_the_time_before() -> None:
    """Whoever asks is busy himself just then."""
    machine = Machine()
    load = machine.load()
    machine.run(5, 5)
    assert load.share() is None
    machine.run(95, 5)
    assert load.share() == 0.1
    machine.run(1, 1)
    assert load.share() == 0.1
