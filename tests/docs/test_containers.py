"""What the container files say, tried outside of containers: how an engine is started, watched and set."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from engine.commands.process import EngineProcess
from engine.config import load_settings

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "containers"
FILE = (FOLDER / "Containerfile").read_text("utf-8")


def instructions() -> list[tuple[str, str]]:
    """Of the image that is run, each with what follows it; lines that go on are one."""
    joined = re.sub(r"\\\n\s*", "", re.sub(r"^#.*\n", "", FILE, flags=re.MULTILINE))
    last = joined[joined.rindex("FROM ") :]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in last.splitlines() if line)]


def words_of(name: str) -> list[str]:
    """The words that an instruction has in its JSON form."""
    (rest,) = [rest for word, rest in instructions() if word == name]
    found: list[str] = json.loads(rest[rest.index("[") :])
    return found


def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))["services"]
    return found


def test_the_engine_is_nobody_with_rights() -> None:
    """The user is made, and is the one that the image runs as; the home is that user's alone."""
    said = dict(instructions())
    assert said["USER"] == "pico"
    assert f"useradd --uid 10001 --create-home --home-dir /home/{said['USER']}" in FILE
    assert f"chmod 700 {said['VOLUME']}" in FILE
    assert shlex.split(said["COPY"])[0] == "--from=build"


def test_it_is_started_and_looked_after_as_the_image_does_it(tmp_path: Path) -> None:
    """The same words start an engine here, and the same health check finds it well, and notices its end."""
    assert words_of("ENTRYPOINT") == ["picomesh"]
    serve, *flags = words_of("CMD")
    assert (serve, flags[:2]) == ("serve", ["--host", "0.0.0.0"])
    process = EngineProcess(tmp_path / "home", *flags[2:])
    python, *check = words_of("HEALTHCHECK")
    assert python == "python"
    try:
        url = process.start().url
        looked = [sys.executable, *(word.replace("http://127.0.0.1:3000", url) for word in check)]
        assert subprocess.run(looked, check=False, capture_output=True).returncode == 0
    finally:
        process.end()
    assert subprocess.run(looked, check=False, capture_output=True).returncode != 0


def test_every_setting_of_a_service_is_one(tmp_path: Path) -> None:
    """And each engine is called, and reached, by the name of its service."""
    engines = {name: one for name, one in services().items() if name != "kubo"}
    assert list(engines) == ["laptop", "server", "friend"]
    for name, one in engines.items():
        settings = load_settings({"home": tmp_path}, environment=one["environment"])
        assert (settings.engine_name, settings.public_url) == (name, f"http://{name}:3000")
        assert [str(node) for node in settings.ipfs_api.addresses] == ["http://kubo:5001"]
        assert list(settings.http_private.texts) == ["laptop", "server", "friend"]
        assert one["volumes"] == [f"{name}:/home/pico/.picomesh"]
        assert all(port.startswith("127.0.0.1:") for port in one["ports"])
        assert (one["cap_drop"], one["read_only"]) == (["ALL"], True)
