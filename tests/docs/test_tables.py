"""The tables in the packages' READMEs are what the code has: routes, statuses, settings."""

from __future__ import annotations

import re
from pathlib import Path

from engine.adapters.http import all_routes
from engine.adapters.http.problems import STATUS_OF_REFUSAL
from engine.config import describe_settings

ENGINE = Path(__file__).resolve().parents[2] / "engine"


def table(readme: Path) -> list[tuple[str, ...]]:
    """The cells of every row of every table."""
    rows = re.findall(r"^\| (.*) \|$", readme.read_text("utf-8"), re.MULTILINE)
    return [tuple(cell.strip().strip("`") for cell in row.split(" | ")) for row in rows]


def test_every_route_is_documented() -> None:
    """With who may use it, and the sentence that stands beside it in the code."""
    rows = set(table(ENGINE / "adapters" / "http" / "README.md"))
    routes = {(path, str(surface), about) for path, about, surface in all_routes()}
    assert routes == {row for row in rows if row[0].startswith("/")}


def test_every_status_is_documented() -> None:
    """Those of refusals, and 500 for what fails."""
    rows = table(ENGINE / "adapters" / "http" / "README.md")
    assert {int(row[0]) for row in rows if row[0].isdigit()} == {
        *STATUS_OF_REFUSAL.values(),
        401,
        405,
        421,
        500,
    }


def shown(default: object) -> str:
    """As one writes it in `picomesh.toml`, but without quotes."""
    return str(default).lower() if isinstance(default, bool) else str(default)


def test_every_setting_is_documented() -> None:
    """With its default and its meaning."""
    rows = table(ENGINE / "README.md")
    documented = [row for row in rows if len(row) == 3 and row[0] != "setting"]
    expected = [(one.name, shown(one.default), one.about) for one in describe_settings()]
    assert [row for row in documented if row[0] != "home"] == [row for row in expected if row[0] != "home"]
    assert documented[0][0] == "home"
