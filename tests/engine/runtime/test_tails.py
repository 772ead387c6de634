"""The newest records of a pico, told of when they are few and short."""

from __future__ import annotations

from engine.core.blocks.touched import FEW, FEW_BYTES
from engine.core.model import PicoId
from engine.runtime.besides import MOST_RECORDS, Tail
from tests.engine.in_loop import in_loop


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


@in_loop
async def test_of_long_records_no_more_are_read_than_are_kept() -> None:
    """A pico that was filled by events of a quarter of a megabyte is not read as a whole to find its end."""
    bodies, read = [f"{n} ".ljust(250_000, "x").encode() for n in range(200)], list[int]()

    class Records:
        def records(self, pico: PicoId, first: int, last: int) -> list[bytes]:
            read.extend(range(first, last + 1))
            return bodies[first - 1 : last]

    tail = Tail()
    await tail.read_on(Records(), PicoId("p"), 200)  # type: ignore[arg-type]
    assert 1 < len(tail.records) < 5
    assert tail.records[-1].startswith("199 ")
    assert len(read) < 12
    assert sorted(read) == list(range(min(read), 201))


@in_loop
async def test_a_tail_is_read_on_from_where_it_ends() -> None:
    """What it has is the same object as before; after a gap it begins anew."""
    read = list[int]()

    class Records:
        def records(self, pico: PicoId, first: int, last: int) -> list[bytes]:
            read.extend(range(first, last + 1))
            return [b"%d" % n for n in range(first, last + 1)]

    tail = Tail()
    await tail.read_on(Records(), PicoId("p"), 300)  # type: ignore[arg-type]
    assert tail.records == [str(n) for n in range(1, 301)]
    before = tail.records[-1]
    read.clear()
    await tail.read_on(Records(), PicoId("p"), 303)  # type: ignore[arg-type]
    assert (sorted(read), tail.records[299:]) == ([301, 302, 303], ["300", "301", "302", "303"])
    assert tail.records[299] is before
    await tail.read_on(Records(), PicoId("p"), 303 + MOST_RECORDS + 1)  # type: ignore[arg-type]
    assert tail.records[0] == "305"
    assert len(tail.records) == MOST_RECORDS
