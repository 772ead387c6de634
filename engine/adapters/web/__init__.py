"""The web, as rulesets may see it: bounded in time and size, and never the operator's own network."""
