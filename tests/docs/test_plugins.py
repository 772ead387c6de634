"""What the documentation says about modules of one's own is so."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

from engine.config import Settings
from engine.core.domains import BUILT_IN
from engine.plugins import Module
from engine.wiring import open_engine

README = (Path(__file__).resolve().parents[2] / "engine" / "README.md").read_text("utf-8")


def example() -> Module:
    """The module that the README declares."""
    (shown,) = re.findall(r"^```python\n(from engine\.plugins.*?)^```", README, re.DOTALL | re.MULTILINE)
    names: dict[str, object] = {"__name__": "readme"}
    exec(shown, names)
    module = names["CLIMATE"]
    assert isinstance(module, Module)
    return module


def test_the_example_is_a_module() -> None:
    """Its members are of the kinds that the table lists."""
    shown = {name: (one.kind, one.signature, one.acts) for name, one in example().members.items()}
    assert shown == {
        "celsius": ("function", "fahrenheit: Number", False),
        "read": ("question", "room: String, sensor: Integer = 0", False),
        "heat": ("question", "room: String, degrees: Number", True),
        "report": ("effect", "text: String, autosend", True),
    }


def test_a_host_program_passes_it_on(tmp_path: Path) -> None:
    """As in the README, to an engine without worker processes: its function is in no module to import."""

    async def run() -> set[str]:
        engine = await open_engine(Settings(home=tmp_path, workers=0), modules=[example()])
        told = await engine.host.list_modules()
        await engine.close()
        return {one["name"] for one in told["modules"]}

    assert asyncio.run(run()) == {*BUILT_IN.domains, "climate"}


def test_all_built_in_modules_are_named() -> None:
    """In the section about modules."""
    (said,) = re.findall(r"comes from one catalogue\. (.*?) are in that of every engine", README, re.DOTALL)
    assert set(re.findall(r"`(\w+)`", said)) == set(BUILT_IN.domains)
