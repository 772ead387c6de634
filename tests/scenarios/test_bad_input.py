"""Bad requests and bad rulesets against a running engine: a clear error, nothing lost, others not held up."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from engine.commands.client import EngineClient
from engine.commands.failure import Failure
from engine.commands.install import install_ruleset

RUNAWAYS = {
    "recursion": "f = function(n) { f(n) }",
    "recursion that fills the memory": "f = function(s) { f(s + 1) }",
    "doubling": 'f = function(s) { 0.range(60).reduce(function(a, b) { a + a }, "xxxxxxxx") }',
}


@pytest.fixture
def bystander(engine: EngineClient) -> str:
    """Another pico's channel; what happens to the root pico is none of its business."""
    engine.send_event("root", ("wrangler", "new_child_request"), {"name": "bystander"})
    engine.send_event("root", ("wrangler", "nothing"), {})
    child = next(one for one in engine.tree()["children"] if one["name"] == "bystander")
    return str(child["eci"])


def assert_unharmed(engine: EngineClient, bystander: str) -> None:
    """The other pico answers, and so does the one that was ill-treated."""
    assert engine.query(bystander, ("io.picolabs.wrangler", "name"), {}) == "bystander"
    assert engine.send_event("root", ("counter", "increment"), {})["directives"]


@pytest.mark.parametrize(
    ("content", "headers", "status"),
    [
        (b"{", {"content-type": "application/json"}, 400),
        (b"\xff\xfe", {"content-type": "application/json"}, 400),
        (b"[" * 100_000, {"content-type": "application/json"}, 400),
        (b"x" * (1 << 20) + b"x", {}, 413),
    ],
)
def test_a_request_that_cannot_be_read(
    engine: EngineClient, bystander: str, content: bytes, headers: dict[str, str], status: int
) -> None:
    """It is refused with a status and a problem, and the count stays as it was."""
    before = engine.query("root", ("counter", "count"), {})
    url = f"{engine.url}/c/{engine.root_eci()}/event-wait/counter/increment"
    response = httpx.post(url, content=content, headers=headers)
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert engine.query("root", ("counter", "count"), {}) == before
    assert_unharmed(engine, bystander)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/c/nobody/event-wait/counter/increment", 404),
        ("/c/nobody/query/counter/count", 404),
        ("/c/{root}/query/nothing/count", 404),
        ("/c/{root}/query/counter/nothing", 404),
        ("/c/{root}/event/counter/nothing/query/counter/nothing", 404),
        ("/sky/cloud/{root}/counter", 404),
    ],
)
def test_what_is_not_there(engine: EngineClient, bystander: str, path: str, status: int) -> None:
    """A channel, ruleset, query or path that does not exist."""
    response = httpx.get(engine.url + path.format(root=engine.root_eci()))
    assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
    assert_unharmed(engine, bystander)


def test_a_policy_that_does_not_allow_it(engine: EngineClient, bystander: str) -> None:
    """A channel for one event takes no other, and no query."""
    policies = {
        "eventPolicy": {"allow": [{"domain": "counter", "name": "reset"}], "deny": []},
        "queryPolicy": {"allow": [], "deny": [{"rid": "*", "name": "*"}]},
    }
    engine.send_event("root", ("wrangler", "new_channel_request"), {"tags": ["narrow"], **policies})
    channels = engine.query("root", ("io.picolabs.wrangler", "channels"), {"tags": "narrow"})
    channel = f"{engine.url}/c/{channels[0]['id']}"
    assert httpx.get(f"{channel}/event-wait/counter/reset").status_code == 200
    assert httpx.get(f"{channel}/event-wait/counter/increment").status_code == 403
    assert httpx.get(f"{channel}/query/counter/count").status_code == 403
    assert_unharmed(engine, bystander)


def test_a_stream_without_end_is_cut_off(engine: EngineClient, bystander: str) -> None:
    """A body that never says how long it is is stopped at the limit."""
    url = f"{engine.url}/c/{engine.root_eci()}/event-wait/counter/increment"
    parts = (b"x" * 65536 for _ in range(64))
    # The engine may hang up before the client has seen its answer.
    with suppress(httpx.WriteError):
        assert httpx.post(url, content=parts).status_code == 413
    assert_unharmed(engine, bystander)


@pytest.mark.parametrize("name", RUNAWAYS)
def test_a_runaway_query_is_stopped(engine: EngineClient, bystander: str, tmp_path: Path, name: str) -> None:
    """Endless recursion and a string that doubles end in an error with a code, whatever is short first."""
    text = f"ruleset runaway {{ meta {{ shares f }} global {{ {RUNAWAYS[name]} }} }}"
    (tmp_path / "runaway.krl").write_text(text)
    install_ruleset(engine, "root", (tmp_path / "runaway.krl").as_uri(), {})
    with pytest.raises(Failure, match=r"\[R70[1236]\]"):
        engine.query("root", ("runaway", "f"), {})
    assert_unharmed(engine, bystander)


def test_a_raise_without_end_is_stopped(engine: EngineClient, bystander: str, tmp_path: Path) -> None:
    """A rule that raises its own event uses up its budget and nothing else."""
    text = 'ruleset echo { rule r { select when echo again always { raise echo event "again" } } }'
    (tmp_path / "echo.krl").write_text(text)
    install_ruleset(engine, "root", (tmp_path / "echo.krl").as_uri(), {})
    with pytest.raises(Failure, match=r"\[R70[15]\]"):
        engine.send_event("root", ("echo", "again"), {})
    assert_unharmed(engine, bystander)


def test_a_flush_of_a_ruleset_that_does_not_compile(
    engine: EngineClient, bystander: str, tmp_path: Path
) -> None:
    """422, and the text that worked stays in force."""
    file = tmp_path / "greeter.krl"
    file.write_text('ruleset greeter { meta { shares hello } global { hello = function() { "hello" } } }')
    install_ruleset(engine, "root", file.as_uri(), {})
    file.write_text("ruleset greeter { global { hello = nothing } }")
    response = httpx.get(
        f"{engine.url}/api/flush", params={"url": file.as_uri()}, headers=engine.credentials()
    )
    assert (response.status_code, response.json()["code"]) == (422, "uncompilable")
    assert "K201" in response.json()["detail"]
    assert engine.query("root", ("greeter", "hello"), {}) == "hello"
    assert_unharmed(engine, bystander)


def test_a_ruleset_that_does_not_parse_is_not_installed(
    engine: EngineClient, bystander: str, tmp_path: Path
) -> None:
    """The engine refuses it with the place of the mistake, and keeps what it has."""
    before = engine.query("root", ("io.picolabs.wrangler", "installedRIDs"), {})
    (tmp_path / "broken.krl").write_text("ruleset broken {\n  rule\n}")
    with pytest.raises(Failure, match=r"broken\.krl:3:1"):
        install_ruleset(engine, "root", (tmp_path / "broken.krl").as_uri(), {})
    assert engine.query("root", ("io.picolabs.wrangler", "installedRIDs"), {}) == before
    assert_unharmed(engine, bystander)
