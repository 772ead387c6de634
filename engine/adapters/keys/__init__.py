"""The engine's own secret, one seed in a file of its home from which all its keys follow, and what ciphers
blocks."""

from engine.adapters.keys.block_cipher import BlockCipher
from engine.adapters.keys.boxes import KeyBoxes
from engine.adapters.keys.derivation import SeedKeys
from engine.adapters.keys.seed_files import KeysUnusable, SeedFile

__all__ = ["BlockCipher", "KeyBoxes", "KeysUnusable", "SeedFile", "SeedKeys"]
