"""How thoroughly random tests look: the same examples at every run or, on a campaign, many new ones.

A run that everybody's change has to pass must not fail by chance. `CAMPAIGN=10 pytest` tries ten times
as many examples of everything random, and different ones each time.
"""

from __future__ import annotations

import os
import random

CAMPAIGN = int(os.environ.get("CAMPAIGN") or 0)
"""How many times as much a campaign does; 0 outside of one."""


def examples(number: int) -> int:
    """How many examples a test tries that wants `number` at every run."""
    return number * max(CAMPAIGN, 1)


def seed(usual: int) -> int:
    """Where a test's own random generator begins; printed, so that a failure can be had again."""
    chosen = random.SystemRandom().randrange(2**32) if CAMPAIGN else usual
    print(f"seed {chosen}")
    return chosen
