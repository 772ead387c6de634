"""Getting into a real engine: its owner without a word, others with a token, browsers by a link."""

from __future__ import annotations

import json
import re
import stat
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.process import EngineProcess
from engine.commands.whereabouts import find_token


def run(*words: str, **environment: str) -> Result:
    known: dict[str, str | None] = {"PICOMESH_TOKEN": None, "PICOMESH_URL": None, "COLUMNS": "200"}
    return CliRunner(env={**known, **environment}).invoke(main, words)


def told(*words: str, **environment: str) -> Any:
    result = run(*words, "--json", **environment)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def process(process: EngineProcess) -> EngineProcess:
    process.start()
    return process


@pytest.fixture
def engine(process: EngineProcess) -> EngineClient:
    return EngineClient(url_of(process))


def url_of(process: EngineProcess) -> str:
    return str(json.loads((process.home / "engine.json").read_text())["url"])


def test_the_owner_of_the_home_does_nothing_for_it(process: EngineProcess) -> None:
    """By the URL, under either name of this machine; what lets them in is theirs alone to read."""
    url = url_of(process)
    for name in (url, url.replace("127.0.0.1", "localhost") + "/"):
        assert told("tree", PICOMESH_URL=name)["name"] is None
    assert stat.S_IMODE((process.home / "engine.json").stat().st_mode) == 0o600


def test_several_engines_are_not_mixed_up(process: EngineProcess, tmp_path: Path) -> None:
    """Each gets its own token; another one's is good for nothing there."""
    other = EngineProcess(tmp_path / "other")
    try:
        other.start()
        ids = [told("tree", PICOMESH_URL=url_of(one))["id"] for one in (process, other)]
        assert len(set(ids)) == 2
        strange = find_token(url_of(other)) or ""
        refused = run("tree", PICOMESH_URL=url_of(process), PICOMESH_TOKEN=strange)
        assert (refused.exit_code, "lets nobody in" in refused.stderr) == (1, True)
    finally:
        other.end()


def test_who_cannot_read_the_home_is_told_what_to_do(process: EngineProcess, tmp_path: Path) -> None:
    """On another machine, or as another user."""
    environment = {"XDG_STATE_HOME": str(tmp_path), "HOME": str(tmp_path), "PICOMESH_URL": url_of(process)}
    refused = run("tree", **environment)
    assert refused.exit_code == 1
    assert "nobody has logged in" in refused.stderr
    assert "picomesh token create" in refused.stderr
    made = told("token", "create", "there", "--scope", "read", PICOMESH_URL=url_of(process))
    assert told("tree", **environment, PICOMESH_TOKEN=made["token"])["eci"] == "withheld"
    assert told("log", "root", **environment, PICOMESH_TOKEN=made["token"])


def test_a_token_has_a_scope_and_an_end(process: EngineProcess) -> None:
    """It is told once, listed without its secret, survives a restart, and is revoked at once."""
    environment = {"PICOMESH_URL": url_of(process)}
    made = told("token", "create", "laptop", "--scope", "send", "--expires", "90d", **environment)
    assert made["until"] > made["made"]
    process.stop()
    process.start()
    environment = {"PICOMESH_URL": url_of(process)}
    (listed,) = told("token", "list", **environment)
    assert (listed["id"], listed["scope"], "token" in listed) == (made["id"], "send", False)
    with_token = {**environment, "PICOMESH_TOKEN": made["token"]}
    assert run("tree", **with_token).exit_code == 0
    refused = run("token", "list", **with_token)
    assert "this takes the scope 'admin'" in refused.stderr
    assert "laptop" in run("token", "revoke", made["id"], **environment).stdout
    assert run("tree", **with_token).exit_code == 1


@pytest.mark.parametrize("lasting", ["90", "d", "0d", "-1d", "1y"])
def test_a_length_of_time_is_a_number_and_a_unit(engine: EngineClient, lasting: str) -> None:
    refused = run("token", "create", "x", "--expires", lasting, PICOMESH_URL=engine.url)
    assert refused.exit_code == 1
    assert "is no length of time" in refused.stderr


def test_a_client_goes_on_when_its_engine_was_started_again(process: EngineProcess) -> None:
    """The owner's token is a new one then, and is found."""
    port = url_of(process).rpartition(":")[2]
    process.stop()
    again = EngineProcess(process.home, "--port", port)
    try:
        client = EngineClient(again.start().url)
        client.tree()
        old = client.credentials()
        again.stop()
        again.start()
        client.tree()
        assert client.credentials() != old
    finally:
        client.close()
        again.end()


def test_serve_prints_a_link_that_lets_a_browser_in(process: EngineProcess) -> None:
    """Once; `picomesh login` makes others."""
    (link,) = re.findall(r"http://\S+/login\?code=\S+", process.log.read_text())
    with httpx.Client(trust_env=False, base_url=url_of(process)) as browser:
        assert browser.get("/api/tree").status_code == 401
        assert browser.get(link).status_code == 200
        assert browser.get("/api/tree").status_code == 200
    assert httpx.get(link, trust_env=False).status_code == 401
    made = told("login", "--scope", "read", PICOMESH_URL=url_of(process))
    with httpx.Client(trust_env=False, base_url=url_of(process)) as browser:
        browser.get(made["url"])
        assert browser.get("/api/me").json()["scope"] == "read"


def test_an_open_interface_is_for_loopback_alone(tmp_path: Path) -> None:
    """An engine that others can reach does not start so."""
    closed = run("serve", "--open-ui", "--host", "0.0.0.0", "--port", "0", "--home", str(tmp_path / "home"))
    assert (closed.exit_code, "open_ui goes with loopback alone" in closed.stderr) == (4, True)
    opened = EngineProcess(tmp_path / "open", "--open-ui")
    try:
        url = opened.start().url
        assert httpx.get(f"{url}/api/ui-context", trust_env=False).json()["eci"]
        assert httpx.get(f"{url}/api/tree", trust_env=False).status_code == 401
    finally:
        opened.end()


def test_the_rate_is_a_setting(tmp_path: Path) -> None:
    """Also of channels."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "picomesh.toml").write_text("rate_per_address = 0.01\nrate_burst = 20\nrate_on_loopback = true\n")
    process = EngineProcess(home)
    try:
        url = process.start().url
        statuses = [httpx.get(f"{url}/c/x/query/r/q", trust_env=False).status_code for _ in range(21)]
        assert statuses == [404] * 20 + [429]
    finally:
        process.end()


def test_doctor_lists_the_surface() -> None:
    """Of the code, without an engine; strangers' part says why."""
    every = told("doctor", "surface")
    strangers = told("doctor", "surface", "--public")
    assert {one["surface"] for one in strangers} == {"public"}
    assert all(one["why"] for one in strangers)
    assert strangers == [one for one in every if one["surface"] == "public"]
    assert "/didcomm" in run("doctor", "surface").stdout
