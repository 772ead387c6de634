"""An engine, or two picos with subscriptions in one, for each test that asks for them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.compatibility.engine import Engine
from tests.rulesets.subscribers import Pair


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A fresh engine, stopped properly afterwards."""
    opened = Engine()
    yield opened
    opened.close()


@pytest.fixture
def pair(engine: Engine) -> Pair:
    return Pair(engine)
