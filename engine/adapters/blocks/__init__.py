"""Stores of blocks that need no service: memory, a file on this machine, and CAR files."""

from engine.adapters.blocks.car_files import CarFile, write_car
from engine.adapters.blocks.collecting import Collected
from engine.adapters.blocks.database import Database, NotBlocks
from engine.adapters.blocks.ledger import SqliteLedger
from engine.adapters.blocks.local import LocalBlocks, Statistics
from engine.adapters.blocks.memory import MemoryBlocks

__all__ = [
    "CarFile",
    "Collected",
    "Database",
    "LocalBlocks",
    "MemoryBlocks",
    "NotBlocks",
    "SqliteLedger",
    "Statistics",
    "write_car",
]
