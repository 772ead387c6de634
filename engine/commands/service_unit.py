"""An engine as a unit of systemd, one person's and not the machine's: its text, and what systemd is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.commands.failure import Failure
from engine.commands.hints import CODE

STOP_S = 60
"""More than an engine takes to finish what is under way."""
PROPERTIES = ("LoadState", "UnitFileState", "ActiveState", "SubState", "MainPID", "NRestarts")

TEXT = """\
# Written by `picomesh service install`; `picomesh service uninstall` removes it.
[Unit]
Description=Picomesh, an engine for picos, on {home}

[Service]
ExecStart={command}
{environment}Restart=on-failure
RestartSec=2
# The command line or a setting makes no sense: that does not mend itself.
RestartPreventExitStatus=2
TimeoutStopSec={stop_s}
UMask=0077
NoNewPrivileges=yes
LimitNOFILE=65536

[Install]
WantedBy=default.target
"""


@dataclass(frozen=True, slots=True)
class Unit:
    """One engine that systemd runs."""

    name: str
    home: Path
    flags: tuple[str, ...] = ()

    @property
    def file_name(self) -> str:
        return f"{self.name}.service"

    @property
    def path(self) -> Path:
        base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
        return Path(base) / "systemd" / "user" / self.file_name

    def text(self) -> str:
        words = [sys.executable, "-P", "-m", "engine", "serve", "--home", str(self.home), *self.flags]
        return TEXT.format(
            home=str(self.home).replace("%", "%%"),
            command=" ".join(map(quote, words)),
            environment=_environment(),
            stop_s=STOP_S,
        )


def _environment() -> str:
    """A checkout that was not installed is not found otherwise."""
    if not (CODE / "pyproject.toml").exists():
        return ""
    return f"Environment={quote(f'PYTHONPATH={CODE}')}\n"


def quote(word: str) -> str:
    """A word as systemd reads it: % and $ mean something to it, and so do quotation marks."""
    told = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{told}"'


def write_unit(unit: Unit) -> None:
    try:
        unit.path.parent.mkdir(parents=True, exist_ok=True)
        unit.path.write_text(unit.text(), "utf-8")
    except OSError as problem:
        raise Failure(f"{unit.path} cannot be written: {problem.strerror}", code="no-unit") from None


def systemctl(*words: str) -> str:
    """What it prints. Raises `Failure`, with what it says."""
    if shutil.which("systemctl") is None:
        raise Failure(
            "there is no systemctl here, so no systemd that could run a service",
            "`picomesh service install --print` shows what it would be told; any other supervisor can run "
            "`picomesh serve`",
            code="no-systemd",
        )
    command = ["systemctl", "--user", *words]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if said.returncode:
        raise Failure(
            f"`{' '.join(command)}` says: {said.stderr.strip() or said.returncode}",
            "a systemd of your own runs where you are logged in; `systemctl --user status` says how it is",
            code="systemd",
        )
    return said.stdout


def properties(unit: Unit) -> Mapping[str, str]:
    """How systemd sees it."""
    shown = systemctl("show", unit.file_name, *(f"--property={name}" for name in PROPERTIES))
    return dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)


def told(words: Sequence[str]) -> str:
    """A call as people would type it."""
    return " ".join(["systemctl", "--user", *words])
