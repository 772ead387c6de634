"""What a state costs as sealed blocks: CPU time and blocks, first time, after one changed entry, and back.

No store is part of it: blocks come from and go to a dict.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import dag_cbor
from rich.table import Table

from engine.adapters.keys import BlockCipher
from engine.core.blocks.dag_cbor import decode, encode
from engine.core.blocks.sealing import Keyring, SealedBlocks
from engine.core.blocks.state import StateTree, read_state
from engine.core.blocks.walks import BlockWalk, Walk, Wanted, from_memory, on_blocks, run
from engine.core.cids import Cid
from engine.core.codec import pack_pico, to_bytes
from engine.core.model import Pico, PicoId, Rid
from engine.core.records import Head
from tests.benchmarks.measure import best_of

T = TypeVar("T")

RID = Rid("io.example.large")
ENTRIES: Mapping[str, tuple[int, int]] = {
    "10 KB": (100, 70),
    "1 MB": (10_000, 70),
    "10 MB": (100_000, 70),
    "100 MB": (100_000, 1000),
}
"""How many entries one entity variable has, and how many characters each."""
CHANGES = 7


@dataclass
class Measured:
    """Of one piece of work."""

    cpu_ms: float
    blocks: int
    bytes: int
    longest_ms: float
    """CPU time of the longest step: others can run between two."""


class Seals:
    """A pico with one large variable, sealed after each change."""

    def __init__(self, entries: int, characters: int) -> None:
        self.blocks = SealedBlocks(Keyring({0: bytes(32)}), BlockCipher())
        self.store: dict[Cid, bytes] = {}
        self.tree = StateTree(self.blocks, lambda _: "")
        self.large: dict[str, Any] = {
            f"key-{number}": {"n": float(number), "text": "x" * characters} for number in range(entries)
        }
        self.root: Cid | None = None
        self.longest_ms = 0.0

    def pico(self) -> Pico:
        return Pico(PicoId("pico"), entities={RID: {"large": self.large}})

    def seal(self) -> Measured:
        head = Head(self.pico(), "ab" * 32)
        self.root, cpu_ms = timed(lambda: self.drive(from_memory(self.tree.write(head), self.blocks.nodes)))
        new = {cid: block for cid, block in self.blocks.new.items() if cid not in self.store}
        self.store.update(new)
        self.blocks.new.clear()
        return Measured(cpu_ms, len(new), sum(map(len, new.values())), self.longest_ms)

    def change(self, number: int) -> None:
        """One entry is another, as a rule leaves it: a copy of the map with one other value."""
        self.large = {**self.large, f"key-{number}": {"n": -1.0, "text": str(number)}}

    def restore(self) -> Measured:
        root = self.root
        assert root is not None
        state, cpu_ms = timed(lambda: self.drive(read_state(root, 1 << 30)))
        assert state.head.pico == replace(self.pico())
        size = len(to_bytes(pack_pico(state.head.pico)))
        return Measured(cpu_ms, len(self.store), size, self.longest_ms)

    def drive(self, walk: Walk[T]) -> T:
        return run(self.clocked(on_blocks(walk, self.blocks)), self.get)

    def clocked(self, walk: BlockWalk[T]) -> BlockWalk[T]:
        """The same walk, with a look at how long each step takes."""
        self.longest_ms = 0.0
        answer: Any = None
        try:
            while True:
                began = time.process_time()
                wanted = walk.send(answer)
                self.longest_ms = max(self.longest_ms, (time.process_time() - began) * 1e3)
                answer = yield wanted
        except StopIteration as end:
            result: T = end.value
            return result

    def get(self, wanted: Wanted) -> dict[Cid, bytes]:
        return {cid: self.store.get(cid) or self.blocks.new[cid] for cid in wanted}


def timed(function: Callable[[], T]) -> tuple[T, float]:
    """What it gives and its CPU time in ms. A collection of garbage elsewhere would be counted as its own."""
    gc.collect()
    began = time.process_time()
    result = function()
    return result, (time.process_time() - began) * 1e3


def report_blocks() -> Iterator[Table]:
    yield _states()
    yield _codecs()


def _states() -> Table:
    table = Table(
        *("state", "entries", "first: CPU ms", "longest step ms", "blocks", "bytes"),
        *("one entry changed: CPU ms", "new blocks", "bytes", "back: CPU ms", "longest step ms", "MB/s"),
        title="A state as sealed blocks",
    )
    for name, (entries, characters) in ENTRIES.items():
        seals = Seals(entries, characters)
        first = seals.seal()
        changes = []
        for number in range(CHANGES):
            seals.change(number * entries // CHANGES)
            changes.append(seals.seal())
        # The median of the times, and the worst of what can be counted.
        cpu_ms = sorted(one.cpu_ms for one in changes)[CHANGES // 2]
        blocks, size = max(one.blocks for one in changes), max(one.bytes for one in changes)
        back = seals.restore()
        table.add_row(
            *(name, f"{entries:,}", f"{first.cpu_ms:,.0f}", f"{first.longest_ms:.0f}"),
            *(f"{first.blocks:,}", f"{first.bytes:,}", f"{cpu_ms:.1f}", f"{blocks}", f"{size:,}"),
            *(f"{back.cpu_ms:,.0f}", f"{back.longest_ms:.0f}", f"{back.bytes / back.cpu_ms / 1e3:.0f}"),
        )
    return table


def _codecs() -> Table:
    table = Table("", "write µs", "read µs", title="DAG-CBOR: a node of a map with a hundred entries")
    entries = [[[b"key-%d" % n, b'{"n":1.0,"text":"%s"}' % (b"x" * 70)]] for n in range(100)]
    node: Any = [bytes(4), entries]
    block = encode(node)
    assert dag_cbor.encode(node) == block
    codecs: dict[str, tuple[Callable[[Any], bytes], Callable[[bytes], Any]]] = {
        "ours": (encode, decode),
        "dag_cbor": (dag_cbor.encode, dag_cbor.decode),
    }
    for name, (write, read) in codecs.items():
        costs = (best_of(lambda write=write: write(node)), best_of(lambda read=read: read(block)))  # type: ignore[misc]
        table.add_row(name, *(f"{cost * 1e6:.0f}" for cost in costs))
    return table
