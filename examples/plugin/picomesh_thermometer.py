"""A thermometer for picos, as Linux has them in files: one question, one effect and one function.

THERMOMETER_FOLDER names another folder than /sys/class/thermal.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from engine.plugins import Call, CannotAnswer, Module


def fahrenheit(celsius: float) -> float:
    """Degrees Fahrenheit."""
    return celsius * 9 / 5 + 32


class Thermometer:
    """The sensors below one folder, and a diary beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._diary = folder / "diary.txt"

    async def celsius(self, call: Call, zone: int = 0) -> float:
        """The temperature of a zone now."""
        # In a thread: whoever blocks here keeps every pico of the engine waiting.
        return await asyncio.to_thread(self._read, zone)

    def _read(self, zone: int) -> float:
        file = self._folder / f"thermal_zone{zone}" / "temp"
        try:
            return int(file.read_text()) / 1000
        except (OSError, ValueError) as problem:
            raise CannotAnswer(f"{file} cannot be read: {problem}") from problem

    async def note(self, call: Call, text: str) -> int:
        """Write a line into the diary; how many lines it has then."""
        return await asyncio.to_thread(self._note, f"{call.key} {text}\n")

    def _note(self, line: str) -> int:
        """An effect may come twice, when the engine was killed in between. It then has the same key."""
        lines = self._diary.read_text().splitlines(keepends=True) if self._diary.exists() else []
        if line not in lines:
            lines.append(line)
            self._diary.write_text("".join(lines))
        return len(lines)


_sensors = Thermometer(Path(os.environ.get("THERMOMETER_FOLDER", "/sys/class/thermal")))

THERMOMETER = Module(
    "thermometer",
    functions={"fahrenheit": fahrenheit},
    questions={"celsius": _sensors.celsius},
    effects={"note": _sensors.note},
    about="The temperatures of this machine.",
)
