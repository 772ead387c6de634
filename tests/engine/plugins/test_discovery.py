"""Plugins that are installed: found by their entry points, and told of when they cannot be had."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine.config import BadSetting, load_settings
from engine.plugin_choice import ALL_PLUGINS, NO_PLUGIN, PluginChoice
from engine.plugins.discovery import discover
from tests.fakes.installed import THERMOMETER, install_project, install_text


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of packages that Python looks at first."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    for name in [one for one in sys.modules if one.startswith(("picomesh_", "odd_"))]:
        monkeypatch.delitem(sys.modules, name)
    return folder


def test_an_installed_plugin_is_found(site: Path) -> None:
    """With the distribution that it comes from."""
    install_project(THERMOMETER, site)
    (found,) = discover(ALL_PLUGINS).plugins
    assert (found.name, found.origin) == ("thermometer", "picomesh-thermometer 1.0")


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def (", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("x = 1", "has no attribute 'MODULE'"),
        ("MODULE = 3", "is no engine.plugins.Module, but a int"),
        (
            "from engine.plugins import Module\nMODULE = Module('other', functions={'f': lambda: 1})",
            "its module is called other; the entry point has to be called so too",
        ),
        (
            "from engine.plugins import Module\nMODULE = Module('odd', functions={})",
            "BadModule: the module odd has no members",
        ),
    ],
)
def test_a_broken_plugin_is_told_of_and_left_out(site: Path, module: str, reason: str) -> None:
    """With its distribution and the reason; the others are there."""
    install_project(THERMOMETER, site)
    install_text(site, "odd-package", module, "odd")
    found = discover(ALL_PLUGINS)
    assert [one.name for one in found.plugins] == ["thermometer"]
    (problem,) = found.problems
    assert (problem.name, problem.origin) == ("odd", "odd-package 1.0")
    assert reason in problem.reason


def test_plugins_that_are_not_chosen_are_not_even_imported(site: Path) -> None:
    """By the setting: none, or some by their names."""
    install_project(THERMOMETER, site)
    install_text(site, "odd-package", "raise SystemExit(3)", "odd")
    assert (discover(NO_PLUGIN).plugins, discover(NO_PLUGIN).problems) == ((), ())
    found = discover(PluginChoice(("thermometer",)))
    assert ([one.name for one in found.plugins], found.problems) == (["thermometer"], [])
    assert "odd_package" not in sys.modules


def test_a_chosen_plugin_that_is_not_installed_is_told_of(site: Path) -> None:
    (problem,) = discover(PluginChoice(("barometer",))).problems
    assert str(problem) == (
        "the plugin barometer of the setting plugins is left out: nothing of that name is installed"
    )


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("true", ALL_PLUGINS),
        ("false", NO_PLUGIN),
        ("thermometer, barometer", PluginChoice(("thermometer", "barometer"))),
    ],
)
def test_the_setting_says_which(tmp_path: Path, text: str, choice: PluginChoice) -> None:
    environment = {"PICOMESH_PLUGINS": text, "PICOMESH_HOME": str(tmp_path)}
    assert load_settings(environment=environment).plugins == choice


def test_a_setting_that_makes_no_sense_is_an_error(tmp_path: Path) -> None:
    environment = {"PICOMESH_PLUGINS": "no such thing", "PICOMESH_HOME": str(tmp_path)}
    with pytest.raises(BadSetting, match="'plugins' must be true, false, or names of plugins"):
        load_settings(environment=environment)
