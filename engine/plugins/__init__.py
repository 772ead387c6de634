"""Modules of one's own for rulesets: what a host program or an installed package declares them with.

README.md of the engine has an example. Everything else in here is the engine's business and may change.
"""

from engine.plugins.declaration import BadModule, Call, CannotAnswer, Effect, Function, Module, Question

__all__ = ["BadModule", "Call", "CannotAnswer", "Effect", "Function", "Module", "Question"]
