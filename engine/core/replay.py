"""Whether a turn that is run again comes out as it was recorded.

Rules are functions of what is recorded, so it must; where it does not, the first part in which the two
differ is named. What a turn costs is not compared: versions may count steps in other ways. Neither are
the sentences of a failure, which may be worded better one day; its code and what it left behind are.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from engine.core.codec import Plain, from_bytes, pack_change, pack_effect, pack_log, to_bytes
from engine.core.draft import apply
from engine.core.messages import Asks, Done, Failed, Outcome
from engine.core.model import RulesetHash
from engine.core.policy import UPKEEP
from engine.core.records import BrokenChain, Head, Record, decode_record, fold, state_id, verify_chain

NOT_REPEATED = ("R699", "R7")
"""Codes of failures that say nothing of the rules: a mistake of the engine, or a limit of that day."""

UNABLE = "R609"
"""A ruleset could not be run then, perhaps for want of its text: that comes out the same without it."""

LONGEST = 300


@dataclass(frozen=True, slots=True)
class Departure:
    """A turn that came out differently. Both sides are excerpts, for people."""

    seq: int
    part: str
    recorded: str
    came_out: str


@dataclass(frozen=True, slots=True)
class Lacking:
    """Texts of rulesets that a turn needs and that are not at hand, so that it cannot be run again."""

    texts: tuple[RulesetHash, ...]


class Replay:
    """A history that is run again, record by record: `check` each one, run its turn on `pico` if it
    `is_repeatable`, then `follow` it. Whoever drives it stops at the first that is refused or departs."""

    def __init__(self, start: Head) -> None:
        self.head = start
        """As recorded."""
        self.pico = start.pico
        """As run again."""
        self.repeated = 0
        self.skipped: list[int] = []
        """Turns that limits had stopped. They are taken as recorded."""
        self.lacking: dict[int, Lacking] = {}
        """By the number of the turn. These are taken as recorded too."""

    def check(self, body: bytes) -> Record | BrokenChain:
        """The next record, unless it does not follow from those before it."""
        broken = verify_chain(self.head, [body])
        return decode_record(body) if broken is None else broken

    def follow(self, record: Record, body: bytes, outcome: Outcome | Lacking | None) -> Departure | None:
        """Go on to the state after a record. Without an outcome it is taken as recorded."""
        if outcome is None or isinstance(outcome, Lacking):
            self._pass_over(record, outcome)
            self.pico = apply(self.pico, record.changes, record.seq)
        else:
            departed = departure(record, outcome)
            if departed is not None or isinstance(outcome, Asks):
                return departed
            self.repeated += 1
            self.pico = outcome.pico
        self.head = fold(self.head, [body])
        return None

    def _pass_over(self, record: Record, lacking: Lacking | None) -> None:
        if lacking is None:
            self.skipped.append(record.seq)
        else:
            self.lacking[record.seq] = lacking

    def compare(self, known: Head) -> BrokenChain | None:
        """What is wrong if the history up to here should have led to `known`."""
        if self.head.pico.seq < known.pico.seq:
            return BrokenChain(self.head.pico.seq + 1, "it is missing")
        if self.head.chain != known.chain:
            return BrokenChain(known.pico.seq, "it is not the record that a later state was made from")
        if state_id(self.pico) != state_id(known.pico):
            return BrokenChain(known.pico.seq, "the state kept after it is not what the records lead to")
        return None


def is_repeatable(record: Record) -> bool:
    """Whether running the turn again has to lead to what is recorded."""
    return record.fault is None or not record.fault.code.startswith(NOT_REPEATED)


def texts_of(record: Record) -> tuple[RulesetHash, ...]:
    """The rulesets that a turn learned of, or went back to; besides those that the pico has in force, it can
    need these."""
    event = record.turn.event
    back = event.attrs.get("to") if (event.domain, event.name) == (UPKEEP, "rollback") else None
    answers = record.turn.inputs.answers
    each = chain.from_iterable(one.get("rulesets", (one,)) for one in answers)
    learned = (RulesetHash(one["hash"]) for one in each if isinstance(one.get("hash"), str))
    return (*learned, RulesetHash(back)) if isinstance(back, str) else (*learned,)


def sets_aside(record: Record) -> bool:
    """Whether a turn did nothing but set rulesets aside that could not be run, perhaps for want of a text."""
    event = record.turn.event
    return (event.domain, event.name) == (UPKEEP, "quarantine")


def departure(record: Record, outcome: Outcome) -> Departure | None:
    """The first part in which an outcome is not the recorded one."""
    recorded = dict(_parts_recorded(record))
    for part, plain in _parts(outcome):
        old, new = to_bytes(recorded[part]), to_bytes(plain)
        if old != new:
            recorded_so, came_out = _excerpts(old, new)
            if part == "outcome" and isinstance(outcome, Failed):
                # It need not be the history: perhaps this engine lacks a module, or what it may use.
                came_out += f": {outcome.fault.message[:LONGEST]}"
            return Departure(record.seq, part, recorded_so, came_out)
    return None


def _parts_recorded(record: Record) -> Iterator[tuple[str, Plain]]:
    yield "outcome", "done" if record.fault is None else f"failed with {record.fault.code}"
    yield "changes", [pack_change(change) for change in record.changes]
    yield "directives", record.directives
    messages = [pack_effect(effect) for effect in record.effects]
    yield "messages", messages if record.fault is None else _without_sentences(messages)
    yield "answer", record.answer
    yield "log", pack_log(record.log)


def _parts(outcome: Outcome) -> Iterator[tuple[str, Plain]]:
    match outcome:
        case Done(_, changes, directives, effects, log, answer):
            yield "outcome", "done"
            yield "changes", [pack_change(change) for change in changes]
            yield "directives", directives
            yield "messages", [pack_effect(effect) for effect in effects]
            yield "answer", answer
            yield "log", pack_log(log)
        case Failed(_, fault, _, effects, _, _, changes):
            yield "outcome", f"failed with {fault.code}"
            yield "changes", [pack_change(change) for change in changes]
            yield "messages", _without_sentences([pack_effect(effect) for effect in effects])
        case Asks(question):
            yield "outcome", f"asks for {question.kind}, which has no recorded answer"


def _without_sentences(messages: Iterable[Plain]) -> list[Plain]:
    """The event that tells of a failure quotes its message."""
    kept = [from_bytes(to_bytes(message)) for message in messages]
    for message in kept:
        if "send" in message:
            message["send"]["attrs"].pop("data", None)
    return kept


def _excerpts(old: bytes, new: bytes) -> tuple[str, str]:
    """Both from a little before the first place where they differ."""
    same = next((place for place, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), 0)
    begin = max(0, same - 40)
    return _excerpt(old, begin), _excerpt(new, begin)


def _excerpt(text: bytes, begin: int) -> str:
    cut = text[begin : begin + LONGEST].decode("utf-8", "replace")
    return ("…" if begin else "") + cut + ("…" if len(text) > begin + LONGEST else "")
