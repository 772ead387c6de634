"""`picomesh serve` as a process: it starts with nothing, stops in good order, and guards its home."""

from __future__ import annotations

import json
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from engine.adapters.http import listen, read_run_file
from engine.commands.failure import Failure
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess
from engine.commands.traffic import Senders, count_tickets, judge

COUNT = ("counter", "count")
INCREMENT = ("counter", "increment")


def serve(*words: str) -> subprocess.CompletedProcess[str]:
    """An engine that is expected not to start."""
    command = [sys.executable, "-m", "engine", "serve", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_an_engine_starts_on_nothing_and_says_where_it_is(process: EngineProcess) -> None:
    """The home is made for its owner alone; URL, home, root ECI and the next command are shown."""
    client = process.start()
    said = process.log.read_text()
    assert stat.S_IMODE(process.home.stat().st_mode) == 0o700
    assert client.url in said
    assert str(process.home) in said
    assert client.root_eci() in said
    assert "install root examples/counter/counter.krl --url" in said


def test_sigterm_ends_it_with_0_and_tidies_up(process: EngineProcess) -> None:
    """The note in the home goes, so that the commands do not look for what is not there."""
    process.start()
    assert process.stop() == 0
    assert read_run_file(process.home) is None


def test_sigterm_under_load_loses_nothing(process: EngineProcess) -> None:
    """Requests under way are answered, the process ends with 0, and every acknowledged event is there."""
    client = process.start()
    root = client.root_eci()
    install_ruleset(client, root, counter_ruleset().as_uri(), {})
    senders = Senders(client.url, root, 4, "ticket")
    senders.start()
    senders.wait_acknowledged(50)
    assert process.stop() == 0
    traffic = senders.wait_gone()
    client = process.start()
    assert judge(traffic.acknowledged, count_tickets(client, root)).is_clean


def test_logs_that_nobody_watches_are_json(process: EngineProcess) -> None:
    """One object a line, from start to stop."""
    client = process.start()
    process.stop()
    logged = [json.loads(line) for line in process.log.read_text().splitlines() if line.startswith("{")]
    assert [entry["event"] for entry in logged] == ["engine started", "engine stopped"]
    assert logged[0]["url"] == client.url


def test_a_home_that_is_none_is_told(tmp_path: Path) -> None:
    """Exit code 4 and a sentence: for a file in its place, and for a journal that is not ours."""
    (tmp_path / "file").write_text("")
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "journal.sqlite").write_bytes(b"not a database" * 1000)
    for name in ("file", "home"):
        refused = serve("--home", str(tmp_path / name), "--port", "0")
        assert refused.returncode == 4
        assert str(tmp_path / name) in refused.stderr
        assert "Traceback" not in refused.stderr


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="limits of another process are Linux's")
def test_a_disk_that_takes_no_more_ends_the_engine(process: EngineProcess) -> None:
    """Exit code 4 and the reason, rather than refusals for ever; what was acknowledged is there later."""
    client = process.start()
    root = client.root_eci()
    install_ruleset(client, root, counter_ruleset().as_uri(), {})
    senders = Senders(client.url, root, 2, "ticket")
    senders.start()
    senders.wait_acknowledged(20)
    # No file may grow any more; Python ignores the signal that would come with it.
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (4096, 4096))
    assert process.wait() == 4
    assert "the journal could not be written" in process.log.read_text()
    traffic = senders.wait_gone()
    client = process.start()
    assert judge(traffic.acknowledged, count_tickets(client, root)).is_clean


def test_a_damaged_journal_is_told(process: EngineProcess) -> None:
    """Exit code 4 and a sentence."""
    process.start()
    process.stop()
    journal = process.home / "journal.sqlite"
    whole = journal.read_bytes()
    journal.write_bytes(whole[:8192] + bytes(len(whole) - 8192))
    refused = serve("--home", str(process.home), "--port", "0")
    assert refused.returncode == 4
    assert "is damaged" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_damaged_pico_is_told_to_whoever_asks_for_it(process: EngineProcess) -> None:
    """A start reads no pico, so that one that is damaged keeps no engine from starting, be it the root."""
    process.start()
    process.stop()
    with sqlite3.connect(process.home / "journal.sqlite") as connection:
        connection.execute("UPDATE picos SET snapshot = x'00'")
    client = process.start()
    with pytest.raises(Failure, match="a history is damaged"):
        client.send_event("root", ("a", "b"), {})
    assert "Traceback" not in process.log.read_text()


def test_what_picos_keep_is_for_the_owner_of_the_home_alone(process: EngineProcess) -> None:
    """Also in a folder that was there before and lets others in."""
    process.home.mkdir(mode=0o755)
    process.start()
    kept = [path for path in process.home.iterdir() if path.name.startswith("journal")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def test_a_second_engine_on_the_home_is_told_of_the_first(process: EngineProcess) -> None:
    """Exit code 4, with the pid and the URL of the one that runs; that one is not disturbed."""
    client = process.start()
    second = serve("--home", str(process.home), "--port", "0")
    assert second.returncode == 4
    assert str(process.pid) in second.stderr
    assert client.url in second.stderr
    assert client.root_eci()


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    """Exit code 4, and what to do about it."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = serve("--home", str(tmp_path / "home"), "--port", port)
    assert refused.returncode == 4
    assert f"port {port} on 127.0.0.1 is in use" in refused.stderr


def test_what_was_counted_is_there_after_a_restart(process: EngineProcess) -> None:
    """Stopped in good order, started again: same root, same rulesets, same state."""
    client = process.start()
    root = client.root_eci()
    install_ruleset(client, root, counter_ruleset().as_uri(), {})
    client.send_event(root, INCREMENT, {"by": 5})
    process.stop()
    client = process.start()
    assert client.root_eci() == root
    assert client.query(root, COUNT, {}) == 5


def test_an_event_sent_again_after_a_restart_is_answered_from_its_record(process: EngineProcess) -> None:
    """The same id gets the same directives, and the pico has not counted twice."""
    client = process.start()
    root = client.root_eci()
    install_ruleset(client, root, counter_ruleset().as_uri(), {})
    first = client.send_event(root, INCREMENT, {"by": 5}, "mine")
    process.kill()
    client = process.start()
    assert client.send_event(root, INCREMENT, {"by": 5}, "mine") == first
    assert client.query(root, COUNT, {}) == 5
