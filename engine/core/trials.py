"""What turns of the past would have come to under another text of a ruleset.

A trial begins with a pico as it was, puts the other text in force and goes through the turns that
followed, each with what it learned when it really happened. Nothing here runs or asks anything: this is
what a trial consists of, and how an outcome is held against what was recorded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from engine.core.codec import Plain, pack_effect, to_bytes
from engine.core.differences import Difference, differences
from engine.core.messages import Done, Effect, Event, Failed, Fault, Question, Turn
from engine.core.model import Eci, EventId, Inputs, InstalledRuleset, Pico
from engine.core.policy import UPKEEP
from engine.core.records import Record

SEED = "00" * 16
"""Of the turn that puts the text in force. It draws on chance only if the text's global block does."""


Text = Mapping[str, Any]
"""Names the text on trial as the answer to a question of kind `ruleset` would."""


def install_turn(pico: Pico, ruleset: InstalledRuleset, text: Text, time_ms: int) -> Turn:
    """The turn that brings another text of a ruleset into force."""
    attrs = {"url": text["url"], "config": ruleset.config}
    event = Event(Eci(pico.id), UPKEEP, "install", attrs, EventId("trial"), sender=pico.id)
    return Turn(event, Inputs(time_ms, SEED))


def stay_at(seq: int, pico: Pico) -> Pico:
    """A pico as if the turn that made it had not been one. Ids and keys are derived from the number of a
    turn, and those that follow are to derive the ones they did."""
    return replace(pico, seq=seq)


@dataclass(frozen=True, slots=True)
class Known:
    """A question that was asked once, and its answer."""

    question: Question
    answer: Mapping[str, Any]


def known_text(text: Text) -> Known:
    """What the turn that brings a text into force asks for first."""
    return Known(Question("ruleset", {"url": text["url"]}), text)


class Memory:
    """Answers the questions of one turn with what was answered then. Each answer serves once."""

    def __init__(self, known: Sequence[Known], text: Text) -> None:
        """The text on trial takes the place of others of its rid."""
        self._left = list(known)
        self._text = text

    def answer(self, question: Question) -> Mapping[str, Any] | None:
        """None when nothing is known of it."""
        for one in self._left:
            if _is_same(one.question, question):
                self._left.remove(one)
                return self._text_for(one.answer)
        return None

    def _text_for(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        same = "hash" in answer and answer.get("rid") == self._text["rid"]
        return self._text if same else answer


def _is_same(one: Question, other: Question) -> bool:
    """Whether two questions ask for the same. Their keys only say at which place of which turn."""
    return one.kind == other.kind and _without_key(one) == _without_key(other)


def _without_key(question: Question) -> bytes:
    content = dict(question.content)
    key = content.pop("key", None)
    headers = content.get("headers")
    if key is not None and isinstance(headers, Mapping):
        content["headers"] = {name: value for name, value in headers.items() if value != key}
    return to_bytes(content)


# --- what came of it -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Contrast:
    """One respect in which a turn would have come out differently. Both sides are plain data."""

    part: str
    """`outcome`, `directives`, `messages` or `answer`."""
    then: Plain
    now: Plain


def contrasts(record: Record, outcome: Done | Failed) -> tuple[Contrast, ...]:
    """How what a turn says to the outside differs from what it said. What it costs, logs and keeps is not
    looked at: variables may be kept in another way, and are compared at the end."""
    fault = record.fault
    if fault is not None and isinstance(outcome, Failed) and outcome.fault.code == fault.code:
        return ()  # all that is left to differ is how the failure is put, and where in the text it was
    return tuple(
        Contrast(part, then, now)
        for (part, then), (_, now) in zip(_said_then(record), _said_now(outcome), strict=True)
        if to_bytes(then) != to_bytes(now)
    )


def _said_then(record: Record) -> Iterator[tuple[str, Plain]]:
    yield "outcome", "done" if record.fault is None else _put(record.fault)
    yield "directives", list(record.directives)
    yield "messages", _messages(record.effects)
    yield "answer", record.answer


def _said_now(outcome: Done | Failed) -> Iterator[tuple[str, Plain]]:
    yield "outcome", _put(outcome.fault) if isinstance(outcome, Failed) else "done"
    yield "directives", [] if isinstance(outcome, Failed) else list(outcome.directives)
    yield "messages", _messages(outcome.effects)
    yield "answer", None if isinstance(outcome, Failed) else outcome.answer


def _put(fault: Fault) -> str:
    return f"failed with {fault.code}: {fault.message}"


def _messages(effects: Sequence[Effect]) -> list[Plain]:
    return [pack_effect(effect) for effect in effects]


def unlike(before: Pico, after: Pico, rid: str) -> tuple[Difference, ...]:
    """What differs between two states besides the ruleset on trial, and when others were opened for it."""
    found = differences(before, after)
    return tuple(one for one in found if one.part != ("ruleset", rid) and not _is_opened_anew(one))


def _is_opened_anew(one: Difference) -> bool:
    if one.part[0] != "ruleset" or one.old is None or one.new is None:
        return False
    return bool({**one.old, "inputs": None} == {**one.new, "inputs": None})


def first_with(states: Sequence[Pico], rid: str) -> int:
    """Where in a row of states the text begins to be in force that the last of them has. What went before
    had another text, or none, and says nothing about replacing this one."""
    last = states[-1].ruleset(rid)
    place = len(states) - 1
    while place > 0 and (found := states[place - 1].ruleset(rid)) is not None:
        if last is None or found.hash != last.hash:
            break
        place -= 1
    return place
