"""Rulesets that come with the engine, each in a file named by its rid. A pico installs one by the
URL `library:RID`."""
