"""The server around the application: addresses, the note in the home, and stopping in good order."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
from pathlib import Path

import pytest
from httpx import AsyncClient
from starlette.types import Receive, Scope, Send

from engine.adapters.http import (
    CannotListen,
    RunFile,
    is_loopback,
    listen,
    read_run_file,
    remove_run_file,
    serve_until_stopped,
    url_of,
    write_run_file,
)


def test_a_port_in_use_is_told_in_a_sentence() -> None:
    """The message says which port and what to do."""
    with listen("127.0.0.1", 0) as taken:
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CannotListen, match=f"port {port} on 127.0.0.1 is in use; stop what uses it"):
            listen("127.0.0.1", port)


def test_an_address_that_is_none_is_told_in_a_sentence() -> None:
    """Nonsense, and an address of another machine."""
    with pytest.raises(CannotListen, match="'not an address' is no address to listen on"):
        listen("not an address", 0)
    with pytest.raises(CannotListen, match=r"cannot listen on 192\.0\.2\.1 port 0"):
        listen("192.0.2.1", 0)


def test_an_address_for_all_is_reached_through_loopback() -> None:
    """The URL that is shown works on this machine; that others can reach it too is known."""
    with listen("127.0.0.1", 0) as mine, listen("0.0.0.0", 0) as for_all:
        assert url_of(mine) == f"http://127.0.0.1:{mine.getsockname()[1]}"
        assert url_of(for_all) == f"http://127.0.0.1:{for_all.getsockname()[1]}"
        assert (is_loopback(mine), is_loopback(for_all)) == (True, False)


def test_a_stop_signal_lets_requests_under_way_finish() -> None:
    """SIGTERM arrives while a request runs: it is answered, then the server ends."""

    async def scenario() -> str:
        entered, leave, listening = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            entered.set()
            await leave.wait()
            headers = [(b"content-length", b"4")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"done"})

        listener = listen("127.0.0.1", 0)
        serving = asyncio.create_task(serve_until_stopped(slow, listener, 5, listening.set))
        await listening.wait()
        async with AsyncClient() as client:
            answer = asyncio.create_task(client.get(url_of(listener)))
            await entered.wait()
            os.kill(os.getpid(), signal.SIGTERM)
            leave.set()
            text = (await answer).text
            await serving
        return text

    assert asyncio.run(scenario()) == "done"


def test_the_note_in_the_home_is_for_its_owner(tmp_path: Path) -> None:
    """It can be read back, nobody else can read it, and it goes away."""
    note = RunFile("http://127.0.0.1:3000", 42, "abc")
    write_run_file(tmp_path, note)
    assert read_run_file(tmp_path) == note
    assert stat.S_IMODE((tmp_path / "engine.json").stat().st_mode) == 0o600
    remove_run_file(tmp_path)
    remove_run_file(tmp_path)
    assert read_run_file(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}'])
def test_a_spoilt_note_is_no_note(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file, the commands go on to say that they find no engine."""
    (tmp_path / "engine.json").write_text(text)
    assert read_run_file(tmp_path) is None
