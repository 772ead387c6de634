"""`picomesh mcp`: AI assistants use picos, as far as their owner grants it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click
from rich.markup import escape

from engine.commands.client import EngineClient, engine_option, find_engine
from engine.commands.failure import Failure
from engine.commands.mcp_face import MODULE, is_installed
from engine.commands.output import console, json_option, print_json

Document = dict[str, Any]


@click.group(invoke_without_command=True)
@engine_option
@click.pass_context
def mcp(context: click.Context, url: str | None) -> None:
    """Let AI assistants use picos, as you grant.

    Without another word it speaks the Model Context Protocol on standard input and output; an assistant
    starts it. Granted events and queries are its tools, state and log its resources; and it can have rulesets
    checked and tested, which touches no pico. Nothing is granted until you do. Assistants elsewhere come to
    /mcp of the engine, with a token: picomesh token create NAME --scope mcp.

    \b
    Examples:
      picomesh mcp grant root counter
      picomesh mcp list
      picomesh mcp
    """
    if context.invoked_subcommand is not None:
        return
    if not is_installed():
        raise Failure(
            "the Model Context Protocol needs mcp, which is not installed",
            "pip install 'picomesh[mcp]'",
            code="no-mcp",
        )
    with find_engine(url) as engine:
        asyncio.run(import_module(MODULE).serve_stdio(_Desk(engine)))


class _Desk:
    """`engine.adapters.mcp.server.Desk`, at an engine that runs elsewhere."""

    def __init__(self, engine: EngineClient) -> None:
        self._engine = engine

    async def tools(self) -> Document:
        return await asyncio.to_thread(self._engine.assistant, "tools")

    async def call(self, tool: str, arguments: Mapping[str, Any]) -> Document:
        try:
            return await asyncio.to_thread(
                self._engine.assistant, "call", {"tool": tool, "arguments": dict(arguments)}
            )
        except Failure as failure:
            return {"error": failure.to_document()["error"]}

    async def resources(self) -> Document:
        return await asyncio.to_thread(self._engine.assistant, "resources")

    async def read(self, uri: str) -> Document:
        try:
            return await asyncio.to_thread(self._engine.assistant, "read", {"uri": uri})
        except Failure as failure:
            return {"error": failure.to_document()["error"]}


@mcp.command()
@click.argument("eci")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@engine_option
@json_option
def grant(eci: str, words: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Grant assistants something of a pico.

    A WORD is a ruleset (all its events and queries), an event DOMAIN:TYPE, a query RID/NAME, `state` (what
    those rulesets remember), `log`, or '*': all rulesets that did not come with the engine, now and later.
    Without any it is '*', state and log.

    \b
    Examples:
      picomesh mcp grant root counter
      picomesh mcp grant root/Kitchen counter:increment counter/count log
    """
    with find_engine(url) as engine:
        found = engine.decide_assistants(eci, words, granted=True)
    print_json(found) if as_json else _show(found)


@mcp.command()
@click.argument("eci")
@click.argument("words", metavar="[WORD]...", nargs=-1)
@engine_option
@json_option
def revoke(eci: str, words: tuple[str, ...], url: str | None, as_json: bool) -> None:
    """Take back what was granted of a pico.

    Without a WORD, all of it.

    \b
    Examples:
      picomesh mcp revoke root log
      picomesh mcp revoke root
    """
    with find_engine(url) as engine:
        found = engine.decide_assistants(eci, words, granted=False)
    print_json(found) if as_json else _show(found)


@mcp.command("list")
@engine_option
@json_option
def list_(url: str | None, as_json: bool) -> None:
    """List what assistants may do.

    \b
    Examples:
      picomesh mcp list
    """
    with find_engine(url) as engine:
        found: Sequence[Document] = engine.assistants()["granted"]
        tools = engine.assistant("tools")["tools"]
    if as_json:
        print_json({"granted": found, "tools": tools})
        return
    for one in found:
        _show(one)
    for tool in tools:
        console.print(f"  [cyan]{escape(tool['name'])}[/]  [dim]{escape(tool['title'])}[/]")
    if not found:
        console.print("nothing is granted")
        console.print("[dim]  try: picomesh mcp grant root counter[/]")


def _show(one: Document) -> None:
    words = ", ".join(one["words"]) or "nothing"
    name = "a pico that is gone" if one.get("gone") else one["name"]
    console.print(f"[bold]{escape(str(name))}[/] [dim]{escape(one['pico'])}[/]: {escape(words)}")
