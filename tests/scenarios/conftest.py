"""Real engines for scenarios: processes of their own, on homes of their own, on free ports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.commands.client import EngineClient
from engine.commands.hints import counter_ruleset
from engine.commands.install import install_ruleset
from engine.commands.process import EngineProcess


@pytest.fixture
def process(tmp_path: Path) -> Iterator[EngineProcess]:
    """An engine that is not started yet; it does not outlive the test."""
    engine = EngineProcess(tmp_path / "home")
    yield engine
    engine.end()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineClient]:
    """A running engine whose root pico has the counter; shared by the tests of a module."""
    started = EngineProcess(tmp_path_factory.mktemp("engine") / "home")
    try:
        client = started.start()
        install_ruleset(client, "root", counter_ruleset().as_uri(), {})
        yield client
    finally:
        started.end()
