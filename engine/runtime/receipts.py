"""What becomes of an envelope that reaches this engine: a verdict, and what is said to whoever sent it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from engine.core.didcomm.messages import Message
from engine.core.model import EMPTY
from engine.core.protocols.reactions import Reaction

Verdict = Literal["taken", "unreadable", "too_large", "denied", "unknown", "busy", "moved"]


@dataclass(frozen=True, slots=True)
class Streamed:
    """A long answer that needs no envelope, for those who take it as it is."""

    media_type: str
    pieces: Callable[[], AsyncGenerator[bytes, None]]
    """Of which none is large; made as they are taken."""
    message: Callable[[], Awaitable[Message]]
    """As much of it as a message holds, for whoever takes no streams."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an envelope, and what answers it over the same connection: an envelope or a stream."""

    verdict: Verdict
    reply: bytes | None = None
    stream: Streamed | None = None
    more: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    """What is told besides the verdict."""


@dataclass(frozen=True, slots=True)
class Handled:
    """What became of a message, and the messages that answer it, or the one long answer."""

    verdict: Verdict = "taken"
    answers: Sequence[Message] = ()
    streamed: Streamed | None = None


UNREADABLE = Receipt("unreadable")
UNKNOWN = Handled("unknown")


def handled(reaction: Reaction) -> Handled:
    """What the protocols' tables make of a message that needs nobody else."""
    return Handled("unreadable" if is_refused(reaction) else "taken", reaction.replies)


def is_refused(reaction: Reaction) -> bool:
    return any(note.name in ("refused", "stray") for note in reaction.notes)


def together(receipts: Sequence[Receipt]) -> Receipt:
    """Of all that came in one message: the first that was not taken, if there is one."""
    return next((one for one in receipts if one.verdict != "taken"), Receipt("taken"))
