"""How much a turn may use, and how much of it is left.

Steps are counted at every function entry and for every element a built-in touches; sizes are
checked before anything large is made. The counter is an attribute of one object that all code of a
turn shares, because compiled code decrements it in place.
"""

from __future__ import annotations

from dataclasses import dataclass

from pico_lang.errors import BudgetSpent


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of one turn."""

    steps: int = 100_000
    depth: int = 1_000
    """Nested calls of KRL functions."""
    string_length: int = 10_000_000
    """Characters in one string."""
    collection_size: int = 1_000_000
    """Entries in one array or map."""
    regexp_ms: int = 50
    """Milliseconds that all regular expressions of a turn may take together. A limit for each alone
    would be none: a hundred thousand steps are enough for a hundred thousand slow matches."""
    raised_events: int = 1_000


LOOK_INSIDE = 8
"""Steps for looking into one array or map, wherever a whole value is walked through: so many steps of a
program take as long. Without them a value that holds one array 2^40 times would use up its budget five
times more slowly than an endless loop does."""


class Meter:
    """What is left of a budget. `steps` is public because compiled code counts it down itself."""

    __slots__ = ("budget", "regexp_s", "steps")

    def __init__(self, budget: Budget) -> None:
        self.reset(budget)

    def reset(self, budget: Budget) -> None:
        """Begin a new turn; compiled code keeps its reference to this object."""
        self.budget = budget
        self.steps = budget.steps
        self.regexp_s = budget.regexp_ms / 1000

    def charge(self, steps: int) -> None:
        """Use up `steps`, or raise `BudgetSpent`."""
        self.steps -= steps
        if self.steps < 0:
            self.exhausted()

    def exhausted(self) -> None:
        raise BudgetSpent("R701", f"more than {self.budget.steps:,} steps in one turn")

    def check_string(self, length: int) -> None:
        """Charge for a string about to be made (a step per 64 characters) and bound its length."""
        if length > self.budget.string_length:
            raise BudgetSpent(
                "R703", f"a string of {length:,} characters; the limit is {self.budget.string_length:,}"
            )
        self.steps -= length >> 6
        if self.steps < 0:
            self.exhausted()

    def check_collection(self, size: int) -> None:
        """Charge for an array or map about to be made (a step per entry) and bound its size."""
        self._check_size(size)
        self.charge(size)

    def check_copy(self, size: int) -> None:
        """The same for entries that are only copied, many in the time of one step. Without the
        difference a loop that appends a thousand times would use up half a million steps."""
        self._check_size(size)
        self.charge(size >> 4)

    def _check_size(self, size: int) -> None:
        if size > self.budget.collection_size:
            raise BudgetSpent(
                "R703", f"a collection of {size:,} entries; the limit is {self.budget.collection_size:,}"
            )
