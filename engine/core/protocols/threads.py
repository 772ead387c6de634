"""What was asked of the other side and is not answered yet, and what became of what was.

DIDComm v2.1, "Threading": an answer names the thread of its question, and ids are compared without regard
to case. Whatever is no answer to an open question is told apart here: outside of any thread of ours, for
the second time, too late, or to something else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.core.didcomm.messages import Message
from engine.core.protocols.reactions import Facts, Note, Reaction, State
from engine.core.protocols.remembering import remember

MOST_KEPT = 256
"""Open questions, and answered ones, of one relationship."""


@dataclass(frozen=True)
class Stray:
    """Not an answer to what is open."""

    why: str


@dataclass(frozen=True)
class Settled:
    state: State
    asked: Mapping[str, Any]
    """What `ask` was told to remember of the question."""


def ask(
    state: State, message: Message, until_s: int | None = None, known: Mapping[str, Any] | None = None
) -> State:
    """An answer to this message is expected, until then if anything is said of that."""
    record = {"type": message.type, "until_s": until_s, **({"known": known} if known else {})}
    return _with(state, "asked", message.thread, record)


def settle(
    state: State, message: Message, facts: Facts, *questions: str, last: bool = True
) -> Settled | Stray:
    """`questions` are the types that such a message answers; a `last` answer closes the thread."""
    name = message.thread.lower()
    asked = state.get("asked", {}).get(name)
    if message.thid is None or asked is None:
        return Stray(why_not_open(state, message))
    if asked["type"] not in questions:
        return Stray("no answer to what was asked")
    if asked["until_s"] is not None and facts.now_s >= asked["until_s"]:
        return Stray("too late")
    known = asked.get("known", {})
    return Settled(close(state, name, "answered") if last else state, known)


def why_not_open(state: State, message: Message) -> str:
    closed = state.get("closed", {}).get(message.thread.lower())
    if message.thid is None or closed is None:
        return "outside of any thread of ours"
    return "too late" if closed["how"] == "timed out" else "answered before"


def close(state: State, thid: str, how: str) -> State:
    """What comes in this thread from now on is no answer."""
    name = thid.lower()
    left = {other: record for other, record in state.get("asked", {}).items() if other != name}
    return _with({**state, "asked": left}, "closed", name, {"how": how})


def is_open(state: State, thid: str) -> bool:
    return thid.lower() in state.get("asked", {})


def how_closed(state: State, thid: str) -> str | None:
    closed = state.get("closed", {}).get(thid.lower())
    return None if closed is None else str(closed["how"])


def give_up(state: State, now_s: int) -> Reaction:
    """Closes what nobody answered in time; rules hear of each."""
    late = {
        name: asked
        for name, asked in sorted(state.get("asked", {}).items())
        if asked["until_s"] is not None and now_s >= asked["until_s"]
    }
    for name in late:
        state = close(state, name, "timed out")
    return Reaction(state, notes=tuple(_timed_out(name, asked) for name, asked in late.items()))


def _timed_out(name: str, asked: Mapping[str, Any]) -> Note:
    return Note("timed_out", {"thid": name, "type": asked["type"]})


def _with(state: State, table: str, name: str, record: Mapping[str, Any]) -> State:
    return {**state, table: remember(state.get(table, {}), name.lower(), record, MOST_KEPT)}
