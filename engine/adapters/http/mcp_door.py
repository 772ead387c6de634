"""The door to `/mcp`, where AI assistants speak the Model Context Protocol over streamable HTTP.

Behind it is an application of another adapter, which the engine is given. It is made with the first request,
because what it needs takes a while to load and most engines never do.
"""

from __future__ import annotations

from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from engine.adapters.http.gate import Gate
from engine.adapters.http.problems import Problem
from engine.adapters.http.replies import guarded, problem_reply, send_reply
from engine.adapters.http.requests import Limits, Request
from engine.adapters.http.routes import MCP

MCP_PATH = "/mcp"
MCP_ABOUT = "the Model Context Protocol over streamable HTTP, for AI assistants"
NO_LIMITS = Limits(0, 0)
"""Only the head of a request is read here."""


class McpFace(Protocol):
    """What speaks the protocol."""

    async def app(self) -> ASGIApp | None:
        """None where it is not installed."""


class McpDoor:
    def __init__(self, gate: Gate, face: McpFace | None) -> None:
        self._gate = gate
        self._face = face

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            headers = Request(scope, receive, NO_LIMITS).headers
            self._gate.admit(MCP, scope["method"], headers)
            app = None if self._face is None else await self._face.app()
            if app is None:
                raise Problem(
                    501, "no_mcp", "this engine does not speak MCP", hint="pip install 'picomesh[mcp]'"
                )
        except Problem as problem:
            await send_reply(send, guarded(problem_reply(problem)))
            return
        await app(scope, receive, send)
