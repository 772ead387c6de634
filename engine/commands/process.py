"""An engine in a process of its own, to be killed and started again: for the demo and for tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from engine.adapters.http import read_run_file, remove_run_file
from engine.commands.client import EngineClient
from engine.commands.failure import CannotStart
from engine.commands.hints import CODE

START_S = 60.0
"""How long an engine may take to answer: a second or two, and far more on a machine that is overrun."""

STOP_S = 30.0
"""More than the engine gives requests under way."""


class EngineProcess:
    """`picomesh serve` on a home, on a free port of loopback."""

    def __init__(
        self,
        home: Path,
        *flags: str,
        packages: Sequence[Path] = (),
        settings: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """With further flags of `picomesh serve`, folders in which there are packages besides ours, and
        settings by the names they have in the environment."""
        self.home = home
        self._flags = flags
        self._packages = packages
        self._settings = settings
        self.log = home.with_name(home.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None
        self._client: EngineClient | None = None

    @property
    def pid(self) -> int:
        return self._running().pid

    def start(self) -> EngineClient:
        """Start it and return when it takes requests; the client is closed with the process."""
        remove_run_file(self.home)
        with self.log.open("ab") as log:
            command = [sys.executable, "-P", "-m", "engine", "serve", "--home", str(self.home), "--port", "0"]
            self._process = subprocess.Popen(
                [*command, *self._flags],
                env={**_environment(self._packages), **self._settings},
                stdout=log,
                stderr=log,
            )
        self._client = EngineClient(self._wait_url())
        return self._client

    def kill(self) -> None:
        """SIGKILL: the process gets no chance to tidy up."""
        self._running().kill()
        self._running().wait()
        self._hang_up()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self._hang_up()
        self._running().send_signal(signal.SIGTERM)
        return self._running().wait(STOP_S)

    def wait(self) -> int:
        """Until it ends by itself; the exit code."""
        self._hang_up()
        return self._running().wait(STOP_S)

    def end(self) -> None:
        """Whatever state it is in, it runs no longer."""
        if self._process is not None and self._process.poll() is None:
            self.kill()

    def leave(self) -> None:
        """In good order if it still runs; it runs no longer in any case."""
        if self._process is not None and self._process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.end()
        self._hang_up()

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("the engine was not started")
        return self._process

    def _wait_url(self) -> str:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._running().poll() is None:
            note = read_run_file(self.home)
            if note is not None and note.pid == self.pid:
                return note.url
            time.sleep(0.02)
        self.end()
        last_words = self.log.read_text("utf-8", "replace").strip()[-2000:]
        raise CannotStart(f"the engine did not start; it said:\n{last_words}")


def _environment(packages: Sequence[Path]) -> dict[str, str]:
    """Ours, without settings that are meant for another engine, and with the code that runs here."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PICOMESH_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(map(str, [CODE, *packages]))}
