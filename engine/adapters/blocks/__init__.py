"""Stores of blocks that need no service: memory, and a file on this machine."""

from engine.adapters.blocks.collecting import Collected
from engine.adapters.blocks.database import Database, NotBlocks
from engine.adapters.blocks.local import LocalBlocks, Statistics
from engine.adapters.blocks.memory import MemoryBlocks

__all__ = ["Collected", "Database", "LocalBlocks", "MemoryBlocks", "NotBlocks", "Statistics"]
