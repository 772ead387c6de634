"""What is granted, in the words of the Model Context Protocol: tools that act and ask, resources that tell.

The workbench, where rulesets are checked and tested, is there for every assistant: it touches no pico.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError

from engine.adapters.mcp.workbench import WORKBENCH, Workbench
from engine.version import VERSION

Document = dict[str, Any]
Context = Any
"""Of a request; nothing of it is needed here."""

INSTRUCTIONS = """\
Picos are small durable agents; rulesets, written in the language KRL, say how they react to events. The tools
whose names begin with a pico's name send it events and ask it queries: only what its owner has granted. To
write a ruleset, read picomesh://language first, then call check_ruleset and test_ruleset until all is well.
"""
LANGUAGE = "picomesh://language"
NOT_FOUND = -32002
"""The protocol's code for a resource that there is not."""


class Desk(Protocol):
    """Who serves an assistant what was granted. A refusal is a document with `error`."""

    async def tools(self) -> Document: ...

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Document: ...

    async def resources(self) -> Document: ...

    async def read(self, uri: str) -> Document: ...


def make_server(desk: Desk, workbench: Workbench) -> Server[Any]:
    async def list_tools(context: Context, params: Any) -> types.ListToolsResult:
        granted = [_granted_tool(one) for one in (await desk.tools())["tools"]]
        return types.ListToolsResult(tools=[*map(_bench_tool, WORKBENCH), *granted])

    async def call_tool(context: Context, params: types.CallToolRequestParams) -> types.CallToolResult:
        given = params.arguments or {}
        if params.name in {one["name"] for one in WORKBENCH}:
            return _result(await workbench.call(params.name, given))
        return _result(await desk.call(params.name, given))

    async def list_resources(context: Context, params: Any) -> types.ListResourcesResult:
        granted = [_resource(one) for one in (await desk.resources())["resources"]]
        return types.ListResourcesResult(resources=[_LANGUAGE, *granted])

    async def read_resource(
        context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        uri = str(params.uri)
        if uri == LANGUAGE:
            found: Document = {"type": "text/markdown", "text": workbench.language()}
        else:
            found = await desk.read(uri)
        if "error" in found:
            raise MCPError(NOT_FOUND, found["error"]["message"])
        content = types.TextResourceContents(uri=uri, mime_type=found["type"], text=found["text"])
        return types.ReadResourceResult(contents=[content])

    return Server(
        "picomesh",
        version=VERSION,
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


_LANGUAGE = types.Resource(
    uri=LANGUAGE,
    name="KRL",
    description="The language of rulesets, and how their tests are written.",
    mime_type="text/markdown",
)


def _granted_tool(one: Document) -> types.Tool:
    """What sends an event may change anything that its rules change; a query changes nothing."""
    return types.Tool(
        name=one["name"],
        title=one["title"],
        description=one["about"],
        input_schema=one["schema"],
        annotations=types.ToolAnnotations(read_only_hint=one["reads"]),
    )


def _bench_tool(one: Document) -> types.Tool:
    return types.Tool(
        name=one["name"],
        description=one["about"],
        input_schema=one["schema"],
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _resource(one: Document) -> types.Resource:
    return types.Resource(uri=one["uri"], name=one["name"], description=one["about"], mime_type=one["type"])


def _result(found: Document) -> types.CallToolResult:
    """As data, and as the text of it for assistants that read only that."""
    text = json.dumps(found, ensure_ascii=False)
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=text)],
        structured_content=found,
        is_error="error" in found,
    )
