"""Settings of hypothesis for all tests; `tests/campaign.py` says what a campaign is."""

from __future__ import annotations

from hypothesis import settings

from tests.campaign import CAMPAIGN, examples

settings.register_profile("every run", derandomize=True, deadline=None)
settings.register_profile("campaign", max_examples=examples(100), deadline=None)
settings.load_profile("campaign" if CAMPAIGN else "every run")
