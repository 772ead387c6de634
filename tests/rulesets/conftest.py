"""An engine for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compatibility.engine import Engine


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A fresh engine, stopped properly afterwards."""
    opened = Engine()
    yield opened
    opened.close()
