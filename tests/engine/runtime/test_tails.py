"""The newest records of a pico, told of when they are few and short."""

from __future__ import annotations

from engine.core.blocks.touched import FEW, FEW_BYTES
from engine.runtime.besides import Tail


def test_the_records_after_a_turn_are_told() -> None:
    """Those alone, as the bytes that they are."""
    tail = Tail(["one", "two", "h\udc00lf"], last=9)
    assert tail.since(8) == ["h\udc00lf".encode("utf-8", "surrogatepass")]
    assert tail.since(6) == [b"one", b"two", "h\udc00lf".encode("utf-8", "surrogatepass")]
    assert tail.since(9) == []


def test_records_that_are_many_or_long_or_not_all_there_are_not() -> None:
    """To read them would take longer than to do without."""
    assert len(Tail(["x"] * FEW, last=FEW).since(0)) == FEW
    assert Tail(["x"] * (FEW + 1), last=FEW + 1).since(0) == []
    assert Tail(["x"], last=5).since(3) == []
    assert Tail(["x" * FEW_BYTES], last=1).since(0) != []
    assert Tail(["x" * FEW_BYTES, "x"], last=2).since(0) == []
