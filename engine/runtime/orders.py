"""What the engine and a worker process say to each other: orders, outcomes and texts of rulesets.

A message is a kind, a length and a body, over pipes. The engine gives an order, the worker asks for
texts it has not seen yet and reports how it ended. Both sides are of one release, always.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from struct import Struct

from engine.core.codec import (
    from_bytes,
    pack_inputs,
    pack_pico,
    pack_query,
    pack_turn,
    to_bytes,
)
from engine.core.messages import Query, Turn
from engine.core.model import Inputs, Pico
from engine.runtime.preparation import write_gently
from pico_lang.meter import Budget

HEADER = Struct(">cI")
"""Kind, and the length of the body."""

ORDER = b"o"
"""To a worker: a pico, and a turn or a query to run on it; or a text to compile."""
TEXT = b"t"
"""To a worker: the text it wants."""
NO_TEXT = b"n"
"""To a worker: there is no text of that hash."""
WANTS = b"w"
"""From a worker, during an order: the hash of a ruleset it does not know."""
OUTCOME = b"r"
"""From a worker: how the order ended."""
TOO_LARGE = b"l"
"""From a worker: the order ended in more bytes (so many, in digits) than it may report."""
MISTAKE = b"m"
"""From a worker: a bug of ours, as a traceback."""

OUT_OF_MEMORY = 66
"""The status with which a worker ends whose memory did not suffice. It then has none left to report
that in a message, and what a shortage has left of a process is better not used again."""

Message = tuple[bytes, bytes]
"""Kind and body."""


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one order may use. The counted limits of `budget` are meant to be reached first, because
    they strike at the same place on every machine; the others are for what escapes them."""

    budget: Budget
    memory_bytes: int
    """On top of what the worker holds anyway."""
    cpu_s: int
    deadline_s: float
    """Until the worker is ended, whatever it does, its start included."""
    outcome_bytes: int
    """What the order may leave behind: the engine has to read and record it."""


def write_limits(limits: WorkerLimits) -> str:
    return to_bytes(asdict(limits)).decode()


def read_limits(text: str) -> WorkerLimits:
    plain = from_bytes(text.encode())
    return WorkerLimits(**{**plain, "budget": Budget(**plain["budget"])})


def frame(kind: bytes, body: bytes) -> bytes:
    """A message as it goes over the pipe."""
    return HEADER.pack(kind, len(body)) + body


def write_turn_order(pico: Pico, turn: Turn) -> bytes:
    """The body of an order to run a turn."""
    return write_gently({"pico": pack_pico(pico), "turn": pack_turn(turn)})


def write_query_order(pico: Pico, query: Query, inputs: Inputs) -> bytes:
    """The body of an order to answer a query."""
    order = {"pico": pack_pico(pico), "query": pack_query(query), "inputs": pack_inputs(inputs)}
    return write_gently(order)
