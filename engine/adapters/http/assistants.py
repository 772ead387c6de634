"""The routes of what AI assistants may do: what was granted, and what they do with it.

No answer to an assistant names a channel, whoever asks on its behalf: what is granted is so much, and whoever
knows a channel could do more.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from engine.adapters.http.host import Host
from engine.adapters.http.problems import Problem, malformed, settled
from engine.adapters.http.replies import Reply, encode
from engine.adapters.http.requests import Request
from engine.adapters.http.routes import ADMIN, MCP, Endpoint, Routes
from engine.adapters.http.withholding import withhold

Document = dict[str, Any]


class Desk:
    """Where an assistant is served: `engine.adapters.mcp.server.Desk`. What is refused is an answer too."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def tools(self) -> Document:
        return self._withheld(await self._host.assistants.tools())

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Document:
        try:
            return self._withheld(settled(await self._host.assistants.call(tool, arguments)))
        except Problem as problem:
            return {"error": _tell(problem)}

    async def resources(self) -> Document:
        return self._withheld(await self._host.assistants.resources())

    async def read(self, uri: str) -> Document:
        try:
            return self._withheld(settled(await self._host.assistants.read(uri)))
        except Problem as problem:
            return {"error": _tell(problem)}

    def _withheld(self, document: Document) -> Document:
        told: Document = orjson.loads(withhold(encode(document), self._host.is_channel))
        return told


def _tell(problem: Problem) -> Document:
    """As an assistant reads it."""
    hint = {} if problem.hint is None else {"hint": problem.hint}
    return {"message": problem.detail, "code": problem.code, **hint, **problem.extra}


async def _grants(host: Host, request: Request) -> Reply:
    if request.method != "POST":
        return Reply(encode(await host.assistants.granted()))
    given = await request.parameters()
    name, words, granted = given.get("eci"), given.get("words", []), given.get("granted", True)
    if not isinstance(name, str) or not isinstance(granted, bool) or not _are_words(words):
        raise malformed(
            "eci is a text, words are an array of some, granted is true or false",
            'send JSON: {"eci": "…", "words": ["counter/count", "log"], "granted": true}',
        )
    return Reply(encode(settled(await host.assistants.decide(name, words, granted))))


def _are_words(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


async def _tools(host: Host, request: Request) -> Reply:
    return Reply(encode(await Desk(host).tools()))


async def _call(host: Host, request: Request) -> Reply:
    request.demand_post("this may send an event")
    given = await request.parameters()
    tool, arguments = given.get("tool"), given.get("arguments", {})
    if not isinstance(tool, str) or not isinstance(arguments, dict):
        raise malformed("tool is a text, arguments are a map", 'send JSON: {"tool": "…", "arguments": {}}')
    return Reply(encode(await Desk(host).call(tool, arguments)))


async def _resources(host: Host, request: Request) -> Reply:
    return Reply(encode(await Desk(host).resources()))


async def _read(host: Host, request: Request) -> Reply:
    uri = (await request.parameters()).get("uri")
    if not isinstance(uri, str):
        raise malformed("no resource was named", "add ?uri=…")
    return Reply(encode(await Desk(host).read(uri)))


ROUTES: Routes = {
    "/api/assistants": Endpoint(
        _grants, "what AI assistants may do; by POST: grant words of the pico at eci, or not (granted)", ADMIN
    ),
    "/api/assistants/tools": Endpoint(_tools, "what an assistant can call: events and queries", MCP),
    "/api/assistants/call": Endpoint(_call, "by POST: call tool with arguments", MCP),
    "/api/assistants/resources": Endpoint(_resources, "what an assistant can read", MCP),
    "/api/assistants/read": Endpoint(_read, "the resource ?uri=…", MCP),
}
