"""Settings of hypothesis for all tests (`tests/campaign.py` says what a campaign is), and what takes long."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.campaign import CAMPAIGN, examples
from tests.support.kubo import program

# Engines note where they run for whoever tests on this machine, and not for these tests.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="picomesh-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_STATE_HOME"], ignore_errors=True)

settings.register_profile("every run", derandomize=True, deadline=None)
settings.register_profile("campaign", max_examples=examples(100), deadline=None)
settings.load_profile("campaign" if CAMPAIGN else "every run")


@pytest.fixture(scope="session")
def ipfs_program() -> Path:
    """For tests that start nodes while their own time runs: building one takes minutes, the first time."""
    return program()
