"""Picos with io.picomesh.nomad on real engines: they go where it is better, and say why, or why not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.two_engines import TwoEngines, Wanderer

NOMAD = "io.picomesh.nomad"
HASTY = {
    **{"patience_min": 0, "stay_min": 0, "smoothing_min": 0, "margin": 0.05},
    # What is measured depends on who else uses the machine; what it costs does not.
    "weights": {"cost": 1, "latency": 0, "availability": 0, "capacity": 0},
}
OWNERS = 'ctx:channels.filter(function(one) { one{"tags"} == ["nomad", "owner"] })'
PATIENCE_S = 60.0


@pytest.fixture
def engines(tmp_path: Path) -> Iterator[TwoEngines]:
    """A laptop where a pico costs fifty units a day, and a server where it costs one."""
    with TwoEngines(tmp_path) as found:
        found.clients[0].acceptance({"price": 50})
        found.clients[1].acceptance({"price": 1})
        found.introduce()
        yield found


def nomad_on(engines: TwoEngines) -> tuple[Wanderer, str]:
    """A nomad on the laptop, and the channel of its owner."""
    wanderer = Wanderer(engines)
    wanderer.here.install(wanderer.eci, f"library:{NOMAD}", {})
    reply = wanderer.here.send_event(wanderer.eci, ("wrangler", "ruleset_installed"), {"rids": [NOMAD]})
    assert [one["name"] for one in reply["directives"] if one["meta"]["rid"] == NOMAD] == ["nomad"]
    (owner,) = wanderer.here.evaluate(wanderer.eci, None, [OWNERS])["value"]
    wanderer.here.send_event(owner["id"], ("nomad", "configure"), HASTY)
    return wanderer, str(owner["id"])


def wait_for(look: Callable[[], Any]) -> Any:
    """What it gives once that is true."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        try:
            if found := look():
                return found
        except Failure as failure:
            if failure.code is None:
                raise
        time.sleep(0.02)
    raise AssertionError("it never came to that")


def journeys(engine: EngineClient, eci: str) -> Any:
    return engine.query(eci, (NOMAD, "journeys"), {})


def why_here(engine: EngineClient, eci: str) -> str:
    shown = CliRunner().invoke(main, ["why-here", eci, "--url", engine.url])
    assert shown.exit_code == 0, shown.output
    return shown.output


def test_it_moves_by_itself_to_where_it_is_better(engines: TwoEngines) -> None:
    """And weighs anew there, as its clock says, which came along."""
    wanderer, _ = nomad_on(engines)
    laptop, server = engines.clients
    laptop.send_event(wanderer.eci, ("nomad", "weigh"), {})
    (journey,) = wait_for(lambda: journeys(server, wanderer.eci))
    assert journey["arrived"]
    assert journey["reason"].startswith("server is better: ")
    shown = why_here(server, wanderer.eci)
    assert shown.startswith("stays on server: none is better by the margin")
    assert "laptop" in shown
    clocks = server.evaluate(wanderer.eci, NOMAD, ["schedule:list()"])["value"]
    assert [one["timespec"] for one in clocks] == ["*/5 * * * *"]


def test_it_is_told_why_it_was_not_let_in_and_thinks_again(engines: TwoEngines) -> None:
    laptop, server = engines.clients
    server.acceptance({"rulesets": ["garden"]})
    wanderer, _ = nomad_on(engines)
    laptop.send_event(wanderer.eci, ("nomad", "weigh"), {})
    (journey,) = wait_for(lambda: journeys(laptop, wanderer.eci))
    assert not journey["arrived"]
    assert "ruleset" in journey["reason"]
    laptop.send_event(wanderer.eci, ("nomad", "weigh"), {})
    shown = why_here(laptop, wanderer.eci)
    assert shown.startswith("stays on laptop")
    assert "failed once; is tried again in 10 min" in shown


def test_its_owner_sends_it_somewhere_by_name(engines: TwoEngines) -> None:
    """At the price that it says; an engine that nobody knows is told as one that did not take it."""
    wanderer, owner = nomad_on(engines)
    laptop, server = engines.clients
    laptop.send_event(owner, ("nomad", "go"), {"to": "nowhere"})
    (journey,) = wait_for(lambda: journeys(laptop, wanderer.eci))
    assert not journey["arrived"]
    assert "nowhere" in journey["reason"]
    laptop.send_event(owner, ("nomad", "go"), {"to": "server", "price": 1})
    arrived = wait_for(lambda: journeys(server, wanderer.eci)[1:])
    assert [one["arrived"] for one in arrived] == [True]
    check_that_it_left(laptop, wanderer.eci, server.url)


def check_that_it_left(laptop: EngineClient, eci: str, place: str) -> None:
    """Whoever looks at it where it was is shown where it is, and how it was as it left."""
    run = CliRunner(env={"PICOMESH_URL": laptop.url, "COLUMNS": "200"}).invoke
    tree, state, log, sent = (
        run(main, words)
        for words in (["tree"], ["state", eci], ["log", eci], ["send", eci, "counter:increment"])
    )
    assert f"moved to {place}" in tree.stdout
    assert eci not in tree.stdout
    for told in (state, log):
        assert f"it has moved to {place}; this is how it was here" in told.stderr
    assert "engine:leaving" in log.stdout
    assert (sent.exit_code, "lives on another engine now" in sent.stderr) == (1, True)
