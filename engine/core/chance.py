"""Random numbers, ids and words that follow from a recorded seed.

A turn that is run again must draw the same, on any machine and in any release of Python, so this does
not use the standard generator: the n-th draw is the SHA-256 of the seed and n. `WORDS` and the order of
draws in each method belong to the recorded histories; changing either makes old turns come out differently.
"""

from __future__ import annotations

from hashlib import sha256

from engine.core.word_list import WORDS

ID_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ID_LENGTH = 24
"""Digits of an id after its prefix: 124 bits, so two never meet by accident."""


class Chance:
    """A sequence of draws. Two with one seed, asked the same, answer the same."""

    __slots__ = ("_drawn", "_seed")

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._drawn = 0

    def number(self) -> float:
        """A number from 0 up to, but not including, 1: one of the 2⁵³ evenly spaced doubles."""
        return self._bits(53) / 2**53

    def below(self, count: int) -> int:
        """A whole number from 0 up to, but not including, `count`; all equally likely."""
        if count < 1:
            raise ValueError(f"there is no whole number from 0 to below {count}")
        # Drawing again instead of taking a remainder, which would favour small numbers.
        width = (count - 1).bit_length()
        while (drawn := self._bits(width)) >= count:
            pass
        return drawn

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + self.below(high - low + 1)

    def id(self, prefix: str = "c") -> str:
        """A new id, in the form picos' ids have always had: a letter, then letters and digits."""
        number = self.below(len(ID_DIGITS) ** ID_LENGTH)
        digits = []
        for _ in range(ID_LENGTH):
            number, digit = divmod(number, len(ID_DIGITS))
            digits.append(ID_DIGITS[digit])
        return prefix + "".join(digits)

    def word(self) -> str:
        """An English word."""
        return WORDS[self.below(len(WORDS))]

    def _bits(self, count: int) -> int:
        """A number of `count` random bits."""
        drawn = b""
        while len(drawn) * 8 < count:
            drawn += sha256(f"{self._seed}/{self._drawn}".encode()).digest()
            self._drawn += 1
        return int.from_bytes(drawn, "big") >> (len(drawn) * 8 - count)
