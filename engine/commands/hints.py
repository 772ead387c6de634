"""What people can type next, as it works from the folder they are in."""

from __future__ import annotations

import shutil
import sys
from importlib import resources
from pathlib import Path

CODE = Path(__file__).resolve().parents[2]
"""Where the packages lie."""

EXAMPLE = Path("examples/counter/counter.krl")
"""The example in a checkout."""
TRAVELLER = Path("examples/nomad/traveller.krl")


def counter_ruleset() -> Path:
    """The example as a file: inside the installed package, or in a checkout."""
    return _find(EXAMPLE)


def traveller_ruleset() -> Path:
    """The one whose pico goes where it is told."""
    return _find(TRAVELLER)


def _find(example: Path) -> Path:
    packaged = Path(str(resources.files("ruleset_library"))) / "examples" / example.name
    return packaged if packaged.exists() else CODE / example


def program() -> str:
    """How this command is called."""
    called = Path(sys.argv[0])
    if shutil.which("picomesh") is not None:
        return "picomesh"
    return "python -m engine" if called.name == "__main__.py" else _short(called)


def example() -> str:
    """How the example is named."""
    return str(EXAMPLE) if EXAMPLE.exists() else _short(counter_ruleset())


def _short(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
