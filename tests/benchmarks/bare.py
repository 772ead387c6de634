"""The yardstick for events: Starlette that does nothing, on the engine's server with its options.

Run as a process: `python -m tests.benchmarks.bare`; prints its URL when it listens.
"""

from __future__ import annotations

import asyncio

import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from engine.adapters.http import listen, serve_until_stopped, url_of

PATH = "/noop"
ANSWER = {"eid": "0" * 32, "directives": [{"name": "counted", "options": {"count": 1}}]}


async def do_nothing(request: Request) -> JSONResponse:
    """Read the request as any handler would, and answer something of the same size."""
    await request.json()
    return JSONResponse(ANSWER)


def main() -> None:
    app = Starlette(routes=[Route(PATH, do_nothing, methods=["POST"])])
    listener = listen("127.0.0.1", 0)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve_until_stopped(app, listener, 1, lambda: print(url_of(listener), flush=True)))


if __name__ == "__main__":
    main()
