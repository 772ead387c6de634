"""Packages that are installed into a folder of their own, as far as Python can tell: code and metadata."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path

THERMOMETER = Path(__file__).resolve().parents[2] / "examples" / "plugin"


def install_project(project: Path, site: Path) -> None:
    """Install a project of single modules by what its pyproject.toml says."""
    told = tomllib.loads((project / "pyproject.toml").read_text("utf-8"))
    for name in told["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]:
        site.mkdir(exist_ok=True)
        shutil.copy(project / name, site / name)
    write_metadata(site, told["project"]["name"], told["project"]["version"], told["project"]["entry-points"])


def install_text(site: Path, name: str, module: str, entry: str) -> None:
    """Install a package `name` 1.0 with one Python module, and an entry point of that module's object."""
    site.mkdir(exist_ok=True)
    package = name.replace("-", "_")
    (site / f"{package}.py").write_text(module)
    write_metadata(site, name, "1.0", {"picomesh.modules": {entry: f"{package}:MODULE"}})


def write_metadata(site: Path, name: str, version: str, groups: Mapping[str, Mapping[str, str]]) -> None:
    folder = site / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{entry} = {value}" for entry, value in entries.items()))
    ]
    (folder / "entry_points.txt").write_text("\n".join(lines) + "\n")
