"""AI assistants at a running engine, by the client of the `mcp` package, in both ways."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextContent, TextResourceContents

from engine.cli import main
from engine.commands.client import EngineClient
from engine.commands.hints import CODE, counter_ruleset
from tests.engine.in_loop import in_loop_within

PATIENCE_S = 120
"""Each look at a ruleset starts a process of its own."""

Connect = Callable[[EngineClient], AbstractAsyncContextManager[Client]]

COUNTER = counter_ruleset().read_text("utf-8")
TESTS = 'tests for "ruleset.krl" { test "counts" { send counter:increment expect query("count") == 1 } }'


@asynccontextmanager
async def over_stdio(engine: EngineClient) -> AsyncIterator[Client]:
    """`picomesh mcp`, as an assistant starts it."""
    environment = {
        "PICOMESH_URL": engine.url,
        "PICOMESH_TOKEN": token(engine, "mcp"),
        "PYTHONPATH": str(CODE),
    }
    server = StdioServerParameters(command=sys.executable, args=["-m", "engine", "mcp"], env=environment)
    async with Client(server) as client:
        yield client


@asynccontextmanager
async def over_http(engine: EngineClient) -> AsyncIterator[Client]:
    """`/mcp`, with a token."""
    headers = {"authorization": f"Bearer {token(engine, 'mcp')}"}
    async with (
        create_mcp_http_client(headers=headers) as http,
        Client(streamable_http_client(f"{engine.url}/mcp", http_client=http)) as client,
    ):
        yield client


both = pytest.mark.parametrize("connect", [over_stdio, over_http])


def token(engine: EngineClient, scope: str) -> str:
    return str(engine.create_token("assistant", scope, None)["token"])


def run(engine: EngineClient, *words: str) -> Any:
    result = CliRunner(env={"PICOMESH_URL": engine.url}).invoke(main, ["mcp", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


@pytest.fixture
def granted(engine: EngineClient) -> EngineClient:
    """An engine whose counter assistants may use, and whose log they may read."""
    run(engine, "revoke", "root")
    run(engine, "grant", "root", "counter", "log")
    engine.send_event("root", ("counter", "reset"), {})
    return engine


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    assert json.loads(content.text) == result.structured_content
    return result.structured_content | {"is_error": result.is_error}


async def read(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents)
    return content.text


@both
@in_loop_within(PATIENCE_S)
async def test_granted_events_and_queries_are_tools(connect: Connect, granted: EngineClient) -> None:
    """With schemas from their rulesets; queries say that they change nothing."""
    async with connect(granted) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        increment, count = tools["root_counter_increment"], tools["root_ask_counter_count"]
        assert increment.input_schema["properties"]["by"] == {"type": "number", "default": 1}
        hints = [one.annotations and one.annotations.read_only_hint for one in (increment, count)]
        assert hints == [False, True]
        told = await call(client, "root_counter_increment", by=5, ticket="a")
        assert told["directives"][0]["options"] == {"count": 5}
        assert (await call(client, "root_ask_counter_tickets"))["value"] == {"a": 1}
    assert granted.query("root", ("counter", "count"), {}) == 5


@both
@in_loop_within(PATIENCE_S)
async def test_what_is_not_granted_is_refused(connect: Connect, granted: EngineClient) -> None:
    """As a result that an assistant reads, and from the moment at which it is taken back."""
    async with connect(granted) as client:
        refused = await call(client, "root_wrangler_new_child_request", name="x")
        assert (refused["is_error"], refused["error"]["code"]) == (True, "unknown")
        run(granted, "revoke", "root", "counter")
        assert (await call(client, "root_counter_increment"))["is_error"]
        assert not any(tool.name.startswith("root") for tool in (await client.list_tools()).tools)


@both
@in_loop_within(PATIENCE_S)
async def test_state_and_log_are_resources(connect: Connect, granted: EngineClient) -> None:
    """As far as they are granted; the language is there for everybody."""
    async with connect(granted) as client:
        named = {one.name: one.uri for one in (await client.list_resources()).resources}
        assert list(named) == ["KRL", "root log"]
        granted.send_event("root", ("counter", "increment"), {"by": 2})
        log = json.loads(await read(client, named["root log"]))
        assert log["events"][-1]["event"] == "counter:increment"
        assert "## Tests in the language" in await read(client, named["KRL"])
        with pytest.raises(MCPError, match="nothing is granted"):
            await read(client, named["root log"].replace("log", "state"))


@both
@in_loop_within(PATIENCE_S)
async def test_an_assistant_writes_a_ruleset_and_repairs_it(connect: Connect, granted: EngineClient) -> None:
    """Mistakes with their places, tests with what was otherwise, the canonical layout; no pico is touched."""
    async with connect(granted) as client:
        broken = await call(client, "check_ruleset", text=COUNTER.replace("count() + by", "cuont() + by"))
        assert (broken["can_be_installed"], broken["diagnostics"][0]["code"]) == (False, "K201")
        assert (await call(client, "check_ruleset", text=COUNTER))["can_be_installed"]
        wrong = await call(client, "test_ruleset", text=COUNTER.replace("+ by", "- by"), tests=TESTS)
        assert (wrong["passed"], wrong["tests"][0]["findings"][0]["line"]) == (False, 1)
        assert (await call(client, "test_ruleset", text=COUNTER, tests=TESTS))["passed"]
        assert not (await call(client, "test_ruleset", text=COUNTER))["passed"]
        laid_out = await call(client, "format_ruleset", text="ruleset a{}")
        assert (laid_out["text"], laid_out["differs"]) == ("ruleset a {}\n", True)
    assert "a" not in [one["rid"] for one in granted.rulesets("root")]


@in_loop_within(PATIENCE_S)
async def test_a_test_without_end_and_one_that_pries_harm_nobody(granted: EngineClient) -> None:
    """It is ended, and reads no file of the engine's machine."""
    endless = 'ruleset a { global { f = function(n){ f(n + 1) } } test "x" { expect f(0) == 1 } }'
    file = Path("examples/counter/counter.krl").resolve().as_uri()
    prying = f'ruleset a {{ test "x" {{ given ruleset "{file}" expect true }} }}'
    async with over_http(granted) as client:
        ended = await call(client, "test_ruleset", text=endless)
        assert not ended.get("passed")
        pried = await call(client, "test_ruleset", text=prying)
        assert not pried["passed"]
        assert "outside of the folder" in json.dumps(pried)
    assert granted.query("root", ("counter", "count"), {}) == 0


