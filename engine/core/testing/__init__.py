"""Rulesets tried out without an engine: a stage for picos in memory, and the tests that are played on it."""
