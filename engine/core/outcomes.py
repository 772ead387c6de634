"""What came out of a run as plain data, for a run that happened in another process.

Only what is new crosses over: the pico is on both sides, and changes lead from what it was to what it
is, as they do when a history is folded. Nothing here is ever kept, so there are no versions of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from typing import TypeVar

from engine.core.codec import (
    Plain,
    Unreadable,
    from_bytes,
    pack_change,
    pack_effect,
    pack_event,
    pack_fault,
    pack_log,
    to_bytes,
    unpack_change,
    unpack_effect,
    unpack_event,
    unpack_fault,
    unpack_log,
)
from engine.core.draft import apply
from engine.core.gentle import PIECE
from engine.core.messages import (
    Answered,
    Asks,
    Done,
    Effect,
    Failed,
    Fault,
    Outcome,
    Question,
    SendEvent,
    Unable,
)
from engine.core.model import Pico

Item = TypeVar("Item")
Between = Callable[[], None]
"""Called after each of many parts: whoever reads may do something else in between."""


def pack_outcome(outcome: Outcome | Answered) -> Plain:
    """What `react` or `answer` gave."""
    match outcome:
        case Done(pico, changes, directives, effects, log, answer, steps, raised):
            return {
                "done": pico.seq,
                "changes": [pack_change(change) for change in changes],
                "directives": directives,
                "effects": [pack_effect(effect) for effect in effects],
                "log": pack_log(log),
                "answer": answer,
                "steps": steps,
                "raised": [pack_event(event) for event in raised],
            }
        case Failed(pico, fault, log, effects, steps, retry_bigger, changes, unable):
            return {
                "failed": pico.seq,
                "fault": pack_fault(fault),
                "log": pack_log(log),
                "effects": [pack_effect(effect) for effect in effects],
                "steps": steps,
                "retry_bigger": retry_bigger,
                "changes": [pack_change(change) for change in changes],
                "unable": [astuple(one) for one in unable],
            }
        case Asks(question):
            return {"asks": question.kind, "content": question.content}
        case Answered(value, log, steps):
            return {"answered": value, "log": pack_log(log), "steps": steps}


def write_outcome(outcome: Outcome | Answered) -> bytes:
    """The same as bytes: lines of JSON, each of which can be read without keeping the interpreter for long.
    The first has everything but the ends of long lists, of which each other line has some."""
    plain = pack_outcome(outcome)
    lines = [plain]
    for name, items in list(plain.items()):
        if isinstance(items, list | tuple) and len(items) > PIECE:
            plain[name] = items[:PIECE]
            lines += [{name: items[at : at + PIECE]} for at in range(PIECE, len(items), PIECE)]
    return b"\n".join(map(to_bytes, lines))


def read_outcome(body: bytes, pico: Pico, between: Between = lambda: None) -> Outcome | Answered:
    """The outcome of a run that began with `pico`."""
    first, *others = body.split(b"\n")
    plain = from_bytes(first)
    for line in others:
        between()
        for name, items in from_bytes(line).items():
            plain[name] += items
    return unpack_outcome(plain, pico, between)


def unpack_outcome(plain: Plain, pico: Pico, between: Between = lambda: None) -> Outcome | Answered:
    """The outcome of a run that began with `pico`."""
    match plain:
        case {"done": seq}:
            return _unpack_done(plain, pico, seq, between)
        case {"failed": seq}:
            return _unpack_failed(plain, pico, seq, between)
        case {"asks": kind, "content": content}:
            return Asks(Question(kind, content))
        case {"answered": value, "log": log, "steps": steps}:
            return Answered(value, unpack_log(log), steps)
    raise Unreadable(f"an outcome of an unknown kind: {sorted(plain)}")


def _unpack_done(plain: Plain, pico: Pico, seq: int, between: Between) -> Done:
    changes = _each(unpack_change, plain["changes"], between)
    return Done(
        apply(pico, changes, seq),
        changes,
        tuple(plain["directives"]),
        _each(unpack_effect, plain["effects"], between),
        unpack_log(plain["log"]),
        plain["answer"],
        plain["steps"],
        tuple(map(unpack_event, plain["raised"])),
    )


def _unpack_failed(plain: Plain, pico: Pico, seq: int, between: Between) -> Failed:
    changes = _each(unpack_change, plain["changes"], between)
    return Failed(
        apply(pico, changes, seq),
        unpack_fault(plain["fault"]),
        unpack_log(plain["log"]),
        _each(unpack_effect, plain["effects"], between),
        plain["steps"],
        plain["retry_bigger"],
        changes,
        tuple(Unable(*one) for one in plain["unable"]),
    )


def _each(unpack: Callable[[Plain], Item], items: Sequence[Plain], between: Between) -> tuple[Item, ...]:
    unpacked = []
    for item in items:
        unpacked.append(unpack(item))
        between()
    return tuple(unpacked)


def retell(failed: Failed, fault: Fault) -> Failed:
    """The same failure for another reason, which its log and its `system:error` event give as well."""
    old = (failed.fault.message, failed.fault.code)
    log = tuple(
        replace(line, message=fault.message, value=fault.code) if (line.message, line.value) == old else line
        for line in failed.log
    )
    effects = tuple(_retell(effect, fault) for effect in failed.effects)
    return replace(failed, fault=fault, log=log, effects=effects)


def _retell(effect: Effect, fault: Fault) -> Effect:
    match effect:
        case SendEvent(attrs=attrs):
            return replace(effect, attrs={**attrs, "data": fault.message, "code": fault.code})
        case _:
            return effect
