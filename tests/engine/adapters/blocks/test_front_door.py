"""What the rest of the engine may use of the stores, and that all of it is told of in their README."""

from __future__ import annotations

from pathlib import Path

from engine.adapters import blocks
from tests.fakes.faulty_blocks import MOODS

README = Path(blocks.__file__).with_name("README.md").read_text("utf-8")


def test_the_front_door_is_narrow() -> None:
    """Everything else is ours to change."""
    names = "CarFile Collected Database LocalBlocks MemoryBlocks NotBlocks SqliteLedger Statistics write_car"
    assert sorted(blocks.__all__) == sorted(names.split())


def test_every_name_is_documented() -> None:
    """Where somebody who wants to use it would look."""
    assert [name for name in blocks.__all__ if f"`{name}`" not in README] == []


def test_every_module_is_documented() -> None:
    """The table of modules has a row for each."""
    modules = {path.stem for path in Path(blocks.__file__).parent.glob("*.py")} - {"__init__"}
    assert [name for name in sorted(modules) if f"| `{name}` |" not in README] == []


def test_every_way_to_be_bad_is_documented() -> None:
    """The table of bad stores has what the tests' bad stores do."""
    rows = [line.split("|")[1] for line in README.splitlines() if line.startswith("| ")]
    assert [mood for mood in MOODS if mood != "well" and not any(mood in row for row in rows)] == []
