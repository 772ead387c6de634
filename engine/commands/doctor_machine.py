"""What `picomesh doctor` sees of the machine: room on the disk, the port, the service, what is installed."""

from __future__ import annotations

import errno
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from rich.filesize import decimal

from engine.adapters.http import read_run_file
from engine.commands.failure import Failure
from engine.commands.finding import Finding
from engine.commands.service_unit import Unit, properties
from engine.config import Settings
from engine.plugins.collection import collect
from engine.plugins.discovery import discover

LITTLE = 1 << 30
"""Bytes: with less on the disk its owner should know. An engine whose disk is full stops."""
NEWEST = (3, 13)
"""The Python with which all of this was tried."""
EXTRAS = {"ipfs": ("aioipfs", "IPFS nodes"), "lsp": ("pygls", "editors"), "mcp": ("mcp", "AI assistants")}
"""What is installed only if wanted, the package by which it is known, and what it is for."""


def disk(settings: Settings) -> Iterator[Finding]:
    place = next(path for path in (settings.home, *settings.home.absolute().parents) if path.exists())
    free = shutil.disk_usage(place).free
    if free < LITTLE:
        told = f"{decimal(free)} are free where the home is"
        yield Finding(
            "disk", "note", told, "an engine whose disk is full stops; what it acknowledged is kept"
        )
    else:
        yield Finding("disk", "good", f"{decimal(free)} are free where the home is")


def port(settings: Settings) -> Iterator[Finding]:
    """Only where no engine has it."""
    if read_run_file(settings.home) is not None or settings.port == 0:
        return
    if _is_taken(settings.host, settings.port):
        told = f"{settings.port} is in use by something else, so `picomesh serve` would not start"
        yield Finding("port", "note", told, "stop that, or take another: --port, or the setting port")
    else:
        yield Finding("port", "good", f"{settings.port} is free")


def _is_taken(host: str, number: int) -> bool:
    try:
        with socket.create_server((host, number)):
            return False
    except OSError as problem:
        return problem.errno == errno.EADDRINUSE


def service(settings: Settings) -> Iterator[Finding]:
    """The one of the usual name, if there is any."""
    unit = Unit("picomesh", Path())
    if not unit.path.exists():
        yield Finding(
            "service", "good", "there is none; `picomesh service install` has an engine run by itself"
        )
        return
    try:
        state = properties(unit).get("ActiveState", "unknown")
    except Failure as problem:
        yield Finding("service", "note", f"{unit.path}: {problem.message}", problem.hint)
        return
    if state == "active":
        yield Finding("service", "good", f"{unit.name} is {state}")
    else:
        hint = f"`journalctl --user -u {unit.name}` says why"
        yield Finding("service", "wrong" if state == "failed" else "note", f"{unit.name} is {state}", hint)


def plugins(settings: Settings) -> Iterator[Finding]:
    found = collect((), discover(settings.plugins), for_workers=False)
    for problem in found.problems:
        yield Finding("plugins", "wrong", str(problem), "`picomesh modules` shows what is left")


def installed(settings: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] > NEWEST:
        newest = ".".join(map(str, NEWEST))
        yield Finding("Python", "note", f"{version} is newer than any that was tried", f"{newest} was")
    else:
        yield Finding("Python", "good", version)
    missing = {name: use for name, (package, use) in EXTRAS.items() if find_spec(package) is None}
    for name, use in missing.items():
        yield Finding("extras", "good", f"without {name}, which is for {use}: pip install 'picomesh[{name}]'")