def test_a_token_for_assistants_opens_nothing_else(granted: EngineClient) -> None:
    """And neither a stranger nor a token that only looks gets to assistants' door."""
    assistant, looker = token(granted, "mcp"), token(granted, "read")

    def status(path: str, secret: str | None) -> int:
        headers = {} if secret is None else {"authorization": f"Bearer {secret}"}
        return httpx.get(granted.url + path, headers=headers).status_code

    assert [status(path, assistant) for path in ("/api/tree", "/api/engine", "/api/tokens")] == [403] * 3
    assert [status(path, assistant) for path in ("/api/assistants", "/api/assistants/tools")] == [403, 200]
    assert [status("/mcp", secret) for secret in (None, looker)] == [401, 403]
    assert [status("/api/assistants/tools", secret) for secret in (None, looker)] == [401, 403]


def test_people_see_what_is_granted(granted: EngineClient) -> None:
    """Pico by pico, with the tools that follow from it."""
    runner = CliRunner(env={"PICOMESH_URL": granted.url})
    shown = runner.invoke(main, ["mcp", "list"]).output
    assert ": counter, log\n" in shown
    assert "root_counter_increment" in shown
    assert "nothing" in runner.invoke(main, ["mcp", "revoke", "root"]).output
    assert "nothing is granted" in runner.invoke(main, ["mcp", "list"]).output
