"""`picomesh why-here`: what people and programs see of a pico's choice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands import why_here
from engine.commands.failure import Failure

ROW = {
    "did": "did:a",
    "name": "laptop",
    "here": True,
    "parts": {"cost": 0.167, "latency": 1, "availability": 1, "capacity": 0.5},
    "measured": {"price": 50, "latency_ms": 0, "success": None, "free_picos": 10, "load": 0.5},
    "now": 0.65,
    "score": 0.651,
    "why": "is where it lives",
}
OTHER = {
    **ROW,
    "did": "did:b",
    "name": "server",
    "here": False,
    "parts": {"cost": 0.909, "latency": 0.909, "availability": 1, "capacity": 0.909},
    "measured": {"price": 1, "latency_ms": 10.2, "success": 1, "free_picos": 200, "load": None},
    "now": 0.937,
    "score": 0.936,
    "why": "is better, but has to be so for another 10 min",
}
TOLD = {
    "at": "2026-03-02T08:10:00.000Z",
    "verdict": "stay",
    "to": None,
    "name": "laptop",
    "reason": "one is better, but not for long enough yet",
    "weights": {"cost": 3, "latency": 2, "availability": 3, "capacity": 2},
    "rows": [OTHER, ROW],
    "stays": False,
    "leaving": None,
    "settings": {"margin": 0.1, "patience_min": 15, "stay_min": 60},
}


class OnePico:
    """An engine that answers one query, or fails."""

    def __init__(self, answer: Mapping[str, Any] | Failure | None) -> None:
        self._answer = answer

    def __enter__(self) -> OnePico:
        return self

    def __exit__(self, *problem: object) -> None: ...

    def query(self, eci: str, query: tuple[str, str], arguments: Mapping[str, Any]) -> Any:
        assert (query, arguments) == (("io.picomesh.nomad", "whyHere"), {})
        if isinstance(self._answer, Failure):
            raise self._answer
        return self._answer


def run(monkeypatch: pytest.MonkeyPatch, answer: Mapping[str, Any] | Failure | None, *options: str) -> Result:
    monkeypatch.setattr(why_here, "find_engine", lambda url: OnePico(answer))
    return CliRunner().invoke(main, ["why-here", "root", *options])


def test_people_see_a_line_for_each_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which begin below each other: what was measured, what it is worth, and why not."""
    result = run(monkeypatch, TOLD)
    assert result.exit_code == 0, result.output
    first, *_, last = result.output.splitlines()
    assert first == "stays on laptop: one is better, but not for long enough yet"
    assert last.endswith("another has to be better by 0.1 for 15 min, 60 min after it came")
    head = next(line for line in result.output.splitlines() if "engine" in line and "score" in line)
    server = next(line for line in result.output.splitlines() if "server" in line)
    laptop = next(line for line in result.output.splitlines() if "● " in line)
    assert "availability ×3" in head
    assert "0.91        1   0.91    10 ms" in server
    assert server.rstrip().endswith("is better, but has to be so for another 10 min")
    assert "0.50 50% busy" in laptop
    assert head.index("why") == server.index("is better") == laptop.index("is where it lives")


def test_where_it_goes_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    told = {**TOLD, "verdict": "go", "to": "did:b", "name": "server", "reason": "server is better"}
    result = run(monkeypatch, told)
    assert result.output.startswith("goes to server: server is better\n")
    assert "→ server" in " ".join(result.output.split())


def test_programs_get_all_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(run(monkeypatch, TOLD, "--json").output) == TOLD


def test_a_pico_that_has_not_weighed_yet_can_be_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "picomesh send root nomad:weigh" in run(monkeypatch, None).output


def test_a_pico_that_does_not_choose_can_be_made_to(monkeypatch: pytest.MonkeyPatch) -> None:
    missing = Failure("the pico has no ruleset io.picomesh.nomad", code="R610")
    result = run(monkeypatch, missing)
    assert result.exit_code == 1
    assert "picomesh grant root engine" in result.output
    assert "library:io.picomesh.nomad" in result.output


def test_other_failures_are_told_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    result = run(monkeypatch, Failure("there is no channel root", "picomesh tree lists them"))
    assert result.exit_code == 1
    assert "there is no channel root" in result.output
