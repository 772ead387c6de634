"""One process of didkit for all tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec

import pytest

from engine.adapters.credentials import Didkit


@pytest.fixture(scope="session")
def didkit() -> Iterator[Didkit]:
    if find_spec("didkit") is None:
        pytest.skip("didkit has wheels for Python 3.11 and 3.12 alone")
    with Didkit() as running:
        yield running
