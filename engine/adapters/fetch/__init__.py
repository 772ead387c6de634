"""Texts of rulesets, from files, over HTTP, and from the library that comes with the engine."""
