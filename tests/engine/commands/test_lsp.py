"""`picomesh lsp` without what it needs."""

from __future__ import annotations

import sys

import pytest
from click.testing import CliRunner

from engine.cli import main


def test_without_the_extra_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """pygls is not installed with the engine: few need it."""
    monkeypatch.setitem(sys.modules, "pygls", None)
    result = CliRunner().invoke(main, ["lsp"])
    assert result.exit_code == 1
    assert "pygls, which is not installed" in result.output
    assert "pip install 'picomesh[lsp]'" in result.output
