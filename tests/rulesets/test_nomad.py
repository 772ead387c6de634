"""io.picomesh.nomad: its own tests, and that noise does not have it go to and fro."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pytest

import ruleset_library
from engine.commands.suites import Folder, open_suite
from engine.core.domains import MODULES
from engine.core.messages import Question
from engine.core.testing.answers import GivenAnswers
from engine.core.testing.play import play
from engine.core.testing.stage import DOOR, Stage
from pico_lang.program import compile_ruleset
from pico_lang.source import Source

HERE = Path(__file__).parent
RID = "io.picomesh.nomad"
FILE = Path(ruleset_library.__file__).parent / f"{RID}.krl"
SUITE = open_suite(Source((HERE / "nomad.test.krl").read_text("utf-8"), str(HERE / "nomad.test.krl")))
NOMAD = compile_ruleset(Source(FILE.read_text("utf-8"), FILE.name), MODULES)

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS

LAPTOP, SERVER = "did:laptop", "did:server"


@pytest.mark.parametrize("test", SUITE.tests, ids=lambda test: test.name.value)
def test_its_own_tests(test: Any) -> None:
    """What it does in each situation is said in the language itself, in `nomad.test.krl`."""
    folder = Folder(HERE)
    verdict = play(SUITE, test, folder.url(str(FILE)), folder.find)
    assert [finding.message for finding in verdict.findings] == []


# --- two engines, and measures that are never twice the same ---------------------------------------


@dataclass
class TwoEngines(GivenAnswers):
    """What is measured of two engines, with noise, from the one on which the pico is. A pico that wants to
    move is there soon, unless the departure is to fail."""

    seed: int
    means: Mapping[str, Mapping[str, float]]
    noise: float
    fails: Callable[[], bool] = lambda: False
    at: str = LAPTOP
    wants: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._random = Random(self.seed)

    def take(self, question: Question) -> Mapping[str, Any]:
        name, arguments = question.content["name"], question.content["arguments"]
        if name == "migrate":
            self.wants.append(arguments["to"])
            return {"value": {"attempt": f"a{len(self.wants)}"}}
        if name == "here":
            return {"value": self._measure(self.at)}
        return {"value": [self._measure(one) for one in self.means if one != self.at]}

    def _measure(self, did: str) -> dict[str, Any]:
        means = self.means[did]
        return {
            "did": did,
            "name": did.removeprefix("did:"),
            "price": float(round(self._near(means["price"]))),
            "round_trip_ms": self._near(means["round_trip_ms"]),
            "success": min(1.0, self._near(means["success"])),
            "free": {"picos": float(round(self._near(means["free"])))},
            "load": min(1.0, self._near(means["load"])),
            "expired": False,
        }

    def _near(self, mean: float) -> float:
        return max(0.0, self._random.gauss(mean, mean * self.noise))


ALIKE = {"price": 20.0, "round_trip_ms": 40.0, "success": 0.95, "free": 40.0, "load": 0.4}
CHEAP = {**ALIKE, "price": 2.0, "load": 0.1}


def live(engines: TwoEngines, days: float, settings: Mapping[str, Any] | None = None) -> Stage:
    """A nomad that lives there for so long."""
    stage = Stage(lambda url: NOMAD)
    stage.answers = engines
    stage.install(f"library:{RID}", {"owner": DOOR})
    stage.send("wrangler", "ruleset_installed", {"rids": [RID]})
    stage.send("nomad", "configure", settings or {})
    end_ms = stage.time_ms + days * DAY_MS
    moves = 0
    while stage.time_ms < end_ms:
        stage.wait(MINUTE_MS)
        assert not stage.happenings.faults
        if len(engines.wants) > moves:
            moves = len(engines.wants)
            _move(stage, engines)
    return stage


def _move(stage: Stage, engines: TwoEngines) -> None:
    to, attempt = engines.wants[-1], f"a{len(engines.wants)}"
    attrs = {"from": engines.at, "to": to, "reason": "better", "attempt": attempt}
    if engines.fails():
        stage.send("engine", "departed_failed", attrs)
    else:
        engines.at = to
        stage.send("engine", "arrived", attrs)


@pytest.mark.parametrize("seed", range(6))
def test_between_engines_that_are_alike_it_stays_where_it_is(seed: int) -> None:
    """However much the measures swing: a third up and down, for two days, with a look every five minutes."""
    engines = TwoEngines(seed, {LAPTOP: ALIKE, SERVER: ALIKE}, noise=0.33)
    live(engines, days=2)
    assert engines.wants == []


@pytest.mark.parametrize("seed", range(6))
def test_it_goes_to_the_better_one_once_and_stays(seed: int) -> None:
    engines = TwoEngines(seed, {LAPTOP: {**ALIKE, "load": 0.6}, SERVER: CHEAP}, noise=0.33)
    live(engines, days=2)
    assert engines.wants == [SERVER]
    assert engines.at == SERVER


BRAKES = ("margin", "patience_min", "stay_min", "smoothing_min")


@pytest.mark.parametrize("seed", range(3))
def test_without_its_brakes_the_same_noise_has_it_go_to_and_fro(seed: int) -> None:
    """So it is they that keep it from it. Its owner sees both engines from equally far."""
    alike = {LAPTOP: {**ALIKE, "load": 0.0}, SERVER: {**ALIKE, "load": 0.0}}
    fair: dict[str, Any] = {
        "latencies_ms": {"laptop": 40.0, "server": 40.0},
        "weights": {"cost": 1.0, "latency": 0.0, "availability": 0.0, "capacity": 0.0},
    }
    hasty = TwoEngines(seed, alike, noise=0.33)
    live(hasty, 0.5, {**fair, **dict.fromkeys(BRAKES, 0.0)})
    calm = TwoEngines(seed, alike, noise=0.33)
    live(calm, 0.5, fair)
    assert len(hasty.wants) > 20
    assert calm.wants == []


@pytest.mark.parametrize("seed", range(3))
def test_an_engine_that_refuses_for_a_day_is_asked_a_few_times_only(seed: int) -> None:
    """The waits double: 10, 20, 40, … minutes, and never more than a day."""
    engines = TwoEngines(seed, {LAPTOP: {**ALIKE, "load": 0.6}, SERVER: CHEAP}, noise=0.1, fails=lambda: True)
    live(engines, days=1)
    assert 3 <= len(engines.wants) <= 8
    assert engines.at == LAPTOP


def test_the_same_measures_lead_to_the_same_decisions() -> None:
    """Nothing else goes into them: not even chance."""
    both = [
        live(TwoEngines(7, {LAPTOP: {**ALIKE, "load": 0.6}, SERVER: CHEAP}, noise=0.33), days=1)
        for _ in range(2)
    ]
    assert both[0].star.entities == both[1].star.entities
