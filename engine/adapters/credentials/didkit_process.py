"""didkit, called in a process of its own: started when it is first needed, ended when it misbehaves.

A call takes some milliseconds and blocks: whoever must not wait calls it in a thread.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Any

from engine.adapters.credentials.refusals import DidkitMissing, NotRelied

WORKER = Path(__file__).with_name("didkit_worker.py")
DEADLINE_S = 10.0
"""For starting and one call; on a loaded machine starting takes a second."""
LARGEST_ANSWER = 1 << 22
_PIECE = 1 << 16


class DidkitRefuses(Exception):
    """didkit says no; the message is its own."""


class Didkit:
    """Several threads may call it; they take turns."""

    def __init__(self, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Didkit:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, end: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        with self._turn:
            self._end()

    def issue_credential(
        self, document: Mapping[str, Any], options: Mapping[str, str], jwk: Mapping[str, str]
    ) -> str:
        return self._call("issue_credential", *map(json.dumps, (document, options, jwk)))

    def issue_presentation(
        self, document: Mapping[str, Any], options: Mapping[str, str], jwk: Mapping[str, str]
    ) -> str:
        return self._call("issue_presentation", *map(json.dumps, (document, options, jwk)))

    def verify_credential(self, text: str, options: Mapping[str, str]) -> None:
        """The proof alone: what a credential's dates and status say is for the caller."""
        check_report(self._call("verify_credential", text, json.dumps(options)))

    def verify_presentation(self, text: str, options: Mapping[str, str]) -> None:
        """The proof alone, not those of the credentials in it."""
        check_report(self._call("verify_presentation", text, json.dumps(options)))

    def _call(self, name: str, *words: str) -> str:
        with self._turn:
            try:
                report = json.loads(self._ask(json.dumps({"call": name, "words": words}).encode() + b"\n"))
            except (OSError, ValueError) as problem:
                self._end()
                raise NotRelied("too-costly", "didkit broke down over it, or took too long") from problem
            except BaseException:
                self._end()  # else its answer would be taken for that of the next call
                raise
        if "refused" in report:
            raise DidkitRefuses(report["refused"])
        return str(report["answer"])

    def _ask(self, request: bytes) -> bytes:
        process = self._running()
        end = time.monotonic() + self._deadline_s
        assert process.stdin is not None
        process.stdin.write(request)
        process.stdin.flush()
        return self._read_line(process, end)

    def _read_line(self, process: subprocess.Popen[bytes], end: float) -> bytes:
        assert process.stdout is not None
        descriptor, line = process.stdout.fileno(), bytearray()
        waiting = select.poll()
        waiting.register(descriptor, select.POLLIN)
        while not line.endswith(b"\n"):
            if not waiting.poll(max(0.0, end - time.monotonic()) * 1000):
                raise TimeoutError
            piece = os.read(descriptor, _PIECE)
            line += piece
            if not piece:
                raise ConnectionError("it has ended")
            if len(line) > LARGEST_ANSWER:
                raise ValueError("its answer does not end")
        return bytes(line)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            if find_spec("didkit") is None:
                raise DidkitMissing
            self._process = _start()
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.communicate()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-P", str(WORKER)],  # -P: the folder it starts in is none to import from
        env={"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # what it says in distress is about a stranger's document
        start_new_session=True,
    )


def check_report(report: str) -> None:
    """Errors are lists; a proof that was looked at stands among the checks."""
    found = json.loads(report)
    if found["errors"] or not found["checks"]:
        raise DidkitRefuses("; ".join(map(str, found["errors"])) or "it found no proof to check")
