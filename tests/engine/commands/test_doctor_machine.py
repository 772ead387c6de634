"""What `picomesh doctor` sees of the machine that an engine runs on."""

from __future__ import annotations

import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest

from engine.adapters.http.run_file import RunFile, write_run_file
from engine.commands.doctor_machine import LITTLE, disk, installed, port, service
from engine.commands.service_unit import Unit
from engine.config import Settings

Usage = namedtuple("Usage", "total used free")


def test_a_disk_with_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also before there is a home: where it would be made."""
    settings = Settings(home=tmp_path / "not" / "yet")
    for free, state in ((LITTLE - 1, "note"), (LITTLE, "good")):
        monkeypatch.setattr(shutil, "disk_usage", lambda place, free=free: Usage(0, 0, free))
        assert [one.state for one in disk(settings)] == [state]


def test_a_port_that_something_else_has_is_told(tmp_path: Path) -> None:
    """Unless it is the engine of this home that has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(home=tmp_path, port=taken.getsockname()[1])
        assert [one.state for one in port(settings)] == ["note"]
        write_run_file(tmp_path, RunFile(f"http://127.0.0.1:{settings.port}", 1, "eci"))
        assert list(port(settings)) == []
        (tmp_path / "engine.json").unlink()
    assert [one.state for one in port(settings)] == ["good"]


def test_a_service_that_cannot_be_asked_about_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none nobody is asked."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [one.state for one in service(Settings(home=tmp_path))] == ["good"]
    path = Unit("picomesh", Path()).path
    path.parent.mkdir(parents=True)
    path.write_text("")
    (found,) = service(Settings(home=tmp_path))
    assert (found.state, "no systemctl" in found.text) == ("note", True)


def test_what_is_installed_is_told(tmp_path: Path) -> None:
    """The Python is among it."""
    assert next(installed(Settings(home=tmp_path))).subject == "Python"
