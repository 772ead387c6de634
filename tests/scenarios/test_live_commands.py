"""`picomesh logs -f` and `picomesh top`: what happens in a running engine, as it happens."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import CODE
from engine.commands.live import listen, read_messages
from engine.commands.process import EngineProcess
from engine.commands.top import Traffic


def run(engine: EngineClient, *words: str) -> Result:
    return CliRunner(env={"PICOMESH_URL": engine.url, "COLUMNS": "200"}).invoke(main, list(words))


@contextmanager
def following(engine: EngineClient, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "engine", "logs", *words, "-f", "--json", "--url", engine.url]
    environment = {**os.environ, "PYTHONPATH": str(CODE)}
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def read(running: subprocess.Popen[str]) -> dict[str, Any]:
    assert running.stdout is not None
    told: dict[str, Any] = json.loads(running.stdout.readline())
    return told


def test_what_happens_to_a_pico_is_followed_without_a_gap(engine: EngineClient) -> None:
    """Its last events first, then each that comes, in order."""
    engine.send_event("root", ("counter", "increment"), {}, "before")
    with following(engine, "root", "-n", "1") as running:
        first = read(running)
        assert (first["eid"], first["outcome"]) == ("before", "done")
        for number in range(3):
            engine.send_event("root", ("counter", "increment"), {}, f"after-{number}")
        told = [read(running) for _ in range(3)]
        assert [one["eid"] for one in told] == ["after-0", "after-1", "after-2"]
        assert [one["seq"] for one in told] == [first["seq"] + number for number in (1, 2, 3)]


def test_an_engine_is_followed_through_a_restart(process: EngineProcess) -> None:
    """Whoever listens is there again when it is, and hears what happened to a pico meanwhile."""
    with process.start() as engine:
        heard = listen(engine, engine.eci("root"))
        assert next(heard).kind == "ready"
        url = engine.url
    process.stop()
    port = url.rpartition(":")[2]
    again = EngineProcess(process.home, "--port", port)
    try:
        client = again.start()
        client.send_event("root", ("some", "thing"), {}, "meanwhile")
        eids = []
        for one in heard:
            eids += [one.data["eid"]] if one.kind == "turn" else []
            if "meanwhile" in eids:
                break
    finally:
        again.end()
    assert eids.count("meanwhile") == 1


def test_people_see_a_line_for_each_event(engine: EngineClient) -> None:
    """Failures with their reason; a whole engine is only followed."""
    engine.send_event("root", ("counter", "increment"), {}, "fine")
    shown = run(engine, "logs", "root", "-n", "1").output
    assert "counter:increment" in shown
    assert shown.endswith("from outside, fine\n")
    assert len(shown.splitlines()) == 1
    assert run(engine, "logs").exit_code == 2


def test_top_shows_an_engine_at_work(engine: EngineClient) -> None:
    """Once where there is no terminal: for people a page, for programs a document."""
    engine.send_event("root", ("counter", "increment"), {})
    told = json.loads(run(engine, "top", "--every", "0.1", "--json").output)
    assert told["picos"]["here"] >= 1
    assert told["pace"]["answered"] >= 1
    assert 0 < told["pace"]["median_ms"] <= told["pace"]["p99_ms"]
    assert {"events_per_s", "failed_per_s", "busiest", "queues", "room"} <= told.keys()
    page = run(engine, "top", "--every", "0.1").output
    assert "99 of 100 within" in page
    assert "events/s" in page


def test_traffic_is_counted_by_pico() -> None:
    """The busiest first, with those that failed."""
    traffic = Traffic()
    for pico, has_failed in (("a", False), ("b", False), ("b", True)):
        traffic.note(pico, has_failed)
    rates, failed = traffic.rates()
    assert list(rates) == ["b", "a"]
    assert rates["b"] == 2 * rates["a"] > 0
    assert failed > 0


def test_streams_are_read_as_the_standard_has_them() -> None:
    """Comments and what is to be told later are none of the messages."""
    lines = ["retry: 2000", "", ": ", "", "event: turn", "id: 7", 'data: {"a":1}', "", "event: cut"]
    assert list(read_messages(lines)) == [("turn", "7", {"a": 1})]
