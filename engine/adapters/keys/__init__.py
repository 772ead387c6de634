"""The engine's own secret: one seed in a file of its home, from which all its keys follow."""

from engine.adapters.keys.derivation import SeedKeys
from engine.adapters.keys.seed_files import KeysUnusable, SeedFile

__all__ = ["KeysUnusable", "SeedFile", "SeedKeys"]
